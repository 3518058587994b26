"""Choosing one of a few things by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.widgets import Label

from llmops_tui.core.text import visible
from llmops_tui.ui.commands.dialogs import NUMBERED
from llmops_tui.ui.screens.dialog import Dialog
from llmops_tui.ui.widgets.virtual_table import Column, RowChosen, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.ui.app import LlmopsApp

Choice = tuple[str, str, str]
"""Key, title, explanation."""


class PickScreen(Dialog[str]):
    """A short list; enter chooses, esc chooses nothing (no result is handed on)."""

    SCOPE = "dialogs.pick"
    DEFAULT_CSS = "PickScreen VirtualTable { height: auto; max-height: 16; min-height: 3; }"

    def __init__(
        self, title: str, choices: Sequence[Choice], current: str = "", *, numbered: bool = False
    ) -> None:
        """A list; where it is `numbered`, a digit chooses one of the first nine at once."""
        super().__init__()
        self._numbered = numbered
        self._heading = title
        self._choices = list(choices)
        self._current = current

    def compose_box(self) -> ComposeResult:
        """Title and list."""
        yield Label(visible(self._heading, newlines=False), classes="title", markup=False)
        yield VirtualTable(
            columns=(
                *([Column("", self._digit, width=1)] if self._numbered else []),
                Column("name", lambda row: row[1], flex=2),
                Column("", lambda row: (row[2], "muted"), flex=3),
            ),
            key=lambda row: row[0],
            empty="There is nothing to choose from.",
            header=False,
            id="choices",
        )

    def on_mount(self) -> None:
        """Show the choices, the cursor on the current one."""
        table = self.query_one(VirtualTable)
        table.styles.height = min(max(len(self._choices), 1), 16)
        table.show_rows(self._choices)
        table.go_to_key(self._current)

    def on_row_chosen(self, message: RowChosen) -> None:
        """That one."""
        message.stop()
        self.dismiss(str(message.key))

    def do_cancel(self) -> None:
        """None of them."""
        self.dismiss(None)

    def why_not(self, command_id: str) -> str | None:
        """Digits belong to numbered lists, and to as many as there are."""
        name = command_id.rpartition(".")[2]
        if name in NUMBERED and not self._numbered:
            return "Digits choose nothing here: enter does."
        if name in NUMBERED and NUMBERED.index(name) >= len(self._choices):
            return f"There are {len(self._choices)} to choose from."
        return super().why_not(command_id)

    def do_first(self) -> None:
        """The first."""
        self._choose(0)

    def do_second(self) -> None:
        """The second."""
        self._choose(1)

    def do_third(self) -> None:
        """The third."""
        self._choose(2)

    def do_fourth(self) -> None:
        """The fourth."""
        self._choose(3)

    def do_fifth(self) -> None:
        """The fifth."""
        self._choose(4)

    def do_sixth(self) -> None:
        """The sixth."""
        self._choose(5)

    def do_seventh(self) -> None:
        """The seventh."""
        self._choose(6)

    def do_eighth(self) -> None:
        """The eighth."""
        self._choose(7)

    def do_ninth(self) -> None:
        """The ninth."""
        self._choose(8)

    def _choose(self, index: int) -> None:
        self.dismiss(self._choices[index][0])

    def _digit(self, row: Choice) -> str:
        number = self._choices.index(row) + 1
        return str(number) if number <= len(NUMBERED) else ""


def choose_project(app: LlmopsApp) -> None:
    """Choose the project to work on from those of the workspace."""
    from llmops_tui.services import projects

    found = projects.list_projects(app.workspace)

    def chosen(key: str | None) -> None:
        for project in found:
            if str(project.id) == key:
                app.use_project(project.id, project.name)

    app.push_screen(
        PickScreen(
            "Work on which project?",
            [(str(p.id), p.name, p.description) for p in found],
            str(app.project_id),
        ),
        chosen,
    )
