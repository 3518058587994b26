"""Asking a model over HTTP: what is the same whoever the vendor is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from llmops_tui.core.chat import Answer, AnswerError, ChatRequest, Endpoint, Json, Usage
from llmops_tui.providers.base import estimated_usage, require_content, require_messages
from llmops_tui.providers.failures import refusal
from llmops_tui.providers.jsonread import as_object, dumps, items, text
from llmops_tui.providers.keys import NO_KEY, Secret, redact
from llmops_tui.providers.parsed import Parsed, ReplyStream, read_json
from llmops_tui.providers.sse import SseParser
from llmops_tui.providers.wire import Wire, WireStream, evidence_of


class Dialect(Protocol):
    """How one vendor's protocol asks and answers."""

    path: str
    """Where questions are posted, below the base URL."""

    def headers(self, key: Secret) -> dict[str, str]:
        """The headers of every request, with the key where there is one."""

    def body(self, request: ChatRequest) -> dict[str, Json]:
        """A question as the vendor wants it."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> Parsed:
        """Read a whole answer.

        Raises:
            AnswerError: It is none.
        """

    def stream(self) -> ReplyStream:
        """A new reader of a streamed answer."""


class HttpProvider:
    """Asks one endpoint in one dialect.

    Args:
        endpoint: Where; its `base_url` ends with the version, such as `/v1`.
        wire: The connections, shared with other providers.
        dialect: The vendor's protocol.
        key: Sent where there is one.
    """

    def __init__(
        self, endpoint: Endpoint, wire: Wire, dialect: Dialect, key: Secret = NO_KEY
    ) -> None:
        self._wire = wire
        self._key = key
        self._dialect = dialect
        self._timeouts = endpoint.timeouts
        base = endpoint.base_url.rstrip("/")
        self._url = f"{base}{dialect.path}"
        self._models_url = f"{base}/models"
        self._headers = {"Content-Type": "application/json", **dialect.headers(key)}

    async def ask(
        self, request: ChatRequest, *, on_delta: Callable[[str], None] | None = None
    ) -> Answer:
        """Ask once; see `Provider.ask`."""
        started = time.perf_counter()
        try:
            require_messages(request)
            body = dumps(self._dialect.body(request))
            if request.stream:
                return await self._ask_streamed(request, body, on_delta, started)
            reply = await self._wire.post(self._url, self._headers, body, self._timeouts)
            if not 200 <= reply.status < 300:
                raise refusal(reply.status, reply.headers, reply.body)
            parsed = self._dialect.parse(reply.headers, reply.body)
            return _answer(request, parsed, reply.body, started, None)
        except AnswerError as error:
            raise self._finished(error, started) from error.__cause__

    async def list_models(self) -> list[str]:
        """The names of the models that the endpoint offers; see `Provider.list_models`."""
        started = time.perf_counter()
        try:
            reply = await self._wire.get(self._models_url, self._headers, self._timeouts)
            if not 200 <= reply.status < 300:
                raise refusal(reply.status, reply.headers, reply.body)
            models = items(read_json(reply.headers, reply.body), "data")
            return [name for model in models if (name := text(as_object(model), "id"))]
        except AnswerError as error:
            raise self._finished(error, started) from error.__cause__

    async def close(self) -> None:
        """See `Provider.close`; nothing is held."""

    async def _ask_streamed(
        self,
        request: ChatRequest,
        body: bytes,
        on_delta: Callable[[str], None] | None,
        started: float,
    ) -> Answer:
        async with self._wire.stream(self._url, self._headers, body, self._timeouts) as reply:
            if not 200 <= reply.status < 300:
                raise refusal(reply.status, reply.headers, await reply.read())
            if "event-stream" not in reply.headers.get("Content-Type", "event-stream"):
                # Some servers ignore `stream` and answer as a whole, some with an error.
                whole = await reply.read()
                parsed = self._dialect.parse(reply.headers, whole)
                answer = _answer(request, parsed, whole, started, None)
                if on_delta is not None:
                    on_delta(answer.text)
                return answer
            pace = _Pace(request, started)
            parsed = await _read_stream(reply, self._dialect.stream(), on_delta, pace)
            return _answer(request, parsed, reply.seen, started, pace)

    def _finished(self, error: AnswerError, started: float) -> AnswerError:
        error.latency_ms = (time.perf_counter() - started) * 1000.0
        if self._key:
            # Some endpoints repeat the key that they refuse.
            error.evidence = redact(error.evidence, [self._key])
            error.args = (redact(str(error), [self._key]),)
        return error


class _Pace:
    """When the pieces of a streamed answer came, and how much of it there is."""

    def __init__(self, request: ChatRequest, started: float) -> None:
        self._request = request
        self._started = started
        self._first = self._last = 0.0
        self._pieces: list[str] = []

    def take(self, piece: str) -> None:
        """A piece came."""
        self._last = time.perf_counter()
        if not self._pieces:
            self._first = self._last
        self._pieces.append(piece)

    @property
    def first_token_ms(self) -> float | None:
        """From asking to the first piece."""
        return (self._first - self._started) * 1000.0 if self._pieces else None

    @property
    def between_tokens_ms(self) -> float | None:
        """Mean time between two pieces; nearly all servers send a token as a piece."""
        gaps = len(self._pieces) - 1
        return (self._last - self._first) * 1000.0 / gaps if gaps > 0 else None

    @property
    def usage(self) -> Usage | None:
        """A guess at what was paid for, where the rest never came."""
        return estimated_usage(self._request, "".join(self._pieces)) if self._pieces else None


async def _read_stream(
    reply: WireStream,
    stream: ReplyStream,
    on_delta: Callable[[str], None] | None,
    pace: _Pace,
) -> Parsed:
    """Read a stream to its end; what breaks off has its cost in the error."""
    parser = SseParser()
    try:
        while not stream.done:
            chunk = await reply.chunk()
            for event in parser.feed(chunk) if chunk else parser.close():
                piece = stream.take(event.data, reply.seen)
                if piece:
                    pace.take(piece)
                    if on_delta is not None:
                        on_delta(piece)
            if not chunk:
                break
        return stream.finish(reply.seen)
    except AnswerError as error:
        error.usage = error.usage or pace.usage
        raise


def _answer(
    request: ChatRequest,
    parsed: Parsed,
    evidence: bytes | bytearray,
    started: float,
    pace: _Pace | None,
) -> Answer:
    latency_ms = (time.perf_counter() - started) * 1000.0
    try:
        if parsed.finish_reason == "content_filter" or parsed.refusal:
            parsed.require_allowed(evidence_of(evidence))
        if not parsed.text.strip():
            said = evidence_of(evidence)
            require_content(parsed.text, parsed.tool_calls, parsed.finish_reason, said)
    except AnswerError as error:
        error.usage = parsed.usage
        raise
    return Answer(
        text=parsed.text,
        finish_reason=parsed.finish_reason or "stop",
        usage=parsed.usage or estimated_usage(request, parsed.text),
        model=parsed.model or request.model,
        response_id=parsed.response_id,
        latency_ms=latency_ms,
        first_token_ms=pace.first_token_ms if pace is not None else None,
        between_tokens_ms=pace.between_tokens_ms if pace is not None else None,
        tool_calls=parsed.tool_calls,
    )
