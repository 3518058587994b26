"""A field of one line that shows whatever text it holds without giving it to the terminal raw."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.widgets import Input

from llmops_tui.ui import hidden

ENDS = {9: " ", 10: "\N{SYMBOL FOR NEWLINE}", 13: "\N{SYMBOL FOR CARRIAGE RETURN}"}
"""Of one cell each: a field counts its cells by its characters."""


class LineInput(Input):
    """Textual's field; hidden characters stand there as signs of one cell, and none is lost."""

    keeps_lines = False
    """Whether pasted text keeps its line ends; elsewhere they become spaces."""

    @property
    def _value(self) -> Text:
        """What Textual paints and measures; as many characters as the value."""
        if self.value.isprintable():
            return super()._value
        shown = hidden.shown(hidden.hide(self.value)).translate(ENDS)
        return Text(shown, no_wrap=True, overflow="ignore", end="")

    def _on_paste(self, event: events.Paste) -> None:
        """Take all of it: Textual's own field drops every line but the first."""
        event.prevent_default()
        event.stop()
        lines = event.text.strip("\r\n").splitlines()
        text = "\n".join(lines) if self.keeps_lines else " ".join(lines)
        selection = self.selection
        if selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *selection)
