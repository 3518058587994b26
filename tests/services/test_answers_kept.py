"""An answer that was tried is kept with its example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.core.run import Outcome
from llmops_tui.services import answers_kept, dataset_editing, datasets

ROWS = [
    ExampleDraft({"word": "a"}, None, (), "dev"),
    ExampleDraft({"word": "b"}, "B", (), "dev"),
    ExampleDraft({"word": "c"}, None, (), "gate"),
]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=ROWS)
    yield made
    made.workspace.db.close()


def keep(bench: Bench, position: int, answer: str, outcome: Outcome | None) -> str:
    dataset = datasets.find_dataset(bench.workspace, bench.project.id, "words")
    # As it was asked about: of the first version.
    (example,) = datasets.examples_at(bench.workspace, bench.dataset, [position])
    return answers_kept.keep(bench.workspace, dataset, example, answer, outcome)


def row(bench: Bench, position: int):
    version = datasets.find_dataset(bench.workspace, bench.project.id, "words").version
    assert version is not None
    return datasets.examples_at(bench.workspace, version, [position])[0]


def test_it_is_what_an_unlabelled_row_expects(bench: Bench):
    assert keep(bench, 1, "A!", None) == "Row 1 of words v2 expects this answer."
    assert row(bench, 1).expected == "A!"


def test_with_a_labelled_row_it_is_known_to_be_right_or_wrong_and_tests_the_scorers(bench: Bench):
    assert "knows this answer as wrong" in keep(bench, 2, "X", Outcome.WRONG)
    keep(bench, 2, "Y", Outcome.WRONG)
    keep(bench, 2, "b", Outcome.RIGHT)
    kept = row(bench, 2)
    assert kept.inputs == {"word": "b", "known_wrong": ["X", "Y"], "known_right": ["b"]}
    assert kept.expected == "B"


@pytest.mark.parametrize(
    ("position", "answer", "outcome", "why"),
    [
        (1, " ", None, "An empty answer"),
        (2, "X", None, "Nobody knows whether"),
        (2, "B", Outcome.RIGHT, "knows this answer already"),
        (3, "C", None, "in the gate split"),
    ],
)
def test_what_says_nothing_or_bends_the_gate_is_refused(
    bench: Bench, position: int, answer: str, outcome: Outcome | None, why: str
):
    with pytest.raises(InputError, match=why):
        keep(bench, position, answer, outcome)


def test_a_row_that_became_another_one_keeps_nothing(bench: Bench):
    version = datasets.find_dataset(bench.workspace, bench.project.id, "words").version
    assert version is not None
    dataset_editing.change_each(
        bench.workspace,
        version,
        [row(bench, 1).id],
        lambda draft: ExampleDraft({"word": "other"}, None),
        "changed",
    )
    with pytest.raises(ConflictError, match="is another one by now"):
        keep(bench, 1, "A", None)
