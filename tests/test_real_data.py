"""The whole way on data that nobody here wrote, asked of the real embedded model.

What the model says is its own; that it is often wrong is the point. Checked is what the product
does with it: every row imported, every sample right, wrong or errored with a reason that fits, and
a verdict about just those rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llmops_tui.core.chat import Json
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.core.tolerance import State, Tolerance
from llmops_tui.providers.embedded import client, model, state
from llmops_tui.services import dataset_import, models, projects, prompts, runs
from llmops_tui.services.runs import RunRequest, RunView, SampleView
from llmops_tui.services.workspace import Workspace, open_workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.xdist_group("real-data"),
    pytest.mark.skipif(
        isinstance(model.availability(), model.Missing),
        reason="the embedded model is not installed",
    ),
]
ROWS = 14
"""Asked of each data set, drawn at random."""
LAST_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Source:
    """A file of the collection, and what one would do with it."""

    file: str
    rows: int
    inputs: tuple[str, ...]
    expected: str
    prompt: tuple[tuple[str, str], ...]
    longest: int
    """Tokens of an answer."""
    scorer: Mapping[str, Json]
    tags: tuple[str, ...] = field(default=())


SOURCES = {
    "GSM8K": Source(
        "evals/gsm8k/test.jsonl",
        1319,
        ("question",),
        "answer",
        (("user", "{{ question }}\nWork it out in two short sentences. End with the number."),),
        60,
        {"name": "numeric"},
    ),
    "Banking77": Source(
        "evals/intent/banking77_test.csv",
        3080,
        ("text",),
        "category",
        (
            ("system", "Name the intent with one label such as card_arrival."),
            ("user", "{{ text }}"),
        ),
        10,
        {"name": "equals", "parameters": {"ignore_case": True, "strip_punctuation": True}},
    ),
    "SMS spam": Source(
        "evals/spam/SMSSpamCollection.tsv",
        2500,
        ("c2",),
        "c1",
        (
            ("system", "Is the text message spam or ham? Answer with one word."),
            ("user", "You have won a prize! Call now to claim it."),
            ("assistant", "spam"),
            ("user", "I'll be home at six, shall I cook?"),
            ("assistant", "ham"),
            ("user", "{{ c2 }}"),
        ),
        5,
        {"name": "label", "parameters": {"labels": ["ham", "spam"]}},
    ),
    "TruthfulQA": Source(
        "evals/truthfulqa/TruthfulQA.csv",
        817,
        ("Question",),
        "Best Answer",
        (("user", "{{ Question }}\nAnswer in one sentence."),),
        40,
        {"name": "contains", "parameters": {"ignore_case": True}},
        ("Type", "Category"),
    ),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the embedded model; the model's server is ended with the last test."""
    directory = tmp_path_factory.mktemp("real-data")
    server = state.private_dir(directory / "state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMOPS_TUI_STATE", str(server))
        opened = open_workspace(directory / "workspace.db")
        models.ensure_embedded(opened)
        yield opened
        opened.db.close()
        client.stop(server)


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_of_strangers_becomes_a_verdict(name: str, workspace: Workspace, shared_data: Path):
    source = SOURCES[name]
    project = projects.create_project(
        workspace, name, scorers=(source.scorer,), tolerance=Tolerance(0.3, 0.95)
    )
    preview = dataset_import.preview_import(shared_data / source.file)
    assert preview.mapping.inputs == source.inputs
    assert preview.mapping.expected == source.expected
    assert preview.mapping.tags == source.tags
    imported = dataset_import.import_dataset(workspace, project.id, preview).version
    assert (imported.rows, imported.bad_rows) == (source.rows, 0)

    written = prompts.create_prompt(workspace, project.id, "ask")
    asked = prompts.add_version(
        workspace, written, source.prompt, parameters={"max_tokens": source.longest}
    )
    run_id = runs.plan_run(
        workspace,
        project.id,
        RunRequest(
            (asked.id,),
            (models.find_model(workspace, None).model.id,),
            imported.id,
            limit=ROWS,
            seed=11,
        ),
    )
    told: list[Outcome] = []
    assert runs.work(workspace, run_id, told.append) is RunStatus.FINISHED
    view = runs.run_view(workspace, run_id)
    found = [
        runs.sample_view(workspace, sample.id) for sample in runs.sample_page(workspace, run_id)
    ]
    assert len(told) == len(found) == view.run.done == view.run.total == ROWS
    assert len({sample.position for sample in found}) == ROWS
    for sample in found:
        assert_judged(sample, str(source.scorer["name"]))
    assert_verdict_is_about(view, [sample.detail.sample.outcome for sample in found])


def assert_judged(view: SampleView, scorer: str) -> None:
    """An outcome, a reason, and no more said than the answer bears out."""
    sample, answer = view.detail.sample, view.detail.answer
    assert sample.reason
    assert view.expected
    if sample.outcome is Outcome.ERRORED:
        assert sample.error_kind
        return
    assert answer is not None
    assert answer.usage.input_tokens > 0
    assert [score.scorer for score in view.detail.scores] == [scorer]
    assert [score.passed for score in view.detail.scores] == [sample.outcome is Outcome.RIGHT]
    numbers = LAST_NUMBER.findall(answer.text)
    gold = LAST_NUMBER.findall(view.expected)
    said, wanted = answer.text.casefold(), view.expected.casefold()
    right = {
        "numeric": bool(numbers)
        and bool(gold)
        and float(numbers[-1].replace(",", "")) == float(gold[-1].replace(",", "")),
        "equals": said.strip().strip(".!\"' ") == wanted,
        "label": [label in re.findall(r"\w+", said) for label in ("ham", "spam")]
        == [wanted == "ham", wanted == "spam"],
        "contains": wanted in said,
    }[scorer]
    assert right is (sample.outcome is Outcome.RIGHT), (answer.text, view.expected, sample.reason)


def assert_verdict_is_about(view: RunView, outcomes: list[Outcome]) -> None:
    """The verdict counts what the samples say, and its sentence names as many rows."""
    (cell,) = view.cells
    verdict = cell.verdict
    counted = [outcomes.count(outcome) for outcome in Outcome]
    assert [cell.counts.right, cell.counts.wrong, cell.counts.errored] == counted
    assert [verdict.right, verdict.wrong, verdict.errored] == counted
    answered = verdict.right + verdict.wrong
    sentence = verdict.sentence()
    if verdict.state is State.UNDECIDED:
        assert re.search(r"\d more rows? if none are wrong", sentence), sentence
    else:
        assert f"{answered} rows)" in sentence, sentence
