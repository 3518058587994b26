"""Posts of traces, logs and feedback: read, decode, map, commit, and only then answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import LlmopsError, StoreError
from llmops_tui.gateway import otlp, otlp_logs
from llmops_tui.gateway.body import MAX_BODY, BodyRefused, inflate, too_large
from llmops_tui.gateway.context import step_of
from llmops_tui.gateway.evaluations import evaluations_in
from llmops_tui.gateway.feedback import drafts_of
from llmops_tui.gateway.intake import RETRY_AFTER_S, Draft, Intake, Overloaded
from llmops_tui.gateway.mapping import call_of
from llmops_tui.gateway.otlp import Encoding

if TYPE_CHECKING:
    from aiohttp import web

INLINE_BYTES = 16 * 1024
"""Smaller bodies are decoded in the event loop: a thread would cost more than it spares."""

MAX_IN_FLIGHT = 256 * 1024 * 1024
"""Bytes of bodies that may be in memory at once."""

log = logging.getLogger("llmops_tui.gateway")


Reader = Callable[[bytes, Encoding], "Arrived"]
"""Makes drafts of a body that was inflated already."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a body came to."""

    drafts: Sequence[Draft]
    others: int = 0
    """Spans or records that are of no use here, and were not kept."""
    rejected: int = 0
    reason: str = ""


def calls_in(body: bytes, encoding: Encoding, *, context: bool = True) -> Arrived:
    """The calls in a trace body, with the steps around them and the evaluations in their events.

    Args:
        body: The body, inflated.
        encoding: How it is written.
        context: Whether spans that are no call are kept as the steps of a trace.

    Raises:
        BodyRefused: The body can't be taken.
    """
    decoded = otlp.decode_traces(body, encoding)
    now = now_ms()
    drafts: list[Draft] = []
    others, rejected, reason = 0, decoded.rejected, decoded.reason
    for span in decoded.spans:
        try:
            found: Draft | None = call_of(span, now)
            if found is None and context:
                found = step_of(span, now)
            if span.events:
                drafts += evaluations_in(span, now)
        except Exception:
            log.exception("a span can't be understood: %.200r", span.name)
            rejected, reason = rejected + 1, reason or "a span can't be understood"
            continue
        if found is None:
            others += 1
        else:
            drafts.append(found)
    return Arrived(drafts, others, rejected, reason)


def events_in(body: bytes, encoding: Encoding) -> Arrived:
    """The texts and evaluations in a log body.

    Raises:
        BodyRefused: The body can't be taken.
    """
    decoded = otlp_logs.decode_logs(body, encoding)
    now = now_ms()
    drafts: list[Draft] = []
    others, rejected, reason = 0, decoded.rejected, decoded.reason
    for record in decoded.records:
        try:
            found = otlp_logs.draft_of(record, now)
        except Exception:
            log.exception("a log record can't be understood: %.200r", record.name)
            rejected, reason = rejected + 1, reason or "a log record can't be understood"
            continue
        if found is None:
            others += 1
        else:
            drafts.append(found)
    return Arrived(drafts, others, rejected, reason)


class Receiver:
    """Takes posts and has what is in them committed.

    Args:
        intake: Where it is committed.
        context: Whether spans that are no call are kept as the steps of a trace.
    """

    def __init__(self, intake: Intake, *, context: bool = True) -> None:
        self._intake = intake
        self._spans: Reader = partial(calls_in, context=context)
        # One thread: decoding is bound by the interpreter, two would only take turns.
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._in_flight = 0
        self.posts = 0
        self.other_spans = 0
        self.rejected_spans = 0

    async def traces(self, request: web.Request) -> web.Response:
        """Answer a trace export. A success means that its calls are on the disk."""
        return await self._take(request, self._spans, "rejectedSpans")

    async def logs(self, request: web.Request) -> web.Response:
        """Answer a log export: events with the texts of calls, and evaluations."""
        return await self._take(request, events_in, "rejectedLogRecords")

    async def feedback(self, request: web.Request) -> web.Response:
        """Answer a user's feedback. A success means that it is on the disk."""
        try:
            body = await self._read(request)
            self._in_flight -= len(body)
            coding = request.headers.get("Content-Encoding", "")
            drafts = drafts_of(inflate(body, coding) if coding else body, now_ms())
            await self._intake.submit(drafts, len(body))
        except (BodyRefused, Overloaded, StoreError) as error:
            return _refusal(Encoding.JSON, _status_of(error), f"{error} {error.hint}".rstrip())
        told = b'{"stored":%d}' % len(drafts)
        return _answer(Encoding.JSON, HTTPStatus.OK, told)

    async def _take(self, request: web.Request, reader: Reader, what: str) -> web.Response:
        self.posts += 1
        encoding = Encoding.JSON  # what a refusal is written in until we know better
        try:
            encoding = otlp.encoding_of(request.headers.get("Content-Type", ""))
            body = await self._read(request)
            try:
                coding = request.headers.get("Content-Encoding", "")
                arrived = await self._decode(body, coding, encoding, reader)
            finally:
                self._in_flight -= len(body)
            unfit = await self._intake.submit(arrived.drafts, len(body)) if arrived.drafts else 0
        except BodyRefused as refused:
            return _refusal(encoding, refused.status, f"{refused} {refused.hint}".rstrip())
        except (Overloaded, StoreError) as error:
            return _refusal(encoding, _status_of(error), str(error))
        self.other_spans += arrived.others
        rejected = arrived.rejected + unfit
        self.rejected_spans += rejected
        reason = arrived.reason or "a call can't be stored"
        return _answer(encoding, HTTPStatus.OK, otlp.accepted(encoding, rejected, reason, what))

    def close(self) -> None:
        """Stop the decoder."""
        self._decoder.shutdown(wait=True)

    async def _decode(
        self, body: bytes, coding: str, encoding: Encoding, reader: Reader
    ) -> Arrived:
        if len(body) <= INLINE_BYTES and not coding:
            return reader(body, encoding)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoder, _inflated, body, coding, encoding, reader)

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


def _inflated(body: bytes, coding: str, encoding: Encoding, reader: Reader) -> Arrived:
    return reader(inflate(body, coding) if coding else body, encoding)


def _status_of(error: LlmopsError) -> HTTPStatus:
    if isinstance(error, BodyRefused):
        return error.status
    overloaded = isinstance(error, Overloaded)
    return HTTPStatus.TOO_MANY_REQUESTS if overloaded else HTTPStatus.SERVICE_UNAVAILABLE


def _refusal(encoding: Encoding, status: HTTPStatus, message: str) -> web.Response:
    again = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if again else None
    return _answer(encoding, status, otlp.refusal(encoding, status, message), headers)


def _answer(
    encoding: Encoding, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None
) -> web.Response:
    from aiohttp import web  # loaded by the server long before; not by who imports this module

    return web.Response(status=status, body=body, content_type=encoding.value, headers=headers)
