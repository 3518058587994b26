"""How an application's calls get here: a few lines, and whether a gateway seems to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.services import calls, connecting
from llmops_tui.services.connecting import USUAL, Gateway
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult


def gateway_text(command: str, found: Gateway | None) -> str:
    """What is known of a gateway on this machine."""
    if found is None:
        return f"A gateway has to run on this workspace:\n    {command}"
    if found.ours:
        return f"A gateway is at work here at {found.address}."
    if found.answers:
        return (
            f"A gateway answers at {found.address}. It is one of another workspace; this starts "
            f"one here, with --port where that one stays:\n    {command}"
        )
    return f"No gateway answers at {found.address}. In another terminal, start one:\n    {command}"


def lines_text(found: Gateway | None) -> str:
    """What to tell an application, the variables for each way."""
    place = found or USUAL
    proxy = "\n".join(f"    {name}={value}" for name, value in place.proxy.items())
    otlp = "\n".join(f"    {name}={value}" for name, value in place.otlp.items())
    return (
        "Point a client at it; it passes calls on to the first endpoint (7, Models):\n"
        f"{proxy}\n"
        "Or, not both, let an OpenTelemetry instrumentation send its spans:\n"
        f"{otlp}"
    )


def empty_text(command: str, found: Gateway | None) -> str:
    """In place of the list, while no call has arrived."""
    return (
        "No production call yet. They appear here by themselves, a second after they end.\n\n"
        f"{gateway_text(command, found)}\n\n{lines_text(found)}\nC shows this again at any time."
    )


class ConnectPage(Page[Gateway]):
    """The same lines when calls are there already, for the next application."""

    SCOPE = "monitor.about"
    PURPOSE = "How an application's production calls get into this workspace."

    def compose_body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="connect")

    def load(self) -> Gateway:
        """Where a gateway is."""
        return connecting.look(self.workspace)

    def show(self, model: Gateway) -> None:
        """Say so, and how to go on."""
        command = calls.gateway_command(self.workspace, self.project_id)
        self.query_one(TextPane).show_text(f"{gateway_text(command, model)}\n\n{lines_text(model)}")

    def do_copy(self) -> None:
        """The lines to the clipboard."""
        from llmops_tui.ui import clipboard

        self.llmops.notify(clipboard.send(self.app, (self.model or USUAL).exports(), "the lines"))
