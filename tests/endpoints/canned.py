"""An endpoint that says byte for byte what a test tells it to, in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson


@dataclass
class CannedEndpoint:
    """Gives its replies one after the other; the last one for ever."""

    replies: Sequence[Sequence[bytes | float]]
    """Each reply: bytes to send and seconds to wait; the connection closes after a reply that
    announces it (`Connection: close`) or is not framed."""
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def base_url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def json(self, index: int = -1) -> dict:
        """The body of a request it got."""
        return orjson.loads(self.bodies[index])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                reply = self.replies[min(len(self.heads), len(self.replies)) - 1]
                for part in reply:
                    if isinstance(part, bytes):
                        writer.write(part)
                        await writer.drain()
                    else:
                        await asyncio.sleep(part)
                first = reply[0] if isinstance(reply[0], bytes) else b""
                if b"Connection: close" in first or not first.startswith(b"HTTP/"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def canned_endpoint(*replies: Sequence[bytes | float]) -> AsyncIterator[CannedEndpoint]:
    """Serve canned replies on a free port."""
    endpoint = CannedEndpoint(replies)
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(endpoint.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def whole(
    body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str
) -> list[bytes | float]:
    """A reply with its length announced; `retry_after="3"` becomes the header `retry-after: 3`."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}"
    return [head.encode() + b"\r\n" + body]


def streamed(*parts: bytes | float, end: bool = True) -> list[bytes | float]:
    """A chunked event stream; without `end` the connection breaks within it."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    if not end:
        head += b"Connection: close\r\n"
    reply: list[bytes | float] = [head + b"\r\n"]
    reply.extend(
        b"%x\r\n%s\r\n" % (len(part), part) if isinstance(part, bytes) else part for part in parts
    )
    if end:
        reply.append(b"0\r\n\r\n")
    return reply
