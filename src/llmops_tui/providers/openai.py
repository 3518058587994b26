"""OpenAI-compatible chat completions: OpenAI, vLLM, llama.cpp, Ollama, gateways, and so on."""

from __future__ import annotations

from collections.abc import Mapping

from llmops_tui.core.chat import ChatRequest, Endpoint, Json, chat_message
from llmops_tui.providers.http_provider import HttpProvider
from llmops_tui.providers.keys import NO_KEY, Secret
from llmops_tui.providers.openai_reply import CompletionStream, parse_completion
from llmops_tui.providers.parsed import Parsed
from llmops_tui.providers.wire import Wire


class OpenAIProvider(HttpProvider):
    """Asks one OpenAI-compatible endpoint.

    Args:
        endpoint: Where; its `base_url` ends with the version, such as `/v1`.
        wire: The connections, shared with other providers.
        key: Sent as bearer token, where there is one.
    """

    def __init__(self, endpoint: Endpoint, wire: Wire, key: Secret = NO_KEY) -> None:
        super().__init__(endpoint, wire, OpenAIDialect(), key)


class OpenAIDialect:
    """Chat completions, as everybody speaks them."""

    path = "/chat/completions"

    def __init__(self) -> None:
        self._schema: Mapping[str, Json] | None = None
        self._format: Json = None

    def headers(self, key: Secret) -> dict[str, str]:
        """See `Dialect.headers`."""
        return {"Authorization": f"Bearer {key.reveal()}"} if key else {}

    def parse(self, headers: Mapping[str, str], body: bytes) -> Parsed:
        """See `Dialect.parse`."""
        return parse_completion(headers, body)

    def stream(self) -> CompletionStream:
        """See `Dialect.stream`."""
        return CompletionStream()

    def body(self, request: ChatRequest) -> dict[str, Json]:
        """See `Dialect.body`."""
        body: dict[str, Json] = {
            "model": request.model,
            "messages": [chat_message(message) for message in request.messages],
            **request.parameters,
        }
        if request.response_schema is not None:
            body["response_format"] = self._response_format(request.response_schema)
        body.pop("stream", None)
        if request.stream:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        return body

    def _response_format(self, schema: Mapping[str, Json]) -> Json:
        # A run asks thousands of times with one schema, so the last one is kept.
        if schema is not self._schema:
            self._schema = schema
            self._format = {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": dict(schema),
                    "strict": _allows_strict(dict(schema)),
                },
            }
        return self._format


def _allows_strict(schema: Json) -> bool:
    """Whether a schema meets what OpenAI's strict mode demands of every object in it.

    A schema that doesn't is sent as a wish there (others enforce it all the same), instead of
    being refused.
    """
    if isinstance(schema, list):
        return all(_allows_strict(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        names = set(properties) if isinstance(properties, dict) else set()
        required = schema.get("required")
        if schema.get("additionalProperties") is not False or not isinstance(required, list):
            return False
        if names != {name for name in required if isinstance(name, str)}:
            return False
    return all(_allows_strict(part) for part in schema.values())
