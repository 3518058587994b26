"""Which version each line of a prompt came with, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.core.blame import blame
from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import prompts
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.virtual_table import Cell, Column, VirtualTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.core.prompt_version import Prompt


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text and the version that it came with."""

    number: int
    text: str
    version: PromptVersion


class BlamePage(Page[tuple[Line, ...]]):
    """The lines of a version, each with the version that brought it."""

    SCOPE = "prompts.blame"
    PURPOSE = (
        "Who wrote which line: each line of the version with the one that it came with, its "
        "author and note. A line that went and came back belongs to the version that brought it "
        "back."
    )
    TOPICS = frozenset({"prompt"})

    def __init__(self, prompt: Prompt, version: PromptVersion) -> None:
        super().__init__()
        self._prompt = prompt
        self._version = version

    def compose_body(self) -> ComposeResult:
        """The lines."""
        yield VirtualTable(
            columns=_columns(), key=lambda line: line.number, empty="The text is empty.", id="blame"
        )

    def load(self) -> tuple[Line, ...]:
        """Compare all versions up to this one."""
        found = [
            view.version
            for view in reversed(prompts.list_versions(self.workspace, self._prompt))
            if view.version.number <= self._version.number
        ]
        texts = [prompts.as_text(version) for version in found]
        lines = texts[-1].removesuffix("\n").split("\n") if texts else []
        return tuple(
            Line(number, text, found[came])
            for number, (text, came) in enumerate(zip(lines, blame(texts), strict=True), 1)
        )

    def show(self, model: tuple[Line, ...]) -> None:
        """Show them."""
        self.query_one("#blame", VirtualTable).show_rows(model)


def _number(line: Line) -> Cell:
    return (str(line.number), "muted")


def _columns() -> tuple[Column[Line], ...]:
    return (
        Column("line", _number, width=5, align="right"),
        Column("from", lambda line: (f"v{line.version.number}", "strong"), width=5, align="right"),
        Column("author", lambda line: line.version.author, width=9),
        Column("text", lambda line: line.text, flex=4),
        Column("note", lambda line: (line.version.note, "muted"), flex=1, drop=1),
        Column("when", lambda line: (ago(line.version.created_at, now_ms()), "muted"), width=10,
               drop=2),
    )  # fmt: skip
