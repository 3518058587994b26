"""The line behind `/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input, Static

from llmops_tui.ui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.ui.screens.base import Page

WAIT_S = 0.15
"""After a keystroke, before the list is asked: fewer repaints while one types."""


class FilterInput(LineInput):
    """Gives the focus back on enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down,enter", "leave", show=False)]

    def action_leave(self) -> None:
        """Keep the filter and go to the list."""
        self.screen.focus_next()


class FilterBar(Horizontal):
    """Hidden until `/`; stays visible while a filter is in force."""

    DEFAULT_CSS = """
    FilterBar { dock: bottom; height: 1; margin-bottom: 1; display: none; background: $surface; }
    FilterBar.-open { display: block; }
    FilterBar Static { width: auto; padding: 0 1; color: $muted; }
    FilterBar Input, FilterBar Input:focus {
        border: none; height: 1; padding: 0; background: $surface; width: 1fr;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pending: Timer | None = None

    def compose(self) -> ComposeResult:
        """A slash, the text, what the keys do."""
        yield Static("/", markup=False)
        field = FilterInput(placeholder="show only rows that contain …", id="filter-text")
        field.cursor_blink = False
        yield field
        yield Static("enter keeps · esc clears", markup=False)

    def open(self, text: str) -> None:
        """Show the line and type into it."""
        self.add_class("-open")
        field = self.query_one(FilterInput)
        field.value = text
        field.focus()

    def clear(self) -> None:
        """Show everything again."""
        self._stop()
        with self.query_one(FilterInput).prevent(Input.Changed):
            self.query_one(FilterInput).value = ""
        if self.query_one(FilterInput).has_focus:
            self.screen.focus_next()
        self.remove_class("-open")
        self._page.set_filter("")

    @property
    def is_pending(self) -> bool:
        """Whether what was typed will be asked for soon."""
        return self._pending is not None

    @property
    def _page(self) -> Page[object]:
        from llmops_tui.ui.screens.base import Page

        page = self.screen
        assert isinstance(page, Page)
        return page

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask soon, not on each keystroke."""
        event.stop()
        self._stop()
        self._pending = self.set_timer(WAIT_S, self._apply)

    def _apply(self) -> None:
        self._pending = None
        self._page.set_filter(self.query_one(FilterInput).value.strip())

    def _stop(self) -> None:
        if self._pending is not None:
            self._pending.stop()
            self._pending = None
