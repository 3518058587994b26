"""The list widget of every screen: any number of rows, only those in sight are read and painted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView

from llmops_tui.core.errors import LlmopsError
from llmops_tui.ui.commands import registry
from llmops_tui.ui.widgets.columns import Cell, Column, Row
from llmops_tui.ui.widgets.list_moves import ListMoves
from llmops_tui.ui.widgets.row_store import BLOCK, Fetch, Fetched
from llmops_tui.ui.widgets.sources import Source
from llmops_tui.ui.widgets.table_lines import TableLines

__all__ = ["Cell", "Column", "RowChosen", "RowMoved", "VirtualTable"]


class TableMessage(Message):
    """Something about one row of a table."""

    def __init__(self, table: VirtualTable[object], key: Hashable) -> None:
        super().__init__()
        self.table = table
        self.key = key
        """Of the row, as the table's `key` gives it."""

    @property
    def control(self) -> VirtualTable[object]:
        """The table, for `@on(RowChosen, "#id")`."""
        return self.table


class RowMoved(TableMessage):
    """The cursor is on another row, or the row under it was read or changed."""


class RowChosen(TableMessage):
    """Somebody wants this row opened."""


class VirtualTable(TableLines[Row], ListMoves, ScrollView):
    """Rows under a sticky header, with one cursor that keeps to its row by key."""

    can_focus = True
    COMPONENT_CLASSES = TableLines.TABLE_COMPONENTS
    DEFAULT_CSS = TableLines.TABLE_CSS
    BINDINGS = registry.bindings("lists")

    def __init__(
        self,
        *,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        empty: str,
        header: bool = True,
        opens: bool = True,
        place: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """A table without rows yet.

        Args:
            columns: What is shown of a row.
            key: What identifies a row; an int where rows come from a `Source`.
            empty: What this list is for and the one key that fills it.
            header: Whether the titles are shown.
            opens: Whether a row can be opened; otherwise enter does nothing here.
            place: Under this name the page remembers and restores the selection.
            id: Textual's.
            classes: Textual's.
        """
        super().__init__(
            columns=columns, key=key, empty=empty, header=header, id=id, classes=classes
        )
        self.place = place
        self.opens = opens
        self.cursor_key: Hashable | None = None
        """Key of the row under the cursor; None until the row was read."""
        self._restored = not place
        self._busy: int | None = None
        """Generation of the rows that are being read; None where nothing is."""
        self._queued: Fetch | None = None
        self._seen: tuple[Hashable, Row] | None = None

    # What a screen calls.

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, where it has been read."""
        return self._store.get(self.cursor)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show rows at hand; the cursor stays on its row, and only what differs is painted."""
        line = self.cursor - self.scroll_offset.y
        self._problem = None
        self._store.use_rows(rows)
        wanted = self._first_key()
        at = self._index_of(wanted) if wanted is not None else None
        self._resize_rows()
        self.cursor = self._clip(self.cursor if at is None else at)
        if at is not None:
            self._scroll_to_row(max(0, at - max(line, 0)))
        self._settle()

    def show_source(self, source: Source[Row]) -> None:
        """Read rows from a source, page by page, from its start or where the person left."""
        self._problem = None
        self._store.use_source(source)
        self.news = 0
        self.cursor, self.cursor_key, self._seen = 0, None, None
        self._scroll_to_row(0)
        wanted = self._first_key()
        self._fetch(Fetch(blocks=(0,), find=wanted if isinstance(wanted, int) else None))

    def refresh_rows(self) -> None:
        """The file changed: read what is in sight again, take or count what is new."""
        if self._store.source is not None:
            self._fetch(Fetch(blocks=self._blocks_in_sight(), again=True, take=self.following))

    def redraw(self) -> None:
        """Ask the columns again and paint what differs: relative times, marks kept elsewhere."""
        self._repaint_changed()

    def show_problem(self, error: Exception) -> None:
        """Say in place of rows why there are none."""
        self._problem = error
        if not self._store.known:
            self._store.use_rows(())
        self._settle()

    def go_to_key(self, key: Hashable) -> None:
        """Put the cursor on a row, wherever it is."""
        at = self._index_of(key)
        if at is not None:
            self.move_to(at)
        elif isinstance(key, int) and self._store.source is not None:
            self._fetch(Fetch(blocks=(), find=key))

    def row_at(self, index: int) -> Row | None:
        """A row by its index, where it has been read."""
        return self._store.get(index)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row by index and bring it into sight."""
        if not self.count:
            return
        before, self.cursor = self.cursor, self._clip(index)
        top = self.scroll_offset.y
        page = self.page_rows()
        if self.cursor < top:
            self._scroll_to_row(self.cursor)
        elif self.cursor >= top + page:
            self._scroll_to_row(self.cursor - page + 1)
        if top == self.scroll_offset.y:
            self._repaint_row(before)
            self._repaint_row(self.cursor)
        if before == 0 or self.cursor == 0:
            self._repaint_changed()  # following began or ended
        self._moved()

    # Commands.

    def last_index(self) -> int:
        """Index of the last row known."""
        return self.count - 1

    def do_choose(self) -> None:
        """Open the row under the cursor."""
        if self.cursor_key is not None:
            self.post_message(RowChosen(self._self(), self.cursor_key))

    def do_top(self) -> None:
        """The first row; a live list follows again."""
        self.move_to(0)
        if self.live:
            self.refresh_rows()

    def why_not(self, command_id: str) -> str | None:
        """Opening needs a row."""
        if command_id == "lists.choose" and not (self.opens and self.count):
            return "There is no row to open."
        return None

    # Textual.

    def on_click(self, event: events.Click) -> None:
        """A click selects, a second one opens."""
        index = self.scroll_offset.y + event.y - self._header
        if event.y >= self._header and 0 <= index < self.count:
            again = index == self.cursor and event.chain > 1
            self.move_to(index)
            if again:
                self.do_choose()

    def on_resize(self, _: events.Resize) -> None:
        """Another width holds other columns; the cursor stays in sight."""
        self._fitted = []
        self._shown.clear()
        self._resize_rows()
        self.call_after_refresh(self._show_cursor)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Read what came into sight."""
        super().watch_scroll_y(old_value, new_value)
        self._want_in_sight()

    # Reading.

    def _fetch(self, fetch: Fetch) -> None:
        if self._busy == self._store.generation:
            self._queued = fetch if self._queued is None else self._queued.joined(fetch)
            return
        source = self._store.source
        if source is None:
            return
        # Reading for an earlier source is replaced, not waited for: its answer will be dropped.
        generation = self._busy = self._store.generation
        self._queued = None
        self.in_thread(
            lambda: fetch.run(source, generation),
            self._fetched,
            group="rows",
            failed=self._fetch_failed,
        )

    def _fetched(self, fetched: Fetched[Row]) -> None:
        self._busy = None
        if fetched.generation == self._store.generation:
            self._problem = None
            self._store.take(fetched)
            self.news = fetched.news
            self._resize_rows()
            if fetched.found is not None:
                self.move_to(fetched.found)
            self.cursor = self._clip(self.cursor)
            self._settle()
        self._next_fetch()

    def _fetch_failed(self, error: Exception) -> None:
        self._busy = None
        self.show_problem(error)
        if not isinstance(error, LlmopsError):
            self.llmops.report(error)
        self._next_fetch()

    def _next_fetch(self) -> None:
        queued, self._queued = self._queued, None
        if queued is not None:
            self._fetch(queued)
        elif self._problem is None:
            self._want_in_sight()
            if self._busy is None and not self._store.count_known:
                self._fetch(Fetch(blocks=(), count=True))

    def _want_in_sight(self) -> None:
        if self._store.source is None or not self._store.known:
            return
        missing = tuple(b for b in self._blocks_in_sight() if not self._store.has_block(b))
        if missing and self._busy != self._store.generation:
            self._fetch(Fetch(blocks=missing))

    def _blocks_in_sight(self) -> tuple[int, ...]:
        first = self.scroll_offset.y
        last = max(first, min(first + self.page_rows(), self.count) - 1)
        return tuple(range(first // BLOCK, last // BLOCK + 1))

    # Keys and places.

    def _first_key(self) -> Hashable | None:
        if not self._restored:
            self._restored = True
            recall = getattr(self.screen, "recall", None)
            kept = recall(self.place) if recall is not None else None
            if isinstance(kept, str):
                return int(kept) if kept.lstrip("-").isdecimal() else kept
        return self.cursor_key

    def _index_of(self, key: Hashable) -> int | None:
        for index, row in self._store.loaded():
            found = self.row_key(row)
            if found == key or str(found) == str(key):
                return index
        return None

    def _moved(self) -> None:
        row = self.cursor_row
        seen = None if row is None else (self.row_key(row), row)
        if seen == self._seen:
            return
        self._seen = seen
        moved = seen is not None and seen[0] != self.cursor_key
        self.cursor_key = None if seen is None else seen[0]
        if seen is not None:
            self.post_message(RowMoved(self._self(), seen[0]))
        remember = getattr(self.screen, "remember", None)
        if moved and self.place and remember is not None:
            remember(self.place, str(self.cursor_key))

    def _self(self) -> VirtualTable[object]:
        return self  # type: ignore[return-value]  # messages don't carry the row's type

    def _clip(self, index: int) -> int:
        return max(0, min(index, self.count - 1))

    # Painting.

    def _settle(self) -> None:
        self._moved()
        self._repaint_changed()
        self.screen.refresh_bindings()

    def _resize_rows(self) -> None:
        size = Size(self.size.width, self.count + self._header)
        if size != self.virtual_size:
            self.virtual_size = size

    def _scroll_to_row(self, top: int) -> None:
        self.scroll_to(y=top, animate=False, force=True)

    def _show_cursor(self) -> None:
        self.move_to(self.cursor)
