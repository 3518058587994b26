"""The two ends of a proxy under measurement, each a program of its own.

`python -m benchmarks.relayed upstream` serves chat completions on a free port, at once and in
streams of events some milliseconds apart; it prints its port. `python -m benchmarks.relayed call
URL SECONDS RATE` asks at a steady rate, every other time for a stream, and prints what it waited
for: whole answers, first events, and each event from when it was sent (both ends read one clock).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

EVENTS = 10
GAP_S = 0.004
_PADDING = "word " * 200
_ANSWER = {
    "id": "chatcmpl-1",
    "model": "mock",
    "choices": [{"message": {"role": "assistant", "content": _PADDING}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 40, "completion_tokens": 200},
}
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{length}\r\n\r\n"


async def upstream() -> None:
    """Serve until ended."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = json.dumps(_ANSWER).encode()
    length = f"Content-Length: {len(body)}"
    plain = _HEAD.format(kind="application/json", length=length).encode() + body
    begin = _HEAD.format(kind="text/event-stream", length="Transfer-Encoding: chunked").encode()
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            asked = await reader.readexactly(_length(head))
            if b'"stream": true' not in asked:
                writer.write(plain)
                continue
            writer.write(begin)
            for number in range(EVENTS):
                if number:
                    await asyncio.sleep(GAP_S)
                writer.write(_chunk(_event(number)))
            writer.write(_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _event(number: int) -> bytes:
    delta = {"content": f"word {time.monotonic_ns()} "}
    last = number == EVENTS - 1
    choice = {"index": 0, "delta": delta, "finish_reason": "stop" if last else None}
    return b"data: " + json.dumps({"id": "chatcmpl-1", "choices": [choice]}).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _length(head: bytes) -> int:
    for field in head.lower().split(b"\r\n"):
        if field.startswith(b"content-length:"):
            return int(field[15:])
    return 0


class Caller:
    """Asks at a steady rate over connections that stay open."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.waited: dict[str, list[float]] = {"whole": [], "first": [], "event": []}
        """Milliseconds."""

    async def run(self, seconds: float, rate: float) -> None:
        """Ask for so long."""
        begun = time.monotonic()
        asking = []
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            asking.append(asyncio.create_task(self._ask(stream=bool(number % 2))))
        await asyncio.gather(*asking)

    async def _ask(self, *, stream: bool) -> None:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection(
                self._address.hostname, self._address.port
            )
        asked = {"model": "mock", "messages": [{"role": "user", "content": _PADDING}]}
        body = json.dumps(asked | ({"stream": True} if stream else {})).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            "Authorization: Bearer sk-benchmark-000000\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic_ns()
        writer.write(head.encode() + body)
        answered = await reader.readuntil(b"\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 200"), answered
        if stream:
            await self._events(reader, began)
        else:
            await reader.readexactly(_length(answered))
            self.waited["whole"].append((time.monotonic_ns() - began) / 1e6)
        self._idle.append((reader, writer))

    async def _events(self, reader: asyncio.StreamReader, began: int) -> None:
        first = True
        while size := int(await reader.readline(), 16):
            data = await reader.readexactly(size + 2)
            came = time.monotonic_ns()
            for one in data.split(b"word ")[1:]:
                sent = int(one.split()[0])
                self.waited["event"].append((came - sent) / 1e6)
                if first:
                    self.waited["first"].append((came - began) / 1e6)
                    first = False
        await reader.readline()


async def call(url: str, seconds: float, rate: float) -> dict[str, list[float]]:
    """Ask, after a second that isn't measured."""
    caller = Caller(url)
    await caller.run(1.0, rate)
    caller.waited = {name: [] for name in caller.waited}
    await caller.run(seconds, rate)
    return caller.waited


def main() -> None:
    """Be the end that the command line names."""
    if sys.argv[1] == "upstream":
        asyncio.run(upstream())
    else:
        url, seconds, rate = sys.argv[2:5]
        sys.stdout.write(json.dumps(asyncio.run(call(url, float(seconds), float(rate)))))


if __name__ == "__main__":
    main()
