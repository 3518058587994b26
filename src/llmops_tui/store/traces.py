"""What surrounds calls: steps of their traces, log events with their texts, feedback on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.call import CallFlag
from llmops_tui.core.clock import now_ms
from llmops_tui.core.trace import EventDraft, FeedbackDraft, SpanDraft, TraceStep
from llmops_tui.store import call_sizes, calls, words
from llmops_tui.store.call_texts import pack_texts, unpack_texts
from llmops_tui.store.calls import OF_RESPONSE, OF_TRACE, NewCall
from llmops_tui.store.codec import pack, unpack
from llmops_tui.store.database import Database

Arrived = NewCall | SpanDraft | EventDraft | FeedbackDraft
"""Anything that the gateway stores."""

OPEN_MS = 15 * 60_000
"""For how long texts and feedback wait for the call that they belong to."""

INSERT_SPAN = """
INSERT INTO trace_span (identity, trace_id, span_id, parent_span_id, name, kind, status, error,
                        duration_ms, body, started_at, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING
"""
INSERT_EVENT = """
INSERT INTO call_event (identity, call_identity, name, body, happened_at, received_at)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING
"""
INSERT_FEEDBACK = """
INSERT INTO feedback (identity, trace_id, span_id, response_id, source, name, thumbs, score, label,
                      comment, corrected, author, given_at, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING
"""
SPANS_OF_TRACE = """
SELECT id, span_id, parent_span_id, name, kind, status, error, started_at, duration_ms
FROM trace_span WHERE trace_id = ? ORDER BY started_at LIMIT ?
"""
CALLS_OF_TRACE = """
SELECT id, span_id, parent_span_id, model AS name, operation AS kind, status, error, started_at,
       duration_ms
FROM call WHERE OF_TRACE LIMIT ?2
""".replace("OF_TRACE", OF_TRACE)
SPAN_BODY = "SELECT body FROM trace_span WHERE id = ?"
UNSETTLED = """
SELECT c.id, e.call_identity FROM call_event e INDEXED BY call_event_open CROSS JOIN call c
       ON substr(c.trace_id, -6) = lower(hex(substr(e.call_identity, 14, 3)))
          AND c.trace_id = lower(hex(substr(e.call_identity, 1, 16))) AND c.trace_id <> ''
          AND c.span_id = lower(hex(substr(e.call_identity, 17, 8)))
WHERE e.settled = 0 GROUP BY c.id LIMIT ?
"""
EVENTS_OF_CALL = """
SELECT name, body, happened_at FROM call_event WHERE call_identity = ? ORDER BY happened_at, id
"""
SETTLE_EVENTS = "UPDATE call_event SET settled = 1 WHERE call_identity = ? AND settled = 0"
GIVE_UP_EVENTS = "UPDATE call_event SET settled = 2 WHERE settled = 0 AND received_at < ?"
ANY_OPEN_EVENT = "SELECT 1 FROM call_event WHERE settled = 0 LIMIT 1"
OPEN_FEEDBACK = """
SELECT id, trace_id, span_id, response_id, thumbs FROM feedback
WHERE call_id IS NULL AND received_at > ? ORDER BY received_at LIMIT ?
"""
CALL_OF_RESPONSE = """
SELECT id, project_id FROM call WHERE OF_RESPONSE ORDER BY id DESC LIMIT 1
""".replace("OF_RESPONSE", OF_RESPONSE)
CALL_OF_SPAN = """
SELECT id, project_id FROM call WHERE OF_TRACE AND span_id = ?2 ORDER BY id DESC LIMIT 1
""".replace("OF_TRACE", OF_TRACE)
CALL_OF_TRACE = """
SELECT id, project_id FROM call WHERE OF_TRACE ORDER BY id DESC LIMIT 1
""".replace("OF_TRACE", OF_TRACE)
JOIN_FEEDBACK = "UPDATE feedback SET call_id = ? WHERE id = ?"
NEXT_POSITION = "SELECT coalesce(max(position), -1) + 1 FROM flag WHERE call_id = ?"
HAS_FLAG = "SELECT 1 FROM flag WHERE call_id = ? AND rule = ?"
ONE_MORE_FLAG = """
UPDATE call SET flagged = flagged + 1, severity = max(severity, ?2) WHERE id = ?1
"""
DROP_FLAGS = "DELETE FROM flag WHERE call_id = ?"
COMPLETE_CALL = """
UPDATE call SET input_head = ?, output_head = ?, finish_reason = ?, flagged = ?,
                severity = ?, audit_probability = coalesce(audit_probability, ?)
WHERE id = ?
"""
COMPLETE_BODY = "UPDATE call_body SET body = ? WHERE call_id = ?"
AS_JUDGED = """
SELECT id, status, error, finish_reason, duration_ms, input_tokens, output_tokens, cost, model,
       input_head, output_head, flagged, project_id
FROM call WHERE id = ?
"""
LONELY_SPANS = """
DELETE FROM trace_span WHERE id IN (
    SELECT s.id FROM trace_span s WHERE s.received_at BETWEEN ?1 AND ?2
    AND NOT EXISTS (SELECT 1 FROM call c WHERE c.trace_id = s.trace_id AND c.trace_id <> ''
                    AND substr(c.trace_id, -6) = substr(s.trace_id, -6))
    LIMIT ?3)
"""


@dataclass(frozen=True, slots=True)
class Completed:
    """A call whose texts came by log events, as it is from now on."""

    call_id: int
    identity: bytes
    before: tuple[str, str]
    """Its question and answer as they were."""
    input: str
    output: str
    attributes: str
    finish_reason: str
    flags: tuple[CallFlag, ...]
    audit_probability: float | None


@dataclass(frozen=True, slots=True)
class OpenFeedback:
    """Feedback that found its call."""

    id: int
    call_id: int
    project_id: int | None
    thumbs: int | None


def add(db: Database, arrived: Sequence[Arrived]) -> int:
    """Store what arrived in one transaction; how many were new."""
    new_calls = [one for one in arrived if isinstance(one, NewCall)]
    if len(new_calls) == len(arrived):
        return calls.add(db, new_calls)
    spans = [one for one in arrived if isinstance(one, SpanDraft)]
    topics = ("trace",) if spans else ()
    packed = pack_texts(db, [(one.input, one.output, one.attributes) for one in spans])
    received_at, added = now_ms(), 0
    with db.write(*topics) as connection:
        if new_calls:
            added += calls.add(db, new_calls)
        for span, body in zip(spans, packed, strict=True):
            added += _added(connection, INSERT_SPAN, _span_values(span, body, received_at))
        for one in arrived:
            if isinstance(one, EventDraft):
                body = pack(one.attributes)
                values = (one.identity, one.call_identity, one.name, body, one.happened_at)
                added += _added(connection, INSERT_EVENT, (*values, received_at))
            elif isinstance(one, FeedbackDraft):
                added += _added(connection, INSERT_FEEDBACK, _feedback_values(one, received_at))
    return added


def steps(db: Database, trace_id: str, limit: int = 2000) -> list[TraceStep]:
    """The steps of a trace, at most `limit` of each kind."""
    if not trace_id:
        return []
    return [
        TraceStep(is_call=is_call, **{name: row[name] for name in row.keys()})  # noqa: SIM118
        for is_call, sql in ((False, SPANS_OF_TRACE), (True, CALLS_OF_TRACE))
        for row in db.rows(sql, (trace_id, limit))
    ]


def span_texts(db: Database, span_id: int) -> tuple[str, str, str]:
    """Input, output and attributes of a step that is no call."""
    row = db.row(SPAN_BODY, (span_id,))
    return unpack_texts(db, row["body"]) if row else ("", "", "{}")


def has_open_events(db: Database) -> bool:
    """Whether texts wait for their call."""
    return db.row(ANY_OPEN_EVENT) is not None


def unsettled(db: Database, limit: int = 200) -> list[tuple[int, bytes]]:
    """Calls (id, trace id and span id) for which texts have come that they don't have yet."""
    return [(int(row[0]), bytes(row[1])) for row in db.rows(UNSETTLED, (limit,))]


def events_of(db: Database, identity: bytes) -> list[tuple[str, str, int]]:
    """(name, attributes as JSON, time) of the events of a call, in order."""
    rows = db.rows(EVENTS_OF_CALL, (identity,))
    return [(row["name"], unpack(row["body"]), row["happened_at"]) for row in rows]


def as_judged(db: Database, call_id: int) -> sqlite3.Row | None:
    """The columns of a call that rules look at."""
    return db.row(AS_JUDGED, (call_id,))


def complete(db: Database, completed: Sequence[Completed]) -> None:
    """Give calls the texts that came by log events, and what is then decided about them."""
    bodies = pack_texts(db, [(one.input, one.output, one.attributes) for one in completed])
    with db.write("call") as connection:
        for one, body in zip(completed, bodies, strict=True):
            heads = calls.head(one.input, from_end=True), calls.head(one.output)
            rank = calls.worst(one.flags)
            decided = one.finish_reason, len(one.flags), rank, one.audit_probability
            connection.execute(COMPLETE_CALL, (*heads, *decided, one.call_id))
            call_sizes.resized(connection, one.call_id, len(body))
            connection.execute(COMPLETE_BODY, (body, one.call_id))
            words.replace(connection, one.call_id, one.before, (one.input, one.output))
            connection.execute(DROP_FLAGS, (one.call_id,))
            calls.insert_flags(connection, one.call_id, one.flags)
            connection.execute(SETTLE_EVENTS, (one.identity,))


def give_up_events(db: Database) -> None:
    """Stop looking for the calls of texts that have waited long enough; they stay in the file."""
    with db.write() as connection:
        connection.execute(GIVE_UP_EVENTS, (now_ms() - OPEN_MS,))


def join_feedback(db: Database, limit: int = 500) -> list[OpenFeedback]:
    """Join feedback with the calls that it names; those that were found just now."""
    waiting = db.rows(OPEN_FEEDBACK, (now_ms() - 7 * 86_400_000, limit))
    found: list[OpenFeedback] = []
    for row in waiting:
        call = _named(db, row)
        if call is not None:
            found.append(OpenFeedback(row["id"], call["id"], call["project_id"], row["thumbs"]))
    if found:
        with db.write("call") as connection:
            for one in found:
                connection.execute(JOIN_FEEDBACK, (one.call_id, one.id))
    return found


def add_flag(db: Database, call_id: int, flag: CallFlag) -> bool:
    """Flag a call after it arrived; whether that rule had not flagged it already."""
    with db.write("call") as connection:
        if connection.execute(HAS_FLAG, (call_id, flag.rule)).fetchone():
            return False
        place = connection.execute(NEXT_POSITION, (call_id,)).fetchone()[0]
        calls.insert_flags(connection, call_id, [flag], place)
        connection.execute(ONE_MORE_FLAG, (call_id, calls.worst([flag])))
    return True


def drop_lonely_spans(db: Database, after: int, before: int, limit: int = 2000) -> int:
    """Remove steps that arrived between two times and whose trace has no call; how many."""
    with db.write() as connection:
        return connection.execute(LONELY_SPANS, (after, before, limit)).rowcount


def _named(db: Database, row: sqlite3.Row) -> sqlite3.Row | None:
    if row["response_id"]:
        found = db.row(CALL_OF_RESPONSE, (row["response_id"],))
        if found is not None:
            return found
    if row["trace_id"] and row["span_id"]:
        found = db.row(CALL_OF_SPAN, (row["trace_id"], row["span_id"]))
        if found is not None:
            return found
    # A span that is no call, such as the agent's, stands for the last call of its trace.
    return db.row(CALL_OF_TRACE, (row["trace_id"],)) if row["trace_id"] else None


def _added(connection: sqlite3.Connection, sql: str, values: Sequence[object]) -> int:
    return 1 if connection.execute(sql, values).rowcount == 1 else 0


def _span_values(span: SpanDraft, body: bytes, received_at: int) -> tuple[object, ...]:
    names = (span.identity, span.trace_id, span.span_id, span.parent_span_id, span.name, span.kind)
    return (
        *names,
        span.status,
        span.error,
        span.duration_ms,
        body,
        span.started_at,
        received_at,
    )


def _feedback_values(one: FeedbackDraft, received_at: int) -> tuple[object, ...]:
    return (
        one.identity,
        one.trace_id,
        one.span_id,
        one.response_id,
        one.source,
        one.name,
        one.thumbs,
        one.score,
        one.label,
        one.comment,
        one.corrected,
        one.author,
        one.given_at,
        received_at,
    )
