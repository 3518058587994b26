"""Help for one screen: what it is for, what its figures mean, and the keys that work there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from llmops_tui.ui.areas import BY_NAME
from llmops_tui.ui.commands import registry
from llmops_tui.ui.commands.model import Command
from llmops_tui.ui.host import CommandHost
from llmops_tui.ui.widgets.bars import FooterBar
from llmops_tui.ui.widgets.text_pane import Section, TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from llmops_tui.ui.screens.base import Page


HOW_FIGURES_COME = "Below the keys (G, pgup): formula, assumptions and what is not claimed of"


class HelpScreen(CommandHost, Screen[None]):
    """Made from the registry and from what the page says of itself."""

    BINDINGS = registry.bindings("dialogs.help")

    def __init__(self, page: Page[object]) -> None:
        super().__init__()
        self._sections = help_sections(page)

    def compose(self) -> ComposeResult:
        """One text, one footer."""
        yield TextPane(id="help")
        yield FooterBar(id="footer")

    def on_mount(self) -> None:
        """Show the text."""
        self.query_one(TextPane).show_sections(self._sections)

    def do_close(self) -> None:
        """Back."""
        self.dismiss()


def help_sections(page: Page[object]) -> list[Section]:
    """What the help of a page says."""
    area = BY_NAME.get(page.SCOPE)
    sections = [Section(area.title if area else "This page", page.PURPOSE)]
    figures = [page.FIGURES] if page.FIGURES else []
    if page.EXPLAINS:
        figures.append(f"{HOW_FIGURES_COME} {', '.join(page.EXPLAINS)}.")
    if figures:
        sections.append(Section("What the figures mean", "\n".join(figures)))
    for scope, title in _scopes(page):
        commands = registry.commands_of(scope)
        if commands:
            sections.append(Section(title, key_table(commands, page.llmops.key_overrides)))
    return [*sections, *_explanations(page)]


def _explanations(page: Page[object]) -> list[Section]:
    from llmops_tui.core.tolerance.explain import explained  # only for those who ask

    return [Section(_titled(one.name), one.text()) for one in explained(page.EXPLAINS)]


def _titled(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"


def _scopes(page: Page[object]) -> list[tuple[str, str]]:
    scopes = [(page.SCOPE, "Keys here")]
    if page.FILTERS:
        scopes.append(("lists.filter", "Filter"))
    return [
        *scopes,
        ("lists", "In lists"),
        ("dialogs.text", "In text"),
        ("shell.back", "Back"),
        ("shell", "Everywhere"),
    ]


def key_table(commands: tuple[Command, ...], overrides: dict[str, str]) -> str:
    """Keys and what they do, one command a line."""
    rows = [
        (
            " ".join(registry.key_text(key) for key in registry.keys_of(command, overrides)),
            command.help,
        )
        for command in commands
    ]
    width = max(len(keys) for keys, _ in rows)
    return "\n".join(f"{keys:<{width}}  {text}" for keys, text in rows)
