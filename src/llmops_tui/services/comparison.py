"""Two cells of one run side by side: what the later one mended and broke on the same rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.run import Outcome
from llmops_tui.core.tolerance import percent
from llmops_tui.core.tolerance.paired import (
    PairedCounts,
    difference_interval,
    holm,
    mcnemar_p,
)
from llmops_tui.services.runs import CellView, RunView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import run_course

PATIENCE = 20
"""A comparison that took a while to count is counted again only after so many times that while."""


@dataclass(frozen=True, slots=True)
class CellComparison:
    """A cell compared with the run's first one."""

    cell: int
    name: str
    """What sets it apart: `v2`, or the model's name."""
    other: str
    counts: PairedCounts
    over: bool
    lower: float
    """Bounds of the difference in the share wrong (this less the first), each at `confidence`."""
    upper: float
    confidence: float
    p_value: float | None
    """Exact McNemar, adjusted for several cells; None while the run is under way, as a p value
    that was watched says nothing."""

    def sentence(self) -> str:
        """The comparison in one sentence."""
        counts = self.counts
        if not counts.rows:
            return f"{self.name} and {self.other} have answered no row in common yet."
        changed = (
            f"{self.name} against {self.other} on the same {counts.rows:,} rows: "
            f"{counts.only_new_right:,} mended, {counts.only_old_right:,} broken"
        )
        if not self.over or self.p_value is None:
            return f"{changed} so far; judged when the run is over."
        points = 100 * -counts.difference
        bounds = (self.lower, self.upper) if points > 0 else (-self.upper, -self.lower)
        moved = f"{abs(points):.1f} points {'more' if points > 0 else 'fewer'} wrong"
        return (
            f"{changed}: {moved if points else 'as many wrong'} "
            f"[{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}, {percent(self.confidence)} sure "
            f"each], {_significance(self.p_value, 1 - self.confidence)}."
        )


class Comparer:
    """Compares the cells of one run, as often as the counting allows. One thread at a time."""

    def __init__(self, workspace: Workspace, run_id: int) -> None:
        self._db = workspace.db
        self._run_id = run_id
        self._counts: list[PairedCounts] = []
        self._done = -1
        self._again_at = 0.0

    def read(self, view: RunView) -> tuple[CellComparison, ...]:
        """Every cell but the first, compared with the first."""
        if len(view.cells) < 2:
            return ()
        over = view.status.over
        if self._done != view.run.done and (over or time.monotonic() >= self._again_at):
            began = time.monotonic()
            self._counts = [self._count(view, cell) for cell in view.cells[1:]]
            self._done = view.run.done
            self._again_at = time.monotonic() + PATIENCE * (time.monotonic() - began)
        p_values = holm([mcnemar_p(counts) for counts in self._counts]) if over else None
        confidence = view.tolerance.confidence
        names = cell_names(view.cells)
        compared = []
        for number, counts in enumerate(self._counts, 1):
            bounds = difference_interval(counts, confidence)
            compared.append(
                CellComparison(
                    cell=view.cells[number].cell,
                    name=names[number],
                    other=names[0],
                    counts=counts,
                    over=over,
                    lower=-bounds.upper,
                    upper=-bounds.lower,
                    confidence=confidence,
                    p_value=p_values[number - 1] if p_values else None,
                )
            )
        return tuple(compared)

    def _count(self, view: RunView, cell: CellView) -> PairedCounts:
        first = view.cells[0].cell
        repeats = view.run.spec.repeats
        found = run_course.paired_cells(self._db, self._run_id, first, cell.cell, repeats)
        right, wrong = Outcome.RIGHT, Outcome.WRONG
        return PairedCounts(
            both_right=found.get((right, right), 0),
            only_old_right=found.get((right, wrong), 0),
            only_new_right=found.get((wrong, right), 0),
            both_wrong=found.get((wrong, wrong), 0),
        )


def cell_names(cells: Sequence[CellView]) -> tuple[str, ...]:
    """What sets the cells of a run apart: their versions, their prompts, their models."""
    one_prompt = len({cell.prompt for cell in cells}) == 1
    one_model = len({cell.model for cell in cells}) == 1
    one_name = len({cell.prompt.rpartition(" ")[0] for cell in cells}) == 1

    def name(cell: CellView) -> str:
        prompt = cell.prompt.rpartition(" ")[2] if one_name else cell.prompt
        if one_model:
            return cell.prompt if len(cells) == 1 else prompt
        return cell.model if one_prompt else f"{prompt} · {cell.model}"

    return tuple(map(name, cells))


def _significance(p_value: float, alpha: float) -> str:
    if p_value < 0.001:
        return "p < 0.001"
    text = f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"
    return text if p_value <= alpha else f"{text}: no difference shown"
