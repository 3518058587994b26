"""The examples of one data set version, however many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.text import visible
from llmops_tui.services import datasets, whole_texts
from llmops_tui.ui import clipboard, editor
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.sources import KeyedSource
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST_COLUMNS = 3
"""Inputs with a column of their own; enter shows them all."""


class ExamplesPage(Page[None]):
    """A table read page by page; enter opens one example whole."""

    SCOPE = "datasets.examples"
    FILTERS = True
    PURPOSE = (
        "The examples of one version of a data set. They never change: an import makes a new "
        "version. / shows only the examples whose inputs or expected answer contain a text."
    )
    FIGURES = "#: the place of the example in the data set; it stays the same in all versions."
    DEFAULT_CSS = "ExamplesPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, name: str, version: DatasetVersion) -> None:
        super().__init__()
        self._dataset = name
        self._version = version

    def compose_body(self) -> ComposeResult:
        """The table, and the example under the cursor."""
        yield Static("", id="title", markup=False)
        yield TwoPanes(
            VirtualTable(
                columns=_columns(self._version),
                key=lambda example: example.position,
                empty="",
                place=f"{self._version.id}",
                id="examples",
            ),
            TextPane(id="example"),
        )

    def on_mount(self) -> None:
        """Begin to read."""
        self._begin()

    def filter_changed(self, text: str) -> None:
        """Only examples that contain the text."""
        self._begin()

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the example where its pane is in sight."""
        message.stop()
        if self.query_one(TwoPanes).detail_in_sight:
            self._show_example()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open it whole."""
        message.stop()
        self._show_example()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Most of it is about the example under the cursor."""
        if command_id == "datasets.examples.bad_rows" and not self._version.bad_rows:
            return "This version has no bad rows."
        if command_id in ("datasets.examples.copy", "datasets.examples.in_editor") and (
            self._table.cursor_row is None
        ):
            return "There is no example under the cursor."
        return super().why_not(command_id)

    def do_bad_rows(self) -> None:
        """Show what the import kept aside."""
        from llmops_tui.ui.screens.datasets.bad_rows import BadRowsPage

        self.app.push_screen(BadRowsPage(self._dataset, self._version))

    def do_copy(self) -> None:
        """Send the example to the terminal's clipboard."""
        example = self._table.cursor_row
        if example is not None:
            what = f"example {example.position}"
            self.llmops.notify(clipboard.send(self.llmops, whole_texts.example_json(example), what))

    def do_in_editor(self) -> None:
        """Read the example in the person's editor; what is changed there is not taken over."""
        example = self._table.cursor_row
        if example is not None and editor.edit_in_editor(
            self.llmops, whole_texts.example_json(example), ".json"
        ):
            self.llmops.notify("Examples don't change: your edit was not taken over.")

    @property
    def _table(self) -> VirtualTable[Example]:
        return self.query_one("#examples", VirtualTable)

    def _begin(self) -> None:
        version, find = self._version, self.filter_text
        workspace = self.workspace
        found = f", those with “{find}”" if find else ""
        examples = texts.counted(version.rows, "example")
        self.query_one("#title", Static).update(
            visible(f"{self._dataset} v{version.number}: {examples}{found}")
        )
        self._table.empty = (
            f"No example contains “{find}”. esc shows them all." if find else "No examples."
        )
        self._table.show_source(
            KeyedSource(
                page=lambda after, limit: datasets.example_page(
                    workspace, version, after=after or 0, limit=limit, find=find
                ),
                key=lambda example: example.position,
                count=None if find else lambda: version.rows,
                keys=lambda: datasets.example_positions(workspace, version, find),
            )
        )

    def _show_example(self) -> None:
        example = self._table.cursor_row
        if example is not None:
            self.query_one(TextPane).show_sections(texts.example_sections(example))


def _columns(version: DatasetVersion) -> tuple[Column[Example], ...]:
    inputs = version.columns[:MOST_COLUMNS]
    return (
        Column("#", lambda e: f"{e.position:,}", width=9, align="right"),
        *(_input_column(name, len(inputs) - number) for number, name in enumerate(inputs)),
        Column("expected", _expected, flex=2),
        Column("tags", lambda e: ", ".join(e.tags), flex=1, drop=2),
        Column("split", lambda e: e.split or "", width=8, drop=1 if version.splits else 3),
    )


def _input_column(name: str, weight: int) -> Column[Example]:
    return Column(name, lambda e: texts.input_text(e, name), flex=2 + weight)


def _expected(example: Example) -> Cell:
    return ("not labelled", "muted") if example.expected is None else example.expected
