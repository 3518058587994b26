"""One line to type on a call: the note behind `n`, tags, a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from llmops_tui.ui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from textual.app import ComposeResult

LONGEST_NOTE = 500
NOTE = "note"
PLACEHOLDER = "one line, kept with your verdict"


class NoteInput(LineInput):
    """Hands its text on at enter; esc leaves the note as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, priority=True)]

    def action_leave(self) -> None:
        """Nothing of what was typed is kept."""
        self.query_ancestor(NoteBar).close()


class NoteBar(Horizontal):
    """Hidden until it is asked for."""

    DEFAULT_CSS = """
    NoteBar { dock: bottom; height: 1; margin-bottom: 1; display: none; background: $surface; }
    NoteBar.-open { display: block; }
    NoteBar Static { width: auto; padding: 0 1; color: $muted; }
    NoteBar Input, NoteBar Input:focus {
        border: none; height: 1; padding: 0; background: $surface; width: 1fr;
    }
    """

    class Noted(Message):
        """A line was written; empty where it was removed."""

        def __init__(self, text: str, about: str) -> None:
            super().__init__()
            self.text = text
            self.about = about
            """What it is: `note`, or what `open` called it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._before: Widget | None = None
        self._about = NOTE

    def compose(self) -> ComposeResult:
        """What it is, the text, what the keys do."""
        yield Static(NOTE, markup=False, id="about")
        field = NoteInput(placeholder=PLACEHOLDER, max_length=LONGEST_NOTE)
        field.cursor_blink = False
        yield field
        yield Static("enter keeps · esc leaves", markup=False)

    def open(self, text: str, about: str = NOTE, placeholder: str = PLACEHOLDER) -> None:
        """Write a line, or change the one there is.

        Args:
            text: As it is now.
            about: What it is.
            placeholder: What belongs there.
        """
        self._before = self.screen.focused
        self._about = about
        self.query_one("#about", Static).update(about)
        self.query_one(NoteInput).placeholder = placeholder
        self.add_class("-open")
        field = self.query_one(NoteInput)
        field.value = text
        field.focus()

    def close(self) -> None:
        """Back to where one was."""
        self.remove_class("-open")
        if self._before is not None:
            self._before.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the note."""
        event.stop()
        self.close()
        self.post_message(self.Noted(event.value.strip(), self._about))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Nobody else listens to this field."""
        event.stop()
