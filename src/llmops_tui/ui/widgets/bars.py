"""The two lines that every screen has: the tab strip at the top, the footer at the bottom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events
from textual.screen import Screen
from textual.widget import Widget

from llmops_tui.core.text import cells, one_line
from llmops_tui.ui.areas import AREAS
from llmops_tui.ui.commands import registry
from llmops_tui.ui.commands.model import Command

if TYPE_CHECKING:
    from textual.app import RenderResult

LONGEST_FOOTER = 8
"""More entries than this nobody reads."""


class Bar(Widget):
    """One line of text that is only repainted when it differs."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; background: $bar; color: $bar-text; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._line = Text(no_wrap=True, end="")

    def put(self, line: Text) -> None:
        """Show this line."""
        if line != self._line:
            self._line = line
            self.refresh()

    def render(self) -> RenderResult:
        """What Textual paints."""
        return self._line


class TabStrip(Bar):
    """The areas with their digits, the current one in brackets; the project at the right."""

    DEFAULT_CSS = "TabStrip { dock: top; }"

    async def on_click(self, event: events.Click) -> None:
        """Go to the area that was clicked."""
        area = tab_at(self._line.plain, event.x)
        if area is not None:
            await self.app.run_action(f"command('shell.area_{area}')", self.app)

    def draw(self, current: str, project: str, marks: Iterable[str]) -> None:
        """Show where we are, in which project, and where something ended meanwhile."""
        marked = frozenset(marks)
        width = self.size.width or self.app.size.width
        line = tab_line(current, marked, width)
        room = width - cells(line.plain) - 2
        if project and room >= 4:
            name = one_line(project, room)
            line.append(" " * (width - cells(line.plain) - cells(name) - 1))
            line.append(name, style="bold")
        self.put(line)


def tab_line(current: str, marked: frozenset[str], width: int) -> Text:
    """The tabs; other titles than the current one go where the terminal is too narrow."""
    for full in (True, False):
        line = Text(no_wrap=True, end="")
        for area in AREAS:
            here = area.name == current
            text = f"{area.key} {area.title}" if full or here else area.key
            before = "[" if here else "*" if area.name in marked else " "
            if line.plain.endswith("]") and not here and before == " ":
                before = ""
            line.append(f"{before}{text}", style="bold reverse" if here else "")
            if here:
                line.append("]", style="bold reverse")
        if cells(line.plain) <= width:
            break
    return line


def tab_at(line: str, x: int) -> str | None:
    """The area whose tab is at a column: no title has a digit in it."""
    found, at = None, 0
    for area in AREAS:
        at = line.find(area.key, at)
        if at < 0 or at > x + 1:
            break
        found = area.name
    return found if x < len(line) else None


class FooterBar(Bar):
    """The keys that matter here and work now, the most useful first."""

    DEFAULT_CSS = "FooterBar { dock: bottom; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[Entry] = []

    def on_mount(self) -> None:
        """Follow what the screen says of its bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)
        self.draw()

    def _bindings_updated(self, _: Screen[object]) -> None:
        self.draw()

    def on_resize(self, _: events.Resize) -> None:
        """More room, more keys."""
        self.draw()

    def draw(self) -> None:
        """Show what works now."""
        if self.is_attached:
            self._entries = footer_entries(usable_commands(self.screen), self.size.width)
            self.put(footer_line(self._entries))

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        at = event.x
        for key, words, _ in self._entries:
            at -= cells(words)
            if at < 0:
                active = self.screen.active_bindings[key]
                await self.app.run_action(active.binding.action, active.node)
                break


def usable_commands(screen: Screen[object]) -> list[tuple[str, Command]]:
    """Key and command of everything that would work if pressed now, each command once."""
    from llmops_tui.ui.host import CommandHost

    found: dict[str, tuple[str, Command]] = {}
    focused = screen.focused
    for key, active in screen.active_bindings.items():
        command = registry.find(active.binding.id) if active.binding.id else None
        if command is None or command.id in found or not active.enabled:
            continue
        if focused is not None and focused.check_consume_key(key, registry.typed_by(key)):
            continue  # it would be typed
        node = active.node
        title = None
        if isinstance(node, CommandHost):
            if node.refusal(command.id) is not None:
                continue
            title = node.title_now(command.id)
        found[command.id] = (key, replace(command, title=title) if title else command)
    return list(found.values())


Entry = tuple[str, str, Command]
"""Key as Textual calls it, the words shown, the command."""


def footer_entries(usable: list[tuple[str, Command]], width: int) -> list[Entry]:
    """As many whole entries as fit; the help is never the one that is left out."""
    wanted = sorted(
        (entry for entry in usable if entry[1].footer), key=lambda entry: entry[1].footer
    )
    entries = [(key, f" {registry.key_text(key)} {c.title} ", c) for key, c in wanted]
    chosen = {entry for entry in entries if entry[2].id == "shell.help"}
    room = width - sum(cells(words) for _, words, _ in chosen)
    for entry in entries:
        size = cells(entry[1])
        if entry not in chosen and size <= room and len(chosen) < LONGEST_FOOTER:
            chosen.add(entry)
            room -= size
    return [entry for entry in entries if entry in chosen]


def footer_line(entries: list[Entry]) -> Text:
    """The entries, their keys in bold."""
    line = Text(no_wrap=True, end="")
    for key, words, _ in entries:
        shown = len(registry.key_text(key)) + 1
        line.append(words[:shown], style="bold")
        line.append(words[shown:])
    return line
