"""Importing a file: its path, a look at it, then the import with its progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from llmops_tui.services import dataset_import
from llmops_tui.services.dataset_import import (
    ImportCancelledError,
    ImportPreview,
    ImportProgress,
    ImportResult,
)
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.screens.datasets.import_forms import name_form, reading_form
from llmops_tui.ui.widgets.progress import Progress, ProgressLine
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.virtual_table import Column, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.services.dataset_import import TableRow

MOST_COLUMNS = 8


class Advanced(Message, bubble=False):
    """The import is further than before."""

    def __init__(self, progress: ImportProgress) -> None:
        super().__init__()
        self.progress = progress

    def can_replace(self, message: Message) -> bool:
        """Only the newest matters."""
        return isinstance(message, Advanced)


class ImportPage(Page[None]):
    """Shows what will be imported and how; `s` imports it."""

    SCOPE = "datasets.import"
    PURPOSE = (
        "A look at the file before anything is imported: how it is read, which column is what, "
        "its first rows. s imports it; esc leaves without a trace."
    )
    FIGURES = "The progress is the share of the file that was read; bad rows are counted apart."
    DEFAULT_CSS = """
    ImportPage TextPane { height: auto; max-height: 12; }
    ImportPage ProgressLine { display: none; }
    ImportPage.-importing ProgressLine { display: block; }
    """

    def __init__(
        self, preview: ImportPreview, project_id: int, imported: Callable[[int], None]
    ) -> None:
        """Look at a file.

        Args:
            preview: What was found in it.
            project_id: Where it is imported.
            imported: Gets the id of the data set once it is there.
        """
        super().__init__()
        self.preview = preview
        self._project = project_id
        self._on_imported = imported
        self._stop = threading.Event()
        self._importing = False
        self._leave = False

    def compose_body(self) -> ComposeResult:
        """How it is read, how far it is, the first rows."""
        yield TextPane(id="preview")
        yield ProgressLine(id="progress")
        yield VirtualTable(
            columns=[_column(name) for name in self.preview.columns[:MOST_COLUMNS]],
            key=lambda row: row.line,
            empty="None of the first rows could be read; the reasons are above.",
            opens=False,
            id="rows",
        )

    def on_mount(self) -> None:
        """Show the preview."""
        self._show_preview()
        self.query_one(VirtualTable).focus()

    def on_unmount(self) -> None:
        """Whoever leaves the app stops the import: it is one transaction and leaves nothing."""
        self._stop.set()

    def why_not(self, command_id: str) -> str | None:
        """While it imports, it can only be stopped."""
        if command_id.startswith("datasets.import.") and self._importing != (
            command_id == "datasets.import.cancel"
        ):
            if not self._importing:
                return "Nothing is being imported."
            return "The import is under way; c stops it."
        return super().why_not(command_id)

    def do_mapping(self) -> None:
        """Change which column is what."""
        from llmops_tui.ui.screens.datasets.mapping_page import MappingPage

        self.app.push_screen(MappingPage(self.preview, self._take))

    def do_name(self) -> None:
        """Change the data set's name."""
        self.app.push_screen(name_form(self.preview), self._take)

    def do_reading(self) -> None:
        """Say how the source is to be read: then it is another table, and another page."""

        def read(preview: ImportPreview | None) -> None:
            if preview is not None:
                self.app.switch_screen(ImportPage(preview, self._project, self._on_imported))

        self.app.push_screen(reading_form(self.workspace, self._project, self.preview), read)

    def _take(self, preview: ImportPreview | None) -> None:
        if preview is not None:
            self.preview = preview
            self._show_preview()

    def do_start(self) -> None:
        """Import."""
        self._importing = True
        self._stop.clear()
        self.add_class("-importing")
        self.query_one(ProgressLine).put_words("Reading…")
        self.in_thread(self._import, self._imported, group="import", failed=self._failed)
        self.refresh_bindings()

    def do_cancel(self) -> None:
        """Stop the import; the page stays."""
        self._stop.set()
        self.query_one(ProgressLine).put_words("Stopping…")

    def do_back(self) -> None:
        """Leave; a running import is stopped first."""
        if self._importing:
            self._leave = True
            self.do_cancel()
        else:
            super().do_back()

    def do_leave(self) -> None:
        """The same as back."""
        self.do_back()

    def on_advanced(self, message: Advanced) -> None:
        """Show how far it is."""
        at = message.progress
        if self._importing and not self._stop.is_set():
            self.query_one(ProgressLine).put_progress(
                Progress(
                    at.rows,
                    fraction=at.fraction,
                    seconds_left=at.seconds_left,
                    aside=f"{at.bad_rows:,} bad" if at.bad_rows else "",
                )
            )

    def _import(self) -> ImportResult:
        return dataset_import.import_dataset(
            self.workspace,
            self._project,
            self.preview,
            name=self.preview.name,
            on_progress=lambda progress: self._tell(Advanced(progress)),
            cancelled=self._stop.is_set,
        )

    def _tell(self, message: Message) -> None:
        self.post_message(message)

    def _imported(self, result: ImportResult) -> None:
        bad = result.version.bad_rows
        aside = f" Kept aside: {texts.counted(bad, 'bad row')}." if bad else ""
        self.llmops.mark_area(
            "datasets",
            f"{result.dataset} v{result.version.number}: {result.version.rows:,} examples "
            f"imported.{aside}",
        )
        self._end()
        self._on_imported(result.version.dataset_id)
        self._go()

    def _failed(self, error: Exception) -> None:
        self._end()
        if isinstance(error, ImportCancelledError):
            self.llmops.notify(f"{error} {error.hint}")
            if self._leave:
                self._go()
        else:
            self.llmops.report(error)

    def _go(self) -> None:
        self._leave = True
        if self.is_current:
            self.dismiss()

    def on_screen_resume(self) -> None:
        """What ended while another area was in front needs no look any more."""
        if self._leave and not self._importing:
            self.call_later(self._go)

    def _end(self) -> None:
        self._importing = False
        self.remove_class("-importing")
        self.refresh_bindings()

    def _show_preview(self) -> None:
        self.query_one(TextPane).show_sections(texts.preview_sections(self.preview))
        self.query_one(VirtualTable).show_rows(self.preview.rows)


def _column(name: str) -> Column[TableRow]:
    return Column(
        name, lambda row: texts.value_text(row.values[name]) if name in row.values else "", flex=1
    )
