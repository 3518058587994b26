"""Plots of a run as inline SVG: no script, no font, no request, readable without colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TypeAlias

from llmops_tui.core.text import visible
from llmops_tui.services.run_course import Course

Scale: TypeAlias = Callable[[float], float]

WIDTH = 640
LEFT = 58
RIGHT = 14
TOP = 10
BOTTOM = 34


def course_plot(course: Course, limit: float, title: str) -> str:
    """How a cell's bounds narrowed while its rows came in, against the tolerance."""
    height = 200
    top_rate = min(1.0, max(limit * 2, *(point.point * 1.6 for point in course), 0.02))
    rows = max(point.rows for point in course) or 1.0
    across, down = _scales(rows, top_rate, height)
    upper = [(across(p.rows), down(min(p.upper, top_rate))) for p in course]
    lower = [(across(p.rows), down(min(p.lower, top_rate))) for p in course]
    middle = [(across(p.rows), down(min(p.point, top_rate))) for p in course]
    band = _points([*upper, *reversed(lower)])
    parts = [
        f'<polygon class="band" points="{band}"/>',
        f'<polyline class="line" points="{_points(middle)}"/>',
        _limit_line(down(limit), limit),
        *_axis(height, top_rate, f"{round(rows):,} rows"),
    ]
    return _svg(parts, height, f"Wrong rate with its bounds as rows came in: {title}")


def bounds_plot(rows: Sequence[tuple[str, float | None, float, float]], limit: float) -> str:
    """Each cell's wrong rate with its bounds on one scale, against the tolerance.

    Args:
        rows: (title, wrong rate, lower, upper) of each cell.
        limit: the tolerance.
    """
    line = 34
    height = TOP + line * len(rows) + BOTTOM
    most = min(1.0, max([limit * 2, *(upper for _, _, _, upper in rows)]) * 1.05)
    span = WIDTH - LEFT - RIGHT
    parts = []
    for place, (title, point, lower, upper) in enumerate(rows):
        y = TOP + place * line + 24
        left, right = LEFT + lower / most * span, LEFT + min(upper / most, 1) * span
        parts.append(f'<text x="{LEFT}" y="{y - 10}">{_words(title)}</text>')
        parts.append(
            f'<path class="whisker" d="M{left:.1f} {y}H{right:.1f}M{left:.1f} {y - 4}v8'
            f'M{right:.1f} {y - 4}v8"/>'
        )
        if point is not None:
            parts.append(
                f'<circle class="dot" cx="{LEFT + point / most * span:.1f}" cy="{y}" r="4"/>'
            )
    x = LEFT + limit / most * span
    bottom = height - BOTTOM + 4
    parts.append(f'<path class="limit" d="M{x:.1f} {TOP}V{bottom}"/>')
    parts.append(f'<text x="{x:.1f}" y="{bottom + 14}" class="mid">limit {100 * limit:g} %</text>')
    parts.append(f'<text x="{LEFT}" y="{bottom + 14}" class="mid">0 %</text>')
    parts.append(
        f'<text x="{WIDTH - RIGHT}" y="{bottom + 14}" class="end">{100 * most:.1f} %</text>'
    )
    return _svg(parts, height, "Wrong rates with their bounds against the tolerance")


def histogram(values: Sequence[float], title: str) -> str:
    """How long answers took."""
    height, bars = 120, 32
    most = max(values) or 1.0
    counts = [0] * bars
    for value in values:
        counts[min(bars - 1, int(value / most * bars))] += 1
    highest = max(counts)
    span, deep = (WIDTH - LEFT - RIGHT) / bars, height - TOP - BOTTOM
    parts = [
        f'<rect class="bar" x="{LEFT + place * span:.1f}" y="{TOP + deep * (1 - n / highest):.1f}" '
        f'width="{span - 1:.1f}" height="{deep * n / highest:.1f}"/>'
        for place, n in enumerate(counts)
        if n
    ]
    base = TOP + deep
    parts.append(f'<path class="axis" d="M{LEFT} {base}H{WIDTH - RIGHT}"/>')
    parts.append(f'<text x="{LEFT}" y="{base + 16}">0 ms</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{base + 16}" class="end">{most:,.0f} ms</text>')
    parts.append(f'<text x="{LEFT - 6}" y="{TOP + 10}" class="end">{highest:,}</text>')
    return _svg(parts, height, f"How long answers took: {title}")


def _scales(rows: float, rate: float, height: int) -> tuple[Scale, Scale]:
    span, deep = WIDTH - LEFT - RIGHT, height - TOP - BOTTOM
    return (lambda x: LEFT + x / rows * span), (lambda y: TOP + deep * (1 - y / rate))


def _axis(height: int, top_rate: float, end: str) -> list[str]:
    base = height - BOTTOM
    return [
        f'<path class="axis" d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}"/>',
        f'<text x="{LEFT - 6}" y="{TOP + 10}" class="end">{100 * top_rate:.1f} %</text>',
        f'<text x="{LEFT - 6}" y="{base}" class="end">0 %</text>',
        f'<text x="{WIDTH - RIGHT}" y="{base + 16}" class="end">{escape(end)}</text>',
    ]


def _limit_line(y: float, limit: float) -> str:
    return (
        f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{WIDTH - RIGHT}" y="{y - 4:.1f}" class="end">limit {100 * limit:g} %</text>'
    )


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _words(text: str) -> str:
    return escape(visible(text, newlines=False))


def _svg(parts: Sequence[str], height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{_words(title)}</title>'
        f"{''.join(parts)}</svg>"
    )
