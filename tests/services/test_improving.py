"""A model proposes a change of a prompt: from what, tested on what, and who decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.cli.main import cli
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import ConflictError, InputError, LlmopsError, NotFoundError
from llmops_tui.services import composition_graph, improving, prompts, runs

BASE = "--- user ---\nSay {{ word }} please\n"
BETTER = "--- user ---\nRepeat the last word: {{ word }}\n"
ROWS = [ExampleDraft({"word": f"w{n}"}, f"w{n}", (), "gate" if n % 3 == 0 else "dev")
        for n in range(30)]  # fmt: skip


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as found:
        yield found


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.configure(answer="last-word", wrong=0, latency_ms=0)
    made = make_bench(
        tmp_path / "w.db", endpoint.base_url, rows=ROWS, prompt=BASE, input_price=1000
    )
    yield made
    made.workspace.db.close()


def measured(bench: Bench, **changes: object) -> int:
    run_id = bench.plan(**changes)
    runs.work(bench.workspace, run_id, lambda _: None)
    return run_id


def answering(text: str, why: str = "Why: it says please, not the word.") -> str:
    return f"={why}\n<prompt>\n{text}</prompt>\n"


def proposed(bench: Bench, endpoint: MockEndpoint, run_id: int, text: str = BETTER):
    endpoint.configure(answer=answering(text))
    try:
        return improving.propose(bench.workspace, run_id, 0, bench.model)
    finally:
        endpoint.configure(answer="last-word")


def test_a_change_is_proposed_from_wrong_rows_tested_on_dev_and_accepted_by_a_person(
    bench: Bench, endpoint: MockEndpoint
):
    run_id = measured(bench)
    proposal = proposed(bench, endpoint, run_id)
    assert proposal.row.reason == "it says please, not the word."
    assert proposal.row.cost > 0
    assert len(proposal.row.shown) == improving.MOST_SHOWN
    assert "from 12 wrong samples" in proposal.words()

    # Nobody has accepted it: it is none of the prompt's versions.
    get = prompts.get_version
    assert get(bench.workspace, 1, "repeat").number == 1
    with pytest.raises(NotFoundError):
        get(bench.workspace, 1, "repeat", number=2)
    assert prompts.list_prompts(bench.workspace, 1)[0].newest == get(bench.workspace, 1, "repeat")

    test_id = improving.plan_test(bench.workspace, proposal)
    proposal = improving.again(bench.workspace, proposal)
    assert "0 of 40 samples" in improving.test_of(bench.workspace, proposal).sentence
    runs.work(bench.workspace, test_id, lambda _: None)
    spec = bench.view(test_id).run.spec
    assert spec.split == "dev"
    found = improving.test_of(bench.workspace, proposal)
    assert (found.broken, found.mended) == (0, 20)
    assert "Without the rows that the model was shown: 8 mended, 0 broken" in found.sentence

    accepted = improving.accept(bench.workspace, proposal)
    assert get(bench.workspace, 1, "repeat") == accepted
    assert prompts.as_text(accepted) == BETTER
    with pytest.raises(LlmopsError):
        improving.accept(bench.workspace, proposal)


def test_rows_of_the_gate_split_are_neither_shown_nor_tested_on(
    bench: Bench, endpoint: MockEndpoint
):
    run_id = measured(bench)
    proposal = proposed(bench, endpoint, run_id)
    example_page = bench.workspace.db.rows("SELECT id, split FROM example")
    gate = {row["id"] for row in example_page if row["split"] == "gate"}
    assert not gate & set(proposal.row.shown)
    with pytest.raises(InputError, match="is on the gate split"):
        improving.propose(bench.workspace, measured(bench, split="gate"), 0, bench.model)


def test_without_a_dev_split_there_is_no_test(tmp_path: Path, endpoint: MockEndpoint):
    made = make_bench(tmp_path / "w.db", endpoint.base_url, rows=9, prompt=BASE)
    proposal = proposed(made, endpoint, measured(made))
    with pytest.raises(InputError, match="no dev split"):
        improving.plan_test(made.workspace, proposal)
    made.workspace.db.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("=I can't do that.", "holds no prompt"),
        (answering(""), "is empty"),
        (answering(BASE), "proposed no change"),
        (answering("{{ secret }} {{ word }}\n"), "asks for secret"),
        (answering("{% for x in %}\n"), "can't be used"),
        (answering('{{ word }} {% include "other" %}\n'), "no prompt named 'other'"),
    ],
)
def test_what_cant_be_a_change_is_refused_and_nothing_is_kept(
    bench: Bench, endpoint: MockEndpoint, answer: str, why: str
):
    run_id = measured(bench, limit=3, seed=1)
    endpoint.configure(answer=answer)
    with pytest.raises(InputError, match=why):
        improving.propose(bench.workspace, run_id, 0, bench.model)
    assert improving.open_proposal(bench.workspace, bench.prompt.prompt_id) is None


def test_a_proposal_that_was_overtaken_or_put_aside_can_t_be_accepted(
    bench: Bench, endpoint: MockEndpoint
):
    run_id = measured(bench, limit=5)
    first = proposed(bench, endpoint, run_id)
    improving.reject(bench.workspace, first)
    assert improving.open_proposal(bench.workspace, bench.prompt.prompt_id) is None
    second = proposed(bench, endpoint, run_id)
    saved = bench.save_prompt("--- user ---\nMine {{ word }}\n")
    with pytest.raises(ConflictError, match="is at repeat v4 by now"):
        improving.accept(bench.workspace, second)
    assert prompts.get_version(bench.workspace, 1, "repeat") == saved
    with pytest.raises(ConflictError, match="Run repeat v4"):
        raise_hint(lambda: improving.propose(bench.workspace, run_id, 0, bench.model))


def raise_hint(work) -> None:
    """The hint as the message."""
    try:
        work()
    except LlmopsError as error:
        raise type(error)(error.hint) from error


def test_what_includes_a_prompt_doesnt_see_its_proposals(bench: Bench, endpoint: MockEndpoint):
    bench.save_prompt('{% include "repeat" %}', "outer")
    proposed(bench, endpoint, measured(bench, limit=5))
    assert composition_graph.behind(composition_graph.graph(bench.workspace, 1)) == ()


def test_the_same_from_the_command_line(bench: Bench, endpoint: MockEndpoint):
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--db", str(bench.workspace.path), "prompt", *words])
        return done.exit_code, done.output

    assert run("improve", "repeat")[0]
    measured(bench)
    endpoint.configure(answer=answering(BETTER))
    code, printed = run("improve", "repeat", "--model", "mock")
    assert code == 0
    assert "  +Repeat the last word: {{ word }}" in printed
    assert "Not tested yet." in printed
    endpoint.configure(answer="last-word")
    assert "20 mended, 0 broken" in run("improve", "repeat", "--test")[1]
    assert run("improve", "repeat", "--accept") == (0, "repeat v2 is the newest version now.\n")
