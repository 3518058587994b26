"""The logging reverse proxy: bytes pass as they are, what passed is kept, keys are not.

Whatever happens to the store, the application's traffic flows: a call is offered to the intake
after its answer has passed, and a loss is counted.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import LlmopsError, NotFoundError
from llmops_tui.gateway.body import BodyRefused
from llmops_tui.gateway.exchange import Api, Exchange, call_of, decoded
from llmops_tui.gateway.intake import Intake
from llmops_tui.gateway.reading import Reading
from llmops_tui.gateway.redaction import is_own, secrets_of
from llmops_tui.gateway.upstreams import Target, Upstreams
from llmops_tui.providers.keys import Secret
from llmops_tui.providers.sse import SseParser

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web
    from multidict import CIMultiDict

MAX_REQUEST = 64 * 1024 * 1024
"""Bytes that a proxied request may have."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FORWARDED = _HOP_BY_HOP | {"host", "content-length", "accept-encoding"}
_READABLE = ("gzip", "deflate", "zstd")
"""Encodings that can be undone for the record; others are not asked for."""

_WATCHED = 256 * 1024
"""Bytes of a stream in which its first token is looked for."""

_MINE = "x-llmops-"
_KEY_HEADERS = ("authorization", "x-api-key", "api-key")
_ENDED = (ConnectionResetError, BrokenPipeError)

log = logging.getLogger("llmops_tui.gateway")


