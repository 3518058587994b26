"""The versions of a prompt: how wrong each was, what changed, which label is where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.dataset import Dataset
from llmops_tui.core.prompt_version import Prompt, PromptVersion
from llmops_tui.services import prompt_writing, prompts
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompts import VersionView
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.prompts import choices
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

NO_VERSION = (
    "No version yet.\n\nA version is a text that was saved: it never changes again, so that runs "
    "and production calls can point at it.\n\nPress esc, open the editor, and save with ctrl+s."
)

WRONG_CELLS = 27
"""As wide as `12.3 % [9.1–16.2] undecided`."""


@dataclass(frozen=True, slots=True)
class VersionsModel:
    """The versions, and what a test run of one would use."""

    versions: tuple[VersionView, ...]
    datasets: tuple[Dataset, ...]
    models: tuple[ModelView, ...]


class VersionsPage(Page[VersionsModel]):
    """A list of versions; enter reads one, d compares, r restores."""

    SCOPE = "prompts.versions"
    PURPOSE = (
        "The versions of a prompt, newest first. A version never changes; labels such as "
        "production point at one and can be moved. d compares a version with the one before, or "
        "with one that was marked with space."
    )
    FIGURES = (
        "wrong [interval] verdict: the wrong rate in the newest run of the version, the interval "
        "within which the true rate lies, and what it says of the tolerance; not measured where "
        "no run was made."
    )
    EXPLAINS = ("wrong rate", "verdict", "anytime bound")
    TOPICS = frozenset({"prompt", "run", "project", "dataset", "model"})

    def __init__(
        self,
        prompt: Prompt,
        restore: Callable[[PromptVersion], None] | None = None,
        *,
        at: int | None = None,
    ) -> None:
        """Prepare.

        Args:
            prompt: Whose versions.
            restore: What the editor below does with a restored version; None opens an editor.
            at: Id of the version that is read at once; None for the list.
        """
        super().__init__()
        self._prompt = prompt
        self._restore = restore
        self._at = at
        self._marked: int | None = None
        """Id of the version to compare with."""

    def compose_body(self) -> ComposeResult:
        """The list beside the text of one."""
        yield TwoPanes(
            VirtualTable(
                columns=self._columns(),
                key=lambda view: view.version.id,
                empty=NO_VERSION,
                id="versions",
            ),
            TextPane(id="version"),
        )

    def load(self) -> VersionsModel:
        """The versions with their measurements."""
        desk = prompt_writing.desk(self.workspace, self._prompt)
        found = prompts.list_versions(self.workspace, self._prompt)
        return VersionsModel(tuple(found), desk.datasets, desk.models)

    def show(self, model: VersionsModel) -> None:
        """Show them."""
        self._table.show_rows(model.versions)
        if self._at is not None:
            self._table.go_to_key(self._at)
            self._at = None
            self.query_one(TwoPanes).open()
        self._draw_detail()

    def on_row_moved(self, message: RowMoved) -> None:
        """Show the text of the version under the cursor."""
        message.stop()
        self._draw_detail()
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Read it."""
        message.stop()
        self.query_one(TwoPanes).open()
        self.refresh_bindings()

    def why_not(self, command_id: str) -> str | None:
        """Most need a version."""
        name = command_id.rpartition(".")[2]
        if command_id == "prompts.versions.moves":
            return super().why_not(command_id)
        if command_id.startswith("prompts.versions.") and self._chosen is None:
            return "There is no version yet: save one in the editor with ctrl+s."
        chosen = self._chosen
        if name == "improve" and (chosen is None or chosen.measured is None):
            return "It was not measured yet: t runs it, and its wrong samples are what helps."
        if name == "diff" and self._partner() is None:
            return "There is nothing to compare with: mark another version with space."
        return super().why_not(command_id)

    def do_diff(self) -> None:
        """Compare with the marked version, or with the one before."""
        from llmops_tui.ui.screens.prompts.diff import DiffPage

        chosen, partner = self._chosen, self._partner()
        if chosen is not None and partner is not None:
            old, new = sorted((chosen, partner), key=lambda view: view.version.number)
            self.app.push_screen(DiffPage(old, new))

    def do_blame(self) -> None:
        """Show which version each line came with."""
        from llmops_tui.ui.screens.prompts.blame import BlamePage

        chosen = self._chosen
        if chosen is not None:
            self.app.push_screen(BlamePage(self._prompt, chosen.version))

    def do_moves(self) -> None:
        """Show who moved which label."""
        from llmops_tui.ui.screens.prompts.label_moves import LabelMovesPage

        self.app.push_screen(LabelMovesPage(self._prompt))

    def do_mark(self) -> None:
        """Mark for comparison, or take the mark away."""
        chosen = self._chosen
        if chosen is not None:
            same = self._marked == chosen.version.id
            self._marked = None if same else chosen.version.id
            self._table.show_rows(tuple(self.model.versions if self.model else ()))
            self.refresh_bindings()

    def do_label(self) -> None:
        """Ask which label, then ask again by name."""
        chosen = self._chosen
        if chosen is None:
            return
        from llmops_tui.ui.screens.prompts.labelling import point_label

        point_label(self, self._prompt, chosen, self._versions)

    def do_restore(self) -> None:
        """Put the version into the draft; the editor's undo has what stood there."""
        chosen = self._chosen
        if chosen is None:
            return
        if self._restore is not None:
            self.dismiss()
            self._restore(chosen.version)
            return
        from llmops_tui.ui.screens.prompts.editor import EditorPage

        self.app.push_screen(EditorPage(self._prompt, chosen.version))

    def do_run(self) -> None:
        """Measure this version."""
        chosen, model = self._chosen, self.model
        if chosen is None or model is None:
            return
        text = prompts.as_text(chosen.version)
        dataset = choices.chosen_dataset(self, self._prompt, model.datasets, text)
        view = choices.chosen_model(self, model.models)
        choices.offer_run(self, chosen.version, view, dataset, self._prompt.project_id)

    def do_improve(self) -> None:
        """Ask a model for a change, from the version's newest run."""
        from llmops_tui.ui.screens.prompts.improve_page import improve

        chosen = self._chosen
        if chosen is not None and chosen.measured is not None:
            improve(self, chosen.measured.run_id, chosen.version.id)

    def do_copy(self) -> None:
        """Send the text to the clipboard."""
        from llmops_tui.ui.clipboard import send

        chosen = self._chosen
        if chosen is not None:
            text = prompts.as_text(chosen.version)
            self.notify(send(self.app, text, chosen.version.title))

    @property
    def _table(self) -> VirtualTable[VersionView]:
        return self.query_one("#versions", VirtualTable)

    @property
    def _chosen(self) -> VersionView | None:
        return self._table.cursor_row if self.is_mounted else None

    @property
    def _versions(self) -> tuple[VersionView, ...]:
        return self.model.versions if self.model else ()

    def _partner(self) -> VersionView | None:
        """What the version under the cursor is compared with."""
        chosen = self._chosen
        if chosen is None:
            return None
        marked = next((v for v in self._versions if v.version.id == self._marked), None)
        if marked is not None and marked is not chosen:
            return marked
        older = [v for v in self._versions if v.version.number < chosen.version.number]
        return max(older, key=lambda view: view.version.number, default=None)

    def _draw_detail(self) -> None:
        chosen = self._chosen
        if chosen is not None:
            self.query_one(TextPane).show_sections(version_sections(chosen))

    def _columns(self) -> tuple[Column[VersionView], ...]:
        def number(view: VersionView) -> Cell:
            mark = "*" if view.version.id == self._marked else ""
            return f"{mark}v{view.version.number}", "strong"

        return (
            Column("version", number, width=7, align="right"),
            Column("wrong [interval] verdict", _wrong, width=WRONG_CELLS),
            Column("labels", lambda view: ", ".join(view.version.labels), width=12),
            Column("note", lambda view: view.version.note, flex=3),
            Column("author", lambda view: (view.version.author, "muted"), width=8, drop=2),
            Column(
                "when",
                lambda view: (ago(view.version.created_at, now_ms()), "muted"),
                width=10,
                drop=1,
            ),
        )


def version_sections(view: VersionView) -> list[Section]:
    """A version whole: what is known of it, then its messages."""
    version = view.version
    facts = [
        f"wrong       {view.wrong_words}",
        f"labels      {', '.join(version.labels) or 'none'}",
        f"saved       {ago(version.created_at, now_ms())} by {version.author}",
        f"variables   {', '.join(version.variables) or 'none'}",
    ]
    if version.parameters:
        facts.append(f"parameters  {', '.join(f'{k} {v}' for k, v in version.parameters.items())}")
    facts += [f"includes    {one.title} ({one.written})" for one in version.includes]
    if version.note:
        facts.append(f"note        {version.note}")
    messages = [Section(f"--- {role} ---", text) for role, text in version.written]
    return [Section(version.title, "\n".join(facts)), *messages]


def _wrong(view: VersionView) -> Cell:
    return (view.wrong_words, "muted" if view.measured is None else "")
