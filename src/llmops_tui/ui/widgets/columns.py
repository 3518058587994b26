"""Columns of a table: which fit the width, and a row as safe text of exactly that width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from llmops_tui.core.text import cells, one_line

Row = TypeVar("Row")
Cell = str | tuple[str, str]
"""Any text, hostile or not; with the name of a style: `good`, `bad`, `doubt`, `muted`, `strong`."""

GAP = 2


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a table."""

    title: str
    text: Callable[[Row], Cell]
    """What a row shows here. Made safe and cut to the width by the table."""
    width: int = 0
    """Cells of a column that never changes its width."""
    flex: int = 0
    """Share of what the fixed columns leave; one of `width` and `flex` is given."""
    least: int = 8
    """Cells below which a flexible column says nothing: others have to go first."""
    align: Literal["left", "right"] = "left"
    """Numbers go right."""
    drop: int = 0
    """Columns of the highest number go first where there is no room; 0 never goes."""


@dataclass(frozen=True, slots=True)
class Fitted(Generic[Row]):
    """A column with the width it got."""

    column: Column[Row]
    width: int


def fit(columns: Sequence[Column[Row]], width: int) -> list[Fitted[Row]]:
    """Share a width between columns, leaving out what has to go."""
    kept = list(columns)
    while True:
        fixed = sum(column.width for column in kept) + GAP * (len(kept) - 1)
        flexible = [column for column in kept if column.flex]
        room = width - fixed
        droppable = [column for column in kept if column.drop]
        if room >= sum(column.least for column in flexible) or not droppable:
            break
        kept.remove(max(droppable, key=lambda column: column.drop))
    shares = sum(column.flex for column in flexible)
    fitted = []
    left, shares_left = max(room, 0), shares
    for column in kept:
        size = column.width
        if column.flex:
            size = left * column.flex // shares_left
            left -= size
            shares_left -= column.flex
        fitted.append(Fitted(column, size))
    return fitted


def pad(text: str, width: int, align: str) -> str:
    """A safe line of at most `width` cells, filled up to exactly that."""
    space = " " * (width - cells(text))
    return space + text if align == "right" else text + space


def row_pieces(fitted: Sequence[Fitted[Row]], row: Row) -> list[tuple[str, str]]:
    """A row as safe pieces of text with style names; together exactly as wide as the columns."""
    pieces: list[tuple[str, str]] = []
    for number, item in enumerate(fitted):
        if number:
            pieces.append((" " * GAP, ""))
        cell = item.column.text(row)
        text, style = (cell, "") if isinstance(cell, str) else cell
        pieces.append((pad(one_line(text, item.width), item.width, item.column.align), style))
    return pieces


def header_text(fitted: Sequence[Fitted[Row]]) -> str:
    """The titles above their columns."""
    return (" " * GAP).join(
        pad(one_line(item.column.title, item.width), item.width, item.column.align)
        for item in fitted
    )
