"""An instrumented application goes on while the gateway doesn't, and loses nothing by it."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest
from tests.compat import documented
from tests.endpoints.process import mock_endpoint
from tests.gateway.process import gateway

pytestmark = pytest.mark.slow

ASKS = """
import sys

for line in sys.stdin:
    client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": line.strip()}]
    )
    print("asked", flush=True)
    told = telemetry.spans.force_flush(200_000) and telemetry.logs.force_flush(200_000)
    print("told" if told else "given up", flush=True)
"""


def a_port_of_our_own() -> int:
    """One that stays free while nobody listens: not of those that connections are given."""
    chosen = random.Random(os.getpid())
    for _ in range(100):
        port = chosen.randrange(20_000, 30_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def test_an_exporter_that_finds_no_gateway_tells_the_next_one(tmp_path: Path) -> None:
    """With texts as log events and gzip, so that both exporters have something to lose."""
    port = ("--port", str(a_port_of_our_own()))
    with mock_endpoint(answer="=Paris.") as mock, gateway(tmp_path / "w.db", *port) as first:
        code = documented.program(
            "OpenTelemetry's instrumentation of the OpenAI SDK",
            gateway=first.url,
            by_otlp=True,
            more={
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "event_only",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "100",
            },
        )
        model = mock.base_url.removesuffix("/v1")
        with documented.started(tmp_path, code + ASKS, model) as application:
            assert application.stdin is not None
            assert application.stdout is not None
            lines = application.stdout

            def ask(question: str) -> None:
                assert application.stdin is not None
                print(question, file=application.stdin, flush=True)
                assert lines.readline() == "asked\n"

            assert lines.readline() == "Paris.\n"
            ask("And before?")
            assert lines.readline() == "told\n"
            first.kill()
            ask("And meanwhile?")
            with gateway(tmp_path / "w.db", *port) as second:
                assert lines.readline() == "told\n"
                application.stdin.close()
                assert application.wait(timeout=documented.LONGEST_S) == 0
                found = second.details(3, texts=True)
    assert [(call.input.splitlines()[-1], call.output, call.row.status) for call in found] == [
        ("user: What is the capital of France?", "Paris.", "ok"),
        ("user: And before?", "Paris.", "ok"),
        ("user: And meanwhile?", "Paris.", "ok"),
    ]
    assert all('"log_events"' in call.attributes for call in found)
