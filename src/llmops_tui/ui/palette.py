"""The command palette: every command of the registry, those of other areas included."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from llmops_tui.ui.areas import AREAS
from llmops_tui.ui.commands import registry
from llmops_tui.ui.widgets.bars import usable_commands

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llmops_tui.ui.app import LlmopsApp


class _Entry(NamedTuple):
    text: str
    help: str
    run: Callable[[], Awaitable[object]]


class CommandsProvider(Provider):
    """What can be done here first, then what other areas offer."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for entry in self._entries():
            yield DiscoveryHit(entry.text, entry.run, help=entry.help)

    async def search(self, query: str) -> Hits:
        """What matches the words typed."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = max(matcher.match(entry.text), 0.8 * matcher.match(entry.help))
            if score > 0:
                yield Hit(score, matcher.highlight(entry.text), entry.run, help=entry.help)

    def _entries(self) -> Iterator[_Entry]:
        app: LlmopsApp = self.app  # type: ignore[assignment]  # Textual types it as any App
        here = set()
        active = {a.binding.id: a for a in self.screen.active_bindings.values()}
        for key, command in usable_commands(self.screen):
            here.add(command.id)
            if command.palette:
                binding = active[command.id]
                yield _Entry(
                    f"{command.title} ({registry.key_text(key)})",
                    command.help,
                    partial(app.run_action, binding.binding.action, binding.node),
                )
        for area in AREAS:
            for command in registry.commands_of(area.name):
                if command.palette and command.id not in here and area.name != app.current_mode:
                    yield _Entry(
                        f"{area.title}: {command.title}",
                        command.help,
                        partial(_go_and_run, app, area.name, command.id),
                    )


async def _go_and_run(app: LlmopsApp, area: str, command_id: str) -> None:
    """Go to an area's first page and do it there."""
    app.go_to(area)
    while len(app.screen_stack) > 1:
        await app.pop_screen()
    page = app.page
    if page is not None and area == page.SCOPE:
        app.call_after_refresh(page.action_command, command_id)
