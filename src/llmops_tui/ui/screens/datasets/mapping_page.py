"""Which column of a source is what: one key a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.widgets import Static

from llmops_tui.core.text import visible
from llmops_tui.services import dataset_import
from llmops_tui.services.dataset_import import ImportPreview
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

ROLES = {
    "input": "input",
    "expected": "expected",
    "tags": "tags",
    "split": "split",
    "": "left out",
}
SHOWN_VALUES = 20


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column of the source."""

    name: str
    role: str
    values: tuple[str, ...]
    """Of the first rows."""


class MappingPage(Page[None]):
    """A row for each column; its role changes with a key, at once."""

    SCOPE = "datasets.mapping"
    PURPOSE = (
        "What each column of the source becomes in an example. Inputs are what prompts may use; "
        "expected is the right answer; tags and split are for choosing rows. The letter changes "
        "the column under the cursor; esc goes back and keeps what you said. It is remembered for "
        "the next import of this source or of one with the same columns."
    )
    DEFAULT_CSS = "MappingPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, preview: ImportPreview, changed: Callable[[ImportPreview], None]) -> None:
        super().__init__()
        self.preview = preview
        self._changed = changed

    def compose_body(self) -> ComposeResult:
        """The columns, and the values of the one under the cursor."""
        yield Static("", id="title", markup=False)
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("column", lambda row: row.name, flex=2),
                    Column("is", _role, width=10),
                    Column("first value", lambda row: _at(row, 0), flex=2),
                    Column("second value", lambda row: _at(row, 1), flex=2, drop=1),
                ),
                key=lambda row: row.name,
                empty="The source has no columns.",
                id="columns",
            ),
            TextPane(id="values"),
        )

    def on_mount(self) -> None:
        """Show the columns."""
        super().on_mount()
        self._show()
        self._table.focus()

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the column's values."""
        message.stop()
        row = self._table.cursor_row
        if row is not None:
            shown = "\n\n".join(row.values) or "No values in the first rows."
            self.query_one(TextPane).show_sections(
                [Section(f"{row.name}: {ROLES[row.role]}", shown)]
            )

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read its values."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def do_input(self) -> None:
        """The column is an input."""
        self._say("input")

    def do_expected(self) -> None:
        """The column is the expected answer."""
        self._say("expected")

    def do_tags(self) -> None:
        """The column holds tags."""
        self._say("tags")

    def do_split(self) -> None:
        """The column names the split."""
        self._say("split")

    def do_leave_out(self) -> None:
        """The column is left out."""
        self._say("")

    @property
    def _table(self) -> VirtualTable[ColumnRow]:
        return self.query_one("#columns", VirtualTable)

    def _say(self, role: str) -> None:
        row = self._table.cursor_row
        if row is None:
            return
        roles = {one.name: one.role for one in self._rows()}
        if role in ("expected", "split"):
            # There is one of them: the one before becomes an ordinary column again.
            for name, other in roles.items():
                if other == role:
                    roles[name] = "input" if role == "expected" else ""
        roles[row.name] = role
        inputs = tuple(name for name, given in roles.items() if given == "input")
        if not inputs:
            self.llmops.notify("At least one column has to be an input.")
            return
        self.preview = dataset_import.map_columns(
            self.preview,
            inputs=inputs,
            expected=_of(roles, "expected"),
            tags=tuple(name for name, given in roles.items() if given == "tags"),
            split=_of(roles, "split"),
        )
        self._show()
        self._changed(self.preview)

    def _show(self) -> None:
        mapping = self.preview.mapping
        expected = mapping.expected or (
            "the last message" if mapping.answer_in_messages else "none: unlabelled"
        )
        inputs = texts.counted(len(mapping.inputs), "input")
        self.query_one("#title", Static).update(
            visible(f"{self.preview.source.name}: {inputs}, expected: {expected}")
        )
        self._table.show_rows(self._rows())

    def _rows(self) -> tuple[ColumnRow, ...]:
        mapping = self.preview.mapping
        roles = dict.fromkeys(self.preview.columns, "")
        roles.update(dict.fromkeys(mapping.inputs, "input"))
        roles.update(dict.fromkeys(mapping.tags, "tags"))
        if mapping.split:
            roles[mapping.split] = "split"
        if mapping.expected:
            roles[mapping.expected] = "expected"
        return tuple(
            ColumnRow(
                name,
                role,
                tuple(
                    texts.value_text(row.values[name])
                    for row in self.preview.rows[:SHOWN_VALUES]
                    if name in row.values
                ),
            )
            for name, role in roles.items()
        )


def _role(row: ColumnRow) -> Cell:
    return ROLES[row.role] if row.role else (ROLES[""], "muted")


def _at(row: ColumnRow, place: int) -> str:
    return row.values[place] if place < len(row.values) else ""


def _of(roles: dict[str, str], role: str) -> str | None:
    return next((name for name, given in roles.items() if given == role), None)
