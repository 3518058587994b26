"""A run as a grid: a row for each example, a column for each prompt version and model, live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_tui.core.run import Outcome
from llmops_tui.services import matrix, rescoring, runs
from llmops_tui.services.comparison import cell_names
from llmops_tui.services.matrix import Grid, GridRow, Only
from llmops_tui.services.run_words import rate_words
from llmops_tui.services.runs import RunView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.runs import texts
from llmops_tui.ui.widgets.columns import Cell, Column
from llmops_tui.ui.widgets.sources import Source
from llmops_tui.ui.widgets.virtual_table import RowChosen, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

SIGNS = {Outcome.RIGHT: "✓", Outcome.WRONG: "✗", Outcome.ERRORED: "!"}
EMPTY = {
    Only.ALL: "The run has no row.",
    Only.WRONG: "No row has a wrong answer. w shows all rows again.",
    Only.ERRORED: "Every row has an answer so far. ! shows all rows again.",
    Only.DISAGREEING: "No row is right in one cell and wrong in another. d shows all rows again.",
    Only.CHANGED: "No row changed since the run before on this data set. c shows all rows again.",
}
MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class MatrixModel:
    """The run's figures, and how many rows the filter shows."""

    view: RunView


class GridSource(Source[GridRow]):
    """Rows of a grid by their index, of all of them or of some ranks."""

    def __init__(self, grid: Grid, only: Only) -> None:
        self._grid = grid
        self._ranks: Sequence[int] | None = None
        self._only = only

    def count(self) -> int:
        """How many rows there are."""
        return self._grid.rows_in_all if self._only is Only.ALL else len(self._chosen())

    def rows(self, first: int, limit: int) -> Sequence[GridRow]:
        """Some of them."""
        if self._only is Only.ALL:
            return self._grid.rows(first, limit)
        return self._grid.rows_at(self._chosen()[first : first + limit])

    def find(self, key: int) -> int | None:
        """Where the row of a rank is."""
        if self._only is Only.ALL:
            return key if key < self._grid.rows_in_all else None
        chosen = list(self._chosen())
        return chosen.index(key) if key in chosen else None

    def _chosen(self) -> Sequence[int]:
        if self._ranks is None:
            self._ranks = self._grid.ranks(self._only)
        return self._ranks


