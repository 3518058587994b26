"""The gateway as its own process: real clients, real kills."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import threading
from pathlib import Path

import anthropic
import httpx
import openai
import pytest
from tests.endpoints.process import mock_endpoint
from tests.gateway import made
from tests.gateway.process import GatewayProcess, gateway, stored
from tests.gateway.upstream import upstream

pytestmark = pytest.mark.slow

KEY = "sk-live-0123456789abcdefghij"


def batch(number: int, size: int = 20) -> bytes:
    return made.body(
        *(
            made.span(made.genai(f"Question {n}", "x" * 500), number=n)
            for n in range(number * size, (number + 1) * size)
        )
    )


class Senders:
    """Posts batches from several threads until it is told to stop or the gateway is gone."""

    def __init__(self, running: GatewayProcess, count: int = 4) -> None:
        self.acknowledged: list[int] = []
        self._running = running
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def _send(self, sender: int) -> None:
        number = sender * 10_000
        with httpx.Client(base_url=self._running.url, trust_env=False) as client:
            while not self._stop.is_set():
                try:
                    reply = client.post("/v1/traces", content=batch(number), headers=made.PROTOBUF)
                except httpx.HTTPError:
                    return
                if reply.status_code == 200:
                    self.acknowledged.append(number)
                number += 1

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def questions(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        found = [row[0] for row in connection.execute("SELECT input_head FROM call")]
    connection.close()
    return found


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_however_it_ends_under_load_nothing_acknowledged_is_lost_or_doubled(tmp_path, ending):
    with gateway(tmp_path / "w.db") as running:
        senders = Senders(running)
        while len(senders.acknowledged) < 30:
            pass
        running.process.send_signal(ending)
        code = running.process.wait(timeout=30)
        senders.end()
    assert code == (-signal.SIGKILL if ending is signal.SIGKILL else 0)
    kept = questions(tmp_path / "w.db")
    assert len(kept) == len(set(kept))
    promised = {
        f"user: Question {n}"
        for number in senders.acknowledged
        for n in range(number * 20, (number + 1) * 20)
    }
    assert promised <= set(kept)


def test_two_gateways_write_the_same_file(tmp_path):
    path = tmp_path / "w.db"
    with gateway(path) as one, gateway(path) as two:
        first, second = Senders(one, 2), Senders(two, 2)
        while min(len(first.acknowledged), len(second.acknowledged)) < 15:
            pass
        first.end()
        second.end()
    acknowledged = set(first.acknowledged) | set(second.acknowledged)
    assert len(questions(path)) == 20 * len(acknowledged)


def test_an_unmodified_openai_client_asks_through_the_gateway(tmp_path):
    with (
        mock_endpoint(answer="=It is four.", key=KEY) as mock,
        gateway(tmp_path / "w.db", "--upstream", mock.base_url) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY) as client,
    ):
        asked = [{"role": "user", "content": "What is 2 + 2?"}]
        whole = client.chat.completions.create(model="mock", messages=asked)
        assert whole.choices[0].message.content == "It is four."
        stream = client.chat.completions.create(
            model="mock",
            messages=asked,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers={"x-llmops-prompt": "sums", "x-llmops-prompt-version": "2"},
        )
        pieces = [event.choices[0].delta.content or "" for event in stream if event.choices]
        assert "".join(pieces) == "It is four."
        assert [model.id for model in client.models.list()] == ["mock", "mock-2"]
        rows = running.rows(2)
    for row in rows:
        assert (row.output_head, row.status, row.model) == ("It is four.", "ok", "mock")
        assert row.input_tokens == whole.usage.prompt_tokens
    assert [row.prompt_name for row in rows] == ["", "sums"]
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_the_client_gets_the_errors_of_its_upstream(tmp_path):
    with (
        mock_endpoint(key=KEY) as mock,
        gateway(tmp_path / "w.db", "--upstream", mock.base_url) as running,
        openai.OpenAI(
            base_url=f"{running.url}/v1", api_key="sk-wrong-0123456789", max_retries=0
        ) as client,
    ):
        asked = [{"role": "user", "content": "hello"}]
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
            client.chat.completions.create(model="mock", messages=asked)
        failed = running.only()
    assert failed.error == "HTTP 401: Incorrect API key"


async def test_an_unmodified_anthropic_client_asks_through_the_gateway(tmp_path):
    said = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "c-1",
        "content": [{"type": "text", "text": "Four."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 2},
    }

    def ask(url: str) -> str:
        with anthropic.Anthropic(base_url=url, api_key=KEY) as client:
            reply = client.messages.create(
                model="c-1", max_tokens=9, messages=[{"role": "user", "content": "2 + 2?"}]
            )
        return reply.content[0].text

    async with upstream() as up:
        up.says(json.dumps(said).encode())
        address = f"http://127.0.0.1:{up.port}/v1"
        with gateway(tmp_path / "w.db", "--anthropic", address) as running:
            assert await asyncio.to_thread(ask, running.url) == "Four."
            [row] = await asyncio.to_thread(running.rows, 1)
    assert (row.input_head, row.output_head, row.finish_reason) == ("user: 2 + 2?", "Four.", "stop")


def test_a_stop_lets_a_stream_under_way_come_to_its_end(tmp_path):
    with (
        mock_endpoint(answer="=one two three four five six", token_ms=150) as mock,
        gateway(tmp_path / "w.db", "--upstream", mock.base_url) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY) as client,
    ):
        stream = client.chat.completions.create(
            model="mock", messages=[{"role": "user", "content": "count"}], stream=True
        )
        pieces = []
        for event in stream:
            if not pieces:
                running.process.send_signal(signal.SIGTERM)
            pieces += [choice.delta.content or "" for choice in event.choices]
        assert "".join(pieces) == "one two three four five six"
        assert running.process.wait(timeout=30) == 0
    [row] = stored(tmp_path / "w.db", 1)
    assert (row.output_head, row.status) == ("one two three four five six", "ok")


def test_an_attribute_of_a_hundred_megabytes_is_cut_with_a_mark(tmp_path):
    huge = made.span(made.genai("small", "4", **{"document": "x" * 100_000_000}), number=1)
    with gateway(tmp_path / "w.db") as running:
        assert running.traces(made.body(huge, made.span(made.genai(), number=2))).status == 200
        assert len(running.rows(2)) == 2
        assert running.traces(made.body(made.span(made.genai(), number=3))).status == 200
    assert (tmp_path / "w.db").stat().st_size < 5_000_000


def test_a_file_that_is_no_workspace_ends_it_with_a_sentence(tmp_path):
    import subprocess
    import sys

    (tmp_path / "w.db").write_text("not a database" * 1000)
    ended = subprocess.run(
        [sys.executable, "-m", "llmops_tui.gateway", "--db", tmp_path / "w.db", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    assert "not a workspace" in ended.stderr
    assert "Traceback" not in ended.stderr
