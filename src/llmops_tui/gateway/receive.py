"""`POST /v1/traces`: read, decode, map, commit, and only then answer."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from llmops_tui.core.call import CallDraft
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import StoreError
from llmops_tui.gateway import otlp
from llmops_tui.gateway.body import MAX_BODY, BodyRefused, inflate, too_large
from llmops_tui.gateway.intake import RETRY_AFTER_S, Intake, Overloaded
from llmops_tui.gateway.mapping import call_of
from llmops_tui.gateway.otlp import Encoding

if TYPE_CHECKING:
    from aiohttp import web

INLINE_BYTES = 16 * 1024
"""Smaller bodies are decoded in the event loop: a thread would cost more than it spares."""

MAX_IN_FLIGHT = 256 * 1024 * 1024
"""Bytes of bodies that may be in memory at once."""

log = logging.getLogger("llmops_tui.gateway")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a body of spans came to."""

    calls: list[CallDraft]
    others: int = 0
    """Spans that tell of something else than a call."""
    rejected: int = 0
    reason: str = ""


def calls_in(body: bytes, content_encoding: str, encoding: Encoding) -> Arrived:
    """The calls in a trace body.

    Raises:
        BodyRefused: The body can't be taken.
    """
    if content_encoding:
        body = inflate(body, content_encoding)
    decoded = otlp.decode_traces(body, encoding)
    now = now_ms()
    calls: list[CallDraft] = []
    others, rejected, reason = 0, decoded.rejected, decoded.reason
    for span in decoded.spans:
        try:
            call = call_of(span, now)
        except Exception:
            log.exception("a span can't be understood: %.200r", span.name)
            rejected, reason = rejected + 1, reason or "a span can't be understood"
            continue
        if call is None:
            others += 1
        else:
            calls.append(call)
    return Arrived(calls, others, rejected, reason)


class Receiver:
    """Takes trace posts and has their calls committed."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        # One thread: decoding is bound by the interpreter, two would only take turns.
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._in_flight = 0
        self.posts = 0
        self.other_spans = 0
        self.rejected_spans = 0

    async def traces(self, request: web.Request) -> web.Response:
        """Answer a trace export. A success means that its calls are on the disk."""
        self.posts += 1
        encoding = Encoding.JSON  # what a refusal is written in until we know better
        try:
            encoding = otlp.encoding_of(request.headers.get("Content-Type", ""))
            body = await self._read(request)
            try:
                arrived = await self._decode(
                    body, request.headers.get("Content-Encoding", ""), encoding
                )
            finally:
                self._in_flight -= len(body)
            unfit = await self._intake.submit(arrived.calls, len(body)) if arrived.calls else 0
        except BodyRefused as refused:
            return _refusal(encoding, refused.status, f"{refused} {refused.hint}".rstrip())
        except Overloaded as overloaded:
            return _refusal(encoding, HTTPStatus.TOO_MANY_REQUESTS, str(overloaded))
        except StoreError as error:
            return _refusal(encoding, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        self.other_spans += arrived.others
        rejected = arrived.rejected + unfit
        self.rejected_spans += rejected
        return _answer(
            encoding,
            HTTPStatus.OK,
            otlp.accepted(encoding, rejected, arrived.reason or "a call can't be stored"),
        )

    def close(self) -> None:
        """Stop the decoder."""
        self._decoder.shutdown(wait=True)

    async def _decode(self, body: bytes, coding: str, encoding: Encoding) -> Arrived:
        if len(body) <= INLINE_BYTES and not coding:
            return calls_in(body, coding, encoding)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoder, calls_in, body, coding, encoding)

    async def _read(self, request: web.Request) -> bytes:
        """The whole body, counted as in flight; the caller counts it out again."""
        announced = request.content_length or 0
        if announced > MAX_BODY:
            raise too_large(MAX_BODY)
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.content.iter_any():
                parts.append(part)
                size += len(part)
                self._in_flight += len(part)
                if size > MAX_BODY:
                    raise too_large(MAX_BODY)
                if self._in_flight > MAX_IN_FLIGHT and self._in_flight > size:
                    raise Overloaded("Too many large bodies arrive at once.")
        except BaseException:
            self._in_flight -= size
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _refusal(encoding: Encoding, status: HTTPStatus, message: str) -> web.Response:
    again = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if again else None
    return _answer(encoding, status, otlp.refusal(encoding, status, message), headers)


def _answer(
    encoding: Encoding, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None
) -> web.Response:
    from aiohttp import web  # loaded by the server long before; not by who imports this module

    return web.Response(status=status, body=body, content_type=encoding.value, headers=headers)
