"""The line above the tail: how many calls, how fast, how many flagged."""

from __future__ import annotations

from llmops_tui.core.tolerance import Tolerance, percent
from llmops_tui.services.calls import Tail
from llmops_tui.services.triage import LiveEstimate
from llmops_tui.ui.screens.monitor.texts import rate_text


def summary_line(
    tail: Tail | None, estimate: LiveEstimate | None, tolerance: Tolerance | None
) -> str:
    """`1,234 calls in 30 d · 12 a minute lately · flagged 3.2 % · 4 errors`."""
    if tail is None:
        return "Reading…"
    if not tail.calls:
        return "No production call has arrived yet."
    words = []
    lanes = estimate.lanes if estimate is not None else None
    if lanes is not None and tolerance is not None:
        noun = "call" if lanes.arrived == 1 else "calls"
        words.append(f"{lanes.arrived:,} {noun} in {tolerance.window_days} d")
    words.append(rate_text(tail.per_minute))
    if tail.lost:
        words.append(f"! {tail.lost:,} LOST by the proxy")
    if tail.unable:
        words.append("! gateway can't write: full disk?")
    elif tail.silent:
        words.append("! no gateway is at work")
    if lanes is not None and lanes.arrived:
        flagged = lanes.flagged + lanes.flagged_apart
        words.append(f"flagged {percent(flagged / lanes.arrived)} ({flagged:,})")
        words.append(f"{lanes.errors:,} {'error' if lanes.errors == 1 else 'errors'}")
    return " · ".join(words)
