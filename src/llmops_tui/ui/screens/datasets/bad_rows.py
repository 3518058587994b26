"""Rows that an import kept aside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import Static

from llmops_tui.core.dataset import BadRow, DatasetVersion
from llmops_tui.core.text import visible
from llmops_tui.services import dataset_export, dataset_mending, datasets
from llmops_tui.ui import clipboard, editor
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.screens.form import Field, FormScreen, Values
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST = 2000
"""Whoever has more bad rows than this has one reason, not thousands."""


class BadRowsPage(Page[tuple[BadRow, ...]]):
    """Line, reason and raw text of each, and what became of it."""

    SCOPE = "datasets.bad"
    PURPOSE = (
        "Rows of the source that could not become examples. They are kept aside, never dropped "
        "silently. Mend one in your editor: it is read again as its source was, and s makes the "
        "next version with all that can be read. What you write is kept at once."
    )
    DEFAULT_CSS = "BadRowsPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, name: str, version: DatasetVersion) -> None:
        super().__init__()
        self._dataset = name
        self._version = version
        self._readable: dict[int, bool] = {}

    def compose_body(self) -> ComposeResult:
        """The list, and the raw row."""
        yield Static("", id="title", markup=False)
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("line", lambda row: f"{row.line:,}", width=9, align="right"),
                    Column("state", self._state, width=10),
                    Column("reason", lambda row: (row.reason, "bad"), flex=1),
                    Column("as it stands", lambda row: row.mended or row.raw, flex=1),
                ),
                key=lambda row: row.id,
                empty="No bad rows: every row of the source became an example.",
                id="bad-rows",
            ),
            TextPane(id="bad-row"),
        )

    def load(self) -> tuple[BadRow, ...]:
        """The first bad rows of the version."""
        rows = tuple(datasets.bad_row_page(self.workspace, self._version, limit=MOST))
        reading = dataset_mending.reading_of(self.workspace, self._version)
        if reading is not None:
            self._readable = {
                row.id: not dataset_mending.read_again(reading, row.mended).reason
                for row in rows
                if row.mended is not None
            }
        return rows

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
        self._show_row()

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the row whole."""
        message.stop()
        self._show_row()

    def _show_row(self) -> None:
        row = self._table.cursor_row
        if row is not None:
            self.query_one(TextPane).show_sections(texts.bad_row_sections(row))

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read it."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Mending needs a row that is there whole; a version needs a mended one."""
        row = self._table.cursor_row
        if command_id in ("datasets.bad.mend", "datasets.bad.copy") and row is None:
            return "There is no row under the cursor."
        if command_id == "datasets.bad.mend" and row is not None and row.cut:
            return "Only the beginning of this row is kept: mend it in the file."
        if command_id == "datasets.bad.publish" and not any(self._readable.values()):
            return "No row is mended so that it can be read: e edits the one under the cursor."
        return super().why_not(command_id)

    def do_mend(self) -> None:
        """Edit the row; what is written is kept, whether it can be read or not."""
        row = self._table.cursor_row
        if row is None:
            return
        text = editor.edit_in_editor(self.llmops, row.raw if row.mended is None else row.mended)
        if text is None:
            return
        # Editors put a line end where there was none.
        mended = text if row.raw.endswith("\n") else text.removesuffix("\n").removesuffix("\r")
        self.in_thread(lambda: self._keep(row, mended), self._kept, group="mend")

    def _keep(self, row: BadRow, text: str) -> str:
        dataset_mending.keep_text(self.workspace, row, text)
        if text == row.raw:
            return f"Line {row.line:,} is as it was."
        reading = dataset_mending.reading_of(self.workspace, self._version)
        if reading is None:
            return "Kept; but how its source was read is not known, so it can't be read again."
        mended = dataset_mending.read_again(reading, text)
        if mended.reason:
            return f"Kept, but still no row: {mended.reason}."
        made = texts.counted(len(mended.examples), "example")
        return f"Line {row.line:,} reads as {made}. s makes the next version."

    def _kept(self, words: str) -> None:
        self.llmops.notify(words)
        self.reload_now()

    def do_publish(self) -> None:
        """Make the next version with the mended rows."""
        self.in_thread(
            lambda: dataset_mending.publish_mended(self.workspace, self._version),
            self._published,
            group="mend",
        )

    def _published(self, version: DatasetVersion) -> None:
        added = version.rows - self._version.rows
        self.llmops.notify(
            f"{self._dataset} v{version.number}: {texts.counted(added, 'example')} more, "
            f"{texts.counted(version.bad_rows, 'bad row')} left aside."
        )
        self._version = version
        self._readable = {}
        self.reload_now()

    def do_export(self) -> None:
        """Write all bad rows to a file."""

        def write(values: Values) -> str:
            target = Path(values["path"]).expanduser()
            count = dataset_export.export_bad_rows(self.workspace, self._version, target)
            return f"Wrote {texts.counted(count, 'bad row')} to {target}."

        def written(words: str | None) -> None:
            if words is not None:
                self.llmops.notify(words)

        name = f"{self._dataset}-bad-rows.csv"
        field = Field("path", "file", name, "CSV: line, reason, text.", path=True)
        self.app.push_screen(FormScreen("Export the bad rows", [field], write), written)

    def do_copy(self) -> None:
        """Send the raw row to the terminal's clipboard."""
        row = self._table.cursor_row
        if row is not None:
            self.llmops.notify(clipboard.send(self.llmops, row.raw, f"line {row.line}"))

    def _state(self, row: BadRow) -> Cell:
        if row.mended is None:
            return ("aside", "muted")
        return "mended" if self._readable.get(row.id) else ("still bad", "bad")

    @property
    def _table(self) -> VirtualTable[BadRow]:
        return self.query_one("#bad-rows", VirtualTable)