class Proxy:
    """Forwards requests to upstreams and has the calls in them stored.

    Args:
        upstreams: Where requests go.
        intake: Where calls go.
        token: The gateway's own token. A client that shows it as its key may use the keys of the
            workspace's endpoints.
    """

    def __init__(self, upstreams: Upstreams, intake: Intake, token: Secret) -> None:
        self._upstreams = upstreams
        self._intake = intake
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self.forwarded = 0
        self.failed = 0

    async def start(self) -> None:
        """Open the pool of connections."""
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                # Shorter than servers keep a connection, so that none is used as it closes.
                keepalive_timeout=4.0,
            ),
            # How long to wait for an answer is the client's to decide: it hangs up, we stop.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=3600.0),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: web.Request, api: Api, tail: str = "") -> web.StreamResponse:
        """Pass a request to its upstream and the answer back.

        Args:
            request: The client's request.
            api: What is asked.
            tail: What follows the path that `api` names, such as a model's name.
        """
        self.forwarded += 1
        started, started_at = time.perf_counter(), now_ms()
        anthropic = (
            api in {Api.MESSAGES, Api.COUNT_TOKENS} or "anthropic-version" in request.headers
        )
        name = request.match_info.get("upstream", "") or request.headers.get(
            "x-llmops-endpoint", ""
        )
        try:
            endpoint = self._upstreams.choose(
                anthropic=anthropic, name=name or request.headers.get("x-llmops-endpoint", "")
            )
            body = await _read(request)
        except (NotFoundError, BodyRefused) as error:
            status = error.status if isinstance(error, BodyRefused) else HTTPStatus.NOT_FOUND
            return own_error(status, f"{error} {error.hint}".rstrip())
        exchange = Exchange(
            api=api,
            upstream=endpoint.name,
            kind=endpoint.kind,
            request=body,
            request_encoding=request.headers.get("Content-Encoding", ""),
            started_at=started_at,
            secrets=secrets_of(request.headers, request.rel_url.query, self._token),
            prompt_name=unquote(request.headers.get("x-llmops-prompt", "")),
            prompt_version=request.headers.get("x-llmops-prompt-version", ""),
            conversation_id=request.headers.get("x-llmops-conversation", ""),
            traceparent=request.headers.get("traceparent", ""),
        )
        passing = _Passing(exchange, started)
        # Until the whole answer has passed, whatever ends this is the client going away.
        exchange.cancelled = True
        try:
            try:
                target = await self._upstreams.ready(endpoint)
                return await self._pass(request, target, passing, tail)
            except _Renew:
                target = await self._upstreams.ready(endpoint, renew=True)
                return await self._pass(request, target, passing, tail, last=True)
        except LlmopsError as error:
            return self._failed(
                passing, HTTPStatus.SERVICE_UNAVAILABLE, f"{error} {error.hint}".rstrip()
            )
        except Exception as error:
            exchange.cancelled = False
            exchange.failure = f"The gateway failed: {type(error).__name__}."
            raise
        finally:
            exchange.duration_ms = (time.perf_counter() - started) * 1000
            if api.operation:
                size = len(body) + exchange.answer.size
                self._intake.offer(lambda: call_of(exchange), size)

    async def _pass(
        self,
        request: web.Request,
        target: Target,
        passing: _Passing,
        tail: str,
        *,
        last: bool = False,
    ) -> web.StreamResponse:
        import aiohttp
        from yarl import URL

        assert self._session is not None
        exchange = passing.exchange
        exchange.secrets = (*exchange.secrets, target.key) if target.key else exchange.secrets
        query = request.rel_url.raw_query_string
        address = f"{target.base_url}/{exchange.api.value}{tail}{'?' + query if query else ''}"
        try:
            upstream = await self._session.request(
                request.method,
                URL(address, encoded=True),
                headers=self._request_headers(request, target),
                # As a file, so that a large body is sent in pieces between others' work.
                data=io.BytesIO(exchange.request) if exchange.request else None,
                allow_redirects=False,
            )
        except TimeoutError:
            return self._failed(
                passing, HTTPStatus.GATEWAY_TIMEOUT, f"The endpoint {target.name} did not answer."
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if target.is_embedded and not last:
                raise _Renew from error
            told = type(error).__name__ if isinstance(error, ValueError) else str(error)
            return self._failed(
                passing,
                HTTPStatus.BAD_GATEWAY,
                f"The endpoint {target.name} can't be reached: {told}.",
            )
        if upstream.status == 401 and target.is_embedded and not last:
            upstream.close()  # another program has the port that the model's server had
            raise _Renew
        try:
            return await _relay(request, upstream, passing)
        finally:
            upstream.close() if exchange.cancelled or exchange.failure else upstream.release()

    def _request_headers(self, request: web.Request, target: Target) -> CIMultiDict[str]:
        """The client's headers as the upstream gets them."""
        from multidict import CIMultiDict

        dropped = _NOT_FORWARDED | _named_in_connection(request.headers.getall("Connection", ()))
        headers = CIMultiDict(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in dropped and not name.lower().startswith(_MINE)
        )
        wanted = request.headers.get("Accept-Encoding", "")
        offered = [one for one in _READABLE if one in wanted.lower()]
        # Without the header an upstream may choose as it likes; `identity` is what is meant.
        headers["Accept-Encoding"] = ", ".join(offered) or "identity"
        own = any(is_own(value, self._token) for value in _keys(request))
        if own or target.is_embedded:
            for name in _KEY_HEADERS:
                headers.popall(name, None)
            if target.key and target.kind == "anthropic":
                headers["x-api-key"] = target.key.reveal()
            elif target.key:
                headers["Authorization"] = f"Bearer {target.key.reveal()}"
        return headers

    def _failed(self, passing: _Passing, status: HTTPStatus, message: str) -> web.Response:
        self.failed += 1
        passing.exchange.cancelled = False
        passing.exchange.failure = message
        log.warning("a proxied call failed: %s", message)
        return own_error(status, message)


class _Renew(Exception):
    """The embedded model's server isn't where it was."""


class _Passing:
    """Watches an answer pass."""

    def __init__(self, exchange: Exchange, started: float) -> None:
        self.exchange = exchange
        self._started = started
        self._reading: Reading | None = None
        self._parser = SseParser()

    def begin(self, upstream: aiohttp.ClientResponse) -> None:
        """The upstream's head has come."""
        self.exchange.status = upstream.status
        self.exchange.content_type = upstream.headers.get("Content-Type", "")
        self.exchange.content_encoding = upstream.headers.get("Content-Encoding", "")
        if self.exchange.is_stream and self.exchange.api.operation:
            self._reading = Reading()

    def chunk(self, data: bytes) -> None:
        """The next bytes have come."""
        self.exchange.answer.add(data)
        if self._reading is None or self.exchange.answer.size > _WATCHED:
            return
        # A stream's first event rarely says anything; the first that does is the first token.
        if self.exchange.content_encoding:
            data = decoded(self.exchange.answer.head(), self.exchange.content_encoding)
            self._parser, self._reading = SseParser(), Reading()
        for event in self._parser.feed(data):
            self._reading.event(event)
        if self._reading.has_begun:
            self.exchange.first_token_ms = (time.perf_counter() - self._started) * 1000
            self._reading = None


async def _relay(
    request: web.Request, upstream: aiohttp.ClientResponse, passing: _Passing
) -> web.StreamResponse:
    """The upstream's answer to the client, chunk by chunk as they come."""
    import aiohttp
    from aiohttp import web
    from multidict import CIMultiDict

    passing.begin(upstream)
    dropped = _HOP_BY_HOP | _named_in_connection(upstream.headers.getall("Connection", ()))
    headers = CIMultiDict(
        (name, value) for name, value in upstream.headers.items() if name.lower() not in dropped
    )
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
    exchange = passing.exchange
    try:
        await response.prepare(request)
        async for chunk in upstream.content.iter_any():
            passing.chunk(chunk)
            await response.write(chunk)
        await response.write_eof()
    except _ENDED:
        return response  # the client went away: recorded as such by who called
    except (aiohttp.ClientError, TimeoutError) as error:
        exchange.cancelled = False
        exchange.failure = f"The answer broke off: {type(error).__name__}."
        # The client must see it broken as well, not properly ended.
        if request.transport is not None:
            request.transport.close()
        return response
    exchange.cancelled = False
    return response


async def _read(request: web.Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_REQUEST:
            raise BodyRefused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The request is larger than {MAX_REQUEST // (1024 * 1024)} MiB.",
            )
    return b"".join(parts)


def own_error(status: HTTPStatus, message: str) -> web.Response:
    """An error of the gateway itself, in a form that the SDKs of both protocols read."""
    import orjson
    from aiohttp import web

    error = {"type": "llmops_gateway_error", "message": message, "code": status.phrase}
    return web.Response(
        status=status,
        body=orjson.dumps({"type": "error", "error": error}),
        content_type="application/json",
    )


def _named_in_connection(values: Iterable[str]) -> set[str]:
    """Headers that the Connection header declares to be for this hop only."""
    return {name.strip().lower() for value in values for name in value.split(",")}


def _keys(request: web.Request) -> list[str]:
    return [value for name in _KEY_HEADERS for value in request.headers.getall(name, ())]
