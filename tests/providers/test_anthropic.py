"""Anthropic's messages API: what is sent, what comes back, and what isn't an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.endpoints.canned import CannedEndpoint, canned_endpoint, streamed, whole

from llmops_tui.core.chat import (
    Answer,
    AnswerError,
    ChatRequest,
    Endpoint,
    Message,
    ToolCall,
    Usage,
)
from llmops_tui.core.chat import AnswerErrorKind as Kind
from llmops_tui.providers.anthropic import DEFAULT_MAX_TOKENS, AnthropicProvider
from llmops_tui.providers.anthropic_reply import MessageStream, parse_message
from llmops_tui.providers.keys import Secret
from llmops_tui.providers.parsed import Parsed
from llmops_tui.providers.sse import SseParser
from llmops_tui.providers.wire import Wire

QUESTION = ChatRequest("m", (Message("user", "Capital of France?"),))
STREAMED = ChatRequest("m", (Message("user", "Capital of France?"),), stream=True)
KEY = "sk-ant-0123456789"


def message(*blocks: dict, stop: str | None = "end_turn", usage: object = None) -> bytes:
    content = list(blocks) or [{"type": "text", "text": "Paris"}]
    return json.dumps(
        {"id": "msg_1", "model": "m-1", "content": content, "stop_reason": stop, "usage": usage}
    ).encode()


def events(*payloads: dict) -> list[bytes]:
    return [
        f"event: {payload['type']}\ndata: {json.dumps(payload)}\n\n".encode()
        for payload in payloads
    ]


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "model": "m-1",
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1},
    },
}
STOP = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]


def piece(text: str) -> dict:
    return {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": text},
    }


async def ask(server: CannedEndpoint, request: ChatRequest = QUESTION) -> Answer:
    endpoint = Endpoint(1, "test", "anthropic", server.base_url)
    async with Wire() as wire:
        return await AnthropicProvider(endpoint, wire, Secret(KEY)).ask(request)


async def answer_of(reply: Sequence[bytes | float], request: ChatRequest = QUESTION) -> Answer:
    async with canned_endpoint(reply) as server:
        return await ask(server, request)


async def error_of(reply: Sequence[bytes | float], request: ChatRequest = QUESTION) -> AnswerError:
    with pytest.raises(AnswerError) as caught:
        await answer_of(reply, request)
    return caught.value


async def sent(request: ChatRequest) -> dict:
    async with canned_endpoint(whole(message())) as server:
        await ask(server, request)
        head = server.heads[0].decode().lower()
        assert head.startswith("post /v1/messages ")
        assert f"x-api-key: {KEY}" in head
        assert "anthropic-version: 2023-06-01" in head
        return server.json()


async def test_a_question_is_sent_with_the_system_apart_and_a_limit() -> None:
    messages = (Message("system", "Be brief."), Message("system", "Be kind."), *QUESTION.messages)
    assert await sent(ChatRequest("m", messages)) == {
        "model": "m",
        "max_tokens": DEFAULT_MAX_TOKENS,
        "system": "Be brief.\n\nBe kind.",
        "messages": [{"role": "user", "content": "Capital of France?"}],
    }


async def test_parameters_are_translated_from_their_openai_names() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    body = await sent(
        ChatRequest(
            "m",
            QUESTION.messages,
            {
                "temperature": 0,
                "max_completion_tokens": 7,
                "stop": "\n",
                "seed": 1,
                "top_k": 5,
                "user": "u",
                "tools": [tool],
                "tool_choice": "required",
            },
        )
    )
    del body["model"], body["messages"]
    assert body == {
        "temperature": 0,
        "max_tokens": 7,
        "stop_sequences": ["\n"],
        "top_k": 5,
        "metadata": {"user_id": "u"},
        "tools": [{"name": "f", "description": "", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any"},
    }


async def test_a_schema_is_asked_for_as_output_format() -> None:
    schema = {"type": "object", "additionalProperties": False}
    body = await sent(ChatRequest("m", QUESTION.messages, response_schema=schema))
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}}


async def test_tools_that_were_called_and_what_they_said_are_turns() -> None:
    calls = (ToolCall("a", "f", '{"x": 1}'), ToolCall("b", "g", "not json"))
    messages = (
        Message("user", "Go."),
        Message("assistant", "Let me see.", calls),
        Message("tool", "one", tool_call_id="a"),
        Message("tool", "two", tool_call_id="b"),
        Message("assistant", ""),
    )
    body = await sent(ChatRequest("m", messages))
    assert body["messages"] == [
        {"role": "user", "content": "Go."},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "b", "name": "g", "input": {"arguments": "not json"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "one"},
                {"type": "tool_result", "tool_use_id": "b", "content": "two"},
            ],
        },
    ]


async def test_an_answer_comes_with_the_cached_tokens_counted_in() -> None:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 4,
        "output_tokens": 2,
    }
    thinking = {"type": "thinking", "thinking": "hm"}
    text = {"type": "text", "text": "Paris"}
    answer = await answer_of(whole(message(thinking, text, usage=usage)))
    assert answer.text == "Paris"
    assert answer.usage == Usage(12, 2, cached_tokens=4)
    assert (answer.finish_reason, answer.model, answer.response_id) == ("stop", "m-1", "msg_1")


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "pause_turn"),
        (None, "stop"),
    ],
)
async def test_stop_reasons_have_the_names_used_everywhere(stop: str | None, finish: str) -> None:
    assert (await answer_of(whole(message(stop=stop)))).finish_reason == finish


async def test_tool_use_is_a_tool_call() -> None:
    block = {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}}
    answer = await answer_of(whole(message(block, stop="tool_use")))
    assert answer.tool_calls == (ToolCall("t1", "f", '{"x":1}'),)
    assert answer.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (whole(message(stop="refusal")), Kind.CONTENT_FILTER, False),
        (whole(message({"type": "text", "text": ""})), Kind.EMPTY, False),
        (whole(b'{"type": "message"}'), Kind.NOT_AN_ANSWER, False),
        (whole(b'{"type":"error","error":{"type":"api_error"}}'), Kind.SERVER, True),
        (
            whole(b'{"type":"error","error":{"type":"overloaded_error"}}', "529 Overloaded"),
            Kind.THROTTLED,
            True,
        ),
        (
            whole(b'{"error":{"type":"authentication_error","message":"no"}}', "401 Unauthorized"),
            Kind.KEY_REFUSED,
            False,
        ),
        (
            whole(
                b'{"error":{"type":"invalid_request_error",'
                b'"message":"prompt is too long: 208310 tokens > 200000 maximum"}}',
                "400 Bad Request",
            ),
            Kind.CONTEXT_LENGTH,
            False,
        ),
    ],
)
async def test_what_is_no_answer_is_named(
    reply: Sequence[bytes | float], kind: Kind, retryable: bool
) -> None:
    error = await error_of(reply)
    assert (error.kind, error.retryable) == (kind, retryable)


async def test_a_stream_is_put_together_and_timed() -> None:
    parts = events(START, {"type": "ping"}, piece("Par"), piece("is"), *STOP)
    answer = await answer_of(streamed(*parts[:2], 0.05, *parts[2:]), STREAMED)
    assert answer.text == "Paris"
    assert answer.usage == Usage(7, 9, cached_tokens=4)
    assert answer.first_token_ms is not None
    assert answer.first_token_ms >= 50
    assert (answer.finish_reason, answer.model, answer.response_id) == ("stop", "m-1", "msg_1")


@pytest.mark.parametrize(
    ("payloads", "kind", "retryable"),
    [
        ([START, piece("Par")], Kind.TRUNCATED, False),
        ([START, piece("Par"), {"type": "error"}], Kind.SERVER, True),
        (
            [START, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}],
            Kind.THROTTLED,
            True,
        ),
        ([START, *STOP], Kind.EMPTY, False),
    ],
)
async def test_a_stream_that_is_no_answer_is_named(
    payloads: list[dict], kind: Kind, retryable: bool
) -> None:
    error = await error_of(streamed(*events(*payloads)), STREAMED)
    assert (error.kind, error.retryable) == (kind, retryable)


def read(raw: bytes) -> Parsed:
    parser, stream = SseParser(), MessageStream()
    for at in range(0, len(raw), 61):
        for event in parser.feed(raw[at : at + 61]):
            stream.take(event.data, raw)
    for event in parser.close():
        stream.take(event.data, raw)
    return stream.finish(raw)


def recorded(shared_data: Path, name: str) -> bytes:
    """The first answer of a recording: some hold several, one after the other."""
    raw = (shared_data / "monitoring/stream/vercel_ai" / name).read_bytes()
    lines = [line for line in raw.splitlines() if line.strip()]
    last = next((at for at, line in enumerate(lines) if b'"message_stop"' in line), len(lines))
    return b"".join(b"data: " + line + b"\n\n" for line in lines[: last + 1])


def test_a_recorded_stream_with_its_start_told_twice_is_read(shared_data: Path) -> None:
    parsed = read(recorded(shared_data, "anthropic__duplicate-message-start.chunks.txt"))
    assert parsed.text == "Hello, World!"
    assert parsed.usage == Usage(17, 227)


def test_a_recorded_tool_call_is_put_together(shared_data: Path) -> None:
    parsed = read(recorded(shared_data, "anthropic__anthropic-json-tool.2.chunks.txt"))
    assert parsed.finish_reason == "tool_calls"
    (call,) = parsed.tool_calls
    assert call.name
    assert isinstance(json.loads(call.arguments), dict)


def test_tools_that_the_vendor_ran_itself_are_not_ours_to_call(shared_data: Path) -> None:
    raw = recorded(shared_data, "anthropic__anthropic-tool-search-bm25.1.chunks.txt")
    parsed = read(raw)
    assert b"server_tool_use" in raw
    assert [call.name for call in parsed.tool_calls] == ["get_weather"]
    assert parsed.finish_reason == "tool_calls"
    assert parsed.text


def test_recorded_conversations_are_read(shared_data: Path) -> None:
    yaml = pytest.importorskip("yaml")
    texts = 0
    for path in sorted((shared_data / "monitoring/cassettes").glob("*/*anthropic__*.yaml")):
        for interaction in yaml.safe_load(path.read_text())["interactions"]:
            if not interaction["request"]["uri"].startswith(
                "https://api.anthropic.com/v1/messages"
            ):
                continue
            response = interaction["response"]
            body = response.get("body", {}).get("string") or json.dumps(response["parsed_body"])
            raw = body if isinstance(body, bytes) else body.encode()
            if raw[:2] == b"\x1f\x8b":
                continue
            parsed = read(raw) if b"message_start" in raw else parse_message({}, raw)
            assert parsed.text or parsed.tool_calls, path.name
            assert parsed.finish_reason in {"stop", "length", "tool_calls"}, path.name
            assert parsed.usage is not None
            texts += 1
    assert texts >= 10
