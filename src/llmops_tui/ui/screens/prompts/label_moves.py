"""Who moved which label of a prompt where, on what grounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.prompt_version import LabelMove, Prompt
from llmops_tui.services import labels
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.virtual_table import Cell, Column, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_MOVE = "No label of this prompt was moved yet.\n\nOn its versions, l points one."


class LabelMovesPage(Page[tuple[LabelMove, ...]]):
    """The moves, newest first."""

    SCOPE = "prompts.moves"
    PURPOSE = (
        "Moves of a prompt's labels, newest first. A protected label (production, unless "
        "somebody said otherwise) is moved by a gate run whose verdict is within, or past the "
        "gate by an override with a reason."
    )
    FIGURES = (
        "grounds: the gate run that was passed; override where a protected label was moved "
        "without one; unprotected where the label asks for none."
    )
    TOPICS = frozenset({"prompt"})

    def __init__(self, prompt: Prompt) -> None:
        super().__init__()
        self._prompt = prompt

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield VirtualTable(columns=_columns(), key=lambda move: move.id, empty=NO_MOVE, id="moves")

    def load(self) -> tuple[LabelMove, ...]:
        """The moves."""
        return tuple(labels.history(self.workspace, self._prompt))

    def show(self, model: tuple[LabelMove, ...]) -> None:
        """Show them."""
        self.query_one("#moves", VirtualTable).show_rows(model)


def _grounds(move: LabelMove) -> Cell:
    return (labels.grounds(move), "doubt" if move.overridden else "")


def _columns() -> tuple[Column[LabelMove], ...]:
    return (
        Column("label", lambda move: (move.label, "strong"), width=14),
        Column("to", lambda move: f"v{move.version_number}", width=5, align="right"),
        Column("grounds", _grounds, width=14),
        Column("why", lambda move: move.reason, flex=3),
        Column("who", lambda move: move.author, width=10),
        Column("when", lambda move: (ago(move.moved_at, now_ms()), "muted"), width=11),
    )
