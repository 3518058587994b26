"""The project's prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.prompt_version import Prompt
from llmops_tui.core.role import Role
from llmops_tui.services import prompts
from llmops_tui.services.prompts import PromptView, VersionView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.form import Field, FormScreen, Values, required
from llmops_tui.ui.screens.prompts.versions import WRONG_CELLS, version_sections
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_PROJECT = (
    "There is no project yet, and a prompt belongs to one.\n\n"
    "Press 1 for the Overview, where n makes a project."
)
NO_PROMPT = (
    "No prompt yet.\n\n"
    "A prompt is what a model is asked: messages with variables that the examples of a data set "
    "fill in. It is kept in versions, and each version shows how wrong it was measured to be.\n\n"
    "Press n to write one."
)


class PromptsScreen(Page[tuple[PromptView, ...]]):
    """A list of prompts; enter opens the editor of one."""

    SCOPE = "prompts"
    PURPOSE = (
        "Prompts: what a model is asked, in versions that never change. enter opens the editor, "
        "v the versions; n writes a new prompt."
    )
    FIGURES = (
        "wrong [interval] verdict: of the newest version in its newest run; not measured where no "
        "run was made.\n"
        "labels: names such as production, and the version each points at.\n"
        "draft: you have changed the text and not saved it as a version yet."
    )
    TOPICS = frozenset({"prompt", "run", "project"})

    def __init__(self) -> None:
        super().__init__()
        self._wanted: int | None = None
        """Just made: the cursor goes there once it is listed."""

    def compose_body(self) -> ComposeResult:
        """The list beside the newest text of one."""
        yield TwoPanes(
            VirtualTable(
                columns=_columns(),
                key=lambda view: view.prompt.id,
                empty=NO_PROMPT,
                place="selection",
                id="prompts",
            ),
            TextPane(id="prompt"),
        )

    def load(self) -> tuple[PromptView, ...] | None:
        """The project's prompts."""
        if self.project_id is None:
            return None
        return tuple(prompts.list_prompts(self.workspace, self.project_id))

    def show(self, model: tuple[PromptView, ...]) -> None:
        """Show them."""
        self._table.empty = NO_PROMPT
        self._table.show_rows(model)
        if self._wanted is not None and any(view.prompt.id == self._wanted for view in model):
            self._table.go_to_key(self._wanted)
            self._wanted = None
        self._draw_detail()

    def show_nothing(self) -> None:
        """Say that a project comes first."""
        self._table.empty = NO_PROJECT
        self._table.show_rows(())

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell about the prompt under the cursor."""
        message.stop()
        self._draw_detail()
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Write on it; who may only look sees its versions."""
        message.stop()
        chosen = self._chosen
        if self.llmops.role is not Role.OWNER:
            self.do_versions()
        elif chosen is not None:
            self._edit(chosen.prompt)

    def why_not(self, command_id: str) -> str | None:
        """A prompt belongs to a project; versions to a prompt."""
        if command_id in ("prompts.create", "prompts.composition") and self.project_id is None:
            return "A prompt belongs to a project: make one on the Overview first (1, then n)."
        if command_id == "prompts.versions" and self._chosen is None:
            return "There is no prompt yet: n writes one."
        return super().why_not(command_id)

    def do_create(self) -> None:
        """Ask for a name, then write."""
        project_id = self.project_id
        assert project_id is not None

        def submit(values: Values) -> Prompt:
            return prompts.create_prompt(self.workspace, project_id, values["name"])

        def made(prompt: Prompt | None) -> None:
            if prompt is not None:
                self._wanted = prompt.id
                self._edit(prompt)

        self.app.push_screen(
            FormScreen(
                "A new prompt",
                [
                    Field(
                        "name",
                        "Name",
                        help="A short one, such as support-reply: applications ask for it by name.",
                        check=required("A name"),
                    )
                ],
                submit,
            ),
            made,
        )

    def do_versions(self) -> None:
        """Show the versions of the prompt under the cursor."""
        from llmops_tui.ui.screens.prompts.versions import VersionsPage

        chosen = self._chosen
        if chosen is not None:
            self.app.push_screen(VersionsPage(chosen.prompt))

    def do_composition(self) -> None:
        """Show which prompts include which."""
        from llmops_tui.ui.screens.prompts.composition_page import CompositionPage

        self.app.push_screen(CompositionPage())

    def _edit(self, prompt: Prompt) -> None:
        from llmops_tui.ui.screens.prompts.editor import EditorPage

        self.app.push_screen(EditorPage(prompt))

    @property
    def _table(self) -> VirtualTable[PromptView]:
        return self.query_one("#prompts", VirtualTable)

    @property
    def _chosen(self) -> PromptView | None:
        return self._table.cursor_row if self.is_mounted else None

    def _draw_detail(self) -> None:
        chosen = self._chosen
        if chosen is None:
            return
        if chosen.newest is None:
            sections = [Section(chosen.prompt.name, "No version was saved yet.", (), "muted")]
        else:
            sections = version_sections(VersionView(chosen.newest, chosen.measured))
        self.query_one(TextPane).show_sections(sections)


def _columns() -> tuple[Column[PromptView], ...]:
    return (
        Column("prompt", lambda view: (view.prompt.name, "strong"), flex=2),
        Column("newest", _newest, width=6, align="right"),
        Column("draft", lambda view: ("draft", "doubt") if view.has_draft else "", width=5),
        Column("wrong [interval] verdict", _wrong, width=WRONG_CELLS),
        Column("labels", _labels, flex=3),
    )


def _newest(view: PromptView) -> Cell:
    return f"v{view.newest.number}" if view.newest else ("–", "muted")


def _wrong(view: PromptView) -> Cell:
    return (view.wrong_words, "muted" if view.measured is None else "")


def _labels(view: PromptView) -> str:
    return ", ".join(f"{label} v{number}" for label, number in view.labels)
