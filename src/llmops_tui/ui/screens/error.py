"""Something failed that nobody foresaw: said plainly, with the details for a bug report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from llmops_tui.core.text import one_line, visible
from llmops_tui.ui.screens.dialog import Dialog
from llmops_tui.ui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ErrorScreen(Dialog[None]):
    """The app goes on below it."""

    SCOPE = "dialogs.error"
    DEFAULT_CSS = """
    ErrorScreen TextPane { display: none; height: 16; }
    ErrorScreen.-details TextPane { display: block; }
    """

    def __init__(self, error: Exception, details: str, log_path: str) -> None:
        super().__init__()
        what = one_line(str(error) or type(error).__name__, 200)
        self._summary = (
            f"Something unforeseen happened: {what}\n\n"
            "Nothing that was saved is lost, and runs go on. d shows the details; they are also in "
            f"{visible(log_path)}."
        )
        self._details = details

    def compose_box(self) -> ComposeResult:
        """The sentence, and the details when asked for."""
        yield Static(self._summary, markup=False)
        yield TextPane(id="details")

    def do_details(self) -> None:
        """Show or hide the traceback."""
        pane = self.query_one(TextPane)
        pane.show_text(self._details)
        if self.toggle_class("-details").has_class("-details"):
            pane.focus()

    def do_close(self) -> None:
        """Go on."""
        self.dismiss()
