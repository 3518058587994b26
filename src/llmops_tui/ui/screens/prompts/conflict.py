"""Somebody else saved a version while this one was written: both are shown, the person chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import prompts
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts.diff_pane import Comparison, DiffPane

if TYPE_CHECKING:
    from textual.app import ComposeResult

Choice = Literal["save", "take"]


class ConflictPage(Page[None]):
    """Nothing is saved until the person says so; esc keeps on editing."""

    SCOPE = "prompts.conflict"
    PURPOSE = (
        "Somebody saved a version of this prompt while you were writing, so nothing was saved yet. "
        "Read what differs, then save yours as the newer version all the same, take theirs, or go "
        "back to your text with esc. Your draft is kept whatever you choose."
    )

    def __init__(
        self,
        base: PromptVersion | None,
        theirs: PromptVersion,
        mine: str,
        chosen: Callable[[Choice], None],
    ) -> None:
        super().__init__()
        self._base = base
        self._theirs = theirs
        self._mine = mine
        self._chosen = chosen

    def compose_body(self) -> ComposeResult:
        """The comparisons."""
        yield DiffPane(id="diff")

    def on_mount(self) -> None:
        """Compare all three texts."""
        super().on_mount()
        theirs = self._theirs
        their_title = f"v{theirs.number} by {theirs.author}"
        note = f" (“{theirs.note}”)" if theirs.note else ""
        their_text = prompts.as_text(theirs)
        shown = [
            Comparison(
                f"{theirs.author} saved {theirs.title}{note} {ago(theirs.created_at, now_ms())}. "
                "Nothing of yours is saved yet. From theirs to yours:",
                their_title,
                "your text",
                their_text,
                self._mine,
            )
        ]
        if self._base is not None:
            base_text = prompts.as_text(self._base)
            base_title = f"v{self._base.number}, which you began with"
            shown += [
                Comparison("What they changed", base_title, their_title, base_text, their_text),
                Comparison("What you changed", base_title, "your text", base_text, self._mine),
            ]
        pane = self.query_one(DiffPane)
        pane.show_comparisons(shown)
        pane.focus()

    def do_save(self) -> None:
        """Save mine as the newer version."""
        self._end("save")

    def do_take(self) -> None:
        """Go on with theirs."""
        self._end("take")

    def _end(self, choice: Choice) -> None:
        self.dismiss()
        self._chosen(choice)
