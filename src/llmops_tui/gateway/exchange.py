"""One proxied call as it was observed, and the call that is kept of it."""

from __future__ import annotations

import hashlib
import re
import uuid
import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from llmops_tui.core.call import CallDraft
from llmops_tui.core.chat import Json
from llmops_tui.gateway.body import MAX_BODY, BodyRefused, inflate
from llmops_tui.gateway.conversation import dumps, loads, request_text
from llmops_tui.gateway.mapping import asks_for_json
from llmops_tui.gateway.reading import Reading
from llmops_tui.gateway.spans import MAX_CONVERSATION, clean, cut
from llmops_tui.providers.keys import HIDDEN, Secret, redact
from llmops_tui.providers.sse import SseParser

MAX_KEPT = 8 * 1024 * 1024
"""Bytes of an answer that are kept for reading; of a longer one its end as well."""

_TAIL = 64 * 1024
_LONG_STRING = 16 * 1024
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Api(Enum):
    """The paths that are forwarded, and the operation they are recorded as (empty: not)."""

    CHAT = "chat/completions"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    EMBEDDINGS = "embeddings"
    MODELS = "models"
    COUNT_TOKENS = "messages/count_tokens"

    @property
    def operation(self) -> str:
        """What a call is recorded as; empty for what asks for no answer."""
        return {
            Api.CHAT: "chat",
            Api.COMPLETIONS: "text_completion",
            Api.RESPONSES: "chat",
            Api.MESSAGES: "chat",
        }.get(self, "")


class Kept:
    """The bytes of an answer, bounded: its beginning, and its end where it is too long."""

    def __init__(self, limit: int = MAX_KEPT) -> None:
        self._limit = limit
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._room = limit
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        if self._room >= len(chunk):
            self._head.append(chunk)
            self._room -= len(chunk)
            return
        # From here on only the end is of interest.
        self._head.append(chunk[: self._room])
        chunk = chunk[self._room :]
        self._room = 0
        self._tail.append(chunk)
        self._tail_size += len(chunk)
        while self._tail_size - len(self._tail[0]) >= _TAIL:
            self._tail_size -= len(self._tail.popleft())

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return not self._tail

    def head(self) -> bytes:
        """The beginning: everything where `is_whole`."""
        return b"".join(self._head)

    def tail(self) -> bytes:
        """The end of what was left out."""
        return b"".join(self._tail)


@dataclass(slots=True)
class Exchange:
    """What was observed of one proxied call."""

    api: Api
    upstream: str
    kind: str
    """The endpoint's kind: what is recorded as provider."""
    request: bytes
    request_encoding: str
    started_at: int
    secrets: tuple[Secret, ...] = ()
    prompt_name: str = ""
    prompt_version: str = ""
    conversation_id: str = ""
    traceparent: str = ""
    status: int = 0
    """The upstream's HTTP status; 0 where none came."""
    content_type: str = ""
    content_encoding: str = ""
    answer: Kept = field(default_factory=Kept)
    duration_ms: float = 0.0
    first_token_ms: float | None = None
    failure: str = ""
    """Why no (whole) answer came, as far as the proxy knows."""
    cancelled: bool = False
    """The client went away before the end."""

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.content_type.partition(";")[0].strip().lower() == "text/event-stream"


def call_of(exchange: Exchange) -> CallDraft | None:
    """The call that is kept of an exchange; None where it asked for no answer."""
    if not exchange.api.operation:
        return None
    asked = _request(exchange)
    reading = _read(exchange)
    parameters = asked if isinstance(asked, dict) else {}
    status, error = _status(exchange, reading)
    trace = _TRACEPARENT.fullmatch(exchange.traceparent)
    wanted_model = parameters.get("model")

    def hidden(text: str) -> str:
        return redact(text, exchange.secrets)

    return CallDraft(
        identity=uuid.uuid4().bytes,
        source="proxy",
        input=hidden(cut(request_text(asked), MAX_CONVERSATION)),
        output=hidden(cut(reading.text, MAX_CONVERSATION)),
        started_at=exchange.started_at,
        duration_ms=exchange.duration_ms,
        first_token_ms=exchange.first_token_ms,
        trace_id=trace[1] if trace else "",
        parent_span_id=trace[2] if trace else "",
        response_id=hidden(reading.response_id),
        conversation_id=hidden(clean(exchange.conversation_id, 200)),
        operation=exchange.api.operation,
        provider=clean(exchange.kind),
        model=hidden(clean(wanted_model if isinstance(wanted_model, str) else reading.model, 200)),
        prompt_name=hidden(clean(exchange.prompt_name, 200)),
        prompt_version=hidden(clean(exchange.prompt_version, 200)),
        status=status,
        error=hidden(clean(error)),
        finish_reason=hidden(reading.finish_reason),
        input_tokens=reading.input_tokens,
        output_tokens=reading.output_tokens,
        wants_json=asks_for_json(parameters),
        attributes=hidden(_attributes(exchange, asked, reading)),
    )


