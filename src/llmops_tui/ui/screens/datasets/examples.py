"""The examples of one data set version, however many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.services import dataset_versions, datasets, example_search, whole_texts
from llmops_tui.services.example_search import ExampleSearch, Sorting
from llmops_tui.ui import clipboard
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.screens.datasets.changing import Changing
from llmops_tui.ui.screens.datasets.found_source import FoundSource
from llmops_tui.ui.widgets.sources import KeyedSource, Source
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST_COLUMNS = 3
"""Inputs with a column of their own; enter shows them all."""


class ExamplesPage(Changing):
    """A table read page by page; enter opens one example whole."""

    SCOPE = "datasets.examples"
    FILTERS = True
    PURPOSE = (
        "The examples of a data set. Each change makes the next version; older ones stay as they "
        "are, v shows them. / finds text, and fields: split: tag: expected: is: or an input's "
        "name, as in `refund split:dev is:unlabelled` (is: unlabelled, labelled, synthetic). "
        "In more than 20,000 examples the text has to begin where a word begins. Tag, split and "
        "remove work on one example or on all that were found."
    )
    FIGURES = "#: the place of the example in the data set; it stays the same in all versions."
    TOPICS = frozenset({"dataset"})
    DEFAULT_CSS = "ExamplesPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(
        self, name: str, version: DatasetVersion, *, old: bool = False, find: str = ""
    ) -> None:
        """Prepare the page.

        Args:
            name: of the data set.
            version: what to show; the newest one is followed.
            old: stay with this version, whatever comes.
            find: a filter to begin with.
        """
        super().__init__(name, version, old=old)
        self.filter_text = find
        self._sorting: Sorting | None = None
        self._indexing = 0
        """Rows that were indexed so far; 0 where nothing is being indexed."""

    def compose_body(self) -> ComposeResult:
        """The table, and the example under the cursor."""
        yield Words(id="title")
        yield TwoPanes(
            VirtualTable(
                columns=_columns(self.version),
                key=lambda example: example.position,
                empty="",
                place=f"{self.version.dataset_id}",
                id="examples",
            ),
            TextPane(id="example"),
        )

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.begin()
        self._index_behind()

    def on_unmount(self) -> None:
        """What is being indexed goes on when the page is opened again."""
        self._leaving = True

    def load(self) -> DatasetVersion:
        """The newest version."""
        return dataset_versions.newest(self.workspace, self.version.dataset_id)

    def show(self, model: DatasetVersion) -> None:
        """Go on with it, wherever it came from."""
        if not self.old and model.number > self.version.number:
            self.version = model
            self.begin(keep=True)
            self._index_behind()

    def filter_changed(self, text: str) -> None:
        """Only examples that fit."""
        self.begin()

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

    def do_bad_rows(self) -> None:
        """Show what the import kept aside."""
        from llmops_tui.ui.screens.datasets.bad_rows import BadRowsPage

        self.app.push_screen(BadRowsPage(self.dataset, self.version))

    def do_copy(self) -> None:
        """Send the example to the terminal's clipboard."""
        example = self.example
        if example is not None:
            what = f"example {example.position}"
            self.llmops.notify(clipboard.send(self.llmops, whole_texts.example_json(example), what))

    def do_order(self) -> None:
        """Ask by which field; the same one again turns the order round."""
        from llmops_tui.ui.screens.pick import PickScreen

        now = self._sorting
        fields = [
            (name, name, _order_words(now, name))
            for name in example_search.sort_fields(self.version)
        ]

        def chosen(field: str | None) -> None:
            if field is None:
                return
            same = now is not None and now.field == field
            self._sorting = Sorting(field, same and not now.down if now else False)
            if not field:
                self._sorting = None
            self.begin()

        choices = [("", "place", "as the data set has them"), *fields]
        self.app.push_screen(
            PickScreen("Order the examples by", choices, now.field if now else ""), chosen
        )

    def do_versions(self) -> None:
        """Show all versions."""
        from llmops_tui.ui.screens.datasets.versions import DatasetVersionsPage

        self.app.push_screen(DatasetVersionsPage(self.dataset, self.version))

    @property
    def table(self) -> VirtualTable[Example]:
        """The list."""
        return self.query_one("#examples", VirtualTable)

    def begin(self, *, keep: bool = False) -> None:
        """Read from the start, or where the cursor's example is."""
        self.search = ExampleSearch(
            self.workspace, self.version, self.filter_text, self._sorting, self._tell_indexing
        )
        here = self.table.cursor_key
        self._say_title()
        self.table.empty = (
            f"No example fits “{self.filter_text}”. esc shows them all."
            if self.filter_text
            else "No examples."
        )
        self.table.show_source(self._source())
        if keep and here is not None:
            self.table.go_to_key(here)
        self.refresh_bindings()

    def say_working(self, line: str) -> None:
        """Show how far a model is in place of the title."""
        if self.is_mounted and line:
            self.query_one("#title", Words).put(line)
        elif self.is_mounted:
            self._say_title()

    def _source(self) -> Source[Example]:
        version, workspace = self.version, self.workspace
        if self.filter_text or self._sorting:
            return FoundSource(self.search)
        return KeyedSource(
            page=lambda after, limit: datasets.example_page(
                workspace, version, after=after or 0, limit=limit
            ),
            key=lambda example: example.position,
            count=lambda: version.rows,
            keys=lambda: datasets.example_positions(workspace, version),
        )

    def _say_title(self) -> None:
        version, sorting = self.version, self._sorting
        parts = [f"{self.dataset} v{version.number}: {texts.counted(version.rows, 'example')}"]
        if self.old:
            parts[0] += " (an older version)"
        if self.filter_text:
            parts.append(f"those with “{self.filter_text}”")
        if sorting is not None:
            parts.append(f"by {sorting.field}" + (", the last first" if sorting.down else ""))
        if self._indexing:
            parts.append(f"indexing: {self._indexing:,} of {version.rows:,}")
        self.query_one("#title", Words).put(", ".join(parts))

    def _index_behind(self) -> None:
        version, workspace = self.version, self.workspace
        if version.rows <= example_search.SCANNED:
            return

        def indexed(_: bool) -> None:
            self._indexing = 0
            self._say_title()

        self.in_thread(
            lambda: example_search.index_behind(workspace, version, self._tell_indexing),
            indexed,
            group="index",
        )

    def _tell_indexing(self, done: int) -> bool:
        """Called in a thread."""
        if not self._leaving:
            self.app.call_later(self._show_indexing, done)
        return not self._leaving

    def _show_indexing(self, done: int) -> None:
        if self.is_mounted and not self._leaving:
            self._indexing = done if done < self.version.rows else 0
            self._say_title()

    def _show_example(self) -> None:
        example = self.example
        if example is not None:
            self.query_one(TextPane).show_sections(texts.example_sections(example))


def _order_words(now: Sorting | None, field: str) -> str:
    if now is None or now.field != field:
        return ""
    return "now the last first" if now.down else "now; again: the last first"


def _columns(version: DatasetVersion) -> tuple[Column[Example], ...]:
    inputs = version.columns[:MOST_COLUMNS]
    return (
        Column("#", lambda e: f"{e.position:,}", width=9, align="right"),
        *(_input_column(name, len(inputs) - number) for number, name in enumerate(inputs)),
        Column("expected", _expected, flex=2),
        Column("tags", _tags, flex=1, drop=2),
        Column("split", lambda e: e.split or "", width=8, drop=1 if version.splits else 3),
    )


def _input_column(name: str, weight: int) -> Column[Example]:
    return Column(name, lambda e: texts.input_text(e, name), flex=2 + weight)


def _expected(example: Example) -> Cell:
    return ("not labelled", "muted") if example.expected is None else example.expected


def _tags(example: Example) -> str:
    return ", ".join(([f"({example.origin})"] if example.origin else []) + list(example.tags))
