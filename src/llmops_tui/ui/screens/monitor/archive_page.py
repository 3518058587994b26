"""Calls that were archived: found by words and fields, the newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.services import archive_search
from llmops_tui.services.archive_search import CallLine, Found, Wanted
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.form import Field, FormScreen, required
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.widgets.columns import Column
from llmops_tui.ui.widgets.virtual_table import RowChosen, VirtualTable
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_ARCHIVE = (
    "No archive is known yet.\n\n"
    "`llmops-tui archive DIR --before 30d` writes production calls into Parquet files, a directory "
    "for each day; with --remove it takes from this workspace what is safe there.\n\n"
    "Press d to name the directory of one that exists."
)
READING = "Searching…"


class ArchivePage(Page[Found]):
    """A line about the archive, then the calls; / searches, enter opens one."""

    SCOPE = "monitor.archive"
    FILTERS = True
    PURPOSE = (
        "Calls that `llmops-tui archive` wrote into files of their own, the newest first. / looks "
        "for words in question, answer, error and notes, all of which a call has to hold, and for "
        "fields: model: prompt: version: project: status: finish: flag: verdict: since: until: (as "
        "in `refund flag:refusal since:2026-11-01`). It stops once it has found "
        f"{archive_search.MOST}, so a day or a word more finds older ones. Needs the extra duckdb."
    )
    FIGURES = "Days are those of UTC. A call keeps the number that it had in the workspace."
    AUTO_FOCUS = "#archived"
    DEFAULT_CSS = """
    ArchivePage #about { height: auto; max-height: 2; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._wanted = Wanted()
        self._directory: Path | None = None

    def compose_body(self) -> ComposeResult:
        """What is searched, what was found."""
        yield Words(id="about")
        yield VirtualTable(
            columns=(Column("started", _when, width=16), *texts.columns()[1:]),
            key=lambda line: (line.started_at, line.id),
            empty=READING,
            id="archived",
        )

    def load(self) -> Found | None:
        """Search; another search that begins meanwhile ends this one."""
        if self._directory is None:
            self._directory = archive_search.directory_of(self.workspace)
        if self._directory is None:
            return None
        wanted = self._wanted
        return archive_search.search(
            self._directory, wanted, go_on=lambda: wanted is self._wanted and self.is_running
        )

    def show(self, model: Found) -> None:
        """Show what was found."""
        self._table.empty = _nothing(model, self.filter_text)
        self._table.show_rows(tuple(archive_search.as_call(line) for line in model.lines))
        self.query_one("#about", Words).put(_about(self._directory, model))

    def show_nothing(self) -> None:
        """No archive is known."""
        self._table.empty = NO_ARCHIVE
        self._table.show_rows(())

    def load_failed(self, error: Exception) -> None:
        """Say what is missing where the calls would be."""
        hint = error.hint if isinstance(error, LlmopsError) else ""
        self._table.empty = f"{error}\n\n{hint}\n\nd looks into another archive."
        self._table.show_rows(())
        self.query_one("#about", Words).put(str(self._directory or ""))

    def filter_changed(self, text: str) -> None:
        """Search for something else."""
        try:
            self._wanted = archive_search.parse(text)
        except InputError as error:
            self.query_one("#about", Words).put(f"{error} {error.hint}")
            return
        self.query_one("#about", Words).put(READING)
        self.model = None
        self.reload_now()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Open it whole."""
        message.stop()
        from llmops_tui.ui.screens.monitor.archived_page import ArchivedPage

        line = self._table.cursor_row
        if line is not None and self._directory is not None:
            self.app.push_screen(ArchivedPage(self._directory, line.id, line.started_at))

    def do_directory(self) -> None:
        """Ask where another archive lies."""
        form = FormScreen(
            "Look into an archive",
            [
                Field(
                    "directory",
                    "directory",
                    str(self._directory or ""),
                    "The one that holds day=…; → completes.",
                    check=required("A directory"),
                    path=True,
                )
            ],
            lambda values: archive_search.remember(self.workspace, Path(values["directory"])),
        )
        self.app.push_screen(form, self._look_into)

    def _look_into(self, directory: Path | None) -> None:
        if directory is not None:
            self._directory = directory
            self.model = None
            self.reload_now()

    @property
    def _table(self) -> VirtualTable[CallLine]:
        return self.query_one("#archived", VirtualTable)


def _when(line: CallLine) -> str:
    return f"{datetime.fromtimestamp(line.started_at / 1000, UTC):%Y-%m-%d %H:%M}"


def _about(directory: Path | None, found: Found) -> str:
    calls = "1 call" if len(found.lines) == 1 else f"{len(found.lines):,} calls"
    days = "1 day" if found.days == 1 else f"{found.days:,} days"
    if len(found.lines) >= archive_search.MOST:
        calls = f"the newest {calls}"
    told = f"{calls} · {days}, {found.first} to {found.last} (UTC)"
    if found.damaged:
        told += f" · ! can't be read: {', '.join(found.damaged)}"
    return f"{told} · {directory}"


def _nothing(found: Found, text: str) -> str:
    if not found.days:
        return "This directory holds no archived day. d looks into another one."
    if text:
        return f"No call like that in {found.days:,} days. esc shows all."
    return "The archive holds no call."
