"""The rows that a finding is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.curation.pii import find_personal
from llmops_tui.core.curation.report import PERSONAL, Finding
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.services import dataset_editing, datasets
from llmops_tui.services.dataset_editing import Edited
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.text_pane import Section, Span, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Column, RowChosen, RowMoved, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class RowsPage(Page[tuple[Example, ...]]):
    """Rows that belong together follow each other."""

    SCOPE = "datasets.rows"
    PURPOSE = (
        "The rows that a finding is about; those that belong together follow each other. "
        "x leaves the one under the cursor out of the next version."
    )
    DEFAULT_CSS = "RowsPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, name: str, version: DatasetVersion, finding: Finding) -> None:
        super().__init__()
        self._dataset = name
        self._version = version
        self._finding = finding
        self._gone: frozenset[int] = frozenset()

    def compose_body(self) -> ComposeResult:
        """The rows, and one whole."""
        yield Words(id="title")
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("#", lambda e: f"{e.position:,}", width=9, align="right"),
                    Column("inputs", _inputs, flex=3),
                    Column("expected", lambda e: e.expected or "", flex=1),
                    Column("split", lambda e: e.split or "", width=8, drop=1),
                ),
                key=lambda example: example.position,
                empty="Reading…",
                id="rows",
            ),
            TextPane(id="row"),
        )

    def load(self) -> tuple[Example, ...]:
        """The rows, in the finding's order."""
        wanted = [p for p in self._finding.positions if p not in self._gone]
        return tuple(datasets.examples_at(self.workspace, self._version, wanted))

    def show(self, model: tuple[Example, ...]) -> None:
        """Show them."""
        cut = self._finding.rows - len(self._finding.positions)
        more = f"; the first {len(model):,} are shown" if cut > 0 else ""
        self.query_one("#title", Words).put(
            f"{self._dataset} v{self._version.number}: {self._finding.title}, "
            f"{texts.counted(len(model), 'row')}{more}"
        )
        self._table.empty = "None of these rows is left."
        self._table.show_rows(model)

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the row whole."""
        message.stop()
        row = self._table.cursor_row
        if row is not None:
            sections = texts.example_sections(row)
            if self._finding.kind == PERSONAL:
                sections = [_marked(section) for section in sections]
            self.query_one(TextPane).show_sections(sections)
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read it."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Removing needs a row."""
        if command_id == "datasets.rows.remove" and self._table.cursor_row is None:
            return "There is no row under the cursor."
        return super().why_not(command_id)

    def do_remove(self) -> None:
        """Leave the row out of the next version."""
        row = self._table.cursor_row
        if row is None:
            return
        workspace, version = self.workspace, self._version

        def done(edited: Edited) -> None:
            self.llmops.notify(edited.words)
            self._version = edited.version
            self._gone |= {row.position}
            self.reload_now()

        def agreed(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    lambda: dataset_editing.remove_examples(workspace, version, [row.id]),
                    done,
                    group="change",
                )

        self.app.push_screen(
            ConfirmScreen(
                "Leave this row out of the next version?",
                f"example {row.position:,}: {_inputs(row)}",
                f"Version {version.number} keeps it.",
            ),
            agreed,
        )

    @property
    def _table(self) -> VirtualTable[Example]:
        return self.query_one("#rows", VirtualTable)


def _inputs(example: Example) -> str:
    return " · ".join(texts.value_text(value) for value in example.inputs.values())


def _marked(section: Section) -> Section:
    spans = tuple(Span(one.start, one.stop, "mark") for one in find_personal(section.text))
    return Section(section.heading, section.text, spans, section.style)
