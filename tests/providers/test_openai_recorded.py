"""Streams and answers that real endpoints sent, and odd ones collected."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmops_tui.core.chat import AnswerError
from llmops_tui.core.chat import AnswerErrorKind as Kind
from llmops_tui.providers.openai_reply import CompletionStream, parse_completion
from llmops_tui.providers.parsed import Parsed
from llmops_tui.providers.sse import SseParser

JSON = {"Content-Type": "application/json"}


def read(raw: bytes) -> Parsed:
    parser, stream = SseParser(), CompletionStream()
    for at in range(0, len(raw), 97):
        for event in parser.feed(raw[at : at + 97]):
            stream.take(event.data, raw)
    for event in parser.close():
        stream.take(event.data, raw)
    return stream.finish(raw)


def recorded(shared_data: Path, name: str) -> bytes:
    """A recorded stream; `.chunks.txt` files hold the payload of one event on each line."""
    path = shared_data / "monitoring/stream/vercel_ai" / name
    raw = path.read_bytes()
    if path.suffix == ".sse":
        return raw
    return b"".join(b"data: " + line + b"\n\n" for line in raw.splitlines() if line.strip())


@pytest.mark.parametrize(
    ("name", "begins", "finish", "tokens"),
    [
        ("mistral__mistral-text.chunks.txt", "Hello, world!", "stop", (13, 8)),
        ("xai__xai-text.chunks.txt", "", "stop", None),
        ("perplexity__perplexity-text.chunks.txt", "", "stop", None),
        ("deepseek__deepseek-reasoning.chunks.txt", "", "stop", None),
    ],
)
def test_recorded_streams_are_read(
    shared_data: Path, name: str, begins: str, finish: str, tokens: tuple[int, int] | None
) -> None:
    parsed = read(recorded(shared_data, name))
    assert parsed.text.startswith(begins)
    assert parsed.text.strip()
    assert parsed.finish_reason == finish
    assert parsed.usage is not None
    assert parsed.usage.input_tokens > 0
    assert parsed.usage.output_tokens > 0
    if tokens is not None:
        assert (parsed.usage.input_tokens, parsed.usage.output_tokens) == tokens
    assert parsed.model
    assert parsed.response_id


@pytest.mark.parametrize(
    "name",
    [
        "alibaba__alibaba-tool-call.chunks.txt",
        "mistral__mistral-tool-call.chunks.txt",
        "openai-compatible__xai-tool-call.chunks.txt",
        "openai-compatible__anthropic-fallback-tool-call.sse",
    ],
)
def test_recorded_tool_calls_are_put_together(shared_data: Path, name: str) -> None:
    parsed = read(recorded(shared_data, name))
    assert parsed.finish_reason == "tool_calls"
    assert parsed.tool_calls
    for call in parsed.tool_calls:
        assert call.name
        assert call.arguments.startswith("{")
        assert call.arguments.endswith("}")


@pytest.mark.parametrize(
    ("name", "finish"),
    [
        ("deepseek__deepseek-text.json", "length"),
        ("deepseek__deepseek-reasoning.json", "stop"),
        ("mistral__mistral-reasoning.json", "stop"),
    ],
)
def test_recorded_answers_are_read(shared_data: Path, name: str, finish: str) -> None:
    body = (shared_data / "monitoring/stream/vercel_ai" / name).read_bytes()
    parsed = parse_completion(JSON, body)
    assert parsed.text
    assert parsed.finish_reason == finish
    assert parsed.usage is not None


@pytest.mark.parametrize(
    "name", ["mistral__mistral-tool-call.json", "moonshotai__moonshotai-tool-call.json"]
)
def test_recorded_tool_call_answers_are_read(shared_data: Path, name: str) -> None:
    body = (shared_data / "monitoring/stream/vercel_ai" / name).read_bytes()
    parsed = parse_completion(JSON, body)
    assert parsed.tool_calls
    assert all(call.name and call.arguments for call in parsed.tool_calls)


def test_a_recorded_stream_cut_anywhere_before_its_finish_is_truncated(shared_data: Path) -> None:
    raw = recorded(shared_data, "mistral__mistral-text.chunks.txt")
    finish = raw.rindex(b"data:")
    for cut in range(finish // 4, finish, finish // 9):
        with pytest.raises(AnswerError) as caught:
            read(raw[:cut])
        # A cut within an event leaves half of its JSON.
        assert caught.value.kind in {Kind.TRUNCATED, Kind.INVALID_JSON}


def test_another_vendors_stream_is_not_taken_for_an_answer(shared_data: Path) -> None:
    for name in ("anthropic__anthropic-json-tool.2.chunks.txt", "google__google-search.chunks.txt"):
        with pytest.raises(AnswerError) as caught:
            read(recorded(shared_data, name))
        assert caught.value.kind is Kind.TRUNCATED


def test_the_collection_of_odd_events_stops_at_its_error(shared_data: Path) -> None:
    raw = (shared_data / "made/sse_odd.txt").read_bytes()
    stream = CompletionStream()
    pieces: list[str] = []

    def take_all() -> None:
        for event in SseParser().feed(raw):
            pieces.append(stream.take(event.data, raw))  # noqa: PERF401 - it stops in the middle

    with pytest.raises(AnswerError) as caught:
        take_all()
    assert "".join(pieces) == "no space after colon"
    assert (caught.value.kind, caught.value.retryable) == (Kind.SERVER, True)
    assert "upstream died" in str(caught.value)


def test_events_glued_together_are_not_guessed_apart(shared_data: Path) -> None:
    raw = (shared_data / "made/sse_odd.txt").read_bytes()
    events = SseParser().feed(raw)
    glued = next(event for event in events if "glued" in event.data)
    with pytest.raises(AnswerError) as caught:
        CompletionStream().take(glued.data, raw)
    assert caught.value.kind is Kind.INVALID_JSON
