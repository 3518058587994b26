"""Which known answers each scorer gets wrong, and which rows never separate what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.errors import LlmopsError
from llmops_tui.services import anchors, selftest
from llmops_tui.services.judging import may_be_judged
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


ANCHOR = "a: have the judges judge again what people labelled, and see what a change of them does."


class SelfTestPage(Page[SelfTest]):
    """A line for each known answer that a scorer gets wrong."""

    SCOPE = "runs.selftest"
    PURPOSE = (
        "The run's scorers, tested by answers that are known: what each row expects is right; the "
        "columns known_right and known_wrong of the data may hold more. Each line is an answer "
        "that a scorer gets wrong by itself. No model is asked but by judges."
    )
    FIGURES = (
        "anchors: what the judges say of answers that people labelled, beside what another judge "
        "said of the same. A judge is its model and its prompt; where either changes, look.\n"
        "never separate: rows on which every prompt version and model tried so far on this data "
        "set came out alike, two at least. They cost calls and tell nothing apart."
    )
    TOPICS = frozenset({"run", "dataset"})
    DEFAULT_CSS = """
    SelfTestPage #title { text-style: bold; height: auto; }
    SelfTestPage #rows { height: auto; max-height: 6; }
    SelfTestPage #anchors { height: auto; max-height: 6; }
    SelfTestPage #faults { height: 1fr; }
    """

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self._view = view
        self._gone = False

    def compose_body(self) -> ComposeResult:
        """Figures, then the faults."""
        yield Words("Testing the scorers…", id="title")
        yield Words("", id="rows")
        yield Words(ANCHOR if self._judged else "", id="anchors")
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

    def why_not(self, command_id: str) -> str | None:
        """Anchors are for judges."""
        if command_id == "runs.selftest.anchor" and not self._judged:
            return "No model judges in this run."
        return super().why_not(command_id)

    def do_anchor(self) -> None:
        """Have the judges judge what people labelled."""
        project_id, title = self._view.run.project_id, self.query_one("#anchors", Words)
        title.put("The judges are asked…")

        def tell(done: int, total: int) -> bool:
            if self._gone:
                return False
            self.app.call_from_thread(
                title.put, f"The judges are asked: {done:,} of {total:,} answers."
            )
            return True

        self.in_thread(
            lambda: anchors.anchor(self.workspace, project_id, self._view.run.spec.scorers, tell),
            lambda found: title.put("\n".join(view.sentence() for view in found)),
            group="anchor",
            failed=lambda error: title.put(_words(error)),
        )

    def on_unmount(self) -> None:
        """Judges cost money: without a reader none is asked."""
        self._gone = True

    @property
    def _judged(self) -> bool:
        return may_be_judged(self._view.run.spec.scorers)

    def load(self) -> SelfTest:
        """Judge the known answers."""
        return selftest.self_test_run(self.workspace, self._view.run.id)

    def load_failed(self, error: Exception) -> None:
        """Say in place of the table why there is none."""
        table = self.query_one(VirtualTable)
        table.empty = "The scorers could not be tested."
        table.show_rows(())
        self.query_one("#title", Words).put(_words(error))

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


def _words(error: Exception) -> str:
    return f"{error} {error.hint}" if isinstance(error, LlmopsError) else str(error)


def _kind(fault: Fault) -> Cell:
    return fault.kind.value, "doubt" if fault.kind is FaultKind.BREAKS else "bad"
