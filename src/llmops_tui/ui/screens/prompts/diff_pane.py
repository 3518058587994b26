"""Two texts compared: side by side where there is room, else one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.geometry import Size

from llmops_tui.core.text import cells, visible
from llmops_tui.core.text_diff import (
    DiffRow,
    Side,
    Skipped,
    diff_rows,
    is_same,
    with_context,
)
from llmops_tui.ui.widgets.text_pane import Piece, TextPane, wrap

LEAST_SIDE_BY_SIDE = 110
"""Cells that two texts beside each other need."""
BAR = " │ "

Line = list[Piece]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts with their names."""

    title: str
    old_title: str
    new_title: str
    old: str
    new: str


class DiffPane(TextPane):
    """Shows comparisons one below the other.

    Lines that went have `-` before them, those that came `+`; words that differ are reversed.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.whole = False
        """Whether equal lines far from any change are shown too."""
        self._compared: list[tuple[Comparison, list[DiffRow]]] = []

    def show_comparisons(self, comparisons: Sequence[Comparison]) -> None:
        """Compare and show; quick enough for texts that people write."""
        self._compared = [(one, diff_rows(one.old, one.new)) for one in comparisons]
        self.lay_out_again()

    def lay_out_again(self) -> None:
        """`whole` changed, or what is shown."""
        self.scroll_to(y=0, animate=False, force=True)
        self._wrap(again=True)

    def _wrap(self, *, again: bool = False) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            self._wrapped_at = 0
            return
        if width == self._wrapped_at and not again:
            return
        self._wrapped_at = width
        self._lines = list(self._all_lines(width))
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def _all_lines(self, width: int) -> Iterator[Line]:
        for number, (comparison, rows) in enumerate(self._compared):
            if number:
                yield []
            if comparison.title:
                yield from wrap([(visible(comparison.title, newlines=False), "heading")], width)
            if is_same(rows):
                yield [("The texts are the same.", "muted")]
                continue
            kept = list(rows) if self.whole else with_context(rows)
            if width >= LEAST_SIDE_BY_SIDE:
                yield from side_by_side(comparison, kept, width)
            else:
                yield from unified(comparison, kept, width)


def unified(
    comparison: Comparison, rows: Sequence[DiffRow | Skipped], width: int
) -> Iterator[Line]:
    """Lines that went, then those that came, block by block."""
    yield from wrap([(f"- {visible(comparison.old_title, newlines=False)}", "bad")], width)
    yield from wrap([(f"+ {visible(comparison.new_title, newlines=False)}", "good")], width)
    came: list[Side] = []
    for row in rows:
        if came and (isinstance(row, Skipped) or row.same):
            yield from _block(came, "+", "good", width)
            came = []
        if isinstance(row, Skipped):
            yield [(_skipped(row), "muted")]
        elif row.same and row.new is not None:
            yield from _with_sign(" ", "", _pieces(row.new, ""), width)
        else:
            if row.old is not None:
                yield from _with_sign("-", "bad", _pieces(row.old, "bad"), width)
            if row.new is not None:
                came.append(row.new)
    yield from _block(came, "+", "good", width)


def side_by_side(
    comparison: Comparison, rows: Sequence[DiffRow | Skipped], width: int
) -> Iterator[Line]:
    """The old text at the left, the new one at the right, line beside line."""
    left = (width - cells(BAR)) // 2
    right = width - cells(BAR) - left
    yield from _beside(
        list(wrap([(f"- {visible(comparison.old_title, newlines=False)}", "bad")], left)),
        list(wrap([(f"+ {visible(comparison.new_title, newlines=False)}", "good")], right)),
        left,
    )
    for row in rows:
        if isinstance(row, Skipped):
            yield [(_skipped(row), "muted")]
            continue
        style = ("", "") if row.same else ("bad", "good")
        sign = (" ", " ") if row.same else ("-", "+")
        yield from _beside(
            _half(row.old, sign[0], style[0], left), _half(row.new, sign[1], style[1], right), left
        )


def _half(side: Side | None, sign: str, style: str, width: int) -> list[Line]:
    if side is None:
        return []
    return list(
        _with_sign(f"{side.number:>4} {sign}", style or "muted", _pieces(side, style), width)
    )


def _beside(left: list[Line], right: list[Line], width: int) -> Iterator[Line]:
    for number in range(max(len(left), len(right))):
        line = list(left[number]) if number < len(left) else []
        used = sum(cells(text) for text, _ in line)
        line.append((" " * (width - used), ""))
        line.append((BAR, "muted"))
        yield line + (right[number] if number < len(right) else [])


def _block(sides: Sequence[Side], sign: str, style: str, width: int) -> Iterator[Line]:
    for side in sides:
        yield from _with_sign(sign, style, _pieces(side, style), width)


def _with_sign(sign: str, style: str, pieces: Line, width: int) -> Iterator[Line]:
    """A wrapped line; its continuations stand below its text."""
    room = width - len(sign) - 1
    for number, part in enumerate(list(wrap(pieces, room)) or [[]]):
        yield [(f"{sign} ", style) if not number else (" " * (len(sign) + 1), ""), *part]


def _pieces(side: Side, style: str) -> Line:
    """A line made safe piece by piece, its changed words apart."""
    pieces: Line = []
    at = 0
    for start, stop in side.changed:
        pieces += [(side.text[at:start], style), (side.text[start:stop], "mark")]
        at = stop
    pieces.append((side.text[at:], style))
    return [(visible(text, newlines=False), name) for text, name in pieces if text]


def _skipped(row: Skipped) -> str:
    return f"  … {row.lines:,} equal line{'s' if row.lines != 1 else ''}"
