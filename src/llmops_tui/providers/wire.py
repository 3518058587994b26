"""The HTTP client of the workers: one pool of connections, four separate timeouts, bounded bodies.

aiohttp and not httpx: httpx's pool takes time quadratic in the number of waiting requests
(`benchmarks/README.md`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Timeouts

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

EVIDENCE_CHARS = 4000
"""How much of an endpoint's reply is kept as evidence."""

MAX_BODY = 32 * 1024 * 1024
"""Bytes, after decompression, that a reply may have."""

_FINISH_S = 0.25
"""How long a stream that said its last word may take to end properly, for its connection's sake."""


class _Phase(Enum):
    FIRST_BYTE = "waiting for the first byte"
    BODY = "reading the answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP response."""

    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: bytes


class Wire:
    """A pool of HTTP connections for one event loop; made once for a process, closed at its end.

    Redirects are not followed: a key must not travel to where an endpoint points.

    Args:
        max_connections: How many connections may be open at once; more requests wait, and the
            wait counts towards their total timeout.
        trust_env: Whether `HTTPS_PROXY` and its kin (and `~/.netrc`) are honoured.
        max_body: Bytes that a reply may have; a longer one is an error.
    """

    def __init__(
        self, *, max_connections: int = 64, trust_env: bool = False, max_body: int = MAX_BODY
    ) -> None:
        # Costs 80 ms, so only processes that really ask a model pay for it.
        import aiohttp
        from yarl import URL

        self._aiohttp = aiohttp
        self._make_url = URL
        self._max_connections = max_connections
        self._trust_env = trust_env
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._limits: dict[Timeouts, aiohttp.ClientTimeout] = {}
        self._broken: tuple[type[Exception], ...] = (aiohttp.ClientError, TimeoutError, OSError)

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
    ) -> Reply:
        """Send a POST and read the whole reply, whatever its status.

        Raises:
            AnswerError: No whole reply was had: connection, timeout, size, not HTTP.
        """
        return await self._ask("POST", url, headers, body, timeouts)

    async def get(self, url: str, headers: Mapping[str, str], timeouts: Timeouts) -> Reply:
        """Send a GET and read the whole reply; raises like `post`."""
        return await self._ask("GET", url, headers, None, timeouts)

    def stream(
        self, url: str, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
    ) -> WireStream:
        """Send a POST whose reply is read while it arrives: `async with wire.stream(…) as reply`.

        Entering sends the request and waits for the status line; raises like `post`.
        """
        return WireStream(self, url, headers, body, timeouts)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeouts: Timeouts,
    ) -> Reply:
        phase = _Phase.FIRST_BYTE
        partial = bytearray()
        try:
            response = await self._send(method, url, headers, body, timeouts)
            try:
                phase = _Phase.BODY
                if response.content.is_eof():
                    whole = await response.read()
                    if len(whole) > self._max_body:
                        raise self._too_long(response.status, whole)
                else:
                    self._now_between_bytes(response, timeouts)
                    async for chunk in response.content.iter_any():
                        partial += chunk
                        if len(partial) > self._max_body:
                            raise self._too_long(response.status, partial)
                    whole = bytes(partial)
            finally:
                # Puts the connection back where the body was read to its end, else closes it.
                response.release()
        except self._broken as error:
            raise self._failure(error, phase, url, timeouts, partial) from error
        return Reply(response.status, response.headers, whole)

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeouts: Timeouts,
    ) -> aiohttp.ClientResponse:
        session = self._session or self._open()
        target = self._urls.get(url)
        if target is None:
            target = self._urls[url] = self._make_url(url)
        limits = self._limits.get(timeouts)
        if limits is None:
            limits = self._limits[timeouts] = self._aiohttp.ClientTimeout(
                total=timeouts.total,
                sock_connect=timeouts.connect,
                sock_read=timeouts.first_byte,
            )
        return await session.request(
            method, target, data=body, headers=headers, timeout=limits, allow_redirects=False
        )

    def _open(self) -> aiohttp.ClientSession:
        aiohttp = self._aiohttp
        # aiohttp sets TCP_NODELAY itself.
        connector = aiohttp.TCPConnector(limit=self._max_connections, ttl_dns_cache=300)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._trust_env,
            headers={"User-Agent": "llmops-tui"},
        )
        return self._session

    def _now_between_bytes(self, response: aiohttp.ClientResponse, timeouts: Timeouts) -> None:
        # aiohttp has one read timeout, which served for the first byte; from here on it is the
        # time between two reads.
        connection = response.connection
        protocol = connection.protocol if connection is not None else None
        if protocol is not None:
            protocol.read_timeout = timeouts.between_bytes
            protocol.start_timeout()

    def _too_long(self, status: int, partial: bytes | bytearray) -> AnswerError:
        return AnswerError(
            AnswerErrorKind.NOT_AN_ANSWER,
            f"The endpoint's reply is longer than {self._max_body:,} bytes.",
            status=status,
            evidence=evidence_of(partial),
        )

    def _failure(
        self,
        error: Exception,
        phase: _Phase,
        url: str,
        timeouts: Timeouts,
        partial: bytes | bytearray = b"",
    ) -> AnswerError:
        """Say what broke, and whether asking again may help.

        Where nothing was sent yet, or the connection broke, it may. An endpoint that took the
        question and kept silent is not asked again: it may charge for both.
        """
        aiohttp = self._aiohttp
        kind, retryable = AnswerErrorKind.CONNECT, True
        place = self._urls[url].authority if url in self._urls else url
        match error:
            case aiohttp.ConnectionTimeoutError():
                kind = AnswerErrorKind.TIMEOUT
                message = f"No connection to {place} within {timeouts.connect:g} s."
            case aiohttp.SocketTimeoutError() if phase is _Phase.FIRST_BYTE:
                kind, retryable = AnswerErrorKind.TIMEOUT, False
                message = f"{place} sent nothing for {timeouts.first_byte:g} s."
            case aiohttp.SocketTimeoutError():
                kind, retryable = AnswerErrorKind.TIMEOUT, False
                message = f"{place} stopped within its answer for {timeouts.between_bytes:g} s."
            case TimeoutError():
                kind, retryable = AnswerErrorKind.TIMEOUT, False
                message = f"{place} did not finish within {timeouts.total:g} s ({phase.value})."
            case aiohttp.ClientConnectorCertificateError():
                retryable = False
                message = f"The certificate of {place} is not trusted."
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
                kind, retryable = AnswerErrorKind.BAD_REQUEST, False
                message = f"{url!r} is no http or https address."
            case aiohttp.ClientConnectorDNSError():
                message = f"The host of {place} is not known."
            case aiohttp.ClientConnectorError():
                message = f"No connection to {place}: {error.os_error.strerror or error.os_error}."
            case aiohttp.ClientResponseError():
                kind, retryable = AnswerErrorKind.NOT_AN_ANSWER, False
                message = f"{place} does not answer in HTTP: {error.message.strip()}"
            case _ if phase is _Phase.BODY:
                kind = AnswerErrorKind.TRUNCATED
                message = f"The connection to {place} broke within the answer."
            case _:
                message = f"{place} closed the connection without an answer."
        evidence = evidence_of(partial) or f"{type(error).__name__}: {error}"
        return AnswerError(kind, message, retryable=retryable, evidence=evidence)


