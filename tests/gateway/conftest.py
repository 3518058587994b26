"""What the gateway's tests share."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from tests.gateway.process import stored

from llmops_tui.gateway.server import GatewayOptions, Listening, serve


@dataclass
class RunningGateway:
    """A gateway in this process, on a real socket."""

    url: str
    db_path: Path
    session: aiohttp.ClientSession

    async def rows(self, expected: int = 0):
        """The stored calls, oldest first; waits until there are as many as expected."""
        return await asyncio.to_thread(stored, self.db_path, expected)

    async def post(self, path: str, body: bytes, **headers: str):
        """Send a body; the status, the headers and what was said."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(
            self.url + path, data=io.BytesIO(body), headers=named
        ) as reply:
            return reply.status, reply.headers, await reply.read()

    async def traces(self, body: bytes, kind: str = "application/x-protobuf", **headers: str):
        """Post spans."""
        return await self.post("/v1/traces", body, Content_Type=kind, **headers)

    async def health(self) -> dict:
        async with self.session.get(self.url + "/health") as reply:
            return await reply.json()


@asynccontextmanager
async def running(options: GatewayOptions) -> AsyncIterator[RunningGateway]:
    """Serve in this event loop until the block ends."""
    stop = asyncio.Event()
    ready: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(replace(options, port=0), stop, ready.set_result))
    try:
        await asyncio.wait([serving, ready], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        async with aiohttp.ClientSession() as session:
            yield RunningGateway(ready.result().url, options.db_path, session)
    finally:
        stop.set()
        await serving


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[RunningGateway]]:
    """Starts a gateway with the options given, on a workspace of its own."""

    def starter(**options) -> AbstractAsyncContextManager[RunningGateway]:
        return running(GatewayOptions(**{"db_path": tmp_path / "w.db", **options}))

    return starter