def _request(exchange: Exchange) -> Json:
    try:
        body = inflate(exchange.request, exchange.request_encoding, limit=MAX_BODY)
    except BodyRefused:
        return None
    return loads(redact(body.decode("utf-8", "replace"), exchange.secrets))


def _status(exchange: Exchange, reading: Reading) -> tuple[str, str]:
    # Many clients hang up at the last event, before the stream's formal end.
    if exchange.cancelled and not (reading.ended or reading.finish_reason):
        return "cancelled", "The client went away before the answer was complete."
    if exchange.failure:
        return "error", exchange.failure
    if exchange.status >= 400:
        told = reading.error or reading.text
        return "error", f"HTTP {exchange.status}: {told}" if told else f"HTTP {exchange.status}"
    if reading.error:
        return "error", reading.error
    if exchange.is_stream and not reading.ended and not reading.finish_reason:
        return "error", "The stream ended before the answer was complete."
    return "ok", ""


def _read(exchange: Exchange) -> Reading:
    reading = Reading()
    kept = exchange.answer
    head = _seen(exchange)
    if exchange.is_stream:
        parser = SseParser()
        for event in parser.feed(head):
            reading.event(event)
        if kept.is_whole:
            for event in parser.close():
                reading.event(event)
        elif not exchange.content_encoding:
            # Where the middle is left out, the end still has the usage and the finish reason.
            _, _, whole_events = kept.tail().partition(b"\n\n")
            end = Reading()
            for event in SseParser().feed(whole_events):
                end.event(event)
            reading.conclude(end)
        return reading
    text = head.decode("utf-8", "replace")
    value = loads(text) if kept.is_whole else None
    if isinstance(value, dict):
        reading.body(value)
    elif text and exchange.status >= 400:
        reading.error = clean(text)
    elif text:
        reading.error = "The answer is not what the API gives."
    return reading


def _seen(exchange: Exchange) -> bytes:
    """The answer's beginning, decoded, without keys: here already, because texts get shortened."""
    seen = decoded(exchange.answer.head(), exchange.content_encoding)
    for secret in exchange.secrets:
        seen = seen.replace(secret.reveal().encode("utf-8", "surrogateescape"), HIDDEN.encode())
    return seen


def decoded(data: bytes, encoding: str) -> bytes:
    """What can be read of a body, which may have been cut: never fails.

    Args:
        data: The body, or its beginning, as the upstream sent it.
        encoding: Its Content-Encoding.
    """
    coding = encoding.strip().lower()
    if coding in {"", "identity"} or not data:
        return data
    if coding in {"gzip", "x-gzip", "deflate"}:
        engine = zlib.decompressobj(47)  # gzip or zlib, whichever it is
        try:
            return engine.decompress(data, 2 * MAX_KEPT)
        except zlib.error:
            return b""
    try:
        return inflate(data, coding, limit=2 * MAX_KEPT)
    except BodyRefused:
        return b""


def _attributes(exchange: Exchange, asked: Json, reading: Reading) -> str:
    answer: dict[str, Json] = {
        "status": exchange.status,
        "content_type": clean(exchange.content_type, 100),
        "bytes": exchange.answer.size,
    }
    if reading.model:
        answer["model"] = reading.model
    if reading.usage is not None:
        answer["usage"] = reading.usage
    if exchange.status >= 400 or (not reading.has_begun and exchange.answer.size):
        answer["body"] = _seen(exchange).decode("utf-8", "replace")[:4000]
    if not exchange.answer.is_whole:
        digest = hashlib.sha256(exchange.answer.head()).hexdigest()
        answer["cut"] = f"only the first {MAX_KEPT} bytes were read, sha256 {digest}"
    return dumps(
        {
            "path": f"/v1/{exchange.api.value}",
            "upstream": exchange.upstream,
            "request": _shortened(asked),
            "response": answer,
        }
    )


def _shortened(value: Json, depth: int = 0) -> Json:
    """A request with its very long strings (images, files) cut, each with a mark."""
    if isinstance(value, str):
        return cut(value, _LONG_STRING)
    if depth > 32:
        return "[nested too deeply]"
    if isinstance(value, list):
        return [_shortened(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {name: _shortened(item, depth + 1) for name, item in value.items()}
    return value
