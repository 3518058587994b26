"""A run against an earlier one on the same rows: the regression gate of scripts and reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_tui.core.errors import ExitCode, InputError, NotFoundError
from llmops_tui.core.run import Outcome, Run
from llmops_tui.core.tolerance import percent
from llmops_tui.core.tolerance.paired import (
    Comparison,
    NonInferiority,
    PairedCounts,
    non_inferiority,
)
from llmops_tui.services.runs import CellView, RunView, run_view
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import prompts, run_export, runs

LOOKED_THROUGH = 512
"""Runs that are searched for the newest measurement of a labelled version."""

_RIGHT, _WRONG = Outcome.RIGHT, Outcome.WRONG


@dataclass(frozen=True, slots=True)
class AgainstBaseline:
    """A cell of a run, compared with the cell of the baseline that it stands against."""

    cell: CellView
    baseline_run: int
    baseline: CellView
    answer: NonInferiority | None
    """None where the two answered no row in common."""

    @property
    def state(self) -> str:
        """`not worse`, `worse` or `undecided`."""
        return Comparison.UNDECIDED.value if self.answer is None else self.answer.state.value

    def sentence(self) -> str:
        """The comparison in one sentence."""
        before = f"{self.baseline.title} of run {self.baseline_run}"
        if self.answer is None:
            return f"{self.cell.title} and {before} answered no row in common: undecided."
        counts, margin = self.answer.counts, percent(self.answer.margin)
        what = {
            Comparison.NOT_WORSE: f"not worse by {margin} or more",
            Comparison.WORSE: f"worse by more than {margin}",
            Comparison.UNDECIDED: f"undecided: it may be worse by more than {margin} or not",
        }[self.answer.state]
        return (
            f"{self.cell.title} against {before}: {what} "
            f"({counts.only_new_right:,} mended, {counts.only_old_right:,} broken of "
            f"{counts.rows:,} rows in common)."
        )


def against(workspace: Workspace, view: RunView, baseline: str) -> tuple[AgainstBaseline, ...]:
    """Each cell of a run against the baseline.

    The margin by which it may be worse is the tolerance's own limit: a new version may not use up
    the whole tolerance by itself.

    Args:
        workspace: where both are.
        view: the run.
        baseline: the number of an earlier run, or a label: then each prompt's version with that
            label, as the newest run measured it.

    Raises:
        NotFoundError: there is no such run, label or measurement.
        InputError: nothing in the baseline can stand against a cell.
    """
    pairs = [(cell, *_opposite(workspace, view, cell, baseline)) for cell in view.cells]
    tolerance = view.tolerance
    compared = []
    for cell, before, opposite in pairs:
        counts = _paired(workspace, (before.run.id, opposite.cell), (view.run.id, cell.cell))
        answer = None
        if counts.rows:
            answer = non_inferiority(counts, tolerance.max_wrong, tolerance.confidence)
        compared.append(AgainstBaseline(cell, before.run.id, opposite, answer))
    return tuple(compared)


def baseline_code(compared: tuple[AgainstBaseline, ...]) -> ExitCode:
    """What a script gets of the comparison alone: worse is exceeded."""
    states = {item.state for item in compared}
    if Comparison.WORSE.value in states:
        return ExitCode.EXCEEDED
    return ExitCode.UNDECIDED if Comparison.UNDECIDED.value in states else ExitCode.WITHIN


def _opposite(
    workspace: Workspace, view: RunView, cell: CellView, baseline: str
) -> tuple[RunView, CellView]:
    if baseline.isdecimal():
        before = run_view(workspace, int(baseline))
        if before.run.id == view.run.id:
            raise InputError("A run can't be its own baseline.", "Name an earlier one.")
        return before, _like(before, cell)
    return _labelled(workspace, view, cell, baseline)


def _like(before: RunView, cell: CellView) -> CellView:
    """The cell of an earlier run that comes nearest: same prompt and model, then either."""
    name = cell.prompt.rpartition(" ")[0]
    ranked = sorted(
        before.cells,
        key=lambda other: (
            other.prompt.rpartition(" ")[0] != name,
            other.model_id != cell.model_id,
            other.cell != cell.cell,
        ),
    )
    best = ranked[0] if ranked else None
    fits = best is not None and (
        len(before.cells) == 1
        or best.prompt.rpartition(" ")[0] == name
        or best.model_id == cell.model_id
    )
    if best is None or not fits:
        titles = ", ".join(other.title for other in before.cells)
        raise InputError(
            f"Nothing in run {before.run.id} can be compared with {cell.title}.",
            f"It has {titles}.",
        )
    return best


def _labelled(
    workspace: Workspace, view: RunView, cell: CellView, label: str
) -> tuple[RunView, CellView]:
    prompt_id = prompts.version(workspace.db, cell.prompt_version_id).prompt_id
    wanted = prompts.version_by_label(workspace.db, prompt_id, label).id
    fallback: tuple[int, int] | None = None
    for run in _earlier(workspace, view.run):
        for counts in run.cells:
            if counts.prompt_version_id != wanted or not counts.right + counts.wrong:
                continue
            if counts.model_id == cell.model_id:
                found = run_view(workspace, run.id)
                return found, found.cells[counts.cell]
            fallback = fallback or (run.id, counts.cell)
    if fallback is None:
        raise NotFoundError(
            f"No earlier run measured the version labelled {label!r} on this data set.",
            "Run that version once, and compare then.",
        )
    found = run_view(workspace, fallback[0])
    return found, found.cells[fallback[1]]


def _earlier(workspace: Workspace, run: Run) -> Iterator[Run]:
    """Earlier runs on the same data set version, newest first."""
    before, looked = run.id, 0
    while looked < LOOKED_THROUGH:
        page = runs.page(workspace.db, run.project_id, before=before)
        if not page:
            return
        yield from (item for item in page if item.dataset_version_id == run.dataset_version_id)
        before, looked = page[-1].id, looked + len(page)


def _paired(workspace: Workspace, before: tuple[int, int], after: tuple[int, int]) -> PairedCounts:
    found = run_export.paired_runs(workspace.db, before, after)
    return PairedCounts(
        both_right=found.get((_RIGHT, _RIGHT), 0),
        only_old_right=found.get((_RIGHT, _WRONG), 0),
        only_new_right=found.get((_WRONG, _RIGHT), 0),
        both_wrong=found.get((_WRONG, _WRONG), 0),
    )
