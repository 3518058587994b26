"""Scorers tested by known answers, and labels said for labels expected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.test_compare import R, W, run_of
from tests.workspaces import Bench, make_bench

from llmops_tui.core.chat import Json
from llmops_tui.core.classification import confusion
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services.confusion import run_confusion
from llmops_tui.services.rescoring import rescore_run
from llmops_tui.services.selftest import FaultKind, self_test, self_test_run

ROWS = [
    ExampleDraft(
        {"word": "a", "known_right": '["Paris", "paris"]', "known_wrong": "Paris, Texas"}, "Paris"
    ),
    ExampleDraft({"word": "b", "known_wrong": ["Lyon"]}, "Rome"),
    ExampleDraft({"word": "c"}, None),
]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=ROWS)
    yield made
    made.workspace.db.close()


def test_each_scorer_says_which_known_answers_it_gets_wrong(bench: Bench) -> None:
    scorers: list[dict[str, Json]] = [
        {"name": "equals"},
        {"name": "contains"},
        {"name": "label", "parameters": {"labels": ["Rome"]}},
    ]
    found = self_test(bench.workspace, bench.dataset.id, scorers)
    assert (found.right, found.wrong) == (4, 2)
    faults = {(fault.scorer, fault.position, fault.answer): fault.kind for fault in found.faults}
    assert faults["equals", 1, "paris"] is FaultKind.REJECTS
    assert faults["contains", 1, "Paris, Texas"] is FaultKind.PASSES
    assert faults["label Rome", 1, "Paris"] is FaultKind.BREAKS
    assert ("equals", 2, "Lyon") not in faults
    assert "4 answers known to be right, 2 known to be wrong" in found.sentence()


def test_rows_that_never_separate_what_was_tried_are_told(bench: Bench) -> None:
    second = bench.save_prompt("--- user ---\nAgain: {{ word }}\n")
    run_id = run_of(
        bench,
        lambda position, cell, _: W if position == 2 or (position == 3 and cell) else R,
        prompt_version_ids=(bench.prompt.id, second.id),
    )
    found = self_test_run(bench.workspace, run_id)
    assert (found.always_right, found.always_wrong) == ((1,), (2,))
    assert found.separation_sentence().endswith("1 always right, 1 always wrong.")


def test_precision_recall_and_f1_of_each_label() -> None:
    pairs = [("a", "a")] * 8 + [("a", "b")] * 2 + [("b", "b")] * 3 + [("b", None)]
    found = confusion(pairs)
    first, second = found.classes()
    assert (first.label, first.rows, first.precision, first.recall) == ("a", 10, 1.0, 0.8)
    assert (second.precision, second.recall) == (0.6, 0.75)
    assert first.confused_with == (("b", 2),)
    assert second.confused_with == (("(none)", 1),)
    assert first.f1 == pytest.approx(2 * 0.8 / 1.8)
    assert found.accuracy == pytest.approx(11 / 14)
    assert found.macro_f1 == pytest.approx((first.f1 + (2 * 0.6 * 0.75 / 1.35)) / 2)
    assert confusion([]).macro_f1 is None


def test_the_labels_of_a_run_are_counted_from_its_answers(tmp_path: Path) -> None:
    rows = [ExampleDraft({"word": str(n)}, "right" if n % 3 else "wrong") for n in range(12)]
    made = make_bench(tmp_path / "l.db", "http://127.0.0.1:9/v1", rows=rows)
    run_id = run_of(made, lambda position, *_: W if position <= 6 else R)
    found = run_confusion(made.workspace, run_id, 0)
    assert found.counts == {
        ("wrong", "wrong"): 2,
        ("right", "wrong"): 4,
        ("wrong", "right"): 2,
        ("right", "right"): 4,
    }
    label: dict[str, Json] = {"name": "label", "parameters": {"labels": ["right", "wrong"]}}
    rescore_run(made.workspace, run_id, [label])
    assert run_confusion(made.workspace, run_id, 0).counts == found.counts
    rescore_run(made.workspace, run_id, [{"name": "refusal"}])
    with pytest.raises(InputError, match="isn't judged by labels"):
        run_confusion(made.workspace, run_id, 0)
    made.workspace.db.close()
