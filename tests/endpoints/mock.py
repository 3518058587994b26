"""An endpoint for tests and benchmarks: fast, deterministic, able to misbehave.

It speaks the OpenAI protocol (chat completions and responses) and Anthropic's messages.
Raw asyncio, because it must be faster than any client it serves. Run it as its own process:

    python -m tests.endpoints.mock --latency-ms 50 --fault throttle=0.05 --fault hang=0.01

It prints one line of JSON with its port on stdout. `GET /stats` counts what was asked (with
`?prompts=1` by prompt), `POST /config` changes the settings while it runs, `POST /reset` forgets
the counts. Tests use `tests.endpoints.process.mock_endpoint()`.

What is answered is derived from the last message alone, so two runs get the same answers. Which
prompts meet which fault is derived from a checksum of the prompt; a prompt that contains
`fault:NAME` (or `fault:NAME:2`, for the first two times it is asked) meets that fault.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from dataclasses import asdict

import orjson
from tests.endpoints.behaviour import FAULTS, Counts, Settings, State
from tests.endpoints.dialects import CHAT, DIALECTS, Said, tool_called

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.loop = asyncio.get_running_loop()
        self.buffer = b""
        self.busy = False
        self.dialect = CHAT
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.state.counts.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.busy:
            self.state.counts.in_flight -= 1

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        while not self.busy and self._take_request():
            pass

    def _take_request(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.buffer[: end + 2]
        found = _LENGTH.search(head)
        stop = end + 4 + (int(found[1]) if found else 0)
        if len(self.buffer) < stop:
            return False
        body, self.buffer = self.buffer[end + 4 : stop], self.buffer[stop:]
        method, path = head.split(b" ", 2)[:2]
        if method == b"POST" and path.endswith(b"/chat/completions"):
            self.dialect = CHAT
            self._take_question(head, body)
        elif method == b"POST" and (dialect := DIALECTS.get(path[path.rfind(b"/") :])):
            self.dialect = dialect
            self._take_question(head, body)
        else:
            self._take_other(method, path, body)
        return True

    def _take_other(self, method: bytes, path: bytes, body: bytes) -> None:
        state = self.state
        route, _, query = path.partition(b"?")
        if route == b"/stats":
            self._send(200, state.counts.as_json(b"prompts=1" in query))
        elif route == b"/reset":
            in_flight = state.counts.in_flight
            state.counts = Counts()
            state.counts.in_flight = in_flight
            self._send(200, b"{}")
        elif route == b"/config":
            for name, value in orjson.loads(body).items():
                setattr(state.settings, name, value)
            self._send(200, json.dumps(asdict(state.settings)).encode())
        elif route.endswith(b"/models"):
            self._send(200, b'{"object":"list","data":[{"id":"mock"},{"id":"mock-2"}]}')
        else:
            self._send(404, b'{"error":{"message":"no such address","code":"not_found"}}')

    def _take_question(self, head: bytes, body: bytes) -> None:
        state = self.state
        counts, settings = state.counts, state.settings
        question = orjson.loads(body)
        prompt = self.dialect.prompt(question)
        if counts.requests % 500 == 0:
            counts.marks.append(time.time())
        counts.requests += 1
        counts.asked[prompt] += 1
        counts.in_flight += 1
        counts.peak_in_flight = max(counts.peak_in_flight, counts.in_flight)
        self.busy = True
        fault = state.fault_of(prompt)
        if settings.key and f"bearer {settings.key}".lower().encode() not in head.lower():
            fault = "unauthorized"
        elif 0 <= settings.down_after < counts.requests:
            fault = "error"
        elif 0 <= settings.hang_after < counts.requests:
            fault = "hang"
        elif settings.capacity and counts.in_flight > settings.capacity:
            fault = "throttle"
        if settings.latency_ms and fault != "throttle":
            self.timer = self.loop.call_later(
                settings.latency_ms / 1000.0, self._reply, question, prompt, fault
            )
        else:
            self._reply(question, prompt, fault)

    def _reply(self, question: dict[str, object], prompt: str, fault: str) -> None:
        if fault:
            self.state.counts.faults[fault] += 1
            if self._misbehave(question, prompt, fault):
                return
        answer = "" if fault == "empty" else self.state.answer_to(prompt)
        if fault == "trickle":
            answer = prompt
        self.state.counts.answered += 1
        self.state.counts.answered_by_prompt[prompt] += 1
        tool = tool_called(question, prompt) if self.state.settings.calls_tools else ("", "")
        said = Said(
            self.state.counts.requests,
            str(question.get("model", "")),
            prompt,
            None if fault == "null" or tool[0] else answer,
            fault == "filter",
            *tool,
        )
        if question.get("stream"):
            self._stream(said, fault)
        else:
            self._finish(200, self.dialect.body(said))

    def _misbehave(self, question: dict[str, object], prompt: str, fault: str) -> bool:
        """Returns whether the fault has replaced the answer."""
        wait = f"Retry-After: {self.state.settings.retry_after}\r\n".encode()
        body = self.dialect.body(Said(0, "mock", prompt, prompt))
        if question.get("stream") and fault in {"truncated", "cut", "stall", "trickle"}:
            return False
        match fault:
            case "throttle":
                self._finish(
                    429, b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}', wait
                )
            case "error":
                self._finish(500, b'{"error":{"message":"broken","type":"server_error"}}')
            case "unauthorized":
                self._finish(
                    401, b'{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}'
                )
            case "context":
                message = b"This model's maximum context length is 10 tokens."
                self._finish(
                    400, b'{"error":{"message":"%s","code":"context_length_exceeded"}}' % message
                )
            case "error-200":
                self._finish(200, b'{"error":{"message":"upstream died","code":502}}')
            case "invalid-json":
                self._finish(200, b'{"choices":[{"message":{"content":"half a')
            case "html":
                page = b"<!DOCTYPE html><html><title>Sign in</title></html>"
                self._finish(200, page, kind=b"text/html")
            case "reset":
                self.transport.abort()
            case "hang":
                pass
            case "stall":
                self._announce(len(body), body[: len(body) // 2])
            case "truncated" | "cut":
                self._announce(len(body), body[: len(body) // 2])
                self.transport.close()
            case "trickle":
                self._announce(len(body), b"")
                self._trickle(body, 0)
            case _:
                return False
        return True

    def _announce(self, length: int, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (length, body)
        )

    def _trickle(self, body: bytes, at: int) -> None:
        if at < len(body):
            self.transport.write(body[at : at + 1])
            self.timer = self.loop.call_later(0.02, self._trickle, body, at + 1)
        else:
            self._done()

    def _stream(self, said: Said, fault: str) -> None:
        events = self.dialect.events(said, fault not in {"truncated", "cut", "stall"})
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        self._send_events(events, 0, fault)

    def _send_events(self, events: list[bytes], at: int, fault: str) -> None:
        pause = 0.02 if fault == "trickle" else self.state.settings.token_ms / 1000.0
        ready = events[at : at + 1] if pause else events[at:]
        self.transport.write(b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in ready))
        at += len(ready)
        if at < len(events):
            self.timer = self.loop.call_later(pause, self._send_events, events, at, fault)
        elif fault == "stall":
            pass
        elif fault == "cut":
            self.transport.close()
        else:
            self.transport.write(b"0\r\n\r\n")
            self.state.counts.statuses[200] += 1
            self._done()

    def _finish(
        self, status: int, body: bytes, extra: bytes = b"", kind: bytes = b"application/json"
    ) -> None:
        self.state.counts.statuses[status] += 1
        self._send(status, body, extra, kind)
        self._done()

    def _send(
        self, status: int, body: bytes, extra: bytes = b"", kind: bytes = b"application/json"
    ) -> None:
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s"
            % (status, _REASONS[status].encode(), kind, extra, len(body), body)
        )

    def _done(self) -> None:
        self.busy = False
        self.timer = None
        self.state.counts.in_flight -= 1
        if self.buffer:
            self.loop.call_soon(self.data_received, b"")


async def serve(settings: Settings, port: int, watch_stdin: bool) -> None:
    """Serve until cancelled, or until stdin closes where it is watched."""
    loop = asyncio.get_running_loop()
    state = State(settings)
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", port, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    if watch_stdin:
        # The process that started this one has ended, however that came about.
        ended = asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), lambda: sys.stdin.buffer.read1() or ended.set())
        await ended.wait()
    else:
        await server.serve_forever()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    defaults = Settings()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--watch-stdin", action="store_true", help="end when stdin closes")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=FRACTION")
    for name, value in asdict(defaults).items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            parser.add_argument(option, type=lambda text: text == "True", default=value)
        elif name != "faults":
            parser.add_argument(option, type=type(value), default=value)
    chosen = vars(parser.parse_args())
    port, watch_stdin = chosen.pop("port"), chosen.pop("watch_stdin")
    faults = {}
    for item in chosen.pop("fault"):
        name, _, fraction = item.partition("=")
        if name not in FAULTS:
            parser.error(f"unknown fault {name}; known: {', '.join(FAULTS)}")
        faults[name] = float(fraction or 1)
    try:
        asyncio.run(serve(Settings(**chosen, faults=faults), port, watch_stdin))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
