"""Which prompts include which, and what a change of one affects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import composition_graph, prompts
from llmops_tui.services.composition_graph import Graph, Row
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.confirm import ConfirmScreen
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.two_panes import TwoPanes
from llmops_tui.ui.widgets.virtual_table import Cell, Column, RowChosen, RowMoved, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

NOTHING = (
    "No prompt includes another yet.\n\n"
    "What several prompts share, such as a tone or safety rules, can be a prompt of its own. "
    "Write where it belongs:\n\n"
    '{% include "tone@production" %}   what the label points to\n'
    '{% include "tone@v3" %}           that version\n'
    '{% include "tone" %}              the newest version\n\n'
    "Which version that is gets settled when the prompt is saved, so that a saved version never "
    "changes."
)


class CompositionPage(Page[Graph]):
    """A tree: prompts, below each what it includes."""

    SCOPE = "prompts.composition"
    PURPOSE = (
        "Which prompts include which. A saved version keeps the versions that it was saved with; "
        "where a label has moved or something newer was saved since, it is behind. u saves it "
        "anew with what its includes mean now, and with it whatever includes it in turn; the new "
        "version is measured and passes the gate like any other. enter opens the prompt."
    )
    FIGURES = (
        "has: the version that is in it. behind: saving it again would take another version. "
        "fixed: it asks for a version by number and stays there."
    )
    TOPICS = frozenset({"prompt", "project"})

    def compose_body(self) -> ComposeResult:
        """The tree beside what one prompt is and affects."""
        yield TwoPanes(
            VirtualTable(
                columns=_columns(),
                key=lambda row: "\n".join(row.path),
                empty=NOTHING,
                place="selection",
                id="graph",
            ),
            TextPane(id="prompt"),
        )

    def load(self) -> Graph | None:
        """The graph."""
        if self.project_id is None:
            return None
        return composition_graph.graph(self.workspace, self.project_id)

    def show(self, model: Graph) -> None:
        """Show it."""
        self._table.show_rows(tuple(composition_graph.rows(model)))
        self._draw_detail()
        self.refresh_bindings()

    def show_nothing(self) -> None:
        """No project: nothing to include."""
        self._table.show_rows(())

    def on_row_moved(self, message: RowMoved) -> None:
        """Tell about the prompt under the cursor."""
        message.stop()
        self._draw_detail()
        self.refresh_bindings()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Write on it."""
        message.stop()
        self.do_open()

    def why_not(self, command_id: str) -> str | None:
        """Only what is behind can be updated."""
        name = command_id.rpartition(".")[2]
        if name in ("open", "update", "update_all") and self._chosen is None:
            return "No prompt includes another yet."
        if name == "update" and not self._stale:
            return "It is up to date: its includes mean what they meant when it was saved."
        if name == "update_all" and not self._behind(None):
            return "All prompts are up to date with what they include."
        return super().why_not(command_id)

    def do_open(self) -> None:
        """Open the prompt's editor."""
        from llmops_tui.ui.screens.prompts.editor import EditorPage

        chosen = self._chosen
        if chosen is not None:
            self.app.push_screen(EditorPage(chosen.node.prompt))

    def do_update(self) -> None:
        """Save the prompt under the cursor anew, and what includes it."""
        self._ask(self._stale)

    def do_update_all(self) -> None:
        """The same with all that are behind."""
        self._ask(self._behind(None))

    @property
    def _stale(self) -> tuple[str, ...]:
        """What an update here would save: this prompt where it is behind, and what has it."""
        chosen = self._chosen
        return self._behind(chosen.node.prompt.name) if chosen is not None else ()

    def _behind(self, name: str | None) -> tuple[str, ...]:
        return composition_graph.behind(self.model, name) if self.model is not None else ()

    def _ask(self, names: Sequence[str]) -> None:
        project_id = self.project_id
        if project_id is None or not names:
            return

        def decided(yes: bool | None) -> None:
            if yes:
                self.in_thread(
                    lambda: composition_graph.update(self.workspace, project_id, names),
                    self._updated,
                    group="update",
                )

        many = f"{len(names)} prompts" if len(names) > 1 else names[0]
        self.app.push_screen(
            ConfirmScreen(
                f"Save {many} anew?",
                ", ".join(names),
                "Each becomes a new version with what its includes mean now. Labels stay where "
                "they are: measure the new versions, then move the labels.",
            ),
            decided,
        )

    def _updated(self, made: Sequence[PromptVersion]) -> None:
        words = ", ".join(version.title for version in made)
        self.notify(f"Saved {words}." if made else "Nothing was behind any more.")
        self.reload_now()

    @property
    def _table(self) -> VirtualTable[Row]:
        return self.query_one("#graph", VirtualTable)

    @property
    def _chosen(self) -> Row | None:
        return self._table.cursor_row if self.is_mounted else None

    def _draw_detail(self) -> None:
        chosen, graph = self._chosen, self.model
        pane = self.query_one("#prompt", TextPane)
        if chosen is None or graph is None:
            pane.show_sections([])
            return
        pane.show_sections(_sections(chosen, graph))


def _sections(row: Row, graph: Graph) -> list[Section]:
    node = row.node
    users = graph.affected_by(node.prompt.name)
    affected = ", ".join(graph.nodes[name].newest.title for name in users) or "no other prompt"
    facts = [
        f"newest      {node.newest.title}",
        f"labels      {', '.join(node.newest.labels) or 'none'}",
        f"affects     {affected}",
    ]
    facts += [f"has         {link.include.title} ({link.include.written})" for link in node.links]
    return [
        Section(node.prompt.name, "\n".join(facts)),
        Section("as written", prompts.as_text(node.newest)),
    ]


def _columns() -> tuple[Column[Row], ...]:
    def name(row: Row) -> Cell:
        return "   " * row.depth + ("+- " if row.depth else "") + row.path[-1]

    def has(row: Row) -> Cell:
        return row.link.include.title if row.link else row.node.newest.title

    def standing(row: Row) -> Cell:
        return row.standing, "" if row.standing in ("up to date", "fixed") else "strong"

    return (
        Column("prompt", name, flex=3),
        Column("has", has, width=14),
        Column("written", lambda row: row.link.include.written if row.link else "", width=18,
               drop=1),
        Column("standing", standing, width=23),
    )  # fmt: skip
