"""Writing what an answer should have been, without leaving the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Label, TextArea

from llmops_tui.core.text import visible
from llmops_tui.ui.screens.dialog import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult


class CorrectScreen(Dialog[str]):
    """The answer as text to be changed; ctrl+s keeps it for the verdict, esc leaves it."""

    SCOPE = "dialogs.correct"
    DEFAULT_CSS = """
    CorrectScreen TextArea, CorrectScreen TextArea:focus { height: 12; border: none; padding: 0; }
    """

    def __init__(self, call_id: int, text: str) -> None:
        """Prepare it.

        Args:
            call_id: Which call, for the title.
            text: The answer, or what it was corrected to before.
        """
        super().__init__()
        self._call_id = call_id
        # What would move the cursor of a terminal has no place in a right answer either.
        self._before = visible(text)

    def compose_box(self) -> ComposeResult:
        """The text."""
        title = f"What call {self._call_id} should have answered"
        yield Label(title, classes="title", markup=False)
        yield TextArea(self._before, soft_wrap=True, tab_behavior="focus")

    def do_submit(self) -> None:
        """Keep it; as it was is no correction."""
        text = self.query_one(TextArea).text.rstrip("\n")
        self.dismiss(None if text == self._before else text)

    def do_cancel(self) -> None:
        """Leave the answer as it is."""
        self.dismiss(None)
