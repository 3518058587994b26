"""Asking before something that can't be undone, by the name of what it is done to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Label, Static

from llmops_tui.core.text import one_line, visible
from llmops_tui.ui.screens.dialog import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ConfirmScreen(Dialog[bool]):
    """`y` does it; anything else leaves everything as it is."""

    SCOPE = "dialogs.confirm"

    def __init__(self, question: str, name: str, consequence: str) -> None:
        """Prepare the question.

        Args:
            question: What is about to be done: `Cancel this run?`
            name: Of the object, as the person knows it.
            consequence: What will be lost and what will be kept.
        """
        super().__init__()
        self._question = question
        self._object = one_line(name, 72)
        self._consequence = visible(consequence)

    def compose_box(self) -> ComposeResult:
        """Question, name, consequence."""
        yield Label(visible(self._question, newlines=False), classes="title", markup=False)
        yield Label(self._object, markup=False)
        yield Static(self._consequence, markup=False)

    def do_yes(self) -> None:
        """Do it."""
        self.dismiss(True)

    def do_no(self) -> None:
        """Leave it."""
        self.dismiss(False)
