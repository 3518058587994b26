"""The list of calls as they arrive: it can also be held still."""

from __future__ import annotations

from llmops_tui.services.calls import CallLine
from llmops_tui.ui.widgets.virtual_table import VirtualTable


class TailTable(VirtualTable[CallLine]):
    """Follows while its first row is selected, unless somebody held it still."""

    held = False

    @property
    def following(self) -> bool:
        """Whether new rows move the list."""
        return not self.held and super().following

    def do_top(self) -> None:
        """The first row, and follow again."""
        self.held = False
        super().do_top()

    def hold(self) -> None:
        """Stay as it is, whatever arrives."""
        self.held = True
        self.refresh_rows()
