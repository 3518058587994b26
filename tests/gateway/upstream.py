"""An upstream that answers what a test tells it to and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from llmops_tui.core.chat import Endpoint


@dataclass
class Upstream:
    """A running upstream."""

    port: int = 0
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Path with query, headers in lower case, body."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client left in the middle of an answer."""

    def endpoint(self, kind: str = "openai", name: str = "upstream", key_ref: str = "") -> Endpoint:
        """The endpoint that it is for a workspace."""
        return Endpoint(1, name, kind, f"http://127.0.0.1:{self.port}/v1", key_ref)

    def says(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Answer everything with this."""
        named = {"Content-Type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(body=body, status=status, headers=named)

        self.answer = answer

    def streams(
        self, *chunks: bytes, pause: float = 0.0, breaks: bool = False, **headers: str
    ) -> None:
        """Answer everything with a stream, a pause before each chunk but the first."""
        named = {"Content-Type": "text/event-stream"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers=named)
            try:
                await response.prepare(request)
                for place, chunk in enumerate(chunks):
                    if place and pause:
                        await asyncio.sleep(pause)
                    await response.write(chunk)
                if breaks:
                    assert request.transport is not None
                    request.transport.close()
                else:
                    await response.write_eof()
            except (ConnectionResetError, asyncio.CancelledError):
                self.hung_up.set()
                raise
            return response

        self.answer = answer


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """Run an upstream on a free port of loopback."""
    made = Upstream()

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        made.requests.append((request.raw_path, headers, await request.read()))
        assert made.answer is not None
        return await made.answer(request)

    app = web.Application(client_max_size=2**27)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        shutdown_timeout=0.5,
        auto_decompress=False,
        access_log=None,
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
