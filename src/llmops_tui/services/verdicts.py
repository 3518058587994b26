"""What runs say of a project's tolerance. Every screen, command and report asks here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from llmops_tui.core.run import CellCounts, Run
from llmops_tui.core.tolerance import Evidence, Group, Tolerance, Verdict, decide
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, runs, samples

GATE = "gate"
"""The split that is held out for verdicts."""
WORN_AFTER = 10
"""Looks at a gate split after which its verdicts are doubtful: each prompt that was kept because
it did well there has been fitted to it a little."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the newest run says of a prompt version."""

    run_id: int
    verdict: Verdict


def measured(workspace: Workspace, prompt_version_id: int, tolerance: Tolerance) -> Measured | None:
    """The newest measurement of a prompt version; None where it was never measured."""
    found = runs.newest_counts(workspace.db, prompt_version_id)
    if found is None:
        return None
    run_id, counts = found
    run = runs.get(workspace.db, run_id)
    return Measured(run_id, verdict_of(workspace, run, counts, tolerance))


def verdict_of(workspace: Workspace, run: Run, counts: CellCounts, tolerance: Tolerance) -> Verdict:
    """What a cell's counts say of the tolerance.

    Until a run has done all it planned, its bounds are those that hold at any look; so they are
    to its end where it could have stopped itself, as each look was a chance to be wrong. Repeats
    of a row, and rows of one cluster where the tolerance counts in clusters, are not more rows.
    """
    early = run.done < run.total or run.spec.stop_when_decided
    if not tolerance.is_clustered and run.spec.repeats == 1:
        return _decide_rows(tolerance, counts.right, counts.wrong, counts.errored, early)
    return _decide_groups(workspace, run.id, counts, tolerance, early)


@lru_cache(maxsize=1024)
def _decide_groups(
    workspace: Workspace, run_id: int, counts: CellCounts, tolerance: Tolerance, early: bool
) -> Verdict:
    # Equal counts of a run mean equal groups, as samples are only ever added.
    groups = _groups(workspace, run_id, counts.cell, tolerance)
    return decide(
        tolerance,
        right=sum(group.right for group in groups),
        wrong=sum(group.wrong for group in groups),
        errored=sum(group.errored for group in groups),
        stopped_early=early,
        wrong_by_row=groups,
    )


def evidence_note(tolerance: Tolerance) -> str:
    """What a run's verdict lacks where the tolerance doesn't take a scorer's word; else empty."""
    if Evidence.SCORER in tolerance.evidence:
        return ""
    return "Scorers judged, whose word the tolerance doesn't take: this verdict is provisional."


@dataclass(frozen=True, slots=True)
class Wear:
    """How often a held-out split was looked at."""

    looks: int

    @property
    def short(self) -> str:
        """How often, in a few words."""
        times = "once" if self.looks == 1 else f"{self.looks} times"
        return f"gate looked at {times}" if self.looks else "gate is fresh"

    @property
    def words(self) -> str:
        """How often, and what that means once it is too often."""
        if self.warning:
            return self.warning
        times = "once" if self.looks == 1 else f"{self.looks} times"
        return (
            f"The gate split was looked at {times}." if self.looks else "The gate split is fresh."
        )

    @property
    def warning(self) -> str:
        """What that means; empty while it's fresh."""
        if self.looks <= WORN_AFTER:
            return ""
        return (
            f"The gate split was looked at {self.looks} times: what does well there may have been "
            "chosen for that. Fresh examples would tell."
        )


def gate_wear(workspace: Workspace, dataset_version_id: int) -> Wear:
    """How often runs have looked at the gate split of a version's data set."""
    version = datasets.version(workspace.db, dataset_version_id)
    return Wear(runs.times_split_used(workspace.db, version.dataset_id, GATE))


def _groups(workspace: Workspace, run_id: int, cell: int, tolerance: Tolerance) -> list[Group]:
    if tolerance.is_clustered:
        found = samples.counts_by_cluster(workspace.db, run_id, cell, tolerance.unit)
    else:
        found = samples.counts_by_example(workspace.db, run_id, cell)
    return [Group(wrong=wrong, right=right, errored=errored) for right, wrong, errored in found]


@lru_cache(maxsize=1024)
def _decide_rows(
    tolerance: Tolerance, right: int, wrong: int, errored: int, early: bool
) -> Verdict:
    # Lists show the same finished runs again and again; a verdict costs up to a millisecond.
    return decide(tolerance, right=right, wrong=wrong, errored=errored, stopped_early=early)