class MatrixPage(Page[MatrixModel]):
    """Rows by cells; enter opens a row's answer."""

    SCOPE = "runs.matrix"
    PURPOSE = (
        "A run as a grid: a row for each example in the order they are asked, a column for each "
        "prompt version and model. ✓ right, ✗ wrong, ! no answer, · not asked yet; one sign for "
        "each repeat. enter opens the answer of the first cell, and c there goes to the next one."
    )
    FIGURES = (
        "wrong [bounds]: as on the run's page, for each cell.\n"
        "disagreeing: right in one cell or repeat and wrong in another.\n"
        "changed: another outcome than in the run before on the same data set."
    )
    EXPLAINS = ("wrong rate", "anytime bound", "errored rows")
    TOPICS = frozenset({"run"})
    DEFAULT_CSS = """
    MatrixPage #title { text-style: bold; height: 1; }
    MatrixPage #cells { height: auto; }
    MatrixPage #grid { height: 1fr; }
    """

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self._first = view
        self._only = Only.ALL
        self._grid: Grid | None = None
        self._marked: dict[int, int] = {}
        """Example by rank, of rows marked with space."""

    def compose_body(self) -> ComposeResult:
        """Figures above the grid."""
        yield Words(self._title(), id="title")
        yield Words(self._figures(self._first), id="cells")
        yield VirtualTable(
            columns=self._columns(), key=lambda row: row.rank, empty=EMPTY[Only.ALL], id="grid"
        )

    def on_mount(self) -> None:
        """Begin with all rows."""
        self._table.focus()

    def load(self) -> MatrixModel:
        """The run's figures; the grid reads itself."""
        if self._grid is None:
            self._grid = Grid(self.workspace, self._first.run.id)
        return MatrixModel(runs.run_view(self.workspace, self._first.run.id))

    def show(self, model: MatrixModel) -> None:
        """Show the figures; the rows in sight are read again."""
        self.query_one("#cells", Words).put(self._figures(model.view))
        if self._table.count == 0 and self._only is Only.ALL:
            self._use(Only.ALL)
        else:
            self._table.refresh_rows()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open the row's first answer."""
        message.stop()
        row = self._table.cursor_row
        found = next((sample for cell in row.cells for sample in cell), None) if row else None
        if found is None:
            self.llmops.notify("This row has no answer yet.")
            return
        from llmops_tui.ui.screens.runs.sample_page import SamplePage

        self.app.push_screen(SamplePage(self._first.run.id, found.id))

    def why_not(self, command_id: str) -> str | None:
        """Disagreeing takes two answers."""
        spec = self._first.run.spec
        if command_id == "runs.matrix.disagreeing" and len(spec.cells) * spec.repeats < 2:
            return "Each row has one answer in this run: nothing can disagree."
        if command_id == "runs.matrix.again" and not self._marked and not self._table.count:
            return "There is no row."
        return super().why_not(command_id)

    def do_wrong(self) -> None:
        """Only rows with a wrong answer, or all."""
        self._toggle(Only.WRONG)

    def do_errored(self) -> None:
        """Only rows with a missing answer, or all."""
        self._toggle(Only.ERRORED)

    def do_disagreeing(self) -> None:
        """Only rows whose answers disagree, or all."""
        self._toggle(Only.DISAGREEING)

    def do_changed(self) -> None:
        """Only rows that changed since the run before, or all."""
        self._toggle(Only.CHANGED)

    def do_tags(self) -> None:
        """Each tag's figures."""
        from llmops_tui.ui.screens.runs.tags_page import TagsPage

        self.app.push_screen(TagsPage(self._first))

    def do_mark(self) -> None:
        """Mark the row for asking again, or take the mark away."""
        row = self._table.cursor_row
        if row is not None:
            if row.rank in self._marked:
                del self._marked[row.rank]
            else:
                self._marked[row.rank] = row.example_id
            self._table.redraw()
            self._table.move_to(self._table.cursor + 1)
            self.query_one("#title", Words).put(self._title())

    def do_again(self) -> None:
        """Ask the marked rows, or the one under the cursor, again in a run of their own."""
        row = self._table.cursor_row
        chosen = list(self._marked.values()) or ([row.example_id] if row else [])
        ask_again(self, self._first.run.id, chosen)

    @property
    def _has_inner_state(self) -> bool:
        return self._only is not Only.ALL

    def do_back(self) -> None:
        """Leave the filter, then the page."""
        if self._only is not Only.ALL:
            self._use(Only.ALL)
        else:
            super().do_back()

    def _toggle(self, only: Only) -> None:
        self._use(Only.ALL if self._only is only else only)

    def _use(self, only: Only) -> None:
        self._only = only
        self._table.empty = EMPTY[only]
        if self._grid is not None:
            self._table.show_source(GridSource(self._grid, only))
        self.query_one("#title", Words).put(self._title())
        self.refresh_bindings()

    @property
    def _table(self) -> VirtualTable[GridRow]:
        return self.query_one("#grid", VirtualTable)

    def _title(self) -> str:
        only = "" if self._only is Only.ALL else f", {self._only} rows only"
        marked = f" · {len(self._marked)} marked" if self._marked else ""
        return f"Run {self._first.run.id}, rows by cells{only} · {self._first.dataset}{marked}"

    def _figures(self, view: RunView) -> str:
        names = cell_names(view.cells)
        lines = []
        for number, cell in list(enumerate(view.cells))[:MOST_LINES]:
            counts = cell.counts
            share = f"{counts.wrong:,} wrong of {counts.right + counts.wrong:,}"
            rate = rate_words(cell.verdict)
            errored = f"{counts.errored:,} errored"
            lines.append(f"{names[number]}: {share}, {rate}; {errored}; {cell.verdict.state}")
        if len(view.cells) > MOST_LINES:
            lines.append(f"and {len(view.cells) - MOST_LINES} more cells: t shows each by tag.")
        return "\n".join(lines)

    def _columns(self) -> tuple[Column[GridRow], ...]:
        names = cell_names(self._first.cells)
        columns: list[Column[GridRow]] = [
            Column("", self._mark, width=1),
            Column("row", lambda row: f"{row.position:,}", width=7, align="right"),
            Column("input", lambda row: row.input, flex=3),
            Column("expected", lambda row: row.expected or "–", flex=2, drop=99),
        ]
        for number, name in enumerate(names):
            columns.append(
                Column(
                    name,
                    lambda row, at=number: _cell(row, at),  # type: ignore[misc]
                    flex=2,
                    least=6,
                    drop=number if number > 1 else 0,
                )
            )
        return tuple(columns)

    def _mark(self, row: GridRow) -> Cell:
        return ("▪", "strong") if row.rank in self._marked else ""


def _cell(row: GridRow, cell: int) -> Cell:
    samples = row.cells[cell]
    outcome = matrix.mark_of(samples)
    if outcome is None:
        return "·", "muted"
    signs = "".join(SIGNS[sample.outcome] for sample in samples)
    shown = next(sample for sample in samples if sample.outcome is outcome)
    return f"{signs} {shown.answer_head or shown.reason}", texts.STYLES[outcome]


def ask_again(page: Page[Any], run_id: int, example_ids: Sequence[int]) -> None:
    """Plan a run of some rows, start its worker and show it."""

    def work() -> RunView:
        again = rescoring.run_again(page.workspace, run_id, example_ids)
        runs.start_worker(page.workspace, again)
        return runs.run_view(page.workspace, again)

    def done(view: RunView) -> None:
        from llmops_tui.ui.screens.runs.run_page import RunPage

        page.app.push_screen(RunPage(view))

    page.in_thread(work, done, group="again")
