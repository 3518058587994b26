"""Anthropic's messages API."""

from __future__ import annotations

from collections.abc import Mapping

from llmops_tui.core.chat import ChatRequest, Endpoint, Json, Message
from llmops_tui.providers.anthropic_reply import MessageStream, parse_message
from llmops_tui.providers.http_provider import HttpProvider
from llmops_tui.providers.jsonread import as_object, items, loads, obj, text
from llmops_tui.providers.keys import NO_KEY, Secret
from llmops_tui.providers.parsed import Parsed
from llmops_tui.providers.wire import Wire

VERSION = "2023-06-01"
"""The version of the protocol that is asked for."""
DEFAULT_MAX_TOKENS = 4096
"""Tokens of an answer where the request sets no limit: the protocol demands one."""

_NO_COUNTERPART = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "n",
        "presence_penalty",
        "response_format",
        "seed",
        "stream_options",
        "top_logprobs",
    }
)
"""OpenAI parameters that this protocol refuses and that can be left out."""
_TOOL_CHOICES: Mapping[str, str] = {"auto": "auto", "none": "none", "required": "any"}


class AnthropicProvider(HttpProvider):
    """Asks one endpoint that speaks Anthropic's messages API.

    Args:
        endpoint: Where; its `base_url` ends with `/v1`.
        wire: The connections, shared with other providers.
        key: Sent as `x-api-key`, where there is one.
    """

    def __init__(self, endpoint: Endpoint, wire: Wire, key: Secret = NO_KEY) -> None:
        super().__init__(endpoint, wire, AnthropicDialect(), key)


class AnthropicDialect:
    """The messages API; parameters are taken under their OpenAI names and translated."""

    path = "/messages"

    def headers(self, key: Secret) -> dict[str, str]:
        """See `Dialect.headers`."""
        headers = {"anthropic-version": VERSION}
        if key:
            headers["x-api-key"] = key.reveal()
        return headers

    def parse(self, headers: Mapping[str, str], body: bytes) -> Parsed:
        """See `Dialect.parse`."""
        return parse_message(headers, body)

    def stream(self) -> MessageStream:
        """See `Dialect.stream`."""
        return MessageStream()

    def body(self, request: ChatRequest) -> dict[str, Json]:
        """See `Dialect.body`."""
        messages = request.messages
        body: dict[str, Json] = {
            "model": request.model,
            "max_tokens": DEFAULT_MAX_TOKENS,
            "messages": _turns([message for message in messages if message.role != "system"]),
        }
        system = "\n\n".join(message.content for message in messages if message.role == "system")
        if system:
            body["system"] = system
        for name, value in request.parameters.items():
            body.update(_parameter(name, value))
        if request.response_schema is not None:
            config = as_object(body.get("output_config"))
            schema = dict(request.response_schema)
            body["output_config"] = {**config, "format": {"type": "json_schema", "schema": schema}}
        body.pop("stream", None)
        if request.stream:
            body["stream"] = True
        return body


def _parameter(name: str, value: Json) -> dict[str, Json]:
    """One parameter under the name and in the form that this protocol has for it."""
    if name in _NO_COUNTERPART or value is None:
        return {}
    match name:
        case "max_completion_tokens":
            return {"max_tokens": value}
        case "stop":
            return {"stop_sequences": value if isinstance(value, list) else [value]}
        case "user":
            return {"metadata": {"user_id": value}}
        case "tools" if isinstance(value, list):
            return {"tools": [_tool(tool) for tool in value]}
        case "tool_choice":
            return {"tool_choice": _tool_choice(value)}
    return {name: value}


def _tool(tool: Json) -> Json:
    source = as_object(tool)
    if text(source, "type") != "function":
        return tool
    function = obj(source, "function")
    schema = dict(obj(function, "parameters")) or {"type": "object"}
    return {
        "name": text(function, "name"),
        "description": text(function, "description"),
        "input_schema": schema,
    }


def _tool_choice(choice: Json) -> Json:
    if isinstance(choice, str):
        return {"type": _TOOL_CHOICES.get(choice, choice)}
    name = text(obj(as_object(choice), "function"), "name")
    return {"type": "tool", "name": name} if name else choice


def _turns(messages: list[Message]) -> list[Json]:
    """Messages as turns: what tools said is the user's, in one turn for calls made in one turn."""
    turns: list[Json] = []
    for message in messages:
        if message.role == "tool":
            result: Json = {
                "type": "tool_result",
                "tool_use_id": message.tool_call_id or "",
                "content": message.content,
            }
            last = as_object(turns[-1]) if turns else {}
            blocks = items(last, "content")
            if blocks and text(as_object(blocks[0]), "type") == "tool_result":
                blocks.append(result)
            else:
                turns.append({"role": "user", "content": [result]})
        elif message.tool_calls:
            turns.append({"role": message.role, "content": _tool_use(message)})
        elif message.content:
            # An empty text is refused by the endpoint, and says nothing.
            turns.append({"role": message.role, "content": message.content})
    return turns


def _tool_use(message: Message) -> list[Json]:
    blocks: list[Json] = [{"type": "text", "text": message.content}] if message.content else []
    for call in message.tool_calls:
        try:
            arguments = dict(as_object(loads(call.arguments)))
        except ValueError:
            # The protocol wants an object; what the model wrote instead stays readable.
            arguments = {"arguments": call.arguments}
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments})
    return blocks
