"""A field of one line that shows whatever text it holds without giving it to the terminal raw."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from llmops_tui.ui import hidden

ENDS = {9: " ", 10: "\N{SYMBOL FOR NEWLINE}", 13: "\N{SYMBOL FOR CARRIAGE RETURN}"}
"""Of one cell each: a field counts its cells by its characters."""


class LineInput(Input):
    """Textual's field; hidden characters stand there as signs of one cell, and none is lost."""

    @property
    def _value(self) -> Text:
        """What Textual paints and measures; as many characters as the value."""
        if self.value.isprintable():
            return super()._value
        shown = hidden.shown(hidden.hide(self.value)).translate(ENDS)
        return Text(shown, no_wrap=True, overflow="ignore", end="")
