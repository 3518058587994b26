"""Trace bodies of a hundred calls as instrumented applications export them, and who sends them.

The texts are English prose (Python's own help topics) under one system prompt: what a dictionary
or a window can and can't save is then about what it is in production. Run as a program it is the
sender, in a process of its own so that it takes nothing from the gateway's interpreter:
`python -m benchmarks.spans URL KIND BATCHES SIZE SENDERS [RATE]`, which prints one line of JSON.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
from pydoc_data.topics import topics
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PROSE = " ".join(" ".join(topics.values()).split())
_SYSTEM = PROSE[:600]
_DISTINCT = 24


def text(chance: random.Random, length: int) -> str:
    """A piece of prose of about this many characters."""
    start = chance.randrange(len(PROSE) - length)
    return PROSE[start : start + length]


def body(kind: str, size: int, seed: int) -> bytes:
    """One post of `size` calls: `genai` (3 KB each) or `both` (with OpenInference, 6.4 KB)."""
    chance = random.Random(seed)
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(
        _pairs({"service.name": "shop", "telemetry.sdk.language": "python", "host.name": "web-1"})
    )
    scope = group.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.openai_v2"
    now = time.time_ns()
    for number in range(size):
        question, answer = text(chance, 900), text(chance, 900)
        told = _genai(question, answer, chance) | (
            _openinference(question, answer) if kind == "both" else {}
        )
        took = chance.randrange(200, 4000) * 1_000_000
        scope.spans.append(
            Span(
                trace_id=_mark(seed, number) + bytes(8),
                span_id=chance.randbytes(8),
                name="chat mock-large",
                start_time_unix_nano=now - took,
                end_time_unix_nano=now,
                attributes=_pairs(told),
            )
        )
    return request.SerializeToString()


def bodies(kind: str, size: int) -> list[tuple[bytearray, list[int]]]:
    """Distinct posts, each with the places where a fresh trace id goes."""
    made = []
    for seed in range(_DISTINCT):
        data = body(kind, size, seed)
        places = [data.index(_mark(seed, number)) + 8 for number in range(size)]
        made.append((bytearray(data), places))
    return made


def send(url: str, kind: str, batches: int, size: int, senders: int, rate: float) -> dict:
    """Post so many batches from so many connections; how long it took, what was answered."""
    ready = bodies(kind, size)
    address = urlsplit(url)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: application/x-protobuf\r\nContent-Length: "
    )
    numbers = iter(range(batches))
    guard = threading.Lock()
    waits: list[float] = []
    refused = [0]
    begun = time.perf_counter()

    def work() -> None:
        made = [(bytearray(data), places) for data, places in ready]
        with socket.create_connection((address.hostname, address.port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with guard:
                    number = next(numbers, None)
                if number is None:
                    return
                if rate:
                    time.sleep(max(0.0, begun + number * size / rate - time.perf_counter()))
                data, places = made[number % len(made)]
                fresh = (number + 1).to_bytes(8)
                for place in places:
                    data[place : place + 8] = fresh
                while True:
                    before = time.perf_counter()
                    line.sendall(f"{head}{len(data)}\r\n\r\n".encode() + data)
                    answer = _answer(line)
                    waits.append(time.perf_counter() - before)
                    if answer.startswith(b"HTTP/1.1 200"):
                        break
                    refused[0] += 1
                    time.sleep(0.05)

    threads = [threading.Thread(target=work) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    waits.sort()
    return {
        "seconds": took,
        "spans": batches * size,
        "refused": refused[0],
        "bytes_a_span": len(ready[0][0]) / size,
        "worst_s": waits[-1],
    }


def _answer(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = line.recv(65536)
        if not more:
            raise ConnectionError("the gateway closed the connection")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    length = 0
    for field in head.lower().split(b"\r\n"):
        if field.startswith(b"content-length:"):
            length = int(field[15:])
    while len(rest) < length:
        rest += line.recv(65536)
    return data


def _mark(seed: int, number: int) -> bytes:
    return b"\xfe" + seed.to_bytes(3) + number.to_bytes(4)


def _genai(question: str, answer: str, chance: random.Random) -> dict[str, object]:
    def message(role: str, told: str, **more: str) -> dict[str, object]:
        return {"role": role, "parts": [{"type": "text", "content": told}], **more}

    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "mock-large",
        "gen_ai.response.model": "mock-large-2026-08-01",
        "gen_ai.response.id": f"chatcmpl-{chance.getrandbits(96):024x}",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 800,
        "gen_ai.usage.input_tokens": 380,
        "gen_ai.usage.output_tokens": 220,
        "gen_ai.response.finish_reasons": ["stop"],
        "server.address": "api.example.com",
        "server.port": 443,
        "gen_ai.input.messages": json.dumps(
            [message("system", _SYSTEM), message("user", question)]
        ),
        "gen_ai.output.messages": json.dumps([message("assistant", answer, finish_reason="stop")]),
    }


def _openinference(question: str, answer: str) -> dict[str, object]:
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": "mock-large",
        "llm.provider": "openai",
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": _SYSTEM,
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.content": question,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": answer,
        "llm.invocation_parameters": json.dumps({"temperature": 0.2, "max_tokens": 800}),
        "llm.token_count.prompt": 380,
        "llm.token_count.completion": 220,
        "llm.token_count.total": 600,
        "input.mime_type": "application/json",
        "output.mime_type": "text/plain",
        "output.value": answer[:400],
    }


def _value(told: object) -> AnyValue:
    if isinstance(told, int):
        return AnyValue(int_value=told)
    if isinstance(told, float):
        return AnyValue(double_value=told)
    if isinstance(told, list):
        return AnyValue(array_value=ArrayValue(values=[_value(one) for one in told]))
    return AnyValue(string_value=str(told))


def _pairs(attributes: dict[str, object]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(told)) for name, told in attributes.items()]


def main() -> None:
    """Send what the command line asks for."""
    url, kind, batches, size, senders = sys.argv[1:6]
    rate = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
    sys.stdout.write(json.dumps(send(url, kind, int(batches), int(size), int(senders), rate)))


if __name__ == "__main__":
    main()
