"""Time as the product counts it: integer milliseconds since the epoch, UTC."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def ago(then_ms: int, now: int) -> str:
    """How long ago, for people: `3 h ago`, `just now`."""
    seconds = max(0, now - then_ms) // 1000
    if seconds < 10:
        return "just now"
    return f"{duration(seconds)} ago"


def duration(seconds: float) -> str:
    """A span of time with one unit, or two where it matters: `45 s`, `4 min`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if hours < 48:
        return f"{round(whole / 3600)} h"
    return f"{round(whole / 86400)} d"
