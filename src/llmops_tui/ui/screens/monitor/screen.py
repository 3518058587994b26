"""Production calls as they arrive."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from llmops_tui.core.call import CallDetail
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.services import calls, connecting, traces
from llmops_tui.services.calls import CallFilter, Listing, Only, Tail
from llmops_tui.services.connecting import Gateway
from llmops_tui.services.traces import TraceView
from llmops_tui.ui.screens.base import SLOWEST_RELOAD_S
from llmops_tui.ui.screens.monitor import connect, texts
from llmops_tui.ui.screens.monitor.summary import summary_line
from llmops_tui.ui.screens.monitor.tail_table import TailTable
from llmops_tui.ui.screens.triage.estimating import Estimating
from llmops_tui.ui.screens.triage.texts import estimate_text
from llmops_tui.ui.widgets.sources import TailSource
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import RowChosen, RowMoved
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

LOOK_S = 15.0
"""Rates fall and times pass without any news; this often they are looked at."""


@dataclass(frozen=True, slots=True)
class MonitorModel:
    """What is read with each piece of news, besides the list."""

    tail: Tail
    gateway: Gateway | None
    """Where one is; only looked for where no call has arrived."""


class MonitorScreen(Estimating[MonitorModel]):
    """A list that follows, newest first, under a few lines of figures."""

    SCOPE = "monitor"
    FILTERS = True
    PURPOSE = (
        "Production calls as the gateway receives them, newest first. The list follows while its "
        "first row is selected; moving down or p holds it still, g follows again, and nothing "
        "is lost meanwhile. f shows only flagged calls, ! only those without an answer, / only "
        "those with some words in question or answer (a star behind one stands for any ending), "
        "or in the error, or with fields: model: prompt: version: status: finish: verdict: flag: "
        "tag: assignee: (as in `refusal flag:json verdict:none`)."
    )
    FIGURES = (
        "flagged: share of calls for which a rule says that a person should look.\n"
        "at most so many are wrong: from verdicts only (Triage, 6); what nobody judged is not "
        "called right.\n"
        f"lately: over the last {calls.LATELY_MINUTES} minutes.\n"
        "p50, p95: half of the answered calls, and 95 of 100, took at most this long.\n"
        "latest: latency, tokens and cost are of that many of the newest calls; cost only where "
        "the model has a price.\n"
        "Words are found as soon as they are indexed, which takes a second or some; until then at "
        "the ends that the list shows.\n"
        f"A filter looks at the newest {calls.SEARCHED:,} calls that its rarest part leaves."
    )
    EXPLAINS = ("live wrong rate", "error budget")
    TOPICS = frozenset({"call", "review", "project"})
    AUTO_FOCUS = "#tail"
    DEFAULT_CSS = """
    MonitorScreen #summary { height: 1; text-style: bold; }
    MonitorScreen #estimate { height: auto; max-height: 3; }
    MonitorScreen #latest { height: 1; color: $muted; }
    MonitorScreen #which { height: 1; color: $muted; display: none; }
    MonitorScreen #which.-shown { display: block; }
    MonitorScreen.-wide #tail { width: 3fr; }
    MonitorScreen.-wide #detail { width: 2fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._only: Only = ""
        self._wanted = CallFilter()
        self._project: int | None = None
        self._shown: int | None = None
        self._refresh_timer: Timer | None = None
        self._refreshed_at = 0.0

    def compose_body(self) -> ComposeResult:
        """Figures, what the list is limited to, the list, the call under the cursor."""
        yield Words(id="summary")
        yield Words(id="estimate")
        yield Words(id="latest")
        yield Words(id="which")
        yield TwoPanes(
            TailTable(
                columns=texts.columns(), key=lambda line: line.id, empty="Reading…", id="tail"
            ),
            TextPane(id="detail"),
        )

    def on_mount(self) -> None:
        """Begin to follow."""
        self._begin()
        super().on_mount()
        self.set_interval(LOOK_S, self._look)

    # Reading.

    def load(self) -> MonitorModel | None:
        """How the newest calls went."""
        found = calls.tail(self.workspace, self.project_id)
        gateway = None if found.calls else connecting.look(self.workspace)
        return MonitorModel(found, gateway)

    def show(self, model: MonitorModel) -> None:
        """Show the figures."""
        self._show_figures()
        self._say_what_is_empty()
        if self._project != self.project_id:
            self._begin()
        self.estimate_soon(urgent=False)

    def topics_changed(self, topics: frozenset[str]) -> None:
        """Calls arrived, or one was judged."""
        self.reload()
        self._refresh_soon()
        self.estimate_soon(urgent="call" not in topics)

    def reload_now(self) -> None:
        """Another project, or somebody asked: everything anew."""
        self.forget_estimate()
        if self._project != self.project_id:
            self._begin()
        else:
            self._table.refresh_rows()
        super().reload_now()

    def show_estimate(self) -> None:
        """What the verdicts prove."""
        self._show_figures()

    def filter_changed(self, text: str) -> None:
        """Only calls like this."""
        try:
            self._wanted = calls.parse_filter(text)
        except InputError as error:
            self._say_which(f"{error} {error.hint}")
            return
        self._begin()

    # The list.

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the call where its pane is in sight."""
        message.stop()
        if isinstance(message.key, int) and self.query_one(TwoPanes).side_by_side:
            self._read_detail(message.key)

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open it whole."""
        message.stop()
        from llmops_tui.ui.screens.monitor.call_page import CallPage

        if isinstance(message.key, int):
            self.app.push_screen(CallPage(message.key, self._listing))

    def why_not(self, command_id: str) -> str | None:
        """Showing all needs something that hides some."""
        if command_id == "monitor.everything" and not self._has_inner_state:
            return "All calls are shown."
        if command_id in ("monitor.pause", "monitor.trace") and not self._table.count:
            return "There is no call yet."
        return super().why_not(command_id)

    def do_flagged(self) -> None:
        """Only flagged calls, or all."""
        self._use("" if self._only == "flagged" else "flagged")

    def do_errors(self) -> None:
        """Only calls without an answer, or all."""
        self._use("" if self._only == "error" else "error")

    def do_everything(self) -> None:
        """All calls."""
        self._only = ""
        self._clear_filter()
        self._begin()

    def do_pause(self) -> None:
        """Hold the list still, or follow again."""
        if self._table.following:
            self._table.hold()
        else:
            self._table.do_top()

    def do_trace(self) -> None:
        """The tree of what was traced around the call under the cursor."""
        from llmops_tui.ui.screens.monitor.trace_page import TracePage

        call = self._table.cursor_row
        if call is None:
            return

        def found(view: TraceView) -> None:
            self.app.push_screen(TracePage(view.trace_id, call.id))

        self.in_thread(partial(traces.trace_of_call, self.workspace, call.id), found, group="trace")

    def do_drift(self) -> None:
        """Production beside what was tested, a while before, or another version."""
        from llmops_tui.ui.screens.monitor.drift_page import DriftPage

        self.app.push_screen(DriftPage())

    def do_figures(self) -> None:
        """Plots over a window."""
        from llmops_tui.ui.screens.monitor.figures_page import FiguresPage

        self.app.push_screen(FiguresPage())

    def do_rules(self) -> None:
        """Which calls are flagged."""
        from llmops_tui.ui.screens.monitor.rules_page import FlagRulesPage

        self.app.push_screen(FlagRulesPage())

    def do_alerts(self) -> None:
        """Who hears of what."""
        from llmops_tui.ui.screens.monitor.alerts_page import AlertsPage

        self.app.push_screen(AlertsPage())

    def do_retention(self) -> None:
        """How long calls are kept."""
        from llmops_tui.ui.screens.monitor.retention_page import RetentionPage

        self.app.push_screen(RetentionPage())

    def do_archive(self) -> None:
        """Calls that were archived."""
        from llmops_tui.ui.screens.monitor.archive_page import ArchivePage

        self.app.push_screen(ArchivePage())

    def do_connect(self) -> None:
        """How to point an application here."""
        self.app.push_screen(connect.ConnectPage())

    def do_back(self) -> None:
        """Leave what hides calls, then the page."""
        if self._only and not self.filter_text and not self._filter_is_open:
            self._use("")
        else:
            super().do_back()

    @property
    def _has_inner_state(self) -> bool:
        return bool(self._only) or super()._has_inner_state

    @property
    def _table(self) -> TailTable:
        return self.query_one("#tail", TailTable)

    @property
    def _listing(self) -> Listing:
        return Listing(self.project_id, self._only, self._wanted)

    def _use(self, only: Only) -> None:
        self._only = only
        self._begin()

    def _begin(self) -> None:
        """Follow the list anew: another filter, another project."""
        self._project = self.project_id
        workspace, listing, table = self.workspace, self._listing, self._table
        table.held = False
        self._say_what_is_empty()
        self._say_which(self._which_text())
        table.show_source(
            TailSource(
                older=partial(calls.tail_page, workspace, listing),
                key=lambda line: line.id,
                count=partial(calls.count_tail, workspace, listing),
                keys=partial(calls.tail_ids, workspace, listing),
                newer=partial(calls.count_newer, workspace, listing),
            )
        )
        self.refresh_bindings()

    def _refresh_soon(self) -> None:
        """Let the list look for news, as often as news may come to the terminal."""
        if self._refresh_timer is None:
            wait = self._refreshed_at + SLOWEST_RELOAD_S - time.monotonic()
            self._refresh_timer = self.set_timer(max(0.01, wait), self._refresh)

    def _refresh(self) -> None:
        self._refresh_timer = None
        self._refreshed_at = time.monotonic()
        self._table.refresh_rows()

    def _which_text(self) -> str:
        words = {"": "", "flagged": "flagged calls", "error": "calls without an answer"}[self._only]
        if not self._wanted.is_empty:
            words = f"{words or 'calls'} with “{self.filter_text}”"
        return f"Only {words}; a shows all." if words else ""

    def _say_which(self, text: str) -> None:
        line = self.query_one("#which", Words)
        line.set_class(bool(text), "-shown")
        line.put(text)

    def _say_what_is_empty(self) -> None:
        if self._only or not self._wanted.is_empty:
            text = "No such call. a shows all."
        else:
            gateway = self.model.gateway if self.model is not None else None
            command = calls.gateway_command(self.workspace, self.project_id)
            text = connect.empty_text(command, gateway)
        table = self._table
        if text != table.empty:
            table.empty = text
            if not table.count:
                table.refresh()

    # The figures and the call under the cursor.

    def _look(self) -> None:
        if self.is_current:
            self.reload()
            if self.model is not None:
                self._show_figures()
            self.estimate_soon(urgent=False)

    def _show_figures(self) -> None:
        tail = self.model.tail if self.model is not None else None
        self.query_one("#summary", Words).put(summary_line(tail, self.estimate, self.tolerance))
        told = tail is not None and bool(tail.calls) and self.project_id is not None
        self.query_one("#estimate", Words).put(
            estimate_text(self.estimate, self.tolerance) if told else ""
        )
        self.query_one("#latest", Words).put(texts.tail_line(tail, now_ms()) if tail else "")

    def _read_detail(self, call_id: int) -> None:
        workspace = self.workspace

        def show(detail: CallDetail) -> None:
            same = self._shown == call_id
            self._shown = call_id
            pane = self.query_one("#detail", TextPane)
            pane.show_sections(texts.call_sections(detail), keep_place=same)

        self.in_thread(lambda: calls.call_detail(workspace, call_id), show, group="detail")
