"""The versions of a data set, and what differs between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import DatasetVersion
from llmops_tui.services import dataset_editing, dataset_versions
from llmops_tui.services.dataset_versions import Difference, VersionDiff
from llmops_tui.ui import clipboard
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.screens.datasets import texts
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.services.dataset_editing import Edited

STYLES = {"added": "good", "removed": "bad", "changed": "doubt"}


class DatasetVersionsPage(Page[tuple[DatasetVersion, ...]]):
    """All versions, the newest first."""

    SCOPE = "datasets.versions"
    PURPOSE = (
        "Versions of a data set. They never change and are stored by what differs; runs name the "
        "one they used. enter opens one, d shows what differs from the marked one (space), else "
        "from the one before it."
    )
    FIGURES = "rows: examples of the version. splits: how many of them are in each split."
    TOPICS = frozenset({"dataset"})
    DEFAULT_CSS = "DatasetVersionsPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, name: str, version: DatasetVersion) -> None:
        super().__init__()
        self._dataset = name
        self._version = version
        self._marked: int | None = None

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield Words(id="title")
        yield VirtualTable(
            columns=(
                Column("", self._mark, width=1),
                Column("v", lambda v: str(v.number), width=4, align="right"),
                Column("rows", lambda v: f"{v.rows:,}", width=9, align="right"),
                Column("what was done", _done, flex=4),
                Column("splits", lambda v: texts.splits_text(v.splits), flex=2, drop=1),
                Column("by", lambda v: v.author, flex=1, drop=2),
                Column("made", lambda v: texts.when_text(v, now_ms()), width=12),
            ),
            key=lambda version: version.number,
            empty="No version.",
            id="versions",
        )

    def load(self) -> tuple[DatasetVersion, ...]:
        """The newest versions."""
        return tuple(dataset_versions.list_versions(self.workspace, self._version.dataset_id))

    def show(self, model: tuple[DatasetVersion, ...]) -> None:
        """Show them."""
        title = f"{self._dataset}: {texts.counted(len(model), 'version')}"
        self.query_one("#title", Words).put(title)
        self._table.show_rows(model)

    def on_row_moved(self, message: RowMoved) -> None:
        """Other commands fit another version."""
        message.stop()
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open its examples."""
        message.stop()
        from llmops_tui.ui.screens.datasets.examples import ExamplesPage

        version = self._table.cursor_row
        if version is not None and self.model:
            old = version.number != self.model[0].number
            self.app.push_screen(ExamplesPage(self._dataset, version, old=old))

    def why_not(self, command_id: str) -> str | None:
        """A difference needs two, and the newest needn't be restored."""
        name, here = command_id.rpartition(".")[2], self._table.cursor_row
        if name == "diff" and (here is None or self._other(here) is None):
            return "There is no other version to compare with."
        if name == "restore" and (here is None or not self.model or here is self.model[0]):
            return "This is the newest version already."
        return super().why_not(command_id)

    def do_mark(self) -> None:
        """Compare with this one."""
        here = self._table.cursor_row
        if here is not None:
            self._marked = None if self._marked == here.number else here.number
            self._table.redraw()
            self.refresh_bindings()

    def do_diff(self) -> None:
        """Show what differs."""
        here = self._table.cursor_row
        other = self._other(here) if here is not None else None
        if here is not None and other is not None:
            self.app.push_screen(DatasetDiffPage(self._dataset, other, here))

    def do_restore(self) -> None:
        """Go on with an older content, as a new version."""
        here, model = self._table.cursor_row, self.model
        if here is None or not model:
            return
        newest, workspace = model[0], self.workspace

        def done(edited: Edited) -> None:
            self.llmops.notify(edited.words)
            self.reload_now()

        def agreed(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    lambda: dataset_editing.restore(workspace, newest, here), done, group="change"
                )

        self.app.push_screen(
            ConfirmScreen(
                f"Make version {newest.number + 1} with the content of version {here.number}?",
                self._dataset,
                f"Version {newest.number} stays in the list.",
            ),
            agreed,
        )

    @property
    def _table(self) -> VirtualTable[DatasetVersion]:
        return self.query_one("#versions", VirtualTable)

    def _other(self, here: DatasetVersion) -> DatasetVersion | None:
        wanted = self._marked if self._marked not in (None, here.number) else here.number - 1
        found = (version for version in self.model or () if version.number == wanted)
        return next(found, None)

    def _mark(self, version: DatasetVersion) -> Cell:
        return ("*", "strong") if version.number == self._marked else ""


