"""The logging proxy over real sockets: what passes, what is kept, and what never is."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from dataclasses import replace

import pytest
from tests.gateway.upstream import upstream

from llmops_tui.providers.keys import Secret
from llmops_tui.store import calls, endpoints
from llmops_tui.store.database import Database

KEY = "sk-test-4f9a8b7c6d5e4f3a2b1c"
ASKED = {"model": "m-1", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}
ANSWERED = {
    "id": "resp-1",
    "object": "chat.completion",
    "model": "m-1-2026",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
}
CHAT = "/v1/chat/completions"


def data(value: dict | str) -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def delta(**said) -> bytes:
    choice = {"index": 0, "delta": said, "finish_reason": None}
    return data({"id": "resp-2", "model": "m-1", "choices": [choice]})


STREAM = (
    delta(role="assistant", content=""),
    delta(content="The answer"),
    delta(content=" is 4."),
    data({"id": "resp-2", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    data({"id": "resp-2", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}),
    data("[DONE]"),
)


async def ask(gateway, asked: dict = ASKED, path: str = CHAT, **headers: str):
    return await gateway.post(
        path, json.dumps(asked).encode(), Content_Type="application/json", **headers
    )


async def detail(gateway):
    """The one call that was kept."""
    [row] = await gateway.rows(1)
    db = Database(gateway.db_path)
    try:
        return calls.detail(db, row.id)
    finally:
        db.close()


async def test_an_answer_passes_as_it_is_and_is_kept(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint(name="up")}) as gateway:
        body = json.dumps(ANSWERED, indent=3).encode()
        up.says(body, X_Request_Id="r-1")
        status, headers, said = await ask(gateway, Authorization=f"Bearer {KEY}")
        assert (status, said) == (200, body)
        assert headers["X-Request-Id"] == "r-1"
        found = await detail(gateway)
    path, sent, asked = up.requests[0]
    assert path == "/v1/chat/completions"
    assert json.loads(asked) == ASKED
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent["host"] == f"127.0.0.1:{up.port}"
    row = found.row
    assert (found.input, found.output) == ("user: What is 2 + 2?", "4")
    assert (row.source, row.model, row.status, row.finish_reason) == ("proxy", "m-1", "ok", "stop")
    assert (row.input_tokens, row.output_tokens) == (12, 3)
    assert found.response_id == "resp-1"
    assert row.duration_ms > 0
    assert json.loads(found.attributes)["response"]["model"] == "m-1-2026"


async def test_a_stream_passes_unbuffered_and_byte_for_byte(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*STREAM, pause=0.05)
        began, arrivals, parts = time.perf_counter(), [], []
        body = json.dumps({**ASKED, "stream": True})
        async with gateway.session.post(gateway.url + CHAT, data=body) as reply:
            assert reply.headers["Content-Type"] == "text/event-stream"
            async for part in reply.content.iter_any():
                arrivals.append(time.perf_counter() - began)
                parts.append(part)
        assert b"".join(parts) == b"".join(STREAM)
        found = await detail(gateway)
    assert len(arrivals) > 2
    assert arrivals[-1] - arrivals[0] > 0.2
    assert found.output == "The answer is 4."
    assert (found.row.input_tokens, found.row.output_tokens) == (9, 5)
    assert found.row.finish_reason == "stop"


async def test_the_first_token_is_timed_by_the_first_text_and_not_by_the_first_event(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*STREAM, pause=0.1)
        await ask(gateway)
        await gateway.rows(1)
        db = Database(gateway.db_path)
        [(waited, took)] = [
            tuple(row) for row in db.rows("SELECT first_token_ms, duration_ms FROM call")
        ]
        db.close()
    assert 95 <= waited < took
    assert took >= 490


async def test_tool_calls_of_a_stream_are_put_together(start):
    def call(**piece) -> bytes:
        return delta(tool_calls=[{"index": 0, **piece}])

    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(
            call(id="c1", function={"name": "weather", "arguments": ""}),
            call(function={"arguments": '{"city":'}),
            call(function={"arguments": '"Paris"}'}),
            data({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
            data("[DONE]"),
        )
        await ask(gateway)
        found = await detail(gateway)
    assert found.output == '[tool call] weather({"city":"Paris"})'
    assert found.row.finish_reason == "tool_calls"


async def test_anthropics_messages_are_understood_whole(start):
    whole = {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "model": "c-1",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "4"}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 3},
    }
    async with upstream() as up, start(upstreams={"a": up.endpoint("anthropic")}) as gateway:
        up.says(json.dumps(whole).encode())
        asked = {**ASKED, "system": "Be brief.", "max_tokens": 9}
        await ask(gateway, asked, "/v1/messages", x_api_key=KEY)
        found = await detail(gateway)
    assert up.requests[0][1]["x-api-key"] == KEY
    assert found.input == "system: Be brief.\nuser: What is 2 + 2?"
    assert found.output == "4"
    assert found.row.finish_reason == "length"
    assert (found.row.input_tokens, found.row.output_tokens) == (12, 3)


async def test_anthropics_streams_are_understood(start):
    def block(place: int, **said) -> dict:
        return {"type": "content_block_start", "index": place, "content_block": said}

    def piece(place: int, **said) -> dict:
        return {"type": "content_block_delta", "index": place, "delta": said}

    usage = {"input_tokens": 8, "output_tokens": 1}
    ending = {"delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 21}}
    events = [
        {"type": "message_start", "message": {"id": "msg-2", "model": "c-1", "usage": usage}},
        block(0, type="text", text=""),
        {"type": "ping"},
        piece(0, type="text_delta", text="Let me see."),
        {"type": "content_block_stop", "index": 0},
        block(1, type="tool_use", name="sum", input={}),
        piece(1, type="input_json_delta", partial_json='{"a":2}'),
        {"type": "message_delta", **ending},
        {"type": "message_stop"},
    ]
    async with upstream() as up, start(upstreams={"a": up.endpoint("anthropic")}) as gateway:
        up.streams(*(f"event: {e['type']}\n".encode() + data(e) for e in events))
        await ask(gateway, ASKED, "/v1/messages")
        found = await detail(gateway)
    assert found.output == 'Let me see.\n[tool call] sum({"a":2})'
    assert (found.row.input_tokens, found.row.output_tokens) == (8, 21)
    assert found.row.finish_reason == "tool_calls"
    assert found.row.status == "ok"


async def test_the_responses_api_is_understood_whole_and_streamed(start):
    whole = {
        "id": "resp-3",
        "object": "response",
        "status": "completed",
        "model": "m-1",
        "output": [
            {"type": "reasoning", "summary": []},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "4"}],
            },
        ],
        "usage": {"input_tokens": 12, "output_tokens": 3},
    }
    asked = {"model": "m-1", "input": "What is 2 + 2?", "instructions": "Be brief."}
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(whole).encode())
        await ask(gateway, asked, "/v1/responses")
        up.streams(
            data({"type": "response.created", "response": {"id": "resp-3", "model": "m-1"}}),
            data({"type": "response.output_text.delta", "output_index": 1, "delta": "4"}),
            data({"type": "response.completed", "response": whole}),
        )
        await ask(gateway, asked, "/v1/responses")
        rows = await gateway.rows(2)
    for row in rows:
        assert row.input_head == "system: Be brief.\nuser: What is 2 + 2?"
        assert row.output_head == "4"
        assert (row.status, row.finish_reason) == ("ok", "stop")
        assert (row.input_tokens, row.output_tokens) == (12, 3)


async def test_what_asks_for_no_answer_passes_and_is_not_kept(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(b'{"data":[]}')
        assert (await ask(gateway, {"input": "x"}, "/v1/embeddings"))[0] == 200
        for path in ("/v1/models?limit=2", "/v1/models/org%2Fname"):
            async with gateway.session.get(gateway.url.replace("127", "127") + path) as reply:
                assert reply.status == 200
        assert await gateway.rows() == []
    assert [path for path, _, _ in up.requests] == [
        "/v1/embeddings",
        "/v1/models?limit=2",
        "/v1/models/org%2Fname",
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
async def test_compressed_answers_pass_as_they_are_and_are_read_for_the_record(start, pack):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        body = pack(json.dumps(ANSWERED).encode())
        up.says(body, **({"Content_Encoding": "gzip"} if pack is gzip.compress else {}))
        async with gateway.session.post(
            gateway.url + CHAT, json=ASKED, headers={"Accept-Encoding": "gzip, br"}
        ) as reply:
            assert await reply.json() == ANSWERED
        assert (await detail(gateway)).output == "4"
    # What can't be undone for the record is not asked for.
    assert up.requests[0][1]["accept-encoding"] == "gzip"


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
async def test_errors_of_the_upstream_pass_as_they_are_and_are_kept_as_errors(start, status):
    body = json.dumps({"error": {"message": "no such luck", "code": "bad"}}).encode()
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(body, status, Retry_After="7")
        got, headers, said = await ask(gateway)
        assert (got, said, headers["Retry-After"]) == (status, body, "7")
        found = await detail(gateway)
    assert found.row.status == "error"
    assert found.error == f"HTTP {status}: no such luck"
    assert "no such luck" in found.attributes


async def test_an_upstream_that_is_not_there_is_a_502_with_a_sentence(start):
    async with upstream() as up:
        endpoint = up.endpoint(name="gone")
    async with start(upstreams={"gone": endpoint}) as gateway:
        status, _, said = await ask(gateway)
        assert status == 502
        assert "The endpoint gone can't be reached" in json.loads(said)["error"]["message"]
        assert (await detail(gateway)).row.status == "error"
        assert (await gateway.health())["proxy"]["failed"] == 1


async def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(start):
    import aiohttp

    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*STREAM[:2], breaks=True)
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(gateway)
        found = await detail(gateway)
    assert found.row.status == "error"
    assert "broke off" in found.error
    assert found.output == "The answer"


async def test_a_stream_that_ends_without_its_end_is_kept_as_an_error(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*STREAM[:3])
        assert (await ask(gateway))[2] == b"".join(STREAM[:3])
        found = await detail(gateway)
    assert found.row.status == "error"
    assert "ended before" in found.error


async def test_a_client_that_leaves_ends_the_upstreams_work_and_is_kept_as_cancelled(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*(delta(content=f"{n} ") for n in range(1000)), pause=0.02)
        reply = await gateway.session.post(gateway.url + CHAT, json={**ASKED, "stream": True})
        await reply.content.readany()
        reply.close()
        await asyncio.wait_for(up.hung_up.wait(), 5)
        found = await detail(gateway)
    assert found.row.status == "cancelled"
    assert found.output.startswith("0 ")
    assert found.row.audit_probability is None


async def test_a_client_that_leaves_after_the_last_event_has_its_whole_answer(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*STREAM, b": and then nothing\n\n", b": more of it\n\n", pause=0.05)
        reply = await gateway.session.post(gateway.url + CHAT, json={**ASKED, "stream": True})
        while b"[DONE]" not in await reply.content.readany():
            pass
        reply.close()
        assert (await detail(gateway)).row.status == "ok"


async def test_a_client_that_leaves_before_the_first_byte_is_noticed(start):
    async def never(_request):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            up.hung_up.set()
            raise

    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.answer = never
        asking = asyncio.create_task(ask(gateway))
        while not up.requests:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait_for(up.hung_up.wait(), 5)
        assert (await detail(gateway)).row.status == "cancelled"


async def test_headers_of_one_hop_and_the_gateways_own_do_not_travel(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(ANSWERED).encode(), Connection="X-Private", X_Private="1")
        _, headers, _ = await ask(
            gateway,
            x_llmops_prompt="support",
            x_llmops_prompt_version="3",
            x_llmops_conversation="talk-1",
            X_Mine="kept",
            Connection="keep-alive, X-Hop",
            X_Hop="1",
            TE="trailers",
            traceparent=f"00-{'0a' * 16}-{'0b' * 8}-01",
        )
        assert "X-Private" not in headers
        found = await detail(gateway)
    sent = up.requests[0][1]
    assert sent["x-mine"] == "kept"
    assert not {"x-hop", "te", "x-llmops-prompt", "x-llmops-prompt-version"} & set(sent)
    assert (found.row.prompt_name, found.row.prompt_version) == ("support", "3")
    assert found.trace_id == "0a" * 16


async def test_keys_stay_out_of_the_file_and_out_of_the_log(start, caplog):
    cookie = "s3cr3t-cookie-value-123"
    echo = {
        "error": {"message": f"Incorrect API key provided: {KEY}. Seen cookie {cookie}"},
        "key": KEY,
    }
    caplog.set_level("DEBUG")
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(echo).encode(), 401, Set_Cookie=f"session={cookie}")
        said = {**ASKED, "messages": [{"role": "user", "content": f"my key is {KEY}"}], "user": KEY}
        status, _, body = await ask(
            gateway,
            said,
            f"{CHAT}?api-key={KEY}",
            Authorization=f"Bearer {KEY}",
            Cookie=f"session={cookie}",
            x_api_key=KEY,
        )
        assert (status, json.loads(body)) == (401, echo)  # the client's own answer is untouched
        up.streams(*(delta(content=letter) for letter in f"It is {KEY}!"), data("[DONE]"))
        await ask(gateway, Authorization=f"Bearer {KEY}")
        rows = await gateway.rows(2)
        db = Database(gateway.db_path)
        kept = [calls.detail(db, row.id) for row in rows]
        db.close()
    assert "[key hidden]" in kept[0].error
    assert kept[0].input == "user: my key is [key hidden]"
    assert kept[1].output == "It is [key hidden]!"
    told = repr(kept) + caplog.text + repr(rows)
    told += "".join(
        path.read_bytes().decode("latin-1") for path in gateway.db_path.parent.glob("w.db*")
    )
    for secret in (KEY, cookie):
        assert secret not in told


async def test_words_in_the_place_of_a_key_do_not_tear_holes_into_texts(start):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(ANSWERED).encode())
        said = {**ASKED, "messages": [{"role": "user", "content": "is ollama unused?"}]}
        await ask(gateway, said, Authorization="Bearer unused", x_api_key="ollama")
        assert (await detail(gateway)).input == "user: is ollama unused?"


async def test_the_traffic_flows_while_the_store_can_not_be_written(start, monkeypatch):
    import sqlite3

    monkeypatch.setattr("llmops_tui.store.database.BUSY_TIMEOUT_MS", 50)
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(ANSWERED).encode())
        holder = sqlite3.connect(gateway.db_path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        for _ in range(5):
            assert (await ask(gateway))[0] == 200
        holder.execute("ROLLBACK")
        holder.close()
        assert len(await gateway.rows(5)) == 5  # kept until the store was ready again
        assert (await gateway.health())["calls"]["lost"] == 0


async def test_what_can_not_be_kept_is_counted_as_lost_and_the_traffic_flows(start, monkeypatch):
    from llmops_tui.core.errors import StoreFullError

    def full(_db, _calls):
        raise StoreFullError("The disk is full.")

    monkeypatch.setattr(calls, "add", full)
    monkeypatch.setattr("llmops_tui.gateway.intake._LOST_AFTER_S", 0.0)
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(ANSWERED).encode())
        assert (await ask(gateway))[0] == 200
        while not (health := await gateway.health())["calls"]["lost"]:
            await asyncio.sleep(0.01)
    assert health["status"] == "degraded"
    assert "disk is full" in health["calls"]["trouble"]


async def test_endpoints_are_chosen_by_protocol_and_by_name(start):
    async with upstream() as one, upstream() as two, upstream() as third:
        for number, up in enumerate((one, two, third)):
            up.says(json.dumps({"id": str(number)}).encode())
        endpoints = {
            "one": one.endpoint(name="one"),
            "two": two.endpoint(name="two"),
            "third": third.endpoint("anthropic", "third"),
        }
        async with start(upstreams=endpoints, default_upstream="two") as gateway:
            for path, header, expected in (
                (CHAT, "", "1"),
                ("/to/one" + CHAT, "", "0"),
                (CHAT, "one", "0"),
                ("/v1/messages", "", "2"),
            ):
                named = {"x_llmops_endpoint": header} if header else {}
                assert json.loads((await ask(gateway, ASKED, path, **named))[2])["id"] == expected
            for path in ("/to/nobody" + CHAT, "/to/third" + CHAT):
                status, _, said = await ask(gateway, ASKED, path)
                assert status == 404
                assert "endpoint" in json.loads(said)["error"]["message"]


async def test_without_an_endpoint_the_answer_says_what_to_do(start):
    async with start() as gateway:
        status, _, said = await ask(gateway)
        assert status == 404
        assert "`llmops-tui model add" in json.loads(said)["error"]["message"]
        status, _, said = await ask(gateway, ASKED, "/v1/messages")
        assert "--kind anthropic" in json.loads(said)["error"]["message"]


async def test_an_endpoint_that_is_added_or_moved_is_used_without_a_restart(start):
    async with upstream() as one, upstream() as two, start() as gateway:
        one.says(b'{"id": "1"}')
        two.says(b'{"id": "2"}')
        db = Database(gateway.db_path)
        added = endpoints.add_endpoint(db, one.endpoint(name="up"))
        while (await ask(gateway))[0] == 404:
            await asyncio.sleep(0.05)
        assert json.loads((await ask(gateway))[2])["id"] == "1"
        endpoints.change(db, replace(added, base_url=two.endpoint().base_url), None)
        while json.loads((await ask(gateway))[2])["id"] == "1":
            await asyncio.sleep(0.05)
        db.close()


async def test_the_workspaces_key_is_used_for_who_shows_the_gateways_token_only(start, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)
    token = "gateway-token-0123456789"
    async with upstream() as up:
        endpoints = {"up": up.endpoint(key_ref="env:THE_KEY")}
        async with start(upstreams=endpoints, token=Secret(token)) as gateway:
            up.says(json.dumps(ANSWERED).encode())
            await ask(gateway, Authorization=f"Bearer {token}")
            await ask(gateway, Authorization="Bearer the-clients-own", x_llmops_token=token)
        async with start(upstreams=endpoints) as gateway:
            await ask(gateway, Authorization="Bearer the-clients-own")
    shown = [headers["authorization"] for _, headers, _ in up.requests]
    assert shown == [f"Bearer {KEY}", "Bearer the-clients-own", "Bearer the-clients-own"]
    assert not any(token in str(headers) for _, headers, _ in up.requests)


async def test_large_requests_pass_and_larger_ones_are_refused(start, monkeypatch):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(json.dumps(ANSWERED).encode())
        image = "data:image/png;base64," + "A" * 3_000_000
        parts = [{"type": "image_url", "image_url": {"url": image}}, {"type": "text", "text": "?"}]
        asked = {**ASKED, "messages": [{"role": "user", "content": parts}]}
        assert (await ask(gateway, asked))[0] == 200
        assert json.loads(up.requests[0][2]) == asked
        found = await detail(gateway)
        assert found.input == "user: [image]\n?"
        assert len(found.attributes) < 50_000
        monkeypatch.setattr("llmops_tui.gateway.proxy.MAX_REQUEST", 1_000_000)
        assert (await ask(gateway, asked))[0] == 413


async def test_of_an_endless_answer_the_beginning_and_the_end_are_kept(start, monkeypatch):
    from llmops_tui.gateway import exchange

    monkeypatch.setattr(exchange.Kept.__init__, "__defaults__", (20_000,))
    chunks = [delta(content=f"word{n} ") for n in range(2000)]
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.streams(*chunks, *STREAM[3:])
        assert (await ask(gateway))[2] == b"".join((*chunks, *STREAM[3:]))
        found = await detail(gateway)
    assert found.output.startswith("word0 word1 ")
    assert found.output.endswith("[cut here: the rest was not kept]")
    assert (found.row.input_tokens, found.row.finish_reason) == (9, "stop")
    assert "only the first" in found.attributes


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b'{"choices":null}', b'{"choices":[1,{"message":3}]}', b"\xff"],
)
async def test_answers_that_are_none_are_kept_as_evidence(start, body):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(body)
        assert (await ask(gateway))[2] == body
        assert (await detail(gateway)).row.source == "proxy"


@pytest.mark.parametrize(
    "asked", [b"", b"{", b'{"messages":[[1],{"role":[]}],"model":{}}', b"\xff"]
)
async def test_whatever_is_asked_passes(start, asked):
    async with upstream() as up, start(upstreams={"up": up.endpoint()}) as gateway:
        up.says(b'{"error":"what?"}', 400)
        assert (await gateway.post(CHAT, asked))[0] == 400
        assert up.requests[0][2] == asked
        assert (await detail(gateway)).row.status == "error"
