"""Two texts were made from the same one: all three are compared, the person chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.prompt_version import Draft, PromptVersion
from llmops_tui.core.text_merge import Merged, merge
from llmops_tui.services import prompt_writing, prompts
from llmops_tui.services.prompts import EditorState
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts.diff_pane import Comparison, DiffPane

if TYPE_CHECKING:
    from textual.app import ComposeResult

Choice = Literal["save", "take", "merge"]


@dataclass(frozen=True, slots=True)
class Sides:
    """The text that both began with, and what became of it."""

    said: str
    """What happened, in a sentence or two."""
    base_title: str
    base: str
    their_title: str
    theirs: str
    mine: str

    @property
    def merged(self) -> Merged:
        """Both put together."""
        return merge(self.base, self.mine, self.theirs)


def saved_meanwhile(state: EditorState, theirs: PromptVersion, mine: str) -> Sides:
    """Somebody saved a version while this one was written."""
    note = f" (“{theirs.note}”)" if theirs.note else ""
    return Sides(
        f"{theirs.author} saved {theirs.title}{note} {ago(theirs.created_at, now_ms())}. "
        "Nothing of yours is saved yet. From theirs to yours:",
        _base_title(state),
        prompt_writing.saved_text(state),
        f"v{theirs.number} by {theirs.author}",
        prompts.as_text(theirs),
        mine,
    )


def drafted_meanwhile(state: EditorState, theirs: Draft, mine: str) -> Sides:
    """Another window of the same person kept another draft."""
    return Sides(
        "Another window of yours changed this draft. What you wrote here isn't kept yet. From the "
        "other window's text to yours:",
        _base_title(state),
        prompt_writing.saved_text(state),
        "the other window",
        theirs.text,
        mine,
    )


def _base_title(state: EditorState) -> str:
    base = state.base
    return f"v{base.number}, which you began with" if base else "what a new prompt begins with"


class ConflictPage(Page[None]):
    """Nothing is saved until the person says so; esc keeps on editing."""

    SCOPE = "prompts.conflict"
    PURPOSE = (
        "Somebody, or another window of yours, changed this prompt while you were writing, so "
        "nothing was saved yet. Read what differs, then keep yours all the same, take theirs, put "
        "both together, or go back to your text with esc. What stands in the editor is never lost: "
        "ctrl+z there brings it back."
    )

    def __init__(self, sides: Sides, chosen: Callable[[Choice], None]) -> None:
        """Prepare.

        Args:
            sides: What is compared.
            chosen: What to do once the person chose.
        """
        super().__init__()
        self._sides = sides
        self._chosen = chosen

    def compose_body(self) -> ComposeResult:
        """The comparisons."""
        yield DiffPane(id="diff")

    def on_mount(self) -> None:
        """Compare all three texts."""
        super().on_mount()
        one = self._sides
        pane = self.query_one(DiffPane)
        pane.show_comparisons(
            [
                Comparison(one.said, one.their_title, "your text", one.theirs, one.mine),
                Comparison(
                    "What they changed", one.base_title, one.their_title, one.base, one.theirs
                ),
                Comparison("What you changed", one.base_title, "your text", one.base, one.mine),
            ]
        )
        pane.focus()

    def do_save(self) -> None:
        """Mine, as the newer one."""
        self._end("save")

    def do_take(self) -> None:
        """Go on with theirs."""
        self._end("take")

    def do_merge(self) -> None:
        """Go on with both."""
        self._end("merge")

    def _end(self, choice: Choice) -> None:
        self.dismiss()
        self._chosen(choice)
