"""The bounds of a wrong rate over the rows that came in, with the tolerance as a line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from llmops_tui.core.tolerance import percent
from llmops_tui.services.run_course import Course, CoursePoint
from llmops_tui.ui.glyphs import ascii_only

LABELS = 8
"""Cells of the scale at the left, its line included."""
NO_ROWS = "No row was answered yet: the bounds appear with the first one."
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille cell by row and column of its dots."""

Grid = list[list[tuple[str, str]]]
"""Cells by line and column: a character and the name of its style."""


class BoundPlot(Widget):
    """Upper and lower bound, the rate between them, the tolerance. Repaints what differs."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "plot--bound",
        "plot--rate",
        "plot--limit",
        "plot--scale",
    }
    DEFAULT_CSS = """
    BoundPlot { height: 7; padding: 0 1; }
    BoundPlot > .plot--bound { color: $primary; text-style: bold; }
    BoundPlot > .plot--rate { color: $muted; }
    BoundPlot > .plot--limit { color: $doubt; }
    BoundPlot > .plot--scale { color: $muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._course: Course = ()
        self._limit = 0.0
        self._rows = 0.0
        self._grid: Grid = []

    def show_course(self, course: Course, *, limit: float, rows: float) -> None:
        """Show how a wrong rate became known.

        Args:
            course: Points in the order of rows, at most some hundred.
            limit: The tolerated rate, a share of 1.
            rows: How many rows are planned.
        """
        self._course, self._limit, self._rows = course, limit, rows
        self._redraw()

    def on_resize(self, _: events.Resize) -> None:
        """Another size is another drawing."""
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.size.width
        base = self.rich_style
        if y >= len(self._grid):
            return Strip.blank(width, base)
        segments = []
        for text, style in _runs(self._grid[y]):
            known = self.get_component_rich_style(f"plot--{style}", partial=True) if style else None
            segments.append(Segment(text, base + known if known else base))
        return Strip(segments).adjust_cell_length(width, base)

    @property
    def text(self) -> str:
        """What is drawn, without colours."""
        return "\n".join("".join(cell for cell, _ in line).rstrip() for line in self._grid)

    def _redraw(self) -> None:
        size = self.size
        if not (size.width and size.height):
            return
        grid = draw(
            self._course,
            limit=self._limit,
            rows=self._rows,
            width=size.width,
            height=size.height,
            plain=ascii_only(),
        )
        before, self._grid = self._grid, grid
        for y, line in enumerate(grid):
            old = before[y] if y < len(before) else []
            if line == old:
                continue
            changed = [x for x, cell in enumerate(line) if x >= len(old) or cell != old[x]]
            first, last = (changed[0], changed[-1]) if changed else (0, size.width - 1)
            self.refresh(Region(first, y, last - first + 1, 1))
        if len(before) != len(grid):
            self.refresh()


def draw(
    course: Course, *, limit: float, rows: float, width: int, height: int, plain: bool
) -> Grid:
    """The plot as cells; `plain` keeps to ASCII."""
    if not course or height < 3 or width < LABELS + 10:
        return [[(character, "scale") for character in NO_ROWS[:width]]] if not course else []
    wide, high = width - LABELS, height - 1
    last = course[-1].rows
    across = window(max(rows, last), last)
    top = scale(course, limit)
    limit_line = _line_of(limit, top, high)
    grid: Grid = [[(" ", "")] * wide for _ in range(high)]
    if limit_line is not None:
        dash = "-" if plain else "┄"
        grid[limit_line] = [(dash, "limit")] * wide
    canvas = _Canvas(wide, high, plain)
    canvas.curve(course, lambda point: point.point, across, top, "rate")
    canvas.curve(course, lambda point: point.lower, across, top, "bound")
    canvas.curve(course, lambda point: point.upper, across, top, "bound")
    canvas.onto(grid)
    labels = {0: top, high - 1: 0.0}
    if limit_line is not None:
        labels = {y: at for y, at in labels.items() if abs(y - limit_line) > 0}
        labels[limit_line] = limit
    bar = "|" if plain else "│"
    for y, line in enumerate(grid):
        label = percent(labels[y], decimals=None) if y in labels else ""
        style = "limit" if y == limit_line else "scale"
        line[:0] = [(c, style) for c in f"{label:>{LABELS - 1}}"] + [(bar, "scale")]
    grid.append([(c, "scale") for c in _foot(wide, across, plain)])
    return grid


def window(planned: float, rows: float) -> float:
    """Where the scale of rows ends: all that are planned, halved while they still fit.

    So the curve always takes at least half of the width, and is drawn anew rarely.
    """
    across = max(planned, 1.0)
    while across / 2 >= max(rows, 8.0):
        across /= 2
    return across


def scale(course: Course, limit: float) -> float:
    """Where the scale of rates ends: above the tolerance and the bounds as they are by now."""
    later = course[len(course) // 3 :]
    now = max(limit, course[-1].upper)
    earlier = min(later[0].upper, 2.5 * now)
    wanted = max(1.5 * limit, 1.15 * now, earlier, 1.1 * max(p.point for p in later))
    for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10):
        for power in range(-6, 0):
            candidate = step * 10.0**power
            if candidate >= wanted and candidate / wanted < 1.7:
                return min(1.0, candidate)
    return 1.0


def _foot(wide: int, across: float, plain: bool) -> str:
    end = f"{across:,.0f} rows"
    dash = "-" if plain else "┄"
    for legend in (
        f"bounds of the wrong rate, the rate between them, {dash} tolerance",
        f"bounds, rate, {dash} tolerance",
        "",
    ):
        room = wide - 1 - len(end) - len(legend)
        if room >= 2:
            break
    left = room // 2
    return " " * (LABELS - 1) + "0" + " " * left + legend + " " * (room - left) + " " + end


def _line_of(rate: float, top: float, high: int) -> int | None:
    if rate > top:
        return None
    return min(high - 1, int((1 - rate / top) * high))


class _Canvas:
    """Dots, two by four to a cell; in ASCII one to a cell."""

    def __init__(self, wide: int, high: int, plain: bool) -> None:
        self._plain = plain
        self._per = (1, 1) if plain else (2, 4)
        self._wide, self._high = wide * self._per[0], high * self._per[1]
        self._cells: dict[tuple[int, int], tuple[int, str]] = {}

    def curve(
        self,
        course: Course,
        value: Callable[[CoursePoint], float],
        across: float,
        top: float,
        style: str,
    ) -> None:
        """Draw one line of the course, each column joined to the one before."""
        rows = [point.rows for point in course]
        values = [value(point) for point in course]
        before: int | None = None
        for x in range(self._wide):
            at = (x + 1) / self._wide * across
            if at > rows[-1] + across / self._wide:
                break
            rate = _between(rows, values, at)
            y = min(self._high - 1, max(0, int((1 - rate / top) * self._high)))
            if rate > top:
                before = 0
                continue
            low, high = sorted((y, y if before is None else before))
            for each in range(low, high + 1):
                self._dot(x, each, style)
            before = y

    def onto(self, grid: Grid) -> None:
        """Put the dots over what is there."""
        for (x, y), (bits, style) in self._cells.items():
            mark = ("#" if style == "bound" else "o") if self._plain else chr(0x2800 + bits)
            grid[y][x] = (mark, style)

    def _dot(self, x: int, y: int, style: str) -> None:
        per_x, per_y = self._per
        place = (x // per_x, y // per_y)
        bits, _ = self._cells.get(place, (0, style))
        bit = 1 if self._plain else _DOTS[y % per_y][x % per_x]
        self._cells[place] = (bits | bit, style)


def _between(rows: Sequence[float], values: Sequence[float], at: float) -> float:
    """The value at so many rows, on the line between the points around it."""
    after = bisect_left(rows, at)
    if after >= len(rows):
        return values[-1]
    if after == 0:
        return values[0]
    share = (at - rows[after - 1]) / (rows[after] - rows[after - 1])
    return values[after - 1] + share * (values[after] - values[after - 1])


def _runs(line: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one style joined."""
    joined: list[tuple[str, str]] = []
    for character, style in line:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + character, style)
        else:
            joined.append((character, style))
    return joined
