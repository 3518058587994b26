"""A list and its detail: side by side where there is room, one at a time where there isn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import ComposeResult


class TwoPanes(Horizontal):
    """On narrow screens the detail covers the list while it is open."""

    SCOPED_CSS = False  # the breakpoints are classes of the screen around it
    DEFAULT_CSS = """
    TwoPanes { height: 1fr; }
    TwoPanes > * { width: 1fr; }
    TwoPanes > .detail { border-left: vkey $border-blurred; }
    TwoPanes > .detail:focus { border-left: vkey $border; }
    .-narrow TwoPanes > .detail { display: none; border-left: none; }
    .-narrow TwoPanes.-open > .detail { display: block; }
    .-narrow TwoPanes.-open > .list { display: none; }
    """

    def __init__(self, listing: Widget, detail: Widget, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listing = listing.add_class("list")
        self.detail = detail.add_class("detail")

    def compose(self) -> ComposeResult:
        """List, then detail."""
        yield self.listing
        yield self.detail

    @property
    def side_by_side(self) -> bool:
        """Whether both are in sight."""
        return self.screen.has_class("-wide")

    @property
    def detail_in_sight(self) -> bool:
        """Whether it is worth filling the detail."""
        return self.side_by_side or self.has_class("-open")

    def open(self) -> None:
        """Show the detail and read in it."""
        self.add_class("-open")
        self.detail.focus()

    def close(self) -> bool:
        """Back to the list; False where one was there already."""
        if not self.has_class("-open"):
            return False
        self.remove_class("-open")
        self.listing.focus()
        return True
