"""How an application's calls get here: a few lines, and whether a gateway seems to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.services import calls
from llmops_tui.services.connecting import ADDRESS, OTLP, PROXY, exports
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult


def gateway_text(command: str, runs: bool | None) -> str:
    """What is known of a gateway on this machine."""
    if runs is None:
        return f"A gateway has to run on this workspace:\n    {command}"
    if runs:
        return (
            f"A gateway answers at {ADDRESS}. If calls went there and none is here, it may be "
            f"one of another workspace or project; this starts one here:\n    {command}"
        )
    return f"No gateway answers at {ADDRESS}. In another terminal, start one:\n    {command}"


def lines_text() -> str:
    """What to tell an application, the variables for each way."""
    proxy = "\n".join(f"    {name}={value}" for name, value in PROXY.items())
    otlp = "\n".join(f"    {name}={value}" for name, value in OTLP.items())
    return (
        "Point a client at it; it passes calls on to the first endpoint (7, Models):\n"
        f"{proxy}\n"
        "Or, not both, let an OpenTelemetry instrumentation send its spans:\n"
        f"{otlp}"
    )


def empty_text(command: str, runs: bool | None) -> str:
    """In place of the list, while no call has arrived."""
    return (
        "No production call yet. They appear here by themselves, a second after they end.\n\n"
        f"{gateway_text(command, runs)}\n\n{lines_text()}\nC shows this again at any time."
    )


class ConnectPage(Page[bool]):
    """The same lines when calls are there already, for the next application."""

    SCOPE = "monitor.about"
    PURPOSE = "How an application's production calls get into this workspace."

    def compose_body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="connect")

    def load(self) -> bool | None:
        """Whether a gateway answers."""
        return calls.gateway_answers()

    def show(self, model: bool) -> None:
        """Say so, and how to go on."""
        command = calls.gateway_command(self.workspace, self.project_id)
        self.query_one(TextPane).show_text(f"{gateway_text(command, model)}\n\n{lines_text()}")

    def do_copy(self) -> None:
        """The lines to the clipboard."""
        from llmops_tui.ui import clipboard

        self.llmops.notify(clipboard.send(self.app, exports(), "the lines"))
