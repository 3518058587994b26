"""What is shown in place of a screen that can't be loaded."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from llmops_tui.core.text import visible
from llmops_tui.ui.areas import Area
from llmops_tui.ui.screens.base import Page


class MissingScreen(Page[None]):
    """Says which screen is missing and why; the other screens work."""

    DEFAULT_CSS = "MissingScreen Static { padding: 1 2; height: 1fr; }"
    PURPOSE = "This screen can't be shown in this installation."

    def __init__(self, area: Area, reason: str) -> None:
        super().__init__()
        self._text = (
            f"{area.title}: {area.purpose}\n\n"
            f"This screen can't be shown: {visible(reason)}\n\n"
            "The other screens work: press their digits."
        )

    def compose_body(self) -> ComposeResult:
        """The explanation."""
        yield Static(self._text, markup=False)