class DatasetDiffPage(Page[VersionDiff]):
    """What differs between two versions, field by field."""

    SCOPE = "datasets.diff"
    PURPOSE = (
        "What differs between two versions of a data set: rows that were added, removed or "
        "changed. enter shows a row field by field: - before, + after."
    )
    DEFAULT_CSS = "DatasetDiffPage #title { padding: 0 2; color: $muted; height: 1; }"

    def __init__(self, name: str, one: DatasetVersion, other: DatasetVersion) -> None:
        super().__init__()
        self._dataset = name
        self._one, self._other = one, other

    def compose_body(self) -> ComposeResult:
        """The rows, and one field by field."""
        yield Words(id="title")
        yield TwoPanes(
            VirtualTable(
                columns=(
                    Column("#", lambda d: f"{d.position:,}", width=9, align="right"),
                    Column("", lambda d: (d.kind, STYLES[d.kind]), width=7),
                    Column("fields", _field_names, flex=1),
                    Column("before", lambda d: _values(d, 1), flex=2, drop=1),
                    Column("after", lambda d: _values(d, 2), flex=2),
                ),
                key=lambda difference: difference.position,
                empty="Reading…",
                id="rows",
            ),
            TextPane(id="row"),
        )

    def load(self) -> VersionDiff:
        """Compare."""
        return dataset_versions.compare(self.workspace, self._one, self._other)

    def show(self, model: VersionDiff) -> None:
        """Show what differs."""
        shown = len(model.rows)
        total = model.added + model.removed + model.changed
        cut = f"; the first {shown:,} are shown" if shown < total else ""
        self.query_one("#title", Words).put(
            f"{self._dataset}: v{model.old.number} → v{model.new.number}: {model.added:,} added, "
            f"{model.removed:,} removed, {model.changed:,} changed{cut}"
        )
        self._table.empty = "The two versions hold the same rows."
        self._table.show_rows(model.rows)

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the row field by field."""
        message.stop()
        row = self._table.cursor_row
        if row is not None:
            self.query_one(TextPane).show_sections(difference_sections(row))
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read it."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Copying needs a row."""
        if command_id == "datasets.diff.copy" and self._table.cursor_row is None:
            return "There is no row under the cursor."
        return super().why_not(command_id)

    def do_copy(self) -> None:
        """Send the difference to the terminal's clipboard."""
        row = self._table.cursor_row
        if row is not None:
            text = "\n\n".join(f"{s.heading}\n{s.text}" for s in difference_sections(row))
            self.llmops.notify(clipboard.send(self.llmops, text, f"example {row.position}"))

    @property
    def _table(self) -> VirtualTable[Difference]:
        return self.query_one("#rows", VirtualTable)


def difference_sections(row: Difference) -> list[Section]:
    """A row, field by field."""
    sections = [Section(f"example {row.position:,}", row.kind, (), STYLES[row.kind])]
    for name, before, after in row.fields:
        if before is not None:
            sections.append(Section(f"- {name}", before, (), "bad"))
        if after is not None:
            sections.append(Section(f"+ {name}", after, (), "good"))
    return sections


def _field_names(row: Difference) -> str:
    return ", ".join(name for name, _, _ in row.fields)


def _values(row: Difference, which: int) -> str:
    return " · ".join(values[which] or "" for values in row.fields)


def _done(version: DatasetVersion) -> str:
    return version.note or f"imported from {texts.source_text(version) or 'the program'}"
