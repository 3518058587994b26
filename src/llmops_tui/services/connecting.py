"""What an application is told so that its calls come here: the variables, by way.

docs/clients.md says the same client by client.
"""

from __future__ import annotations

from typing import Final

from llmops_tui.services.calls import GATEWAY_HOST, GATEWAY_PORT

ADDRESS: Final = f"http://{GATEWAY_HOST}:{GATEWAY_PORT}"
"""Where a gateway listens unless it is told otherwise."""

PROXY: Final = {
    "OPENAI_BASE_URL": f"{ADDRESS}/v1",
    "ANTHROPIC_BASE_URL": ADDRESS,
}
"""For clients of an API, which then talk through the gateway."""

OTLP: Final = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": ADDRESS,
    # Some exporters speak gRPC unless told otherwise; the gateway doesn't.
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    # Texts are opt-in. Instrumentations that don't know the variable send them anyway.
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}
"""For OpenTelemetry instrumentations, which tell the gateway of calls that went elsewhere."""


def exports() -> str:
    """Lines for a shell: the proxy's, and as comments those of the other way."""
    proxy = "".join(f"export {name}={value}\n" for name, value in PROXY.items())
    otlp = "".join(f"# export {name}={value}\n" for name, value in OTLP.items())
    return f"{proxy}# or, where an OpenTelemetry instrumentation is at work:\n{otlp}"
