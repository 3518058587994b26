"""Find and replace in the text of a prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required

if TYPE_CHECKING:
    from llmops_tui.ui.screens.prompts.editor import EditorPage

ACTIONS = (
    ("find", "go to the next place"),
    ("replace", "replace the next place"),
    ("all", "replace all places"),
)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Capitals count where the text has one."""

    text: str
    replacement: str = ""
    action: str = "find"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The text as it stands, no expression."""
        folded = self.text.islower() or not any(mark.isalpha() for mark in self.text)
        return re.compile(re.escape(self.text), re.IGNORECASE if folded else 0)

    def next_after(self, text: str, offset: int) -> tuple[int, int] | None:
        """Where it stands next, from a place on, around the end."""
        found = self.pattern.search(text, offset) or self.pattern.search(text)
        return found.span() if found else None

    def replaced(self, text: str) -> tuple[str, int]:
        """The text with all places replaced, and how many there were."""
        return self.pattern.subn(lambda _: self.replacement, text)


class Finder:
    """Asks what to look for, and remembers it for the next time."""

    def __init__(self, page: EditorPage) -> None:
        self._page = page
        self._last = Search("")

    def ask(self) -> None:
        """Open the form."""

        def submit(values: Values) -> Search:
            search = Search(values["text"], values["replacement"], values["action"])
            if not search.pattern.search(self._page.area.text):
                raise InputError(f"{search.text!r} doesn't stand in the prompt.", "")
            return search

        def found(search: Search | None) -> None:
            if search is not None:
                self._last = search
                self._do(search)

        last = self._last
        self._page.app.push_screen(
            FormScreen(
                "Find and replace",
                [
                    Field(
                        "text",
                        "Find",
                        last.text,
                        help="Capitals count where you write one.",
                        check=required("A text"),
                        lines=True,
                        whole=True,
                    ),
                    Field(
                        "replacement",
                        "Replace by",
                        last.replacement,
                        help="May be empty.",
                        lines=True,
                        whole=True,
                    ),
                    Field("action", "Do", last.action, choices=ACTIONS, help="← → choose."),
                ],
                submit,
            ),
            found,
        )

    def again(self) -> None:
        """The next place of what was looked for last."""
        if self._last.text:
            self._do(Search(self._last.text))
        else:
            self.ask()

    def _do(self, search: Search) -> None:
        area = self._page.area
        if search.action == "all":
            text, places = search.replaced(area.prompt)
            self._page.change_text(text)
            self._page.say(f"{places:,} replaced; ctrl+z brings them back.")
            return
        lines = [area.document.get_line(n) for n in range(area.document.line_count)]
        row, column = max(area.selection)
        offset = sum(len(line) + 1 for line in lines[:row]) + column
        whole = "\n".join(lines)
        span = search.next_after(whole, offset)
        if span is None:
            self._page.say(f"{search.text!r} doesn't stand in the prompt.")
            return
        start, end = (_location(whole, at) for at in span)
        if search.action == "replace":
            result = area.replace(search.replacement, start, end)
            end = result.end_location
        area.move_cursor(start)
        area.move_cursor(end, select=True, center=True)


def _location(text: str, at: int) -> tuple[int, int]:
    """Line and column of a place."""
    return text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)
