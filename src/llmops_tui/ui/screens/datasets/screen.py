"""The project's data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.widgets import Static

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import Dataset
from llmops_tui.services import dataset_import, datasets
from llmops_tui.services.datasets import DatasetsView
from llmops_tui.ui import editor
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.services.dataset_import import ImportPreview


class DatasetsScreen(Page[DatasetsView]):
    """A list of data sets; enter opens the examples of one."""

    SCOPE = "datasets"
    PURPOSE = (
        "Labelled examples, in data sets with immutable versions. An import becomes the next "
        "version of a data set; runs keep pointing at the version they were made with."
    )
    FIGURES = (
        "rows: examples of the newest version; ! marks a number too small for any verdict, even "
        "if no answer were wrong.\n"
        "bad: rows of the file that could not become examples; b shows them with the reason.\n"
        "splits: how many rows each split has."
    )
    TOPICS = frozenset({"dataset", "project"})
    DEFAULT_CSS = "DatasetsScreen #enough { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._wanted: int | None = None
        """Just imported: the cursor goes there once it is listed."""

    def compose_body(self) -> ComposeResult:
        """The list, and what is known about the data set under the cursor."""
        yield Static("", id="enough", markup=False)
        yield TwoPanes(
            VirtualTable(
                columns=self._columns(),
                key=lambda dataset: dataset.id,
                empty=texts.NO_DATASET,
                place="selection",
                id="datasets",
            ),
            TextPane(id="dataset"),
        )

    def load(self) -> DatasetsView | None:
        """All data sets of the project."""
        if self.project_id is None:
            return None
        return datasets.datasets_view(self.workspace, self.project_id)

    def show(self, model: DatasetsView) -> None:
        """Show them."""
        self.query_one("#enough", Static).update(texts.enough_text(model))
        self._table.empty = texts.NO_DATASET
        self._table.show_rows(model.datasets)
        if self._wanted is not None:
            self._table.go_to_key(self._wanted)
            self._wanted = None

    def show_nothing(self) -> None:
        """Say that a project comes first."""
        self.query_one("#enough", Static).update("")
        self._table.empty = texts.NO_PROJECT
        self._table.show_rows(())

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell about the data set under the cursor."""
        message.stop()
        chosen = self._chosen
        if chosen is not None and self.model is not None:
            self.query_one(TextPane).show_sections(texts.dataset_sections(chosen, self.model))
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open its examples."""
        message.stop()
        from llmops_tui.ui.screens.datasets.examples import ExamplesPage

        chosen = self._chosen
        if chosen is not None and chosen.version is not None:
            self.app.push_screen(ExamplesPage(chosen.name, chosen.version))

    def why_not(self, command_id: str) -> str | None:
        """Importing needs a project, bad rows have to be there."""
        if command_id in ("datasets.import_file", "datasets.paste") and self.project_id is None:
            return "A data set belongs to a project: make one on the Overview first (1, then n)."
        if command_id == "datasets.export" and self._chosen is None:
            return "There is no data set under the cursor."
        if command_id == "datasets.bad_rows":
            version = self._chosen.version if self._chosen else None
            if version is None or not version.bad_rows:
                return "This data set has no bad rows."
        return super().why_not(command_id)

    def do_import_file(self) -> None:
        """Ask for a file, look at it, then import it."""
        from llmops_tui.ui.screens.datasets.import_forms import path_form
        from llmops_tui.ui.screens.datasets.import_page import ImportPage

        project_id = self.project_id
        if project_id is None:
            return

        def chosen(preview: ImportPreview | None) -> None:
            if preview is not None:
                self.app.push_screen(ImportPage(preview, project_id, self._imported))

        self.app.push_screen(path_form(self.workspace, project_id), chosen)

    def do_paste(self) -> None:
        """Open the person's editor for a table that is typed or pasted there."""
        text = editor.edit_in_editor(self.llmops, "", ".csv")
        if text is not None and text.strip():
            self._look_at(text)

    def on_paste(self, event: events.Paste) -> None:
        """A table pasted into the terminal is looked at like a file."""
        event.stop()
        if event.text.strip():
            self._look_at(event.text)

    def do_export(self) -> None:
        """Ask where to write the data set under the cursor, and how."""
        from llmops_tui.ui.screens.datasets.import_forms import export_form

        def written(words: str | None) -> None:
            if words is not None:
                self.llmops.notify(words)

        chosen = self._chosen
        if chosen is not None:
            self.app.push_screen(export_form(self.workspace, chosen), written)

    def _look_at(self, text: str) -> None:
        from llmops_tui.ui.screens.datasets.import_page import ImportPage

        project_id = self.project_id
        if project_id is None:
            self.llmops.notify("A data set belongs to a project: make one first (1, then n).")
            return

        def look() -> ImportPreview:
            source = dataset_import.pasted(text)
            return dataset_import.preview_remembered(self.workspace, project_id, source)

        def looked(preview: ImportPreview) -> None:
            self.app.push_screen(ImportPage(preview, project_id, self._imported))

        self.in_thread(look, looked, group="paste")

    def do_bad_rows(self) -> None:
        """Show what the import kept aside."""
        from llmops_tui.ui.screens.datasets.bad_rows import BadRowsPage

        chosen = self._chosen
        if chosen is not None and chosen.version is not None:
            self.app.push_screen(BadRowsPage(chosen.name, chosen.version))

    def _imported(self, dataset_id: int) -> None:
        self._wanted = dataset_id
        self.reload_now()

    @property
    def _table(self) -> VirtualTable[Dataset]:
        return self.query_one("#datasets", VirtualTable)

    @property
    def _chosen(self) -> Dataset | None:
        return self._table.cursor_row

    def _columns(self) -> tuple[Column[Dataset], ...]:
        return (
            Column("name", lambda d: d.name, flex=3),
            Column("v", lambda d: str(d.versions), width=3, align="right"),
            Column("rows", self._rows, width=11, align="right"),
            Column("bad", _bad, width=5, align="right"),
            Column(
                "splits", lambda d: texts.splits_text(d.version.splits) if d.version else "", flex=3
            ),
            Column("source", lambda d: texts.source_text(d.version), flex=2, drop=1),
            Column("imported", lambda d: texts.when_text(d.version, now_ms()), width=12),
        )

    def _rows(self, dataset: Dataset) -> Cell:
        return texts.rows_cell(dataset, self.model.least_examples if self.model else 0)


def _bad(dataset: Dataset) -> Cell:
    bad = dataset.version.bad_rows if dataset.version else 0
    return (f"{bad:,}", "bad") if bad else ("0", "muted")
