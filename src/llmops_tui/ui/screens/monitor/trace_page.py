"""The trace around a call: agents, tools, retrieval and calls as a tree, with times."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.call import CallDetail
from llmops_tui.core.trace import TraceStep
from llmops_tui.services import traces
from llmops_tui.services.traces import StepTexts, TraceNode, TraceView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.monitor import trace_texts
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import RowChosen, RowMoved, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class TracePage(Page[TraceView]):
    """A line for each step; enter opens a call, or reads any other step whole."""

    SCOPE = "monitor.trace"
    PURPOSE = (
        "Everything that was traced around a call: what set it off stands above, what it set off "
        "below and further in. Enter opens a call; of any other step it shows what it was given "
        "and gave. Steps that come late join by themselves."
    )
    FIGURES = (
        "began: after the first step of the trace, by the clocks of whoever sent the steps, which "
        "may differ between machines.\n"
        "when: the bar is the step's part of the whole time, from left to right."
    )
    TOPICS = frozenset({"call", "trace"})
    AUTO_FOCUS = "#steps"
    DEFAULT_CSS = """
    TracePage #head { height: 1; text-style: bold; }
    TracePage #gaps { height: auto; max-height: 2; color: $muted; display: none; }
    TracePage #gaps.-shown { display: block; }
    TracePage.-wide #steps { width: 1fr; }
    TracePage.-wide #step { width: 1fr; }
    """

    def __init__(self, trace_id: str, call_id: int | None = None) -> None:
        """A page of a trace; the cursor begins at the call one came from."""
        super().__init__()
        self.trace_id = trace_id
        self._begin_at = call_id
        self._read: tuple[TraceStep, StepTexts | CallDetail] | None = None

    def compose_body(self) -> ComposeResult:
        """What the trace was, its steps, the step under the cursor."""
        yield Words(id="head")
        yield Words(id="gaps")
        yield TwoPanes(
            VirtualTable(columns=trace_texts.columns(), key=node_key, empty="Reading…", id="steps"),
            TextPane(id="step"),
        )

    def load(self) -> TraceView:
        """The tree."""
        return traces.trace(self.workspace, self.trace_id)

    def show(self, model: TraceView) -> None:
        """Show it; the first time with the cursor at the call one came from."""
        self.query_one("#head", Words).put(trace_texts.trace_line(model))
        gaps = self.query_one("#gaps", Words)
        gaps.put(trace_texts.gaps_line(model))
        gaps.set_class(bool(trace_texts.gaps_line(model)), "-shown")
        table = self._table
        table.empty = "Nothing of this trace is kept any more."
        table.show_rows(model.nodes)
        if self._begin_at is not None:
            table.go_to_key((True, self._begin_at))
            self._begin_at = None

    def on_row_moved(self, message: RowMoved) -> None:
        """Read the step where its pane is in sight."""
        message.stop()
        if self.query_one(TwoPanes).detail_in_sight:
            self._show_step()
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """A call opens as a page of its own, any other step in its pane."""
        message.stop()
        node = self._table.cursor_row
        if node is None:
            return
        if node.step.is_call:
            from llmops_tui.ui.screens.monitor.call_page import CallPage

            self.app.push_screen(CallPage(node.step.id, of_trace=self.trace_id))
            return
        self.query_one(TwoPanes).open()
        self._show_step()

    def why_not(self, command_id: str) -> str | None:
        """A step is needed."""
        if command_id.startswith("monitor.trace.") and self._table.cursor_row is None:
            return "There is no step here."
        return super().why_not(command_id)

    def do_copy(self) -> None:
        """The step whole to the clipboard."""
        from llmops_tui.ui import clipboard

        def send(step: TraceStep, found: StepTexts | CallDetail) -> None:
            text = trace_texts.step_text(step, found)
            self.llmops.notify(clipboard.send(self.app, text, "the step"))

        self._with_step(send)

    def do_in_editor(self) -> None:
        """The step whole in $EDITOR; what is changed there is not taken over."""
        from llmops_tui.ui import editor

        def edit(step: TraceStep, found: StepTexts | CallDetail) -> None:
            if editor.edit_in_editor(self.llmops, trace_texts.step_text(step, found), ".txt"):
                self.llmops.notify("Traces don't change: your edit was not taken over.")

        self._with_step(edit)

    @property
    def _table(self) -> VirtualTable[TraceNode]:
        return self.query_one("#steps", VirtualTable)

    def _show_step(self) -> None:
        def show(step: TraceStep, found: StepTexts | CallDetail) -> None:
            same = self._read is not None and self._read[0] == step
            self._read = step, found
            pane = self.query_one("#step", TextPane)
            pane.show_sections(trace_texts.step_sections(step, found), keep_place=same)

        self._with_step(show)

    def _with_step(self, done: Callable[[TraceStep, StepTexts | CallDetail], None]) -> None:
        node = self._table.cursor_row
        if node is not None:
            work = partial(traces.step_texts, self.workspace, node.step)
            self.in_thread(work, partial(done, node.step), group="step")


def node_key(node: TraceNode) -> Hashable:
    """What tells a step from others."""
    return node.step.is_call, node.step.id
