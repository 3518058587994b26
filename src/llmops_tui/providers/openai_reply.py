"""Reading what OpenAI-compatible servers answer, whole or as a stream; lenient, and honest.

Lenient in what is left out (ids, usage, the last `[DONE]`), honest in never passing off as an
answer what isn't one: each way of not answering has its own `AnswerErrorKind`.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmops_tui.core.chat import Json, ToolCall, Usage
from llmops_tui.providers.failures import refusal_within
from llmops_tui.providers.jsonread import JsonObject, as_object, count, items, obj, text
from llmops_tui.providers.parsed import (
    Parsed,
    PartialCall,
    not_an_answer,
    read_event,
    read_json,
    truncated,
)
from llmops_tui.providers.wire import evidence_of


def parse_completion(headers: Mapping[str, str], body: bytes) -> Parsed:
    """Read a whole chat completion; raises like `read_json`, and where there is no choice."""
    source = read_json(headers, body)
    choices = items(source, "choices")
    if not choices:
        raise not_an_answer(dict(source), evidence_of(body))
    choice = as_object(choices[0])
    if choice.get("error"):
        raise refusal_within(obj(choice, "error"), evidence_of(body))
    message = obj(choice, "message")
    return Parsed(
        text=content_text(message.get("content")),
        finish_reason=text(choice, "finish_reason"),
        usage=read_usage(obj(source, "usage")),
        model=text(source, "model"),
        response_id=text(source, "id"),
        refusal=text(message, "refusal"),
        tool_calls=tuple(_tool_call(as_object(call)) for call in items(message, "tool_calls")),
    )


def content_text(content: Json) -> str:
    """The text of a message: its content is a string, null, or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (as_object(part) for part in content)
    return "".join(text(part, "text") for part in parts if text(part, "type") == "text")


def read_usage(usage: JsonObject) -> Usage | None:
    """Token counts; None where the endpoint gave none. Input tokens include the cached ones."""
    if not usage.get("prompt_tokens") and not usage.get("completion_tokens"):
        return None
    cached = count(obj(usage, "prompt_tokens_details"), "cached_tokens")
    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        output_tokens=count(usage, "completion_tokens"),
        cached_tokens=cached or count(usage, "prompt_cache_hit_tokens"),
    )


def _tool_call(call: JsonObject) -> ToolCall:
    function = obj(call, "function")
    return ToolCall(text(call, "id"), text(function, "name"), text(function, "arguments"))


class CompletionStream:
    """Puts the pieces of a streamed chat completion together."""

    def __init__(self) -> None:
        self.done = False
        """Whether the endpoint has said `[DONE]`."""
        self._pieces: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, PartialCall] = {}
        self._parsed = Parsed()

    def take(self, data: str, seen: bytes | bytearray) -> str:
        """See `ReplyStream.take`."""
        if data == "[DONE]" or data.strip() == "[DONE]":
            self.done = True
            return ""
        if not data.strip():
            return ""
        source = read_event(data, seen)
        parsed = self._parsed
        parsed.model = parsed.model or text(source, "model")
        parsed.response_id = parsed.response_id or text(source, "id")
        parsed.usage = read_usage(obj(source, "usage")) or parsed.usage
        choices = items(source, "choices")
        return self._take_choice(as_object(choices[0])) if choices else ""

    def finish(self, seen: bytes | bytearray) -> Parsed:
        """See `ReplyStream.finish`."""
        parsed = self._parsed
        parsed.text = "".join(self._pieces)
        parsed.refusal = "".join(self._refusal)
        parsed.tool_calls = tuple(call.complete() for _, call in sorted(self._calls.items()))
        if not self.done and not parsed.finish_reason:
            raise truncated(seen)
        return parsed

    def _take_choice(self, choice: JsonObject) -> str:
        self._parsed.finish_reason = text(choice, "finish_reason") or self._parsed.finish_reason
        delta = obj(choice, "delta") or obj(choice, "message")
        for position, raw in enumerate(items(delta, "tool_calls")):
            self._take_call(as_object(raw), position)
        if refused := text(delta, "refusal"):
            self._refusal.append(refused)
        piece = content_text(delta.get("content"))
        if piece:
            self._pieces.append(piece)
        return piece

    def _take_call(self, raw: JsonObject, position: int) -> None:
        index = count(raw, "index") if "index" in raw else position
        call = self._calls.setdefault(index, PartialCall())
        function = obj(raw, "function")
        call.id = call.id or text(raw, "id")
        call.name = call.name or text(function, "name")
        call.arguments.append(text(function, "arguments"))
