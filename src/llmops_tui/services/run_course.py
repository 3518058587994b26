"""How a run's bounds narrowed while its rows came in: what the live screen plots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from llmops_tui.services.runs import RunView
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import run_course

MOST_POINTS = 100


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """What a cell's rows said at one moment. Rates are shares of 1."""

    rows: float
    """Answered rows; a fraction where rows are asked repeatedly."""
    point: float
    lower: float
    upper: float


Course = tuple[CoursePoint, ...]


class CourseReader:
    """Follows one run: the first look reads all, each later one only what came since.

    Called from one thread at a time. At most 100 points a cell are kept, whatever the run's size.
    """

    def __init__(self, workspace: Workspace, run_id: int) -> None:
        self._db = workspace.db
        self._run_id = run_id
        self._after = 0
        self._counts: dict[int, list[tuple[int, int]]] = {}
        """For each cell, growing (answered, wrong) pairs in order of finishing."""

    def read(self, view: RunView) -> tuple[Course, ...]:
        """The course of each cell, with bounds that hold at any look; the last as in `view`.

        Repeats of a row count as parts of one row: as careful as if they always agreed.
        """
        self._catch_up()
        repeats = view.run.spec.repeats
        tolerance = view.tolerance
        courses: list[Course] = []
        for cell in view.cells:
            points = [
                _point(wrong / repeats, rows / repeats, tolerance.max_wrong, tolerance.confidence)
                for rows, wrong in self._counts.get(cell.cell, [])
            ]
            verdict = cell.verdict
            if points and verdict.point is not None:
                now = CoursePoint(
                    max(points[-1].rows, verdict.rows / repeats),
                    verdict.point,
                    verdict.lower,
                    verdict.upper,
                )
                points[-1] = now
            courses.append(tuple(points))
        return tuple(courses)

    def _catch_up(self) -> None:
        self._after, intervals = run_course.course(
            self._db, self._run_id, after=self._after, steps=MOST_POINTS
        )
        for interval in intervals:
            for step in interval:
                counts = self._counts.setdefault(step.cell, [])
                rows, wrong = counts[-1] if counts else (0, 0)
                if step.right + step.wrong:
                    counts.append((rows + step.right + step.wrong, wrong + step.wrong))
        for cell, counts in self._counts.items():
            while len(counts) > MOST_POINTS:
                counts = self._counts[cell] = thinned(counts)


def thinned(counts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """About half of the points, as evenly spread over the rows as they allow, the last kept."""
    least = counts[-1][0] / (MOST_POINTS // 2)
    kept: list[tuple[int, int]] = []
    for item in counts[:-1]:
        if item[0] - (kept[-1][0] if kept else 0) >= least:
            kept.append(item)
    kept.append(counts[-1])
    return kept


@lru_cache(maxsize=8192)
def _point(wrong: float, rows: float, max_wrong: float, confidence: float) -> CoursePoint:
    from llmops_tui.core.tolerance.anytime import anytime_interval, prior_for  # loads SciPy

    bounds = anytime_interval(wrong, rows, confidence, prior_for(max_wrong))
    return CoursePoint(rows, wrong / rows, bounds.lower, bounds.upper)
