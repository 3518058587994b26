"""A run whose answers are labels: precision, recall and F1 of each, and what it is taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.classification import ClassFigures, Confusion
from llmops_tui.core.errors import LlmopsError
from llmops_tui.services.comparison import cell_names
from llmops_tui.services.confusion import run_confusion
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_LABEL = "No answer of this run has a label to compare with."


class LabelsPage(Page[Confusion]):
    """The confusion matrix, a line for each label."""

    SCOPE = "runs.labels"
    PURPOSE = (
        "What was said for what was expected, label by label, in one cell of the run; c goes to "
        "the next cell. Rows without a label or an answer are left out."
    )
    FIGURES = (
        "precision: share of the answers with this label that are right.\n"
        "recall: share of this label's rows that were found.\n"
        "F1: harmonic mean of both. macro F1 counts each label the same, however rare.\n"
        "taken for: what was said instead, the most frequent first."
    )
    TOPICS = frozenset({"run"})
    DEFAULT_CSS = "LabelsPage #title { text-style: bold; height: auto; }"

    def __init__(self, view: RunView, cell: int = 0) -> None:
        super().__init__()
        self._view = view
        self._at = cell

    def compose_body(self) -> ComposeResult:
        """One table."""
        yield Words("Counting…", id="title")
        yield VirtualTable(
            columns=(
                Column("label", lambda found: found.label, flex=2),
                Column("rows", lambda found: f"{found.rows:,}", width=8, align="right"),
                Column("precision", lambda found: _share(found.precision), width=9, align="right"),
                Column("recall", lambda found: _share(found.recall), width=7, align="right"),
                Column("F1", lambda found: _share(found.f1), width=7, align="right"),
                Column("taken for", _instead, flex=3),
            ),
            key=lambda found: found.label,
            empty=NO_LABEL,
            opens=False,
            id="labels",
        )

    def load(self) -> Confusion:
        """Count the cell's labels."""
        return run_confusion(self.workspace, self._view.run.id, self._view.cells[self._at].cell)

    def load_failed(self, error: Exception) -> None:
        """Say in place of the table why there is none."""
        words = f"{error} {error.hint}" if isinstance(error, LlmopsError) else str(error)
        self.query_one("#title", Words).put(words)
        self.query_one(VirtualTable).show_rows(())

    def show(self, model: Confusion) -> None:
        """Show it."""
        name = cell_names(self._view.cells)[self._at]
        self.query_one("#title", Words).put(
            f"Run {self._view.run.id}, labels of {name}: {model.rows:,} rows, "
            f"{_share(model.accuracy)} right, macro F1 {_share(model.macro_f1)}"
        )
        self.query_one(VirtualTable).show_rows(model.classes())

    def why_not(self, command_id: str) -> str | None:
        """There has to be another cell."""
        if command_id == "runs.labels.cell" and len(self._view.cells) < 2:
            return "This run has a single combination of prompt version and model."
        return super().why_not(command_id)

    def do_cell(self) -> None:
        """The next cell."""
        self._at = (self._at + 1) % len(self._view.cells)
        self.reload_now()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _instead(found: ClassFigures) -> str:
    return ", ".join(f"{label} {number:,}" for label, number in found.confused_with[:5])
