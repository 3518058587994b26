"""The gateway's HTTP server: what listens where, who may, and how it stops."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmops_tui.core.chat import Endpoint
from llmops_tui.core.errors import InputError
from llmops_tui.gateway import adoption, alerting
from llmops_tui.gateway.adoption import Adoption
from llmops_tui.gateway.behind import Behind, Seldom
from llmops_tui.gateway.exchange import Api
from llmops_tui.gateway.heartbeat import BEAT_S, Heartbeat
from llmops_tui.gateway.intake import Intake
from llmops_tui.gateway.judge import DEFAULT_AUDIT, Flagger, Judge
from llmops_tui.gateway.proxy import Proxy, own_error
from llmops_tui.gateway.receive import Receiver
from llmops_tui.gateway.redaction import is_own
from llmops_tui.gateway.upstreams import Upstreams
from llmops_tui.providers.keys import Secret
from llmops_tui.store.database import Database

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DEFAULT_PORT = 4318
"""Where OTLP over HTTP is expected."""

_DRAIN_S = 10.0
"""How long requests under way may take to finish when the gateway is asked to stop."""

_READ_AHEAD = 512 * 1024
"""Bytes of a body that are read before the reader is told to pause: a batch of a hundred calls."""

_SWITCH_S = 0.001
"""How often Python's threads take turns: at the default of 5 ms, decoding a large batch would
delay the proxy's traffic by as much."""

