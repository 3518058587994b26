"""The project's test runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.clock import now_ms
from llmops_tui.core.run import RunStatus
from llmops_tui.services import runs
from llmops_tui.services.run_start import StartChoices, start_choices
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.runs import texts
from llmops_tui.ui.screens.runs.judging import JudgingPage
from llmops_tui.ui.widgets.virtual_table import RowChosen, RowMoved, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from llmops_tui.services.finished_runs import ImportedRun

PAGE = 64
"""Runs read at first, and again with each piece of news; more as one scrolls down."""
NEAR_THE_END = 8
AFTER_LEASE_S = 0.3


class RunsScreen(JudgingPage[tuple[RunView, ...]]):
    """A list of runs, newest first; enter opens one as it goes on."""

    SCOPE = "runs"
    PURPOSE = (
        "Test runs: prompt versions and models, asked every example of a data set. A run is "
        "executed by a worker of its own, which goes on when the app or the line is gone."
    )
    FIGURES = (
        "wrong [bounds]: share of wrong answers among the answered rows, and the bounds within "
        "which the true share lies.\n"
        "verdict: within (the upper bound is at most the tolerated share), exceeded (the lower "
        "bound is above it), undecided (neither yet).\n"
        "interrupted: the worker went away (killed, rebooted); r goes on with what is missing."
    )
    EXPLAINS = ("wrong rate", "verdict", "errored rows", "anytime bound", "calls saved")
    TOPICS = frozenset({"run", "project"})
    DEFAULT_CSS = """
    RunsScreen #about {
        height: 6; padding: 0 1; border-top: solid $border-blurred; overflow-y: hidden;
    }
    RunsScreen.-wide #about { height: 8; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._limit = PAGE
        self._names: frozenset[str] = frozenset()
        self._wanted: int | None = None
        self._lease: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """The list, and what is known of the run under the cursor."""
        yield VirtualTable(
            columns=texts.run_columns(lambda view: texts.short_subject(view, self._names)),
            key=lambda view: view.run.id,
            empty=texts.NO_RUN,
            place="selection",
            id="runs",
        )
        yield Words(id="about")

    def load(self) -> tuple[RunView, ...] | None:
        """The newest runs of the project."""
        if self.project_id is None:
            return None
        return tuple(runs.list_runs(self.workspace, self.project_id, limit=self._limit))

    def show(self, model: tuple[RunView, ...]) -> None:
        """Show them; the cursor goes to a run that was just started."""
        table = self._table
        table.empty = texts.NO_RUN
        self._names = texts.prompt_names(model)
        table.show_rows(model)
        if self._wanted is not None and any(view.run.id == self._wanted for view in model):
            table.go_to_key(self._wanted)
            self._wanted = None
        self._show_about()
        self._watch_leases(model)

    def show_nothing(self) -> None:
        """Say that a project comes first."""
        self._table.empty = texts.NO_PROJECT
        self._table.show_rows(())
        self._about.put("")

    def shown_runs(self) -> frozenset[int]:
        """Runs whose end one sees here."""
        return frozenset(view.run.id for view in self.model or ())

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell of the run under the cursor; read more where the list nears its end."""
        message.stop()
        self._show_about()
        self.refresh_bindings()
        held = len(self.model or ())
        if held >= self._limit and self._table.cursor >= held - NEAR_THE_END:
            self._limit += PAGE
            self.reload_now()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open the run."""
        message.stop()
        view = self.steered
        if view is not None:
            self._open(view)

    def why_not(self, command_id: str) -> str | None:
        """A run belongs to a project."""
        if command_id in ("runs.start", "runs.import") and self.project_id is None:
            return "A run belongs to a project: make one on the Overview first (1, then n)."
        return super().why_not(command_id)

    def do_start(self) -> None:
        """Ask what to run, with defaults that need no more than enter."""
        project_id = self.project_id
        if project_id is not None:
            self.in_thread(
                lambda: start_choices(self.workspace, project_id), self._ask, group="choices"
            )

    def do_import(self) -> None:
        """Ask for the file of a run that another tool finished."""
        from llmops_tui.ui.screens.runs.files import import_form  # brings the formats along

        def imported(run: ImportedRun | None) -> None:
            if run is not None:
                self._wanted = run.run_id
                self.llmops.notify(
                    f"Run {run.run_id}: {run.samples:,} samples from {run.tool}. "
                    + " ".join(run.notes)
                )
                self.reload_now()

        self.app.push_screen(import_form(self.workspace, self.llmops.project_name), imported)

    @property
    def steered(self) -> RunView | None:
        """The run under the cursor."""
        return self._table.cursor_row if self.is_mounted else None

    @property
    def _table(self) -> VirtualTable[RunView]:
        return self.query_one("#runs", VirtualTable)

    @property
    def _about(self) -> Words:
        return self.query_one("#about", Words)

    def _ask(self, choices: StartChoices) -> None:
        from llmops_tui.ui.screens.runs.start_form import start_form

        project_id = self.project_id
        if project_id is not None:
            self.app.push_screen(start_form(self.workspace, project_id, choices), self._started)

    def _started(self, run_id: int | None) -> None:
        if run_id is None:
            return
        self._wanted = run_id
        self.reload_now()
        self.in_thread(lambda: runs.run_view(self.workspace, run_id), self._open, group="open")

    def _open(self, view: RunView) -> None:
        from llmops_tui.ui.screens.runs.run_page import RunPage

        self.app.push_screen(RunPage(view))

    def _show_about(self) -> None:
        view = self.steered
        self._about.put(texts.about_lines(view) if view is not None else "")

    def _watch_leases(self, views: tuple[RunView, ...]) -> None:
        """A worker that went away writes nothing: look again when its lease has run out."""
        if self._lease is not None:
            self._lease.stop()
            self._lease = None
        leases = [
            view.run.lease_until
            for view in views
            if view.status is RunStatus.RUNNING and view.run.lease_until
        ]
        if leases:
            wait = max(0.0, (min(leases) - now_ms()) / 1000) + AFTER_LEASE_S
            self._lease = self.set_timer(wait, self.reload)
