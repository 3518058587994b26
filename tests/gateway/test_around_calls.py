"""What arrives around calls: their texts as log events, steps of their traces, feedback."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from tests.gateway.made import JSON, body, genai, pairs, span, value

from llmops_tui.core.call import CallDetail
from llmops_tui.core.trace import tree
from llmops_tui.store import calls, traces, words
from llmops_tui.store.database import Database
from llmops_tui.store.feedback import feedback_of

TRACE = (2).to_bytes(16)
SPAN = (2).to_bytes(8)
WITHOUT_TEXT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "mock",
    "gen_ai.response.id": "chatcmpl-1",
}
"""What an instrumentation says in the span when it hands texts out as log events."""


def record(name: str, told: object, *, named_by: str = "field", **fields: object) -> LogRecord:
    """A log event of the call with the ids of span number 1."""
    settings = {"trace_id": TRACE, "span_id": SPAN, "time_unix_nano": time.time_ns(), **fields}
    if named_by == "field":
        return LogRecord(event_name=name, body=value(told), **settings)
    return LogRecord(attributes=pairs({"event.name": name}), body=value(told), **settings)


def logs(*records: LogRecord) -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.extend(records)
    return request.SerializeToString()


CONVERSATION = (
    record("gen_ai.user.message", {"content": "What is 2 + 2?"}),
    record("gen_ai.choice", {"message": {"content": "It is 4."}, "finish_reason": "stop"}),
)
DETAILS = LogRecord(
    event_name="gen_ai.client.inference.operation.details",
    trace_id=TRACE,
    span_id=SPAN,
    time_unix_nano=1,
    attributes=pairs(
        {
            "gen_ai.input.messages": [
                {"role": "user", "parts": [{"type": "text", "content": "What is 2 + 2?"}]}
            ],
            "gen_ai.output.messages": [
                {
                    "role": "assistant",
                    "parts": [{"type": "text", "content": "It is 4."}],
                    "finish_reason": "stop",
                }
            ],
        }
    ),
)


async def settled(path, wanted) -> CallDetail:
    """The one stored call, once what is wanted of it is true."""

    def look() -> CallDetail | None:
        db = Database(path)
        try:
            found = calls.newer(db, 0)
            detail = calls.detail(db, found[0].id) if found else None
            return detail if detail and wanted(db, detail) else None
        finally:
            db.close()

    for _ in range(200):
        found = await asyncio.to_thread(look)
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to be")


@pytest.mark.parametrize("events", [CONVERSATION, (DETAILS,)], ids=["messages", "details"])
@pytest.mark.parametrize("first", ["span", "logs"])
async def test_a_call_gets_the_texts_that_come_as_log_events(start, events, first):
    posts = [
        ("/v1/traces", body(span(WITHOUT_TEXT))),
        ("/v1/logs", logs(*events)),
    ]
    async with start(audit_probability=1.0) as gateway:
        for path, data in posts if first == "span" else reversed(posts):
            status, _, said = await gateway.post(path, data, Content_Type="application/x-protobuf")
            assert (status, said) == (200, b"")
        call = await settled(gateway.db_path, lambda _, one: bool(one.output))
    assert call.input == "user: What is 2 + 2?"
    assert call.output == call.row.output_head == "It is 4."
    assert call.row.finish_reason == "stop"
    assert call.row.audit_probability == 1.0, "it is drawn once there is something to judge"
    assert json.loads(call.attributes)["log_events"]


async def test_a_call_is_flagged_by_the_text_that_came_later(start):
    refused = record("gen_ai.choice", {"message": {"content": "I'm sorry, I can't help."}})
    async with start() as gateway:
        await gateway.traces(body(span(WITHOUT_TEXT)))
        await gateway.post("/v1/logs", logs(refused), Content_Type="application/x-protobuf")
        call = await settled(gateway.db_path, lambda _, one: bool(one.flags))
    assert [flag.rule for flag in call.flags] == ["refusal"]


async def test_log_events_in_json_and_with_the_name_among_the_attributes(start):
    told = {
        "resourceLogs": [
            {
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "traceId": TRACE.hex(),
                                "spanId": SPAN.hex(),
                                "attributes": [
                                    {
                                        "key": "event.name",
                                        "value": {"stringValue": "gen_ai.user.message"},
                                    }
                                ],
                                "body": {
                                    "kvlistValue": {
                                        "values": [
                                            {"key": "content", "value": {"stringValue": "Hello?"}}
                                        ]
                                    }
                                },
                            },
                            {"body": {"stringValue": "an ordinary line of a log"}},
                            "no record",
                        ]
                    }
                ]
            }
        ]
    }
    async with start() as gateway:
        await gateway.traces(body(span(WITHOUT_TEXT)))
        named = {name.replace("-", "_"): kind for name, kind in JSON.items()}
        status, _, said = await gateway.post("/v1/logs", json.dumps(told).encode(), **named)
        assert status == 200
        assert json.loads(said)["partialSuccess"]["rejectedLogRecords"] == "1"
        call = await settled(gateway.db_path, lambda _, one: bool(one.input))
    assert call.input == "user: Hello?"


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff", b"{}x"])
async def test_a_log_body_that_is_none_is_refused_with_a_reason(start, garbage):
    kind = "application/json" if garbage.startswith(b"{") else "application/x-protobuf"
    async with start() as gateway:
        status, _, said = await gateway.post("/v1/logs", garbage, Content_Type=kind)
    assert status == 400
    assert b"body is not" in said


async def test_ordinary_logs_are_taken_and_not_kept(start):
    async with start() as gateway:
        status, _, said = await gateway.post(
            "/v1/logs", logs(LogRecord(body=value("hi"))), Content_Type="application/x-protobuf"
        )
        assert (status, ExportLogsServiceResponse.FromString(said)) == (
            200,
            ExportLogsServiceResponse(),
        )
        assert (await gateway.health())["telemetry"]["other_spans"] == 1


async def test_the_steps_around_a_call_are_shown_as_a_tree(start):
    agent = span({"openinference.span.kind": "AGENT"}, number=1, name="support agent")
    tool = span(
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": '{"id": 7}'},
        number=2,
        name="look up order",
        trace_id=agent.trace_id,
        parent_span_id=agent.span_id,
    )
    call = span(
        genai(), number=3, name="chat", trace_id=agent.trace_id, parent_span_id=tool.span_id
    )
    lost = span({}, number=4, name="orphan", trace_id=agent.trace_id, parent_span_id=b"elsewher")
    async with start() as gateway:
        assert (await gateway.traces(body(call, lost, tool, agent)))[0] == 200
        assert (await gateway.traces(body(tool)))[0] == 200
        [row] = await gateway.rows(1)
    db = Database(gateway.db_path)
    placed = tree(traces.steps(db, calls.detail(db, row.id).trace_id))
    shown = {(one.depth, one.step.name, one.step.kind, one.step.is_call) for one in placed}
    assert shown == {
        (0, "support agent", "agent", False),
        (1, "look up order", "execute_tool", False),
        (2, "mock", "chat", True),
        (0, "orphan", "", False),
    }
    step = next(one.step for one in placed if one.step.kind == "execute_tool")
    assert traces.span_texts(db, step.id)[0] == '{"id": 7}'
    db.close()


def test_steps_that_name_each_other_as_parents_are_shown_once():
    def step(number: int, parent: int) -> traces.TraceStep:
        return traces.TraceStep(number, False, str(number), str(parent), "s", "", "ok", "", 0, 0.0)

    assert [one.step.id for one in tree([step(1, 2), step(2, 1), step(3, 3)])] == [3, 1, 2]


@pytest.mark.parametrize(
    "named", [{"response_id": "chatcmpl-1"}, {"trace_id": TRACE.hex()}], ids=["response", "trace"]
)
@pytest.mark.parametrize("late", [False, True], ids=["after the call", "before the call"])
async def test_a_users_thumbs_down_flags_the_call_it_names(start, named, late):
    said = {**named, "thumbs": "down", "comment": "It is 5.", "corrected": "5", "author": "u1"}
    call = body(span({**genai(), "gen_ai.response.id": "chatcmpl-1"}))
    async with start() as gateway:
        if not late:
            await gateway.traces(call)
        status, _, answer = await gateway.post("/v1/feedback", json.dumps(said).encode())
        assert (status, json.loads(answer)) == (200, {"stored": 1})
        await gateway.post("/v1/feedback", json.dumps(said).encode())
        if late:
            await gateway.traces(call)
        kept = []

        def joined(db: Database, one: CallDetail) -> bool:
            kept[:] = feedback_of(db, one.row.id)
            return bool(kept) and bool(one.flags)

        found = await settled(gateway.db_path, joined)
    assert [flag.rule for flag in found.flags] == ["thumbs down"]
    assert found.row.flagged == 1
    [only] = kept
    assert (only.thumbs, only.comment, only.corrected, only.source) == (-1, "It is 5.", "5", "user")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"thumbs": "down"}, "says of no call"),
        ({"response_id": "r"}, "says nothing"),
        ({"response_id": "r", "thumbs": "sideways"}, "up or down"),
        ({"response_id": "r", "score": "high"}, "score"),
        ([], "0 pieces"),
        ("words", "it"),
    ],
)
async def test_feedback_that_can_not_be_understood_is_refused_with_a_reason(start, told, reason):
    async with start() as gateway:
        status, _, said = await gateway.post("/v1/feedback", json.dumps(told).encode())
    assert status == 400
    assert reason in json.loads(said)["message"]


@pytest.mark.parametrize("way", ["span event", "log event"])
async def test_an_evaluation_is_kept_with_its_call(start, way):
    told = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.4,
        "gen_ai.evaluation.score.label": "poor",
        "gen_ai.evaluation.explanation": "It evades.",
    }
    events = [("gen_ai.evaluation.result", told)] if way == "span event" else []
    async with start() as gateway:
        await gateway.traces(body(span(genai(), events=events)))
        if not events:
            sent = LogRecord(
                event_name="gen_ai.evaluation.result",
                trace_id=TRACE,
                span_id=SPAN,
                attributes=pairs(told),
            )
            await gateway.post("/v1/logs", logs(sent), Content_Type="application/x-protobuf")
        kept = []

        def joined(db: Database, one: CallDetail) -> bool:
            kept[:] = feedback_of(db, one.row.id)
            return bool(kept)

        await settled(gateway.db_path, joined)
    [only] = kept
    assert (only.source, only.name, only.score, only.label) == (
        "evaluation",
        "relevance",
        0.4,
        "poor",
    )


async def test_words_of_question_and_answer_are_found_also_those_that_came_late(start):
    def finds(db: Database, text: str) -> bool:
        return bool(db.rows("SELECT rowid FROM call_words(?)", (words.query(text),)))

    async with start() as gateway:
        await gateway.traces(body(span(WITHOUT_TEXT)))
        await settled(gateway.db_path, lambda db, one: words.upto(db) >= one.row.id)
        await gateway.post("/v1/logs", logs(*CONVERSATION), Content_Type="application/x-protobuf")
        await settled(gateway.db_path, lambda db, one: finds(db, "what 2"))
    db = Database(gateway.db_path)
    assert not finds(db, "zebra")
    db.close()


def test_what_a_person_types_never_is_query_syntax():
    assert words.query('refund "AND" x* -y') == '"refund" "AND" "x"* "y"'
    assert words.query("refu", begun=True) == '"refu"*'
    assert words.query("") == ""
