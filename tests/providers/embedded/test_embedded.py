"""The real embedded model, in real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_tui.core.chat import (
    Answer,
    AnswerError,
    AnswerErrorKind,
    ChatRequest,
    Endpoint,
    Json,
    Message,
)
from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded import client, model, state
from llmops_tui.providers.embedded.provider import EmbeddedProvider
from llmops_tui.providers.factory import open_provider
from llmops_tui.providers.keys import Secret
from llmops_tui.providers.openai import OpenAIProvider
from llmops_tui.providers.wire import Wire

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.skipif(
        isinstance(model.availability(), model.Missing),
        reason="the embedded model is not installed",
    ),
]

ENDPOINT = Endpoint(1, "embedded", "embedded", "")


@pytest.fixture(scope="module")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory whose server is ended with the last test."""
    path = state.private_dir(tmp_path_factory.mktemp("embedded") / "state")
    yield path
    client.stop(path)


@pytest.fixture
def own_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory, and a server, for one test alone."""
    path = state.private_dir(tmp_path / "state")
    yield path
    client.stop(path)


def question(text: str, **parameters: Json) -> ChatRequest:
    return ChatRequest(
        model.NAME,
        (Message("user", text),),
        {"temperature": 0, "max_tokens": 24, **parameters},
    )


async def ask(state_dir: Path, *requests: ChatRequest, idle_s: float = 120) -> list[Answer]:
    async with Wire() as wire:
        provider = EmbeddedProvider(ENDPOINT, wire, state_dir, idle_s=idle_s)
        return await asyncio.gather(*(provider.ask(request) for request in requests))


async def test_answers_at_temperature_0_are_equal_however_they_are_asked(shared_dir: Path) -> None:
    texts = [f"Name an animal that has {number} legs." for number in (2, 4, 6, 8, 100)]
    together = await ask(shared_dir, *(question(text) for text in texts * 2))
    alone = [(await ask(shared_dir, question(text)))[0] for text in texts]
    assert [answer.text for answer in together] == [answer.text for answer in alone] * 2
    for answer in together:
        assert answer.usage.input_tokens > 0
        assert answer.usage.output_tokens > 0
        assert not answer.usage.estimated
        assert answer.model == model.NAME


async def test_it_streams(shared_dir: Path) -> None:
    request = question("Count from one to ten.")
    streamed = ChatRequest(request.model, request.messages, request.parameters, stream=True)
    pieces: list[str] = []
    async with Wire() as wire:
        provider = EmbeddedProvider(ENDPOINT, wire, shared_dir)
        whole = await provider.ask(request)
        answer = await provider.ask(streamed, on_delta=pieces.append)
    assert answer.text == "".join(pieces) == whole.text
    assert len(pieces) > 5
    assert answer.first_token_ms is not None
    assert answer.first_token_ms < answer.latency_ms
    assert answer.usage.output_tokens == whole.usage.output_tokens


async def test_a_schema_is_enforced(shared_dir: Path) -> None:
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {"mood": {"enum": ["good", "bad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    message = Message("user", "I love it! Is the mood good or bad?")
    request = ChatRequest(model.NAME, (message,), {"temperature": 0}, response_schema=schema)
    (answer,) = await ask(shared_dir, request)
    assert json.loads(answer.text)["mood"] in ("good", "bad")
    assert answer.finish_reason == "stop"


async def test_a_prompt_longer_than_the_context_is_an_error_of_its_own(shared_dir: Path) -> None:
    with pytest.raises(AnswerError) as caught:
        await ask(shared_dir, question("word " * (model.CONTEXT + 100)))
    assert caught.value.kind is AnswerErrorKind.CONTEXT_LENGTH
    assert "exceed_context_size_error" in caught.value.evidence


async def test_without_the_token_nobody_is_answered(shared_dir: Path) -> None:
    base_url, _ = await asyncio.to_thread(client.ensure_running, shared_dir)
    endpoint = Endpoint(1, "stranger", "openai", base_url)
    async with Wire() as wire:
        for key in ("", "wrong-token"):
            with pytest.raises(AnswerError) as caught:
                await OpenAIProvider(endpoint, wire, Secret(key)).ask(question("Hello"))
            assert (caught.value.kind, caught.value.status) == (AnswerErrorKind.KEY_REFUSED, 401)


async def test_its_model_is_listed_through_the_factory(
    shared_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMOPS_TUI_STATE", str(shared_dir))
    async with Wire() as wire:
        assert await open_provider(ENDPOINT, wire).list_models() == [model.NAME]


def test_processes_that_start_at_once_share_one_server(own_dir: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from llmops_tui.providers.embedded.client import ensure_running\n"
        "print(*ensure_running(Path(sys.argv[1]), idle_s=60))"
    )
    command = [sys.executable, "-c", code, str(own_dir)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = {process.communicate(timeout=60)[0] for process in processes}
    assert len(told) == 1
    assert told.pop().startswith("http://127.0.0.1:")


def test_it_is_nobodys_child_and_has_left_the_session(own_dir: Path) -> None:
    client.ensure_running(own_dir)
    running = client.running(own_dir)
    assert running is not None
    assert os.getsid(running.pid) == running.pid
    status = Path(f"/proc/{running.pid}/status").read_text()
    assert f"PPid:\t{os.getpid()}\n" not in status
    assert running.token not in Path(f"/proc/{running.pid}/cmdline").read_text()
    for name in ("embedded.json", "embedded.log"):
        assert (own_dir / name).stat().st_mode & 0o777 == 0o600


async def test_after_kill_9_the_next_question_is_answered(own_dir: Path) -> None:
    async with Wire() as wire:
        provider = EmbeddedProvider(ENDPOINT, wire, own_dir, idle_s=60)
        before = await provider.ask(question("Say hello."))
        first = client.running(own_dir)
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        after = await provider.ask(question("Say hello."))
        second = client.running(own_dir)
    assert after.text == before.text
    assert second is not None
    assert second.pid != first.pid


async def test_a_question_that_was_being_answered_survives_kill_9(own_dir: Path) -> None:
    async with Wire() as wire:
        provider = EmbeddedProvider(ENDPOINT, wire, own_dir, idle_s=60)
        await provider.ask(question("Say hello."))
        asking = [
            asyncio.ensure_future(provider.ask(question(f"Tell story {number}.", max_tokens=80)))
            for number in range(3)
        ]
        await asyncio.sleep(0.3)
        running = client.running(own_dir)
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        answers = await asyncio.gather(*asking)
    assert all(answer.text for answer in answers)


def test_a_server_that_hangs_is_replaced(own_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_ANSWER_TIMEOUT_S", 1.0)
    client.ensure_running(own_dir)
    first = client.running(own_dir)
    assert first is not None
    os.kill(first.pid, signal.SIGSTOP)
    deadline = time.monotonic() + 5
    while b") T " not in Path(f"/proc/{first.pid}/stat").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    client.ensure_running(own_dir)
    second = client.running(own_dir)
    assert second is not None
    assert second.pid != first.pid
    assert not first.is_alive()


def test_a_state_left_by_another_process_of_the_same_id_is_not_believed(own_dir: Path) -> None:
    stale = state.ServerState(os.getpid(), "1", 9, "t", "n")
    state.write_state(own_dir, stale)
    client.ensure_running(own_dir)
    running = client.running(own_dir)
    assert running is not None
    assert running.pid != os.getpid()


async def test_it_ends_itself_when_nobody_asks_and_not_while_somebody_does(own_dir: Path) -> None:
    await ask(own_dir, question("Say hello."), idle_s=1.0)
    first = client.running(own_dir)
    assert first is not None
    for _ in range(4):
        await asyncio.sleep(0.6)
        await ask(own_dir, question("Say hello."), idle_s=1.0)
    assert first.is_alive()
    deadline = time.monotonic() + 15
    while first.is_alive() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    assert not first.is_alive()
    assert state.read_state(own_dir) is None


async def test_a_long_answer_is_not_taken_for_idleness(own_dir: Path) -> None:
    story = question("Tell a very long story.", max_tokens=200, ignore_eos=True)
    (answer,) = await ask(own_dir, story, idle_s=0.3)
    assert answer.usage.output_tokens == 200


async def test_one_that_ended_itself_is_started_again_by_the_next_question(own_dir: Path) -> None:
    async with Wire() as wire:
        provider = EmbeddedProvider(ENDPOINT, wire, own_dir, idle_s=0.5)
        before = await provider.ask(question("Say hello."))
        running = client.running(own_dir)
        assert running is not None
        deadline = time.monotonic() + 15
        while running.is_alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert (await provider.ask(question("Say hello."))).text == before.text


def test_stopping_ends_it_and_stopping_nothing_is_no_error(own_dir: Path) -> None:
    client.ensure_running(own_dir)
    assert client.stop(own_dir)
    assert client.running(own_dir) is None
    assert not client.stop(own_dir)
    assert not client.stop(own_dir / "nowhere")


def test_one_that_cannot_start_says_what_its_log_says(
    own_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but not really")
    monkeypatch.setattr(model, "require_model", lambda: broken)
    monkeypatch.setattr(model, "verify", lambda path, state_dir: None)
    with pytest.raises(UnavailableError, match="did not start") as caught:
        client.ensure_running(own_dir)
    assert "embedded.log" in caught.value.hint
    assert "said last" in caught.value.hint


async def test_one_that_cannot_start_is_an_answer_error_for_who_asks(
    own_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Path:
        raise UnavailableError("It is not installed.", "Install it.")

    monkeypatch.setattr(model, "require_model", missing)
    with pytest.raises(AnswerError, match="not installed") as caught:
        await ask(own_dir, question("Hello"))
    assert not caught.value.retryable
    assert caught.value.hint == "Install it."
