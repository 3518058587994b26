"""The endpoint that tests lean on: it must do what it is told, and count right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint

from llmops_tui.core.chat import (
    Answer,
    AnswerError,
    AnswerErrorKind,
    ChatRequest,
    Endpoint,
    Message,
    Timeouts,
)
from llmops_tui.providers.factory import open_provider
from llmops_tui.providers.wire import Wire

SHORT = Timeouts(connect=2, first_byte=0.3, between_bytes=0.3, total=2)


@pytest.fixture(scope="module")
def running() -> Iterator[MockEndpoint]:
    with mock_endpoint() as mock:
        yield mock


@pytest.fixture
def mock(running: MockEndpoint) -> MockEndpoint:
    running.configure(faults={}, latency_ms=0, answer="last-word", capacity=0, down_after=-1)
    running.reset()
    return running


async def ask(
    mock: MockEndpoint, *prompts: str, stream: bool = False
) -> list[Answer | AnswerError]:
    endpoint = Endpoint(1, "mock", "openai", mock.base_url, timeouts=SHORT)
    async with Wire() as wire:
        provider = open_provider(endpoint, wire)

        async def one(prompt: str) -> Answer | AnswerError:
            try:
                request = ChatRequest("m", (Message("user", prompt),), stream=stream)
                return await provider.ask(request)
            except AnswerError as error:
                return error

        return await asyncio.gather(*(one(prompt) for prompt in prompts))


async def outcome(mock: MockEndpoint, prompt: str, stream: bool = False) -> str:
    (result,) = await ask(mock, prompt, stream=stream)
    return result.text if isinstance(result, Answer) else result.kind


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_it_answers_with_the_last_word(mock: MockEndpoint, stream: bool) -> None:
    assert await outcome(mock, "say Paris", stream) == "Paris"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("throttle", AnswerErrorKind.THROTTLED),
        ("error", AnswerErrorKind.SERVER),
        ("reset", AnswerErrorKind.CONNECT),
        ("hang", AnswerErrorKind.TIMEOUT),
        ("stall", AnswerErrorKind.TIMEOUT),
        ("trickle", AnswerErrorKind.TIMEOUT),
        ("invalid-json", AnswerErrorKind.INVALID_JSON),
        ("html", AnswerErrorKind.NOT_AN_ANSWER),
        ("error-200", AnswerErrorKind.SERVER),
        ("truncated", AnswerErrorKind.TRUNCATED),
        ("cut", AnswerErrorKind.TRUNCATED),
        ("empty", AnswerErrorKind.EMPTY),
        ("null", AnswerErrorKind.EMPTY),
        ("context", AnswerErrorKind.CONTEXT_LENGTH),
        ("filter", AnswerErrorKind.CONTENT_FILTER),
        ("unauthorized", AnswerErrorKind.KEY_REFUSED),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_each_fault_is_met_and_told_apart(
    mock: MockEndpoint, fault: str, kind: AnswerErrorKind, stream: bool
) -> None:
    words = " and more words" * (50 if fault == "trickle" else 1)
    assert await outcome(mock, f"fault:{fault}{words}", stream) == kind
    assert mock.stats()["faults"] == {fault: 1}


async def test_transient_faults_go_away(mock: MockEndpoint) -> None:
    mock.configure(faults={"throttle": 1.0})
    assert [await outcome(mock, "say a") for _ in range(2)] == [AnswerErrorKind.THROTTLED, "a"]
    assert [await outcome(mock, "fault:error:2 b") for _ in range(3)] == [
        AnswerErrorKind.SERVER,
        AnswerErrorKind.SERVER,
        "b",
    ]


async def test_the_same_prompts_meet_the_same_faults(mock: MockEndpoint) -> None:
    mock.configure(faults={"empty": 0.3, "html": 0.2}, wrong=0.1)
    prompts = [f"say number {number}" for number in range(300)]

    def kinds(results: list[Answer | AnswerError]) -> list[str]:
        return [item.text if isinstance(item, Answer) else item.kind for item in results]

    first, second = kinds(await ask(mock, *prompts)), kinds(await ask(mock, *prompts))
    mock.configure(wrong=0)
    assert first == second
    assert 60 < first.count(AnswerErrorKind.EMPTY) < 120
    assert 35 < first.count(AnswerErrorKind.NOT_AN_ANSWER) < 85
    assert 5 < first.count("wrong answer") < 35


async def test_it_counts_what_was_asked_and_answered(mock: MockEndpoint) -> None:
    await ask(mock, "say a", "say a", "say b", "fault:error say c")
    stats = mock.stats(prompts=True)
    assert stats["prompts"] == {"say a": 2, "say b": 1, "fault:error say c": 1}
    assert stats["answers"] == {"say a": 2, "say b": 1}
    assert (stats["requests"], stats["answered"], stats["in_flight"]) == (4, 3, 0)
    assert stats["most_asked"] == 2


async def test_it_bears_only_so_many_at_once(mock: MockEndpoint) -> None:
    mock.configure(capacity=3, latency_ms=100)
    results = await ask(mock, *(f"say {number}" for number in range(10)))
    assert sum(isinstance(result, Answer) for result in results) == 3
    assert mock.stats()["statuses"] == {"200": 3, "429": 7}


async def test_it_goes_down_when_told_to(mock: MockEndpoint) -> None:
    mock.configure(down_after=1)
    assert await outcome(mock, "say a") == "a"
    assert await outcome(mock, "say a") == AnswerErrorKind.SERVER
