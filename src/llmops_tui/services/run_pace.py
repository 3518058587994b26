"""How fast a run goes."""

from __future__ import annotations

from itertools import pairwise

from llmops_tui.core.clock import now_ms
from llmops_tui.core.run import Run
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import run_course

RATE_SAMPLES = 200
LEAST_RATE_SAMPLES = 2
LEAST_SILENCE_MS = 10_000


def rows_a_second(workspace: Workspace, run: Run) -> float | None:
    """How many samples a second were finished lately; None where it can't be told yet."""
    times = run_course.recent_finishes(workspace.db, run.id, RATE_SAMPLES)
    # What came before a long silence (a pause, a killed worker) says nothing of the rate now.
    gaps = sorted(later - earlier for later, earlier in pairwise(times))
    silence = max(LEAST_SILENCE_MS, 10 * gaps[len(gaps) // 2]) if gaps else 0
    kept = 1
    while kept < len(times) and times[kept - 1] - times[kept] <= silence:
        kept += 1
    if kept < LEAST_RATE_SAMPLES or not times:
        return None
    elapsed = (now_ms() - times[kept - 1]) / 1000
    return kept / elapsed if elapsed > 0 else None
