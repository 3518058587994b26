"""Production over a window, as figures: how many, how flagged, how slow, how dear, by whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.tolerance.proportion import interval
from llmops_tui.services import projects, triage
from llmops_tui.services.triage import LiveEstimate
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import figures as store
from llmops_tui.store import removed as gone
from llmops_tui.store.figures import Part, Slice

__all__ = [
    "HOUR_MS",
    "WINDOWS",
    "Figures",
    "Part",
    "Quantiles",
    "figures",
    "latency_by_slice",
]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
WINDOWS: tuple[tuple[str, int, int], ...] = (
    ("15 minutes", 15 * MINUTE_MS, 15_000),
    ("1 hour", HOUR_MS, MINUTE_MS),
    ("24 hours", 24 * HOUR_MS, 24 * MINUTE_MS),
    ("7 days", 7 * 24 * HOUR_MS, 3 * HOUR_MS),
    ("30 days", 30 * 24 * HOUR_MS, 12 * HOUR_MS),
)
"""Name, length, and width of a slice: 60 slices each, 56 of a week."""
MOST_TIMES = 20_000
"""Answers whose times are looked at: the newest of the window."""
MOST_OF_SLICES = 150_000
"""Answers of a window that latencies by slice are worked out from: of more, every so manieth."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Quantiles:
    """p50, p95 and p99 in milliseconds; None where there was nothing to measure."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A window of production."""

    name: str
    slices: tuple[Slice, ...]
    """One for each slice of the window, the oldest first, empty ones included."""
    latency: Quantiles
    first_token: Quantiles
    latencies: tuple[Quantiles, ...]
    """Of each slice; empty for a window that is only compared with."""
    timed: int
    """Answers that the times are of."""
    parts: tuple[Part, ...]
    flag_lower: float
    flag_upper: float
    """Bounds of the flag rate: what of it may be noise."""
    live: LiveEstimate | None
    """Of the tolerance's window; None without a project."""
    removed: int = 0
    """Calls that are counted here and no longer stored."""
    timed_from: int | None = None
    """Since when the times are told, where that is later than the window begins: of calls that
    were removed none are known, and those that people kept would say too much."""

    @property
    def calls(self) -> int:
        """All calls of the window."""
        return sum(piece.calls for piece in self.slices)

    @property
    def flagged(self) -> int:
        """Those that a rule flagged."""
        return sum(piece.flagged for piece in self.slices)

    @property
    def errors(self) -> int:
        """Those that failed."""
        return sum(piece.errors for piece in self.slices)

    @property
    def cost(self) -> int:
        """Nano-units."""
        return sum(piece.cost for piece in self.slices)

    @property
    def tokens(self) -> tuple[int, int]:
        """(in, out)."""
        return (
            sum(piece.input_tokens for piece in self.slices),
            sum(piece.output_tokens for piece in self.slices),
        )


def figures(workspace: Workspace, window: int, project_id: int | None, *, ago: int = 0) -> Figures:
    """The figures of a window.

    Args:
        workspace: where the calls are.
        window: place in `WINDOWS`.
        project_id: only calls of this project.
        ago: so many windows before the current one: to compare with.
    """
    name, length, width = WINDOWS[window]
    until = now_ms() - ago * length + 1
    since = until - length
    known = {s.number: s for s in store.slices(workspace.db, since, until, width, project_id)}
    pieces = tuple(known.get(n, Slice(n, 0, 0, 0, 0, 0, 0)) for n in range(length // width))
    times = store.times(workspace.db, since, until, project_id, MOST_TIMES)
    calls, flagged = sum(p.calls for p in pieces), sum(p.flagged for p in pieces)
    bounds = interval(flagged, calls, CONFIDENCE) if calls else None
    live = None
    if project_id is not None:
        tolerance = projects.tolerance_of(workspace, project_id)
        live = triage.live_estimate(workspace, tolerance, project_id)
    return Figures(
        name,
        pieces,
        _quantiles([duration for duration, _ in times]),
        _quantiles([first for _, first in times if first is not None]),
        () if ago else latency_by_slice(workspace, length, width, project_id, until=until),
        len(times),
        tuple(store.parts(workspace.db, since, until, project_id)),
        bounds.lower if bounds else 0.0,
        bounds.upper if bounds else 1.0,
        live,
        gone.total(workspace.db, since, until, project_id).calls,
        complete if (complete := gone.complete_from(workspace.db, project_id)) > since else None,
    )


def latency_by_slice(
    workspace: Workspace, length_ms: int, width_ms: int, project_id: int | None, *, until: int = 0
) -> tuple[Quantiles, ...]:
    """p50, p95 and p99 of the answers in each slice of a window, the oldest first.

    Args:
        workspace: where the calls are.
        length_ms: length of the window.
        width_ms: of a slice.
        project_id: only calls of this project.
        until: its end; 0 for now.
    """
    end = until or now_ms() + 1
    begin = end - length_ms
    times = store.times_by_slice(workspace.db, begin, end, width_ms, project_id, MOST_OF_SLICES)
    return tuple(_quantiles(times.get(n, ()), ordered=True) for n in range(length_ms // width_ms))


def _quantiles(values: Sequence[float], *, ordered: bool = False) -> Quantiles:
    if not values:
        return Quantiles()
    found = values if ordered else sorted(values)

    def at(share: float) -> float:
        return found[max(0, math.ceil(share * len(found)) - 1)]

    return Quantiles(at(0.50), at(0.95), at(0.99))
