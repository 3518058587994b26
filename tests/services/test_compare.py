"""Runs as a grid, and any two of them compared row by row."""

# ruff: noqa: E501 - rows read better in one line
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.core.chat import Answer, Usage
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.core.tolerance.paired import Comparison
from llmops_tui.runner.jobs import Feed, load_targets
from llmops_tui.services import compare, matrix
from llmops_tui.services.matrix import Grid, Only
from llmops_tui.services.rescoring import relabel_sample
from llmops_tui.store import runs, samples
from llmops_tui.store.samples import FinishedSample

R, W, E = Outcome.RIGHT, Outcome.WRONG, Outcome.ERRORED
Judge = Callable[[int, int, int], Outcome]
"""(position, cell, repeat) → outcome."""


def rows(number: int) -> list[ExampleDraft]:
    return [
        ExampleDraft({"word": "word " * (n % 7) + str(n)}, str(n), tags=("even" if n % 2 == 0 else "odd",))
        for n in range(1, number + 1)
    ]  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=rows(40))
    yield made
    made.workspace.db.close()


def run_of(bench: Bench, outcome: Judge, **changes: object) -> int:
    """A finished run whose samples came out as told."""
    db = bench.workspace.db
    run_id = bench.plan(**changes)
    run = runs.get(db, run_id)
    runs.claim(db, run_id, "w", 1, 60_000)
    feed = Feed(db, run, load_targets(db, run))
    batch = []
    while (job := feed.take()) is not None:
        found = outcome(job.example.position, job.place.cell, job.place.repeat)
        answer = None if found is E else Answer(found.value, "stop", Usage(1, 1), "m", "r", 5.0)
        batch.append(
            FinishedSample(job.ordinal, job.place.cell, job.example.id, job.place.repeat, found,
                           found.value, answer=answer, error_kind="timeout" if found is E else None)
        )  # fmt: skip
    samples.commit(db, run_id, batch, worker="w", lease_ms=1, active_ms=1)
    runs.end(db, run_id, "w", RunStatus.FINISHED)
    return run_id


def test_the_grid_has_a_row_for_each_example_and_a_cell_for_each_version(bench: Bench) -> None:
    second = bench.save_prompt("--- user ---\nAgain: {{ word }}\n")
    run_id = run_of(
        bench,
        lambda position, cell, repeat: W if cell == 1 and position == 3 and repeat == 1 else R,
        prompt_version_ids=(bench.prompt.id, second.id),
        repeats=2,
    )
    grid = Grid(bench.workspace, run_id)
    assert (grid.rows_in_all, grid.begun()) == (40, 40)
    found = {row.position: row for row in grid.rows(0, 64)}
    assert len(found) == 40
    assert [[s.outcome for s in cell] for cell in found[3].cells] == [[R, R], [R, W]]
    assert matrix.mark_of(found[3].cells[1]) is W
    assert [row.position for row in grid.rows_at(grid.ranks(Only.DISAGREEING))] == [3]
    assert list(grid.ranks(Only.ERRORED)) == []
    later = matrix.sample_of_next_cell(bench.workspace, run_id, found[3].cells[0][0].ordinal)
    assert later == found[3].cells[0][1].id


def test_rows_that_changed_since_the_run_before_can_be_shown_alone(bench: Bench) -> None:
    first = run_of(bench, lambda position, *_: W if position < 5 else R)
    second = run_of(bench, lambda position, *_: W if position < 3 else E if position == 40 else R)
    grid = Grid(bench.workspace, second)
    changed = grid.rows_at(grid.ranks(Only.CHANGED))
    assert sorted(row.position for row in changed) == [3, 4, 40]
    assert grid.before == first
    alone = Grid(bench.workspace, first)
    assert (list(alone.ranks(Only.CHANGED)), alone.before) == ([], None)


def test_each_tag_has_its_share_wrong_with_bounds(bench: Bench) -> None:
    run_id = run_of(bench, lambda position, *_: W if position % 2 and position < 11 else R)
    lines = matrix.tag_lines(bench.workspace, run_id)
    assert [line.tag for line in lines] == ["odd", "even"]
    wrong, answered, errored, bounds = lines[0].cells[0]
    assert (wrong, answered, errored) == (5, 20, 0)
    assert bounds.lower < 0.25 < bounds.upper


def test_two_runs_are_compared_on_the_rows_that_both_answered(bench: Bench) -> None:
    old = run_of(bench, lambda position, *_: W if position <= 4 else R)
    new = run_of(bench, lambda position, *_: W if 3 <= position <= 12 else E if position == 40 else R)  # fmt: skip
    found = compare.compare(bench.workspace, (old, 0), (new, 0))
    counts = found.counts
    assert (counts.rows, counts.only_old_right, counts.only_new_right) == (39, 8, 2)
    assert [flip.broken for flip in found.flips] == [True] * 8 + [False] * 2
    shown = compare.flip_rows(bench.workspace, found.flips[:1])[0]
    assert (shown.position, shown.old.outcome, shown.new.outcome) == (5, R, W)
    assert found.gate.state is Comparison.WORSE
    assert found.gate.p_value == pytest.approx(0.109, abs=0.001)
    assert found.old == f"run {old}: repeat v1 · mock"


def test_the_same_run_against_itself_is_not_worse(bench: Bench) -> None:
    run_id = run_of(bench, lambda *_: R)
    found = compare.compare(bench.workspace, (run_id, 0), (run_id, 0), margin=0.10)
    assert (found.flips, found.gate.state, found.unpaired) == ((), Comparison.NOT_WORSE, 0)


def test_slices_that_got_worse_come_first_and_are_corrected(bench: Bench) -> None:
    old = run_of(bench, lambda *_: R)
    new = run_of(bench, lambda position, *_: W if position % 2 else R)
    found = compare.compare(bench.workspace, (old, 0), (new, 0))
    first = found.slices[0]
    assert (first.kind, first.name, first.got_worse) == ("tag", "odd", True)
    looked_at = len(found.slices)
    assert looked_at > 4
    assert first.p_value == pytest.approx(looked_at * 2 * 0.5**20)
    even = next(one for one in found.slices if one.name == "even")
    assert (even.got_worse, even.p_value) == (False, 1.0)


def test_rows_are_found_again_after_a_new_label_and_in_a_new_version(bench: Bench) -> None:
    old = run_of(bench, lambda *_: R)
    new = run_of(bench, lambda *_: R)
    sample = samples.page(bench.workspace.db, new, limit=1)[0]
    relabel_sample(bench.workspace, sample.id, "something else")
    found = compare.compare(bench.workspace, (old, 0), (new, 0))
    assert (found.counts.rows, found.unpaired, len(found.flips)) == (40, 0, 1)
    from llmops_tui.services import datasets

    version = datasets.add_examples(
        bench.workspace, bench.project.id, "words", iter(rows(40)), source="again"
    )
    imported = run_of(bench, lambda *_: R, dataset_version_id=version.id)
    assert compare.compare(bench.workspace, (old, 0), (imported, 0)).counts.rows == 40
