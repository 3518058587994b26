"""The same question to several models, side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.containers import Horizontal

from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts import words
from llmops_tui.ui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.ui.screens.prompts.trying import Trier


class TriesPage(Page[None]):
    """One pane a model: beside each other when wide, below each other when narrow."""

    SCOPE = "prompts.tries"
    PURPOSE = (
        "The draft with the example, asked of several models at once; each answer streams and is "
        "judged as soon as it is whole. esc stops what is under way, and then goes back. tab goes "
        "from one answer to the next."
    )
    FIGURES = (
        "first token: from the question to the first word. tokens: of question and answer; ≈ "
        "where the endpoint didn't say. Then the price."
    )
    DEFAULT_CSS = """
    TriesPage #tries { height: 1fr; }
    TriesPage.-narrow #tries { layout: vertical; }
    TriesPage #tries TextPane { width: 1fr; border-left: solid $muted; }
    TriesPage.-narrow #tries TextPane { border-left: none; border-top: solid $muted; }
    """

    def __init__(self, trier: Trier, go_on: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            trier: Who asks.
            go_on: Takes an answer into the text.
        """
        super().__init__()
        self._go_on = go_on
        self._trier = trier

    def compose_body(self) -> ComposeResult:
        """A pane for each model."""
        with Horizontal(id="tries"):
            for number in range(len(self._trier.attempts)):
                yield TextPane(id=f"try-{number}")

    def on_mount(self) -> None:
        """Show what comes."""
        super().on_mount()
        self._trier.watch = self._draw
        self._draw()
        self.query_one("#try-0", TextPane).focus()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._trier.watch = None

    def do_back(self) -> None:
        """Stop what is under way, else go back."""
        if not self._trier.stop():
            super().do_back()

    def do_again(self) -> None:
        """Ask once more."""
        self._trier.again()

    def why_not(self, command_id: str) -> str | None:
        """There has to be an answer to keep, and an example to keep it with."""
        name = command_id.removeprefix("prompts.tries.")
        if name in ("keep", "continue") and self._trier.attempts[self._place].answer is None:
            return "This model has not answered."
        if name == "keep" and self._trier.asked_example is None:
            return "The answers are about no example."
        return super().why_not(command_id)

    def do_keep(self) -> None:
        """Keep the answer that is in front with the example."""
        self._trier.keep(self._place, self.notify)

    def do_continue(self) -> None:
        """Go on with the answer that is in front."""
        answer = self._trier.attempts[self._place].text
        self._trier.stop()
        self.dismiss()
        self._go_on(answer)

    @property
    def _place(self) -> int:
        """Which answer has the focus; the first where none has."""
        panes = list(self.query(TextPane)) if self.is_mounted else []
        return next((place for place, pane in enumerate(panes) if pane.has_focus), 0)

    def _draw(self) -> None:
        if self.is_attached:
            for number, attempt in enumerate(self._trier.attempts):
                sections = words.attempt_sections(attempt)
                self.query_one(f"#try-{number}", TextPane).show_sections(sections, keep_place=True)
            self.refresh_bindings()
