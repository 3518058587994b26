"""Which known answers each scorer gets wrong, and which rows never separate what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.errors import LlmopsError
from llmops_tui.services import selftest
from llmops_tui.services.runs import RunView
from llmops_tui.services.selftest import Fault, FaultKind, SelfTest
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_FAULT = "No scorer gets a known answer wrong."
SHOWN_ROWS = 40


class SelfTestPage(Page[SelfTest]):
    """A line for each known answer that a scorer gets wrong."""

    SCOPE = "runs.selftest"
    PURPOSE = (
        "The run's scorers, tested by answers that are known: what each row expects is right; the "
        "columns known_right and known_wrong of the data may hold more. Each line is an answer "
        "that a scorer gets wrong by itself. No model is asked but by judges."
    )
    FIGURES = (
        "never separate: rows on which every prompt version and model tried so far on this data "
        "set came out alike, two at least. They cost calls and tell nothing apart."
    )
    TOPICS = frozenset({"run", "dataset"})
    DEFAULT_CSS = """
    SelfTestPage #title { text-style: bold; height: auto; }
    SelfTestPage #rows { height: auto; max-height: 6; }
    SelfTestPage #faults { height: 1fr; }
    """

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self._view = view

    def compose_body(self) -> ComposeResult:
        """Figures, then the faults."""
        yield Words("Testing the scorers…", id="title")
        yield Words("", id="rows")
        yield VirtualTable(
            columns=(
                Column("scorer", lambda fault: fault.scorer, flex=2),
                Column("what it does", _kind, width=22),
                Column("row", lambda fault: f"{fault.position:,}", width=7, align="right"),
                Column("answer", lambda fault: fault.answer, flex=2),
                Column("reason", lambda fault: fault.reason, flex=3, drop=1),
            ),
            key=lambda fault: (fault.scorer, fault.position, fault.answer, fault.kind),
            empty=NO_FAULT,
            opens=False,
            id="faults",
        )

    def load(self) -> SelfTest:
        """Judge the known answers."""
        return selftest.self_test_run(self.workspace, self._view.run.id)

    def load_failed(self, error: Exception) -> None:
        """Say in place of the table why there is none."""
        words = f"{error} {error.hint}" if isinstance(error, LlmopsError) else str(error)
        table = self.query_one(VirtualTable)
        table.empty = "The scorers could not be tested."
        table.show_rows(())
        self.query_one("#title", Words).put(words)

    def show(self, model: SelfTest) -> None:
        """Show what came of it."""
        self.query_one("#title", Words).put(model.sentence())
        lines = [model.separation_sentence()]
        for name, rows in (("always right", model.always_right), ("wrong", model.always_wrong)):
            if rows:
                more = f" and {len(rows) - SHOWN_ROWS:,} more" if rows[SHOWN_ROWS:] else ""
                lines.append(f"{name}: rows {', '.join(map(str, rows[:SHOWN_ROWS]))}{more}")
        self.query_one("#rows", Words).put("\n".join(lines))
        self.query_one(VirtualTable).show_rows(model.faults)


def _kind(fault: Fault) -> Cell:
    return fault.kind.value, "doubt" if fault.kind is FaultKind.BREAKS else "bad"
