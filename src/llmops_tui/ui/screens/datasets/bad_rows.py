"""Rows that an import kept aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from llmops_tui.core.dataset import BadRow, DatasetVersion
from llmops_tui.core.text import visible
from llmops_tui.services import datasets
from llmops_tui.ui import clipboard
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST = 2000
"""Whoever has more bad rows than this has one reason, not thousands."""


class BadRowsPage(Page[tuple[BadRow, ...]]):
    """Line, reason and raw text of each."""

    SCOPE = "datasets.bad"
    PURPOSE = (
        "Rows of the file that could not become examples. They are kept aside, never dropped "
        "silently: mend them in the file and import it again."
    )
    DEFAULT_CSS = "BadRowsPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, name: str, version: DatasetVersion) -> None:
        super().__init__()
        self._dataset = name
        self._version = version

    def compose_body(self) -> ComposeResult:
        """The list, and the raw row."""
        yield Static("", id="title", markup=False)
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("line", lambda row: f"{row.line:,}", width=9, align="right"),
                    Column("reason", lambda row: (row.reason, "bad"), flex=1),
                    Column("as it stands", lambda row: row.raw, flex=1),
                ),
                key=lambda row: row.line,
                empty="No bad rows: every row of the source became an example.",
                id="bad-rows",
            ),
            TextPane(id="bad-row"),
        )

    def load(self) -> tuple[BadRow, ...]:
        """The first bad rows of the version."""
        return tuple(datasets.bad_row_page(self.workspace, self._version, limit=MOST))

    def show(self, model: tuple[BadRow, ...]) -> None:
        """Show them."""
        total = self._version.bad_rows
        cut = f"; the first {MOST:,} are shown" if total > len(model) else ""
        self.query_one("#title", Static).update(
            visible(
                f"{self._dataset} v{self._version.number}: {texts.counted(total, 'bad row')}{cut}"
            )
        )
        self._table.show_rows(model)

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the row whole."""
        message.stop()
        row = self._table.cursor_row
        if row is not None:
            self.query_one(TextPane).show_sections(texts.bad_row_sections(row))

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read it."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def do_copy(self) -> None:
        """Send the raw row to the terminal's clipboard."""
        row = self._table.cursor_row
        if row is not None:
            self.llmops.notify(clipboard.send(self.llmops, row.raw, f"line {row.line}"))

    @property
    def _table(self) -> VirtualTable[BadRow]:
        return self.query_one("#bad-rows", VirtualTable)