class WireStream:
    """A reply that is read while it arrives; see `Wire.stream`."""

    def __init__(
        self,
        wire: Wire,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeouts: Timeouts,
    ) -> None:
        self._wire = wire
        self._request = (url, headers, body, timeouts)
        self._response: aiohttp.ClientResponse | None = None
        self._total = 0
        self.seen = bytearray()
        """The beginning of what has arrived, for evidence."""

    async def __aenter__(self) -> WireStream:
        url, headers, body, timeouts = self._request
        try:
            self._response = await self._wire._send("POST", url, headers, body, timeouts)
        except self._wire._broken as error:
            raise self._wire._failure(error, _Phase.FIRST_BYTE, url, timeouts) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        response = self._live()
        if error is None and not response.content.at_eof():
            # The last event is here and the end of the body is on its way. A moment's patience
            # saves the connection; an endpoint that never ends the body costs only itself.
            try:
                async with asyncio.timeout(_FINISH_S):
                    await response.content.readany()
            except self._wire._broken:
                response.close()
        if response.content.at_eof():
            response.release()
        else:
            response.close()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._live().status

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers, looked up without regard to case."""
        return self._live().headers

    async def chunk(self) -> bytes:
        """The next bytes of the body as they arrive; empty at its end.

        Raises:
            AnswerError: The connection broke, stood still for too long, or too much arrived.
        """
        url, _, _, timeouts = self._request
        response = self._live()
        phase = _Phase.BODY if self._total else _Phase.FIRST_BYTE
        try:
            chunk = await response.content.readany()
        except self._wire._broken as error:
            # Headers have arrived, so a connection that breaks now breaks within the answer.
            if not isinstance(error, TimeoutError):
                phase = _Phase.BODY
            raise self._wire._failure(error, phase, url, timeouts, self.seen) from error
        if not self._total and not response.content.is_eof():
            self._wire._now_between_bytes(response, timeouts)
        self._total += len(chunk)
        if len(self.seen) < EVIDENCE_CHARS:
            self.seen += chunk
        if self._total > self._wire._max_body:
            raise self._wire._too_long(response.status, self.seen)
        return chunk

    async def read(self) -> bytes:
        """The whole body, for a reply that turned out not to be a stream; raises like `chunk`."""
        whole = bytearray()
        while chunk := await self.chunk():
            whole += chunk
        return bytes(whole)

    def _live(self) -> aiohttp.ClientResponse:
        if self._response is None:
            raise RuntimeError("the stream has not been entered")
        return self._response


def evidence_of(raw: bytes | bytearray) -> str:
    """The beginning of a reply as text, for people; what isn't UTF-8 is shown as U+FFFD."""
    return bytes(raw[: EVIDENCE_CHARS * 4]).decode("utf-8", "replace")[:EVIDENCE_CHARS]
