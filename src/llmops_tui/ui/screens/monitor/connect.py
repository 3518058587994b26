"""How an application's calls get here: two lines, and whether a gateway seems to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.services import calls
from llmops_tui.services.calls import GATEWAY_HOST, GATEWAY_PORT
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from textual.app import ComposeResult

ADDRESS = f"http://{GATEWAY_HOST}:{GATEWAY_PORT}"


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
    """What to tell an application, one line for each way."""
    return (
        "Point an OpenAI client at it; it passes calls on to the first endpoint (7, Models):\n"
        f"    OPENAI_BASE_URL={ADDRESS}/v1\n"
        "Or let an OpenTelemetry instrumentation send its spans:\n"
        f"    OTEL_EXPORTER_OTLP_ENDPOINT={ADDRESS}"
    )


def empty_text(command: str, runs: bool | None) -> str:
    """In place of the list, while no call has arrived."""
    return (
        "No production call yet. They appear here by themselves, a second after they end.\n\n"
        f"{gateway_text(command, runs)}\n\n{lines_text()}\n\nC shows this again at any time."
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
        """The two lines to the clipboard."""
        from llmops_tui.ui import clipboard

        text = (
            f"export OPENAI_BASE_URL={ADDRESS}/v1\nexport OTEL_EXPORTER_OTLP_ENDPOINT={ADDRESS}\n"
        )
        self.llmops.notify(clipboard.send(self.app, text, "the two lines"))
