"""What an application is told so that its calls come here: the variables, by way.

docs/clients.md says the same client by client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.services import calls
from llmops_tui.services.calls import GATEWAY_HOST, GATEWAY_PORT
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import gateways

ADDRESS: Final = f"http://{GATEWAY_HOST}:{GATEWAY_PORT}"
"""Where a gateway listens unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where calls can be sent to."""

    address: str
    ours: bool
    """Whether it says in this workspace that it is at work."""
    answers: bool

    @property
    def proxy(self) -> dict[str, str]:
        """For clients of an API, which then talk through the gateway."""
        return {"OPENAI_BASE_URL": f"{self.address}/v1", "ANTHROPIC_BASE_URL": self.address}

    @property
    def otlp(self) -> dict[str, str]:
        """For OpenTelemetry instrumentations, which tell the gateway of calls elsewhere."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.address,
            # Some exporters speak gRPC unless told otherwise; the gateway doesn't.
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            # Texts are opt-in. Instrumentations that don't know the variable send them anyway.
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
        }

    def exports(self) -> str:
        """Lines for a shell: the proxy's, and as comments those of the other way."""
        proxy = "".join(f"export {name}={value}\n" for name, value in self.proxy.items())
        otlp = "".join(f"# export {name}={value}\n" for name, value in self.otlp.items())
        return f"{proxy}# or, where an OpenTelemetry instrumentation is at work:\n{otlp}"


USUAL: Final = Gateway(ADDRESS, ours=False, answers=False)
"""Before anybody has looked."""


def look(workspace: Workspace) -> Gateway:
    """The gateway that is at work here, else where one is usually found. Asks the network."""
    up = [state.url for state in gateways.states(workspace.db) if state.is_up]
    if up:
        return Gateway(up[0].rstrip("/"), ours=True, answers=True)
    return Gateway(ADDRESS, ours=False, answers=calls.gateway_answers())