log = logging.getLogger("llmops_tui.gateway")


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """How a gateway runs."""

    db_path: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0 for any free one."""
    token: Secret = field(default_factory=lambda: Secret(""))
    """What clients must show; needed for any address but loopback."""
    upstreams: Mapping[str, Endpoint] | None = None
    """Endpoints that calls are forwarded to, by name; the first of a protocol is its default.
    None for those of the workspace, as they change."""
    default_upstream: str = ""
    project_id: int | None = None
    """The project of calls whose prompt doesn't tell theirs."""
    audit_probability: float = DEFAULT_AUDIT
    """With which probability an unflagged call is drawn for review."""
    seed: int | None = None
    """Makes that draw repeatable."""
    flagger: Flagger | None = None
    """Applies the flag rules, see `judge.flagger_of`; None for those of each project."""
    context: bool = True
    """Whether spans that are no call are kept as the steps of a trace."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a gateway can be reached."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base of its addresses: `…/v1/traces` for telemetry, `…/v1` for an SDK's base URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def run(options: GatewayOptions, on_ready: Callable[[Listening], None]) -> None:
    """Run a gateway until SIGTERM or SIGINT; returns when all that was taken is committed.

    Args:
        options: How it runs.
        on_ready: Called once it listens.

    Raises:
        InputError: It may not or can't listen there.
        StoreError: The workspace can't be used.
    """
    switch = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        asyncio.run(_until_signal(options, on_ready))
    finally:
        sys.setswitchinterval(switch)


async def _until_signal(options: GatewayOptions, on_ready: Callable[[Listening], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def ready(listening: Listening) -> None:
        # What is there by now stays: to look through it for garbage would halt the traffic for
        # some ten milliseconds every now and then.
        gc.collect()
        gc.freeze()
        on_ready(listening)

    await serve(options, stop, ready)


async def serve(
    options: GatewayOptions, stop: asyncio.Event, on_ready: Callable[[Listening], None]
) -> None:
    """Serve until `stop` is set, then finish what is under way and commit it; see `run`."""
    from aiohttp import web  # 150 ms, which only a gateway has to spend

    check_bind(options)
    db = Database(options.db_path)
    judge = Judge(
        db,
        options.flagger,
        project_id=options.project_id,
        audit_probability=options.audit_probability,
        seed=options.seed,
    )
    # Another one for the other thread; the draw is continued with the same probability.
    later = Judge(db, options.flagger, audit_probability=options.audit_probability)
    gateway = Gateway(options, Intake(db, judge.judge))
    beat = Heartbeat(db, gateway.intake)
    own = gateway.upstreams if options.upstreams is None else None
    adopting = Adoption(db, judge, own, gateway.intake.turn)
    behind = Behind(
        db,
        later,
        gateway.intake,
        (
            Seldom("adoption", adoption.EVERY_S, adopting.look),
            Seldom("state", BEAT_S, beat.write),
            Seldom("alerts", alerting.EVERY_S, lambda: alerting.check(db)),
        ),
    )
    runner = web.AppRunner(
        gateway.app(),
        access_log=None,
        auto_decompress=False,  # bodies are inflated within limits, or pass as they are
        handler_cancellation=True,  # a client that hangs up stops its upstream's work
        shutdown_timeout=_DRAIN_S,
        read_bufsize=_READ_AHEAD,
    )
    try:
        await runner.setup()
        await _listen(web.TCPSite(runner, options.host, options.port, backlog=1024), options)
        gateway.intake.start()
        await asyncio.to_thread(adopting.look)
        behind.start()
        host, port = runner.addresses[0][:2]
        listening = Listening(str(host), int(port))
        beat.url = listening.url
        await asyncio.to_thread(beat.write)
        on_ready(listening)
        await stop.wait()
        log.info("stopping: finishing what is under way")
    finally:
        await runner.cleanup()
        await asyncio.to_thread(gateway.intake.close)
        await asyncio.to_thread(behind.close)
        await asyncio.to_thread(beat.stop)
        db.close()


def check_bind(options: GatewayOptions) -> None:
    """See that only this machine is served without a token.

    Raises:
        InputError: The address is open to others and there is no token.
    """
    if not options.token and not is_loopback(options.host):
        raise InputError(
            f"The address {options.host!r} can be reached from other machines, so the gateway "
            "needs a token there.",
            "Set one in LLMOPS_TUI_GATEWAY_TOKEN, or listen on 127.0.0.1.",
        )


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be reached from this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _listen(site: web.TCPSite, options: GatewayOptions) -> None:
    try:
        await site.start()
    except (OSError, OverflowError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"The gateway can't listen on {options.host}:{options.port}: {told}.",
            "Choose another port with --port; `--port 0` takes any free one.",
        ) from error


class Gateway:
    """The routes and their guard.

    Args:
        options: How it runs.
        intake: Where calls are committed.
    """

    def __init__(self, options: GatewayOptions, intake: Intake) -> None:
        self.intake = intake
        self._token = options.token
        self._receiver = Receiver(intake, context=options.context)
        self.upstreams = Upstreams(options.upstreams or {}, options.default_upstream)
        self._proxy = Proxy(self.upstreams, intake, options.token)
        self._started = time.monotonic()

    def app(self) -> web.Application:
        """The application with all routes."""
        from aiohttp import web

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        app = web.Application(middlewares=[guard])
        app.router.add_get("/health", self._health)
        app.router.add_post("/v1/traces", self._receiver.traces)
        app.router.add_post("/v1/logs", self._receiver.logs)
        app.router.add_post("/v1/feedback", self._receiver.feedback)
        for prefix in ("/v1", "/to/{upstream}/v1"):
            for api in Api:
                method = app.router.add_get if api is Api.MODELS else app.router.add_post
                method(f"{prefix}/{api.value}", self._forwarding(api))
            app.router.add_get(f"{prefix}/models/{{tail:.+}}", self._forwarding(Api.MODELS))
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._close)
        return app

    async def _start(self, _app: web.Application) -> None:
        await self._proxy.start()

    async def _close(self, _app: web.Application) -> None:
        await self._proxy.close()
        await asyncio.to_thread(self._receiver.close)

    def _forwarding(self, api: Api) -> Handler:
        async def forward(request: web.Request) -> web.StreamResponse:
            # As it was sent: a model's name may hold an escaped slash.
            _, found, tail = request.rel_url.raw_path.partition("/v1/models/")
            return await self._proxy.forward(request, api, f"/{tail}" if found else "")

        return forward

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may; turn what is left over into sentences."""
        from aiohttp import web

        known = self._is_known(request)
        if self._token and not known and request.path != "/health":
            return own_error(
                HTTPStatus.UNAUTHORIZED,
                "The gateway wants its token: as bearer in Authorization, or in x-llmops-token.",
            )
        origin = request.headers.get("Origin")
        if origin and not known and not _is_local_page(origin):
            # Any page in a browser on this machine could post here otherwise.
            return own_error(HTTPStatus.FORBIDDEN, "Web pages of other machines may not call this.")
        try:
            return await handler(request)
        except web.HTTPException as error:
            status = HTTPStatus(error.status)
            if status is HTTPStatus.NOT_FOUND:
                return own_error(status, _nothing_here(request.path))
            return own_error(status, f"{request.method} {request.path}: {error.reason}.")
        except ConnectionResetError:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return own_error(
                HTTPStatus.SERVICE_UNAVAILABLE, "The gateway failed on this; its log says why."
            )

    def _is_known(self, request: web.Request) -> bool:
        shown = (
            request.headers.get(name, "")
            for name in ("x-llmops-token", "Authorization", "x-api-key", "api-key")
        )
        return any(is_own(value, self._token) for value in shown)

    async def _health(self, request: web.Request) -> web.Response:
        import orjson
        from aiohttp import web

        healthy = self.intake.is_healthy
        state: dict[str, object] = {"status": "ok" if healthy else "degraded"}
        if not self._token or self._is_known(request):
            state |= {
                "pid": os.getpid(),
                "uptime_s": round(time.monotonic() - self._started, 1),
                "calls": self.intake.state(),
                "telemetry": {
                    "posts": self._receiver.posts,
                    "other_spans": self._receiver.other_spans,
                    "rejected_spans": self._receiver.rejected_spans,
                },
                "proxy": {
                    "requests": self._proxy.forwarded,
                    "failed": self._proxy.failed,
                    "endpoints": self.upstreams.names,
                },
            }
        return web.Response(
            status=HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE,
            body=orjson.dumps(state),
            content_type="application/json",
        )


def _is_local_page(origin: str) -> bool:
    with suppress(ValueError):
        return is_loopback(urlsplit(origin).hostname or "")
    return False


def _nothing_here(path: str) -> str:
    if path == "/v1/metrics":
        return (
            f"This gateway takes traces at /v1/traces and logs at /v1/logs; {path} is not received."
        )
    return (
        f"There is nothing at {path[:200]}. Traces go to /v1/traces, logs to /v1/logs, what users "
        "say to /v1/feedback, calls to "
        f"{', '.join(f'/v1/{api.value}' for api in Api)}, with /to/NAME before them for the "
        "endpoint of that name."
    )
