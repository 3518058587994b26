"""Reading what Anthropic's messages API answers, whole or as a stream."""

from __future__ import annotations

from collections.abc import Mapping

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Json, ToolCall, Usage
from llmops_tui.providers.jsonread import JsonObject, as_object, count, dumps, items, obj, text
from llmops_tui.providers.parsed import (
    Parsed,
    PartialCall,
    not_an_answer,
    read_event,
    read_json,
    truncated,
)
from llmops_tui.providers.wire import evidence_of

_FINISH: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's stop reasons under the names that `Answer.finish_reason` uses."""


def parse_message(headers: Mapping[str, str], body: bytes) -> Parsed:
    """Read a whole message.

    Raises:
        AnswerError: It is a web page, no JSON, an error object, or no message.
    """
    source = read_json(headers, body)
    if not isinstance(source.get("content"), list):
        raise not_an_answer(dict(source), evidence_of(body))
    blocks = [as_object(block) for block in items(source, "content")]
    return Parsed(
        text="".join(text(block, "text") for block in blocks if text(block, "type") == "text"),
        finish_reason=_finish_reason(source),
        usage=read_usage(obj(source, "usage")),
        model=text(source, "model"),
        response_id=text(source, "id"),
        tool_calls=tuple(
            ToolCall(text(block, "id"), text(block, "name"), _arguments(block.get("input")))
            for block in blocks
            if text(block, "type") == "tool_use"
        ),
    )


def read_usage(usage: JsonObject) -> Usage | None:
    """Token counts; None where there are none.

    Anthropic counts cached tokens apart. Here, as everywhere in this program, input tokens include
    those read from the cache and those written to it.
    """
    read = count(usage, "cache_read_input_tokens")
    asked = count(usage, "input_tokens") + read + count(usage, "cache_creation_input_tokens")
    said = count(usage, "output_tokens")
    return Usage(asked, said, cached_tokens=read) if asked or said else None


def _finish_reason(source: JsonObject) -> str:
    reason = text(source, "stop_reason")
    return _FINISH.get(reason, reason)


def _arguments(value: Json) -> str:
    return dumps(value if value is not None else {}).decode()


class MessageStream:
    """Puts the pieces of a streamed message together."""

    def __init__(self) -> None:
        self.done = False
        self._pieces: list[str] = []
        self._calls: dict[int, PartialCall] = {}
        self._usage: dict[str, Json] = {}
        self._parsed = Parsed()

    def take(self, data: str, seen: bytes | bytearray) -> str:
        """See `ReplyStream.take`."""
        if not data.strip():
            return ""
        source = read_event(data, seen)
        match text(source, "type"):
            case "content_block_delta":
                return self._take_delta(source)
            case "content_block_start":
                return self._take_block(source)
            case "message_start":
                message = obj(source, "message")
                self._parsed.model = text(message, "model")
                self._parsed.response_id = text(message, "id")
                self._take_usage(message)
            case "message_delta":
                reason = _finish_reason(obj(source, "delta"))
                self._parsed.finish_reason = reason or self._parsed.finish_reason
                self._take_usage(source)
            case "message_stop":
                self.done = True
            case "error":
                # With an error object it has been raised already.
                raise AnswerError(
                    AnswerErrorKind.SERVER,
                    "The endpoint reported an error within its stream.",
                    status=200,
                    retryable=True,
                    evidence=evidence_of(seen),
                )
        return ""

    def finish(self, seen: bytes | bytearray) -> Parsed:
        """See `ReplyStream.finish`."""
        parsed = self._parsed
        if not self.done and not parsed.finish_reason:
            raise truncated(seen)
        parsed.text = "".join(self._pieces)
        parsed.usage = read_usage(self._usage)
        parsed.tool_calls = tuple(call.complete() for _, call in sorted(self._calls.items()))
        return parsed

    def _take_usage(self, source: JsonObject) -> None:
        # Counts are cumulative, and what a later event leaves out is as it was.
        usage = obj(source, "usage")
        self._usage.update({name: value for name, value in usage.items() if value is not None})

    def _take_block(self, source: JsonObject) -> str:
        block = obj(source, "content_block")
        kind = text(block, "type")
        if kind == "tool_use":
            call = PartialCall(text(block, "id"), text(block, "name"))
            if obj(block, "input"):
                call.arguments.append(_arguments(block.get("input")))
            self._calls[count(source, "index")] = call
        return self._said(text(block, "text")) if kind == "text" else ""

    def _take_delta(self, source: JsonObject) -> str:
        delta = obj(source, "delta")
        call = self._calls.get(count(source, "index"))
        if call is not None and text(delta, "type") == "input_json_delta":
            call.arguments.append(text(delta, "partial_json"))
        return self._said(text(delta, "text")) if text(delta, "type") == "text_delta" else ""

    def _said(self, piece: str) -> str:
        if piece:
            self._pieces.append(piece)
        return piece
