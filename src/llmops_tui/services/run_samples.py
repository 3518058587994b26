"""The samples of a run as a list that grows at its head while one reads in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.run import Outcome, Run, Sample
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import run_course, runs, samples
from llmops_tui.store.runs import NEWEST


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sample as lists show it."""

    sample: Sample
    position: int
    """The example's place in its data set."""


def older(
    workspace: Workspace, run_id: int, before: int | None, limit: int, outcome: Outcome | None
) -> list[SampleRow]:
    """Up to `limit` samples that finished before one, latest first; the latest for None."""
    top = NEWEST if before is None else before
    found = samples.page(workspace.db, run_id, before=top, limit=limit, outcome=outcome)
    places = run_course.positions(workspace.db, [sample.example_id for sample in found])
    return [SampleRow(sample, places.get(sample.example_id, 0)) for sample in found]


def count(workspace: Workspace, run_id: int, outcome: Outcome | None) -> int:
    """How many there are; from the run's own counts, whatever their number."""
    return counted(runs.get(workspace.db, run_id), outcome)


def counted(run: Run, outcome: Outcome | None) -> int:
    """How many samples of an outcome a run has; all of them for None."""
    return {
        None: run.done,
        Outcome.RIGHT: sum(cell.right for cell in run.cells),
        Outcome.WRONG: sum(cell.wrong for cell in run.cells),
        Outcome.ERRORED: sum(cell.errored for cell in run.cells),
    }[outcome]


def newer(workspace: Workspace, run_id: int, after: int, outcome: Outcome | None) -> int:
    """How many finished after one."""
    return run_course.newer_samples(workspace.db, run_id, after, outcome)


def ids(workspace: Workspace, run_id: int, outcome: Outcome | None) -> Sequence[int]:
    """All ids, latest first; for jumps."""
    return run_course.sample_ids(workspace.db, run_id, outcome)


def neighbour(
    workspace: Workspace, run_id: int, sample_id: int, outcome: Outcome | None, *, later: bool
) -> int | None:
    """The sample that finished next after one, or last before it; None at the end."""
    if later:
        return run_course.next_sample(workspace.db, run_id, sample_id, outcome)
    found = samples.page(workspace.db, run_id, before=sample_id, limit=1, outcome=outcome)
    return found[0].id if found else None


def silent_since(workspace: Workspace, run_id: int) -> int | None:
    """When the newest sample was finished; None where there is none."""
    return run_course.latest_finish(workspace.db, run_id)
