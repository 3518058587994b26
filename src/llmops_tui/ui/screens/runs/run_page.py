"""One run, live: how far it is, how wrong, how the bounds narrow, and its samples as they come."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.containers import Container, Vertical
from textual.css.scalar import Scalar

from llmops_tui.core.clock import now_ms
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.services import run_samples, runs
from llmops_tui.services.comparison import CellComparison, Comparer, cell_names
from llmops_tui.services.judging import judge_notes
from llmops_tui.services.run_course import Course, CourseReader
from llmops_tui.services.run_samples import SampleRow
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.base import SLOWEST_RELOAD_S
from llmops_tui.ui.screens.runs import texts
from llmops_tui.ui.screens.runs.judging import JudgingPage
from llmops_tui.ui.widgets.bound_plot import BoundPlot
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.progress import Progress, ProgressLine
from llmops_tui.ui.widgets.sources import KeyedSource, Source, TailSource
from llmops_tui.ui.widgets.virtual_table import RowChosen, VirtualTable
from llmops_tui.ui.widgets.words import Words, wrapped

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

LOOK_S = 2.0
"""While a run is under way: a worker that went silent causes no news."""
PLOT_LINES = 7
LEAST_PLOT = 4
LEAST_SAMPLES = 5
"""Lines of the table; the plot makes room for them on a small screen."""
WIDE_FROM = 120
FIGURES_SHARE = (5, 11)
"""Of a wide screen; the samples have the rest."""
FIXED_LINES = 4
"""Tabs, title, progress, footer."""
CELL_WIDTH = 16
MANY_LINES = 30
WIDE_RELOAD_S = 1.0
"""A live table of many lines is read half as often: the line bears only so many bytes."""
REST = 5
"""Reading takes at most one part in so many of the time."""


@dataclass(frozen=True, slots=True)
class RunModel:
    """Everything that the page shows besides the samples."""

    view: RunView
    courses: tuple[Course, ...]
    comparisons: tuple[CellComparison, ...]
    silent_s: int | None
    """How long no sample was finished, in whole seconds; None where nothing is under way."""
    judges: tuple[str, ...] = ()
    """A sentence for each judging model."""


class RunPage(JudgingPage[RunModel]):
    """A run as it goes on, or as it went."""

    SCOPE = "runs.run"
    PURPOSE = (
        "One test run: how far it is, how wrong its answers are, and its samples as they come, "
        "the latest first. The list follows while its first row is selected."
    )
    FIGURES = (
        "wrong of: wrong answers of those that were answered. Errored samples are apart; where "
        "counting each as wrong would change the verdict, it is undecided.\n"
        "[bounds]: while a run is under way, and to the end of one that may stop itself, they are "
        "those that hold however often one looks. Else, once all planned rows are in, they are the "
        "exact ones, which are narrower.\n"
        "undecided: how many more rows would decide it, with what they cost and how long they "
        "take as things go.\n"
        "mended, broken: rows that only the second or only the first version got right."
    )
    EXPLAINS = (
        "wrong rate",
        "anytime bound",
        "verdict",
        "errored rows",
        "rows more",
        "calls saved",
        "paired comparison",
        "design effect",
        "harmful limit",
        "gate wear",
    )
    TOPICS = frozenset({"run", "project"})
    DEFAULT_CSS = """
    RunPage #body { height: 1fr; layout: vertical; }
    RunPage #figures { height: auto; }
    RunPage #title { text-style: bold; height: 1; }
    RunPage BoundPlot { height: 7; display: none; }
    RunPage BoundPlot.-shown { display: block; }
    RunPage #samples { height: 1fr; }
    RunPage.-wide #body { layout: horizontal; }
    RunPage.-wide #figures { width: 5fr; height: 1fr; }
    RunPage.-wide #samples { width: 6fr; border-left: vkey $border-blurred; }
    RunPage.-wide BoundPlot { height: 1fr; max-height: 24; margin-top: 1; }
    RunPage.-wide #cells, RunPage.-wide ProgressLine { margin-top: 1; }
    """

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.run_id = view.run.id
        self._first = view
        self._reader: CourseReader | None = None
        self._comparer: Comparer | None = None
        self._outcome: Outcome | None = None
        self._live = False
        """Whether samples are added while one looks."""
        self.chosen_cell = 0
        self._plot_wanted = True
        self._read_s = 0.0
        self._rest: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """Figures and samples: above each other, or side by side."""
        with Container(id="body"):
            with Vertical(id="figures"):
                yield Words(texts.title_line(self._first, None), id="title")
                yield ProgressLine(id="progress")
                # With their words from the start: a second layout would paint everything again.
                view = self._first
                yield Words(texts.facts_line(view, None), id="facts")
                yield Words(texts.cells_lines(view, 0, (), self._words_width()), id="cells")
                yield BoundPlot(id="plot")
            yield VirtualTable(
                columns=self._columns(),
                key=lambda row: row.sample.id,
                empty=texts.NO_SAMPLES[None],
                id="samples",
            )

    def on_mount(self) -> None:
        """Show what is known at once, and begin to follow."""
        self._reader = CourseReader(self.workspace, self.run_id)
        self._comparer = Comparer(self.workspace, self.run_id)
        self._table.focus()
        self._fit_plot()
        self._use_outcome(None)
        self.set_interval(LOOK_S, self._look)

    def load(self) -> RunModel | None:
        """The run with its verdicts, its course, its comparisons."""
        began = time.monotonic()
        try:
            return self._read()
        finally:
            self._read_s = time.monotonic() - began

    def topics_changed(self, topics: frozenset[str]) -> None:
        """Read again; where reading takes a while (repeats of many rows), less often."""
        wait = REST * self._read_s
        if self._table.size.height > MANY_LINES:
            wait = max(wait, WIDE_RELOAD_S)
        if wait <= SLOWEST_RELOAD_S:
            self.reload()
        elif self._rest is None:
            self._rest = self.set_timer(wait, self._rested)

    @property
    def is_behind(self) -> bool:
        """Also while it waits to read again."""
        return super().is_behind or self._rest is not None

    def _rested(self) -> None:
        self._rest = None
        self.reload()

    def _read(self) -> RunModel:
        view = runs.run_view(self.workspace, self.run_id)
        assert self._reader is not None
        assert self._comparer is not None
        silent = None
        if view.status is RunStatus.RUNNING:
            latest = run_samples.silent_since(self.workspace, self.run_id)
            if latest is not None:
                silent = max(0, now_ms() - max(latest, view.run.started_at or 0)) // 1000
                silent = silent if silent >= texts.SILENT_AFTER_S else 0
        judges = judge_notes(self.workspace, self.run_id, view.run.spec.scorers)
        return RunModel(view, self._reader.read(view), self._comparer.read(view), silent, judges)

    def show(self, model: RunModel) -> None:
        """Show the figures, and let the table look for new samples."""
        view = model.view
        self.query_one("#title", Words).put(texts.title_line(view, self._outcome))
        self._show_progress(view)
        facts = [texts.facts_line(view, model.silent_s), *model.judges]
        self.query_one("#facts", Words).put("\n".join(facts))
        self._show_cells(model)
        if view.status.over is self._live and (self._table.following or not self._live):
            self._use_outcome(self._outcome)
        else:
            self._table.refresh_rows()

    def shown_runs(self) -> frozenset[int]:
        """The run whose end one sees here."""
        return frozenset({self.run_id})

    def on_resize(self, _: events.Resize) -> None:
        """The plot needs room."""
        if self.model is not None:
            self.call_after_refresh(self._show_cells, self.model)

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open the sample whole."""
        message.stop()
        from llmops_tui.ui.screens.runs.sample_page import SamplePage

        if isinstance(message.key, int):
            self.app.push_screen(SamplePage(self.run_id, message.key, self._outcome))

    def why_not(self, command_id: str) -> str | None:
        """There has to be another cell to go to."""
        if command_id == "runs.run.cell" and len(self._view.cells) < 2:
            return "This run has a single combination of prompt version and model."
        return super().why_not(command_id)

    @property
    def steered(self) -> RunView | None:
        """This run."""
        return self._view

    def do_wrong(self) -> None:
        """Only wrong samples, or all."""
        self._use_outcome(None if self._outcome is Outcome.WRONG else Outcome.WRONG)

    def do_errored(self) -> None:
        """Only samples without an answer, or all."""
        self._use_outcome(None if self._outcome is Outcome.ERRORED else Outcome.ERRORED)

    def do_cell(self) -> None:
        """The next cell's plot and verdict."""
        self.chosen_cell = (self.chosen_cell + 1) % len(self._view.cells)
        if self.model is not None:
            self._show_cells(self.model)

    def do_improve(self) -> None:
        """Ask a model for a change of the chosen cell's prompt."""
        from llmops_tui.ui.screens.prompts.improve_page import improve

        improve(self, self.run_id, self._view.cells[self.chosen_cell].prompt_version_id)

    def do_plot(self) -> None:
        """Show or hide the plot."""
        self._plot_wanted = not self._plot_wanted
        if self.model is not None:
            self._show_cells(self.model)

    @property
    def _has_inner_state(self) -> bool:
        return self._outcome is not None

    def do_back(self) -> None:
        """Leave the filter, then the page."""
        if self._outcome is not None:
            self._use_outcome(None)
        else:
            super().do_back()

    @property
    def _view(self) -> RunView:
        return self.model.view if self.model is not None else self._first

    @property
    def _table(self) -> VirtualTable[SampleRow]:
        return self.query_one("#samples", VirtualTable)

    def _look(self) -> None:
        if self._view.status is RunStatus.RUNNING and self.app.screen is self:
            self.reload()

    def _use_outcome(self, outcome: Outcome | None) -> None:
        self._outcome = outcome
        workspace, run_id = self.workspace, self.run_id
        self._live = not self._view.status.over

        def older(before: int | None, limit: int) -> list[SampleRow]:
            return run_samples.older(workspace, run_id, before, limit, outcome)

        def key(row: SampleRow) -> int:
            return row.sample.id

        count = partial(run_samples.count, workspace, run_id, outcome)
        keys = partial(run_samples.ids, workspace, run_id, outcome)
        source: Source[SampleRow] = (
            TailSource(
                older=older,
                key=key,
                count=count,
                keys=keys,
                newer=lambda after: run_samples.newer(workspace, run_id, after, outcome),
            )
            if self._live
            else KeyedSource(page=older, key=key, count=count, keys=keys)
        )
        self._table.empty = texts.NO_SAMPLES[outcome]
        self._table.show_source(source)
        self.query_one("#title", Words).put(texts.title_line(self._view, outcome))
        self.refresh_bindings()

    def _show_progress(self, view: RunView) -> None:
        errored = f"{view.errored:,} errored" if view.errored else ""
        self.query_one(ProgressLine).put_progress(
            Progress(
                view.run.done,
                view.run.total,
                "samples",
                per_second=view.rate,
                seconds_left=view.seconds_left,
                aside=errored,
            )
        )

    def _show_cells(self, model: RunModel) -> None:
        view = model.view
        chosen = min(self.chosen_cell, len(view.cells) - 1)
        words = self.query_one("#cells", Words)
        words.put(texts.cells_lines(view, chosen, model.comparisons, self._words_width()))
        self._fit_plot()
        self.query_one(BoundPlot).show_course(
            model.courses[chosen],
            limit=view.tolerance.max_wrong,
            rows=view.run.total / len(view.cells) / view.run.spec.repeats,
        )

    def _fit_plot(self) -> None:
        plot = self.query_one(BoundPlot)
        lines = self._plot_lines()
        wanted = None if self.has_class("-wide") or not lines else Scalar.parse(str(lines))
        if plot.styles.inline.height != wanted:
            plot.styles.height = wanted
        plot.set_class(bool(lines), "-shown")

    def _words_width(self) -> int:
        """Cells of a line of words beside or above the samples."""
        width = self.app.size.width
        return (width * FIGURES_SHARE[0] // FIGURES_SHARE[1] if width >= WIDE_FROM else width) - 2

    def _plot_lines(self) -> int:
        """How high the plot is between words and samples; 0 where it is hidden or has no room."""
        if not self._plot_wanted or self.has_class("-wide"):
            return PLOT_LINES if self._plot_wanted else 0
        width = max(20, self._words_width())
        texts_shown = [self.query_one(name, Words).words for name in ("#facts", "#cells")]
        taken = sum(len(wrapped(text, width)) for text in texts_shown)
        room = self.size.height - FIXED_LINES - taken - LEAST_SAMPLES
        return min(PLOT_LINES, room) if room >= LEAST_PLOT else 0

    def _columns(self) -> tuple[Column[SampleRow], ...]:
        cells = self._first.cells
        columns: list[Column[SampleRow]] = [
            Column("outcome", _outcome, width=9),
            Column("row", lambda row: f"{row.position:,}", width=7, align="right"),
        ]
        if len(cells) > 1:
            names = cell_names(cells)
            width = min(CELL_WIDTH, max(map(len, names)))
            columns.append(Column("cell", lambda row: names[row.sample.cell], width=max(4, width)))
        return (
            *columns,
            Column("answer", lambda row: row.sample.answer_head, flex=2),
            Column("why", _why, flex=3),
            Column("took", _took, width=9, align="right", drop=1),
        )


def _outcome(row: SampleRow) -> Cell:
    outcome = row.sample.outcome
    return texts.MARKS[outcome], texts.STYLES[outcome]


def _why(row: SampleRow) -> Cell:
    sample = row.sample
    if sample.error_kind and sample.error_kind not in sample.reason:
        return ": ".join(filter(None, (sample.error_kind, sample.reason)))
    return sample.reason


def _took(row: SampleRow) -> Cell:
    if row.sample.cached:
        return "cached", "muted"
    return f"{row.sample.latency_ms:,.0f} ms"
