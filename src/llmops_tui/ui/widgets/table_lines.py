"""What a table looks like: its lines, painted one by one and only where they differ."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from llmops_tui.core.errors import LlmopsError
from llmops_tui.core.text import cells, one_line, visible
from llmops_tui.ui.glyphs import ascii_only
from llmops_tui.ui.host import CommandHost
from llmops_tui.ui.widgets.columns import Column, Fitted, Row, fit, header_text, row_pieces
from llmops_tui.ui.widgets.row_store import RowStore
from llmops_tui.ui.widgets.sources import LiveSource
from llmops_tui.ui.widgets.text_pane import wrap

if TYPE_CHECKING:
    from textual.scroll_view import ScrollView as _Base
else:

    class _Base:
        """No widget at run time: a widget class costs milliseconds, and this is never one alone."""


CURSOR = "▌ "
ASCII_CURSOR = ">"
NO_CURSOR = "  "
STYLES = ("good", "bad", "doubt", "muted", "strong")


class TableLines(CommandHost, _Base, Generic[Row]):
    """The lines of a table, from what it holds; reads nothing."""

    TABLE_COMPONENTS: ClassVar[set[str]] = {
        *(f"table--{name}" for name in STYLES),
        "table--header",
        "table--cursor",
        "table--glyph",
    }
    TABLE_CSS = """
    VirtualTable {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable;
        scrollbar-size-vertical: 1; background: $background;
    }
    VirtualTable > .table--header { color: $muted; text-style: bold underline; }
    VirtualTable > .table--cursor { text-style: bold; }
    VirtualTable:focus > .table--cursor { text-style: bold reverse; }
    VirtualTable > .table--glyph { color: $cursor; text-style: bold; }
    VirtualTable > .table--good { color: $good; }
    VirtualTable > .table--bad { color: $bad; text-style: bold; }
    VirtualTable > .table--doubt { color: $doubt; }
    VirtualTable > .table--muted { color: $muted; }
    VirtualTable > .table--strong { text-style: bold; }
    """

    def __init__(
        self,
        *,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        empty: str,
        header: bool,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.row_key = key
        self.empty = empty
        self.cursor = 0
        """Index of the row under the cursor."""
        self.news = 0
        """Rows that arrived while the list is paused."""
        self._header = 1 if header else 0
        self._store: RowStore[Row] = RowStore()
        self._problem: Exception | None = None
        self._fitted: list[Fitted[Row]] = []
        self._shown: dict[int, Strip] = {}

    @property
    def count(self) -> int:
        """How many rows there are, as far as is known."""
        return self._store.count

    @property
    def live(self) -> bool:
        """Whether rows are added while one looks."""
        return isinstance(self._store.source, LiveSource)

    @property
    def following(self) -> bool:
        """Whether new rows move the list: only while the cursor is on the first row."""
        return self.live and self.cursor == 0 and self.scroll_offset.y == 0

    def on_focus(self) -> None:
        """The cursor row looks different with the focus."""
        self._repaint_row(self.cursor)

    def on_blur(self) -> None:
        """The cursor row looks different without the focus."""
        self._repaint_row(self.cursor)

    def notify_style_update(self) -> None:
        """Another theme, other colours."""
        super().notify_style_update()
        self._shown.clear()

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        strip = self._shown[y] = self._line(y)
        return strip

    def page_rows(self) -> int:
        """Rows in sight, at least one."""
        return max(1, self.size.height - self._header)

    def _repaint_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + self._header
        if self._header <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _repaint_changed(self) -> None:
        for y in range(self.size.height):
            if self._line(y) != self._shown.get(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def _line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width  # without the scrollbar's
        if y < self._header:
            return self._header_line(width)
        index = self.scroll_offset.y + y - self._header
        if not self.count:
            return self._message_line(y - self._header, width)
        if index >= self.count:
            return Strip.blank(width, self.rich_style)
        return self._row_line(index, width)

    def _row_line(self, index: int, width: int) -> Strip:
        base = self.rich_style
        here = index == self.cursor
        row = self._store.get(index)
        pieces = [("…", "muted")] if row is None else row_pieces(self._fit(width), row)
        if here:
            whole = base + self._style("cursor")
            glyph = ASCII_CURSOR if ascii_only() else CURSOR[0]
            segments = [Segment(glyph, base + self._style("glyph")), Segment(CURSOR[1:], whole)]
            segments.append(Segment("".join(text for text, _ in pieces), whole))
            return Strip(segments).adjust_cell_length(width, whole)
        segments = [Segment(NO_CURSOR, base)]
        segments += [Segment(text, base + self._style(s) if s else base) for text, s in pieces]
        # Joined, as each segment costs its colours on the line.
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _header_line(self, width: int) -> Strip:
        style = self.rich_style + self._style("header")
        status = self._status()
        titles = NO_CURSOR + header_text(self._fit(width))
        if status:
            room = max(0, width - cells(status) - 1)
            titles = one_line(titles, room)
            titles += " " * (width - cells(titles) - cells(status))
        segments = [Segment(titles, style)]
        if status:
            segments.append(Segment(status, self.rich_style + self._style("strong")))
        return Strip(segments).adjust_cell_length(width, style)

    def _status(self) -> str:
        if not self.live:
            return ""
        if self.following:
            return "FOLLOWING"
        return f"PAUSED, {self.news:,} new: g follows" if self.news else "PAUSED: g follows"

    def _message_line(self, number: int, width: int) -> Strip:
        if not self._store.known:
            text = "Reading…"
        elif isinstance(self._problem, LlmopsError):
            text = f"{self._problem}\n\n{self._problem.hint}"
        elif self._problem is not None:
            text = f"This couldn't be read: {self._problem}"
        else:
            text = self.empty
        lines = [
            "".join(part for part, _ in line)
            for raw in visible(text).split("\n")
            for line in wrap([(raw, "")], max(10, width - 4))
        ]
        shown = lines[number - 1] if 0 < number <= len(lines) else ""
        return Strip([Segment("  " + shown, self.rich_style)]).adjust_cell_length(
            width, self.rich_style
        )

    def _fit(self, width: int) -> list[Fitted[Row]]:
        if not self._fitted:
            self._fitted = fit(self.columns, width - len(NO_CURSOR))
        return self._fitted

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"table--{name}", partial=True)
