"""Two versions compared, with what each was measured to do wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.services import prompts
from llmops_tui.services.prompts import VersionView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts.diff_pane import Comparison, DiffPane

if TYPE_CHECKING:
    from textual.app import ComposeResult


def titled(view: VersionView) -> str:
    """A version with its labels and its measured wrong rate, on one line."""
    labels = f" [{', '.join(view.version.labels)}]" if view.version.labels else ""
    return f"v{view.version.number}{labels}, wrong: {view.wrong_words}"


class DiffPage(Page[None]):
    """What changed between two versions of a prompt."""

    SCOPE = "prompts.diff"
    PURPOSE = (
        "What changed between two versions. Lines with - went, lines with + came; the words that "
        "differ are shown in reverse. Side by side on wide terminals."
    )
    FIGURES = "wrong: the wrong rate of each version in its newest run, with its interval."

    def __init__(self, old: VersionView, new: VersionView) -> None:
        super().__init__()
        self._old = old
        self._new = new

    def compose_body(self) -> ComposeResult:
        """The comparison."""
        yield DiffPane(id="diff")

    def on_mount(self) -> None:
        """Compare."""
        super().on_mount()
        self._draw()
        self.query_one(DiffPane).focus()

    def do_whole(self) -> None:
        """Show or leave out equal lines."""
        pane = self.query_one(DiffPane)
        pane.whole = not pane.whole
        pane.lay_out_again()

    def do_swap(self) -> None:
        """The other way round."""
        self._old, self._new = self._new, self._old
        self._draw()

    def _draw(self) -> None:
        old, new = self._old, self._new
        self.query_one(DiffPane).show_comparisons(
            [
                Comparison(
                    f"{old.version.prompt_name}: v{old.version.number} → v{new.version.number}",
                    titled(old),
                    titled(new),
                    *prompts.texts_to_compare(old.version, new.version),
                )
            ]
        )
