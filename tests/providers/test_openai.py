"""OpenAI-compatible endpoints: what is sent, what comes back, and what isn't an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from tests.endpoints.canned import CannedEndpoint, canned_endpoint, streamed, whole

from llmops_tui.core.chat import (
    Answer,
    AnswerError,
    ChatRequest,
    Endpoint,
    Message,
    Timeouts,
    ToolCall,
    Usage,
)
from llmops_tui.core.chat import AnswerErrorKind as Kind
from llmops_tui.providers.keys import Secret
from llmops_tui.providers.openai import OpenAIProvider
from llmops_tui.providers.wire import Wire

QUESTION = ChatRequest("m", (Message("user", "Capital of France?"),))
STREAMED = ChatRequest("m", (Message("user", "Capital of France?"),), stream=True)
KEY = "sk-test-0123456789"


def completion(
    content: object = "Paris", finish: str | None = "stop", usage: object = None, **message: object
) -> bytes:
    choice = {"message": {"content": content, **message}, "finish_reason": finish}
    return json.dumps({"id": "c1", "model": "m-1", "choices": [choice], "usage": usage}).encode()


def events(*chunks: object) -> list[bytes]:
    texts = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return [f"data: {text}\n\n".encode() for text in texts]


def delta(content: object = None, finish: str | None = None, **more: object) -> dict:
    return {
        "id": "c1",
        "model": "m-1",
        "choices": [{"delta": {"content": content, **more}, "finish_reason": finish}],
    }


async def ask(
    server: CannedEndpoint, request: ChatRequest = QUESTION, key: str = "", **timeouts: float
) -> Answer:
    endpoint = Endpoint(1, "test", "openai", server.base_url, timeouts=Timeouts(**timeouts))
    async with Wire() as wire:
        return await OpenAIProvider(endpoint, wire, Secret(key)).ask(request)


async def answer_of(reply: Sequence[bytes | float], request: ChatRequest = QUESTION) -> Answer:
    async with canned_endpoint(reply) as server:
        return await ask(server, request)


async def error_of(reply: Sequence[bytes | float], request: ChatRequest = QUESTION) -> AnswerError:
    with pytest.raises(AnswerError) as caught:
        await answer_of(reply, request)
    return caught.value


async def test_an_answer_comes_with_all_that_is_known_about_it() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    answer = await answer_of(whole(completion(usage=usage)))
    assert answer.text == "Paris"
    assert answer.finish_reason == "stop"
    assert answer.usage == Usage(9, 2, cached_tokens=4)
    assert (answer.model, answer.response_id) == ("m-1", "c1")
    assert answer.latency_ms > 0
    assert answer.first_token_ms is None


async def test_what_is_asked_is_sent_under_openai_names() -> None:
    call = ToolCall("t1", "look", '{"at":1}')
    request = ChatRequest(
        "m",
        (
            Message("system", "Be brief."),
            Message("user", "naïve 🦙?"),
            Message("assistant", "", (call,)),
            Message("tool", "7", tool_call_id="t1"),
        ),
        {"temperature": 0, "max_tokens": 5, "stop": ["\n"], "stream": True},
    )
    async with canned_endpoint(whole(completion())) as server:
        await ask(server, request, KEY)
    assert server.json() == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "naïve 🦙?"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "t1",
                        "type": "function",
                        "function": {"name": "look", "arguments": '{"at":1}'},
                    }
                ],
            },
            {"role": "tool", "content": "7", "tool_call_id": "t1"},
        ],
        "temperature": 0,
        "max_tokens": 5,
        "stop": ["\n"],
    }
    assert f"Authorization: Bearer {KEY}".encode() in server.heads[0]
    assert server.heads[0].startswith(b"POST /v1/chat/completions ")


@pytest.mark.parametrize("closed", [True, False])
async def test_a_schema_is_sent_strict_only_where_strict_mode_takes_it(closed: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": not closed,
    }
    request = ChatRequest("m", QUESTION.messages, response_schema=schema)
    async with canned_endpoint(whole(completion())) as server:
        await ask(server, request)
    sent = server.json()["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == schema
    assert sent["json_schema"]["strict"] is closed


async def test_tokens_are_guessed_and_marked_so_where_the_endpoint_says_nothing() -> None:
    answer = await answer_of(whole(completion("x" * 40)))
    assert answer.usage == Usage(4 + 18 // 4, 10, estimated=True)


async def test_tool_calls_are_an_answer_without_text() -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{"}}
    answer = await answer_of(whole(completion(None, "tool_calls", tool_calls=[call])))
    assert answer.tool_calls == (ToolCall("t1", "f", "{"),)
    assert answer.text == ""


async def test_content_in_parts_is_joined_without_the_thinking() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Paris"}]
    assert (await answer_of(whole(completion(parts)))).text == "Paris"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (completion(None), Kind.EMPTY),
        (completion(""), Kind.EMPTY),
        (completion(" \n"), Kind.EMPTY),
        (completion("", "length"), Kind.EMPTY),
        (completion("half", "content_filter"), Kind.CONTENT_FILTER),
        (completion(None, refusal="I can't help with that."), Kind.CONTENT_FILTER),
        (b"", Kind.INVALID_JSON),
        (b'{"choices": [', Kind.INVALID_JSON),
        (b'{"choices": [NaN]}', Kind.INVALID_JSON),
        (b"\xff\xfe", Kind.INVALID_JSON),
        (b"{}", Kind.NOT_AN_ANSWER),
        (b"[]", Kind.NOT_AN_ANSWER),
        (b'"text"', Kind.NOT_AN_ANSWER),
        (b'{"choices": []}', Kind.NOT_AN_ANSWER),
        (b'{"choices": "no"}', Kind.NOT_AN_ANSWER),
        (b"<!DOCTYPE html><html>Sign in</html>", Kind.NOT_AN_ANSWER),
        (b'{"error": {"message": "upstream died", "code": 502}}', Kind.SERVER),
        (b'{"error": "something"}', Kind.SERVER),
        (b'{"error": {"message": "slow down", "code": 429}}', Kind.THROTTLED),
        (b'{"error": {"type": "authentication_error"}}', Kind.KEY_REFUSED),
        (b'{"choices": [{"error": {"message": "cut", "code": 503}}]}', Kind.SERVER),
    ],
)
async def test_what_is_no_answer_is_named_and_kept(body: bytes, kind: Kind) -> None:
    error = await error_of(whole(body))
    assert error.kind is kind
    assert error.evidence == body.decode("utf-8", "replace")
    assert error.status == 200
    assert error.latency_ms > 0


async def test_a_refused_key_is_never_repeated() -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key: {KEY}"}}).encode()
    async with canned_endpoint(whole(body, "401 Unauthorized")) as server:
        with pytest.raises(AnswerError) as caught:
            await ask(server, key=KEY)
    assert caught.value.kind is Kind.KEY_REFUSED
    assert KEY not in str(caught.value) + caught.value.evidence + repr(caught.value)


async def test_a_throttled_request_says_how_long_to_wait() -> None:
    error = await error_of(whole(b"{}", "429 Too Many Requests", retry_after="3"))
    assert (error.kind, error.retryable, error.retry_after_s) == (Kind.THROTTLED, True, 3.0)


@pytest.mark.parametrize("messages", [(), (Message("user", ""),)])
async def test_nothing_to_ask_is_refused_before_it_is_sent(messages: tuple[Message, ...]) -> None:
    async with canned_endpoint(whole(completion())) as server:
        with pytest.raises(AnswerError, match="nothing to ask"):
            await ask(server, ChatRequest("m", messages))
    assert server.bodies == []


async def test_text_that_json_cannot_carry_is_refused_before_it_is_sent() -> None:
    async with canned_endpoint(whole(completion())) as server:
        with pytest.raises(AnswerError) as caught:
            await ask(server, ChatRequest("m", (Message("user", "\ud800"),)))
    assert caught.value.kind is Kind.BAD_REQUEST
    assert server.bodies == []


async def test_models_are_listed() -> None:
    body = b'{"data": [{"id": "a"}, {"id": "b"}, {"no": 1}, 5]}'
    async with canned_endpoint(whole(body)) as server, Wire() as wire:
        endpoint = Endpoint(1, "test", "openai", server.base_url + "/")
        assert await OpenAIProvider(endpoint, wire).list_models() == ["a", "b"]
    assert server.heads[0].startswith(b"GET /v1/models ")


async def test_a_stream_is_put_together_and_timed() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    parts = events(delta("", role="assistant"), delta("Par"), delta("is"), delta(None, "stop"))
    reply = streamed(0.05, *parts[:2], 0.05, *parts[2:], *events(usage, "[DONE]"))
    pieces: list[str] = []
    async with canned_endpoint(reply) as server, Wire() as wire:
        provider = OpenAIProvider(Endpoint(1, "t", "openai", server.base_url), wire)
        answer = await provider.ask(STREAMED, on_delta=pieces.append)
        await provider.ask(STREAMED)
    assert pieces == ["Par", "is"]
    assert answer.text == "Paris"
    assert answer.usage == Usage(5, 2)
    assert answer.first_token_ms is not None
    assert 50 <= answer.first_token_ms < answer.latency_ms
    assert server.json()["stream"] is True
    assert server.json()["stream_options"] == {"include_usage": True}
    assert server.connections == 1


async def test_streamed_tool_calls_are_put_together_by_their_index() -> None:
    def call(index: int, arguments: str, **more: object) -> dict:
        return delta(
            tool_calls=[{"index": index, **more, "function": {"name": "f", "arguments": arguments}}]
        )

    parts = events(call(1, "[", id="b"), call(0, '{"a"', id="a"), call(0, ":1}"), call(1, "]"))
    answer = await answer_of(streamed(*parts, *events(delta(None, "tool_calls"))), STREAMED)
    assert answer.tool_calls == (ToolCall("a", "f", '{"a":1}'), ToolCall("b", "f", "[]"))


@pytest.mark.parametrize(
    "last", [events("[DONE]"), events(delta(None, "stop")), events(delta(" ", "length"))]
)
async def test_a_stream_is_complete_with_a_finish_reason_or_done(last: list[bytes]) -> None:
    assert (await answer_of(streamed(*events(delta("Paris")), *last), STREAMED)).text.strip()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (streamed(*events(delta("Par"))), Kind.TRUNCATED),
        (streamed(*events(delta("Par")), end=False), Kind.TRUNCATED),
        (streamed(), Kind.TRUNCATED),
        (streamed(*events(delta("Par"), '{"choices": [{')), Kind.INVALID_JSON),
        (
            streamed(*events(delta("Par"), {"error": {"type": "overloaded_error"}})),
            Kind.THROTTLED,
        ),
        (streamed(b'event: error\ndata: {"error": {"code": 500}}\n\n'), Kind.SERVER),
        (streamed(*events(delta(None, "stop"), "[DONE]")), Kind.EMPTY),
        (streamed(*events(delta("x", "content_filter"), "[DONE]")), Kind.CONTENT_FILTER),
        (streamed(*events(delta(None, refusal="No."), delta(None, "stop"))), Kind.CONTENT_FILTER),
        (whole(b'{"error": {"message": "no", "code": 500}}'), Kind.SERVER),
        (whole(b"{}", "404 Not Found"), Kind.NOT_FOUND),
        (whole(b"<html></html>", kind="text/html"), Kind.NOT_AN_ANSWER),
    ],
)
async def test_a_stream_that_is_no_answer_is_named(
    reply: Sequence[bytes | float], kind: Kind
) -> None:
    error = await error_of(reply, STREAMED)
    assert error.kind is kind
    assert len(error.evidence) <= 4000


async def test_the_evidence_of_a_broken_stream_holds_the_event_that_broke_it() -> None:
    error = await error_of(streamed(*events(delta("x" * 9000)), *events('{"broken')), STREAMED)
    assert error.evidence.startswith('{"broken')


async def test_an_endpoint_that_ignores_stream_is_understood() -> None:
    assert (await answer_of(whole(completion()), STREAMED)).text == "Paris"
