"""Telemetry over real sockets: what is taken, what is refused, and that a 2xx means committed."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
import time

import pytest
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from tests.gateway import made
from tests.gateway.conftest import running

from llmops_tui.core.call import CallFlag
from llmops_tui.core.errors import InputError
from llmops_tui.gateway.intake import Intake
from llmops_tui.gateway.server import GatewayOptions, is_loopback
from llmops_tui.providers.keys import Secret
from llmops_tui.services.projects import create_project
from llmops_tui.services.workspace import open_workspace
from llmops_tui.store import calls
from llmops_tui.store.database import Database

BODY = made.body(made.span(made.genai("What is 2 + 2?", "4")))


def many(count: int, first: int = 1) -> bytes:
    return made.body(
        *(
            made.span(made.genai(f"Question {n}", "x"), number=n)
            for n in range(first, first + count)
        )
    )


async def test_a_call_is_stored_before_its_post_is_answered(start):
    async with start() as gateway:
        status, headers, body = await gateway.traces(BODY)
        assert (status, headers["Content-Type"], body) == (200, "application/x-protobuf", b"")
        [row] = await gateway.rows()
    assert row.source == "otlp"
    assert row.model == "mock"
    assert row.input_head == "user: What is 2 + 2?"
    assert row.output_head == "4"


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("zstd", zstandard.compress), ("identity", bytes)],
)
async def test_compressed_bodies_are_taken(start, coding, pack):
    async with start() as gateway:
        status, _, _ = await gateway.traces(pack(BODY), Content_Encoding=coding)
        assert status == 200
        assert len(await gateway.rows()) == 1


async def test_json_with_a_charset_is_taken_and_answered_in_json(start, shared_data):
    body = (shared_data / "made/otlp_genai_odd.json").read_bytes()
    async with start() as gateway:
        status, headers, said = await gateway.traces(body, "application/json; charset=utf-8")
        assert (status, json.loads(said)) == (200, {})
        assert headers["Content-Type"].startswith("application/json")
        [row] = await gateway.rows()
    assert row.status == "error"


async def test_spans_that_are_no_calls_can_be_left_out(start, shared_data):
    async with start(context=False) as gateway:
        body = (shared_data / "monitoring/traces/otlp_trace.json").read_bytes()
        status, _, said = await gateway.traces(body, "application/json")
        assert (status, json.loads(said)) == (200, {})
        assert await gateway.rows() == []
        assert (await gateway.health())["telemetry"]["other_spans"] == 1


async def test_an_empty_export_is_a_success(start):
    async with start() as gateway:
        assert (await gateway.traces(b""))[0] == 200
        assert (await gateway.traces(b"{}", "application/json"))[0] == 200


async def test_a_second_delivery_is_stored_once(start):
    async with start() as gateway:
        for _ in range(2):
            assert (await gateway.traces(many(10)))[0] == 200
        nameless = made.body(made.span(made.genai(), trace_id=b"", span_id=b""))
        for _ in range(2):
            assert (await gateway.traces(nameless))[0] == 200
        assert len(await gateway.rows()) == 11
        counts = (await gateway.health())["calls"]
    assert (counts["stored"], counts["duplicates"]) == (11, 11)


async def test_a_batch_larger_than_a_transaction_is_stored_whole(start):
    async with start() as gateway:
        assert (await gateway.traces(many(2500)))[0] == 200
        assert len(await gateway.rows()) == 2500


async def test_posts_that_come_at_once_share_commits(start, monkeypatch):
    groups = []
    add = calls.add

    def counted(db, batch):
        groups.append(len(batch))
        time.sleep(0.02)  # as a slow disk
        return add(db, batch)

    monkeypatch.setattr(calls, "add", counted)
    async with start() as gateway:
        posts = (gateway.traces(many(1, first=n)) for n in range(1, 101))
        assert {status for status, _, _ in await asyncio.gather(*posts)} == {200}
        assert len(await gateway.rows()) == 100
    assert sum(groups) == 100
    assert len(groups) < 60


ODD_TIMES = made.span(made.genai(), start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1)


async def test_odd_spans_are_stored_beside_ordinary_ones(start):
    odd = [
        ODD_TIMES,
        made.span(made.genai("no ids"), trace_id=b"", span_id=b""),
        made.span(made.genai("short ids"), trace_id=b"\x01", span_id=b"\x02"),
        made.span({**made.genai("hostile"), "gen_ai.usage.input_tokens": -(2**63)}, number=8),
        made.span(made.genai("fine"), number=9),
    ]
    async with start() as gateway:
        status, _, said = await gateway.traces(made.body(*odd))
        assert (status, said) == (200, b"")
        assert len(await gateway.rows()) == 5


async def test_a_part_that_can_not_be_read_is_reported_as_the_protocol_says(start):
    good = {
        "name": "chat",
        "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [good, 7, good]}]}]}
    async with start() as gateway:
        status, _, said = await gateway.traces(json.dumps(body).encode(), "application/json")
        partial = json.loads(said)["partialSuccess"]
        assert status == 200
        assert partial["rejectedSpans"] == "1"
        assert "object is expected" in partial["errorMessage"]


def message_of(body: bytes, kind: str) -> str:
    """The sentence in a google.rpc.Status of either encoding."""
    if kind == "application/json":
        return json.loads(body)["message"]
    assert body[:1] == b"\x08"
    return body[4:].decode(errors="replace")


@pytest.mark.parametrize("kind", ["application/x-protobuf", "application/json"])
@pytest.mark.parametrize(
    ("body", "coding", "status", "reason"),
    [
        (b"\xff\xff garbage", "", 400, "body"),
        (BODY, "gzip", 400, "announced as gzip"),
        (gzip.compress(BODY)[:-9], "gzip", 400, "cut short"),
        (BODY, "br", 415, "not known"),
        (gzip.compress(bytes(200 * 1024 * 1024), 1), "gzip", 413, "larger"),
    ],
    ids=["garbage", "no gzip", "half a gzip", "unknown coding", "bomb"],
)
async def test_what_can_not_be_taken_is_refused_with_a_reason_in_the_same_encoding(
    start, kind, body, coding, status, reason
):
    async with start() as gateway:
        headers = {"Content_Encoding": coding} if coding else {}
        got, answered, said = await gateway.traces(body, kind, **headers)
        assert got == status
        assert answered["Content-Type"].startswith(kind)
        assert reason in message_of(said, kind)
        assert (await gateway.traces(BODY))[0] == 200  # and nothing has died of it


async def test_other_content_types_are_refused(start):
    async with start() as gateway:
        status, _, said = await gateway.traces(BODY, "text/plain")
        assert status == 415
        assert "application/x-protobuf" in json.loads(said)["message"]


async def test_what_is_not_there_yet_says_so(start):
    async with start() as gateway:
        for path in ("/v1/metrics", "/elsewhere"):
            status, _, said = await gateway.post(path, b"", Content_Type="application/json")
            assert status == 404
            assert path in json.loads(said)["error"]["message"]


async def test_rules_flag_and_a_share_of_the_others_is_drawn_with_its_probability(start):
    def flagger(call, _cost):
        bad = call.input.endswith("7")
        return (CallFlag("seven", "minor", "ends with seven", 0, 1),) if bad else ()

    async with start(flagger=flagger, audit_probability=0.25, seed=5) as gateway:
        await gateway.traces(many(400))
        rows = await gateway.rows()
    flagged = [row for row in rows if row.flagged]
    drawn = [row for row in rows if row.audit_probability is not None]
    assert len(flagged) == 40
    assert 60 <= len(drawn) <= 120  # of 360; five standard deviations around 90
    assert {row.audit_probability for row in drawn} == {0.25}
    assert not any(row.flagged for row in drawn)


async def test_the_draw_is_repeatable_with_a_seed(start, tmp_path):
    drawn = []
    for name in ("a.db", "b.db"):
        async with start(seed=5, audit_probability=0.3, db_path=tmp_path / name) as gateway:
            await gateway.traces(many(100))
            drawn.append([row.input_head for row in await gateway.rows() if row.audit_probability])
    assert drawn[0] == drawn[1] != []


async def test_calls_without_an_answer_are_not_drawn(start):
    silent = made.span({"gen_ai.operation.name": "chat"}, number=1)
    failed = made.span({**made.genai(), "error.type": "timeout"}, number=2)
    async with start(audit_probability=1.0) as gateway:
        await gateway.traces(made.body(silent, failed))
        assert [row.audit_probability for row in await gateway.rows()] == [None, None]


async def test_a_rule_that_breaks_costs_its_flag_and_not_the_call(start):
    def broken(_call):
        raise RuntimeError("no such thing")

    async with start(flagger=broken) as gateway:
        assert (await gateway.traces(BODY))[0] == 200
        assert len(await gateway.rows()) == 1


async def test_a_call_that_the_store_can_not_hold_does_not_cost_the_others(start, monkeypatch):
    values = calls._call_values

    def poisoned(new, received_at):
        if "Question 3" in new.call.input:
            raise sqlite3.ProgrammingError("can't be bound")
        return values(new, received_at)

    monkeypatch.setattr(calls, "_call_values", poisoned)
    async with start() as gateway:
        status, _, said = await gateway.traces(many(5))
        assert status == 200
        told = ExportTraceServiceResponse.FromString(said).partial_success
        assert told.rejected_spans == 1
        assert len(await gateway.rows()) == 4
        assert (await gateway.health())["calls"]["unfit"] == 1


async def test_while_the_store_can_not_be_written_the_sender_is_told_to_come_back(
    start, tmp_path, monkeypatch
):
    monkeypatch.setattr("llmops_tui.store.database.BUSY_TIMEOUT_MS", 200)
    async with start() as gateway:
        assert (await gateway.traces(many(1)))[0] == 200
        holder = sqlite3.connect(tmp_path / "w.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            status, headers, said = await gateway.traces(many(1, first=2))
            assert status == 503
            assert int(headers["Retry-After"]) >= 1
            assert b"locked" in said
            assert (await gateway.health())["status"] == "degraded"
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        assert (await gateway.traces(many(1, first=2)))[0] == 200
        assert (await gateway.health())["status"] == "ok"
        assert len(await gateway.rows()) == 2


async def test_a_full_queue_answers_429_with_retry_after(start, monkeypatch):
    release = asyncio.Event()
    loop = asyncio.get_running_loop()
    add = calls.add

    def held(db, batch):
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        return add(db, batch)

    monkeypatch.setattr(calls, "add", held)
    small = lambda db, judge: Intake(db, judge, max_waiting=100)  # noqa: E731
    monkeypatch.setattr("llmops_tui.gateway.server.Intake", small)
    async with start() as gateway:
        first = asyncio.create_task(gateway.traces(many(100)))
        while not (await gateway.health())["calls"]["waiting"]:
            await asyncio.sleep(0.01)
        status, headers, _ = await gateway.traces(many(1, first=200))
        assert status == 429
        assert int(headers["Retry-After"]) >= 1
        release.set()
        assert (await first)[0] == 200
        assert len(await gateway.rows()) == 100


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.test"])
async def test_an_address_that_others_can_reach_needs_a_token(tmp_path, host):
    with pytest.raises(InputError, match="needs a token"):
        async with running(GatewayOptions(tmp_path / "w.db", host=host)):
            pass


def test_loopback_is_recognised_in_each_of_its_forms():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("", "10.0.0.1", "0.0.0.0", "localhost.example.test")))


async def test_with_a_token_only_who_shows_it_is_served(start):
    async with start(host="0.0.0.0", token=Secret("a-long-enough-token")) as gateway:
        gateway.url = gateway.url.replace("0.0.0.0", "127.0.0.1")
        assert (await gateway.traces(BODY))[0] == 401
        assert (await gateway.traces(BODY, Authorization="Bearer wrong"))[0] == 401
        assert await gateway.health() == {"status": "ok"}
        shown = {"Authorization": "Bearer a-long-enough-token"}
        assert (await gateway.traces(BODY, **shown))[0] == 200
        assert (await gateway.traces(BODY, x_llmops_token="a-long-enough-token"))[0] == 200


async def test_a_page_of_another_site_in_a_browser_here_may_not_call(start):
    async with start() as gateway:
        assert (await gateway.traces(BODY, Origin="https://example.test"))[0] == 403
        assert (await gateway.traces(BODY, Origin="http://localhost:3000"))[0] == 200


async def test_a_port_that_is_taken_is_a_sentence(tmp_path, start):
    async with start() as gateway:
        port = int(gateway.url.rsplit(":", 1)[1])
        from llmops_tui.gateway.server import serve

        options = GatewayOptions(tmp_path / "other.db", port=port)
        with pytest.raises(InputError, match="can't listen"):
            await serve(options, asyncio.Event(), lambda _: None)


async def test_calls_of_a_known_prompt_belong_to_its_version_and_project(start, tmp_path):
    from llmops_tui.store import prompts

    db = Database(tmp_path / "w.db")
    with db.write() as connection:
        connection.execute("INSERT INTO project (id, name, created_at) VALUES (7, 'shop', 0)")
    prompt = prompts.ensure(db, 7, "support")
    with db.write() as connection:
        connection.execute(
            "INSERT INTO prompt_version (id, prompt_id, number, messages, variables, content_hash,"
            " author, created_at) VALUES (70, ?, 3, '[]', '[]', x'00', 'me', 0)",
            (prompt.id,),
        )
    named = {"llmops.prompt.name": "support", "llmops.prompt.version": "3"}
    async with start() as gateway:
        await gateway.traces(made.body(made.span({**made.genai(), **named})))
        await gateway.rows(1)
    found = db.rows("SELECT project_id, prompt_version_id FROM call")
    assert [tuple(row) for row in found] == [(7, 70)]
    db.close()


async def test_calls_before_the_first_project_are_the_first_projects(start, tmp_path):
    async with start() as gateway:
        assert (await gateway.traces(BODY))[0] == 200
        workspace = open_workspace(tmp_path / "w.db")
        project = create_project(workspace, "topics")
        [early] = await gateway.rows(1)
        assert early.project_id == project.id, "at once, for who looks after making it"
        sent = 1
        while (await gateway.rows(sent))[-1].project_id is None or sent == 1:
            sent += 1
            await gateway.traces(many(1, sent))
            await asyncio.sleep(0.05)
        while any(row.project_id is None for row in await gateway.rows(sent)):
            await asyncio.sleep(0.05)
        create_project(workspace, "other")
        workspace.db.close()


async def test_with_several_projects_a_call_that_tells_none_stays_without(start, tmp_path):
    workspace = open_workspace(tmp_path / "w.db")
    for name in ("a", "b"):
        create_project(workspace, name)
    workspace.db.close()
    async with start() as gateway:
        await gateway.traces(BODY)
        [row] = await gateway.rows(1)
        assert row.project_id is None
