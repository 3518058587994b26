"""The text area in which a prompt is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.widgets import TextArea

from llmops_tui.ui import hidden
from llmops_tui.ui.screens.prompts.marks import marks

if TYPE_CHECKING:
    from textual.widgets.text_area import Edit, Location

MOST_UNDO = 10_000
FARTHEST_BRACKET = 4_000
"""Characters that are looked at for the other bracket, on every move of the cursor."""
KINDS = ("heading", "variable", "tag", "comment", "unknown", "problem", "hidden", "title", "lead",
         "code", "strong", "key")  # fmt: skip


class PromptText(TextArea):
    """Marks headings, variables and mistakes as one types; hides nothing and loses nothing."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"prompt--{kind}" for kind in KINDS}
    DEFAULT_CSS = """
    PromptText, PromptText:focus { border: none; padding: 0; background: $background; }
    PromptText > .prompt--heading { color: $primary; text-style: bold reverse; }
    PromptText > .prompt--variable { color: $accent; text-style: bold; }
    PromptText > .prompt--tag { color: $good; text-style: bold; }
    PromptText > .prompt--comment { color: $muted; text-style: italic; }
    PromptText > .prompt--unknown { color: $bad; text-style: bold underline; }
    PromptText > .prompt--problem { text-style: underline; }
    PromptText > .prompt--title { text-style: bold; }
    PromptText > .prompt--lead { text-style: bold; color: $muted; }
    PromptText > .prompt--code { text-style: italic; }
    PromptText > .prompt--strong { text-style: bold; }
    PromptText > .prompt--key { color: $primary; }
    PromptText > .prompt--hidden { color: $doubt; text-style: reverse; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            soft_wrap=True, show_line_numbers=True, max_checkpoints=MOST_UNDO, compact=True, id=id
        )
        self.cursor_blink = False
        self._unknown: frozenset[str] = frozenset()
        self._problem_line: int | None = None
        self._clip = ""

    # What the page uses.

    @property
    def prompt(self) -> str:
        """The prompt, hidden characters included, as it is kept and sent."""
        return hidden.reveal(self.text)

    def begin_with(self, prompt: str) -> None:
        """Show a prompt; undo begins here."""
        self.load_text(hidden.hide(prompt))

    def change_to(self, prompt: str) -> None:
        """Put another text in the place of this one; undo brings this one back."""
        if prompt == self.prompt:
            return
        at = self.cursor_location
        self.history.checkpoint()
        self.replace(hidden.hide(prompt), self.document.start, self.document.end)
        self.history.checkpoint()
        self.move_cursor(self.clamp_visitable(at))

    def mark_mistakes(self, unknown: Iterable[str], problem_line: int | None) -> None:
        """Mark names that the data don't have, and the line (from 1) that can't be read."""
        names = frozenset(unknown)
        if (names, problem_line) != (self._unknown, self._problem_line):
            self._unknown, self._problem_line = names, problem_line
            self._line_cache.clear()
            self.refresh()

    # How Textual's text area is adapted.

    def get_line(self, line_index: int) -> Text:
        """A line with its marks; no hidden character gets to the terminal."""
        raw = self.document.get_line(line_index)
        text = Text(hidden.shown(raw), end="", no_wrap=True)
        for start, stop, kind in marks(raw, self._unknown):
            text.stylize(self._mark_style(kind), start, stop)
        for at in hidden.positions(raw):
            text.stylize(self._mark_style("hidden"), at, at + 1)
        if line_index + 1 == self._problem_line:
            text.stylize(self._mark_style("problem"))
        return text

    @property
    def selected_text(self) -> str:
        """What is selected, as it is kept."""
        return hidden.reveal(super().selected_text)

    def action_copy(self) -> None:
        """Send what is selected to the clipboard, for ctrl+v here too."""
        if not self.selected_text:
            raise SkipAction
        self._take(self.selected_text)

    def action_cut(self) -> None:
        """Cut what is selected, or the line."""
        if self.read_only:
            return
        if not self.selected_text:
            self.action_select_line()
        self._take(self.selected_text)
        self.delete(*self.selection)

    def action_paste(self) -> None:
        """Put in what was cut or copied here last."""
        self._put_in(self._clip or self.app.clipboard)

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self._put_in(event.text)

    async def _on_key(self, event: events.Key) -> None:
        if event.key.startswith("alt+"):
            event.prevent_default()  # a command or nothing, never the letter

    def _undo_batch(self, edits: Sequence[Edit]) -> None:
        for edit in reversed(edits):
            edit.undo(self)
        self._show_batch(edits[:1])

    def _redo_batch(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            edit.do(self, record_selection=False)
        self._show_batch(edits[-1:])

    def _show_batch(self, last: Sequence[Edit]) -> None:
        # Textual wraps only the range that it takes for changed, and is wrong about it for some
        # batches of several lines: the next move of the cursor then fails.
        self._rewrap_and_refresh_virtual_size()
        for edit in last:
            edit.after(self)
        self._build_highlight_map()
        self.post_message(self.Changed(self))

    def _put_in(self, text: str) -> None:
        # Terminals send line ends of pasted text as CR, Windows as CRLF.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not hidden.can_hide(text):
            self.app.notify(
                "The pasted text holds private-use characters that the editor can't show: "
                "paste it in your own editor (ctrl+e).",
                severity="warning",
            )
            return
        result = self._replace_via_keyboard(hidden.hide(text), *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)

    def _take(self, text: str) -> None:
        from llmops_tui.ui.clipboard import send  # nobody copies before the first ink

        self._clip = text
        self.app.notify(send(self.app, text, "the selection"))

    def _mark_style(self, kind: str) -> Style:
        return self.get_component_rich_style(f"prompt--{kind}", partial=True)

    def _yield_character_locations(self, start: Location) -> Iterable[tuple[str, Location]]:
        return islice(super()._yield_character_locations(start), FARTHEST_BRACKET)

    def _yield_character_locations_reverse(self, start: Location) -> Iterable[tuple[str, Location]]:
        return islice(super()._yield_character_locations_reverse(start), FARTHEST_BRACKET)
