"""How a cursor moves in a list: the commands of the scope `lists`."""

from __future__ import annotations

from llmops_tui.ui.host import CommandHost


class ListMoves(CommandHost):
    """Commands in terms of the two things that a list can do: say where it is, and go there."""

    cursor: int
    """Index of the row under the cursor."""

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; beyond an end means that end."""
        raise NotImplementedError

    def last_index(self) -> int:
        """Index of the last row."""
        raise NotImplementedError

    def page_rows(self) -> int:
        """Rows in sight, at least one."""
        raise NotImplementedError

    def do_down(self) -> None:
        """One row down."""
        self.move_to(self.cursor + 1)

    def do_up(self) -> None:
        """One row up."""
        self.move_to(self.cursor - 1)

    def do_top(self) -> None:
        """The first row."""
        self.move_to(0)

    def do_end(self) -> None:
        """The last row."""
        self.move_to(self.last_index())

    def do_page_down(self) -> None:
        """A page down."""
        self.move_to(self.cursor + max(1, self.page_rows() - 1))

    def do_page_up(self) -> None:
        """A page up."""
        self.move_to(self.cursor - max(1, self.page_rows() - 1))

    def do_half_down(self) -> None:
        """Half a page down."""
        self.move_to(self.cursor + max(1, self.page_rows() // 2))

    def do_half_up(self) -> None:
        """Half a page up."""
        self.move_to(self.cursor - max(1, self.page_rows() // 2))
