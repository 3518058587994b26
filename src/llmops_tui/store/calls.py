"""Production calls: written in batches by the gateway, tailed by the Monitor screen."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.call import (
    CallDetail,
    CallDraft,
    CallFlag,
    CallRow,
    Lane,
    Review,
    ReviewVerdict,
)
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import NotFoundError
from llmops_tui.store import call_marks, removed
from llmops_tui.store.bulk import insert_rows
from llmops_tui.store.call_texts import pack_texts, unpack_texts
from llmops_tui.store.codec import unpack
from llmops_tui.store.database import Database
from llmops_tui.store.feedback import feedback_of

HEAD_LENGTH = 160
MINUTE_MS = 60_000
SEVERITY_RANKS = {"high": 3, "medium": 2, "low": 1}

INSERT_CALL = """
INSERT INTO call (id, project_id, identity, source, trace_id, span_id, parent_span_id, response_id,
                  conversation_id, operation, provider, model, prompt_name, prompt_version,
                  prompt_version_id, status, error, finish_reason, input_tokens, output_tokens,
                  cost, duration_ms, first_token_ms, input_head, output_head, flagged,
                  severity, audit_probability, started_at, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (identity) DO NOTHING
"""
INSERT_BODY = "INSERT INTO call_body (call_id, body) VALUES (?, ?)"
INSERT_FLAG = """
INSERT INTO flag (call_id, position, rule, severity, reason, start, stop)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
LAST_ID = "SELECT max(id) FROM call"
ADOPT = "UPDATE call SET project_id = ?1 WHERE id > ?2 AND id <= ?3 AND project_id IS NULL"
ADOPTED_AT_ONCE = 1000
"""Calls that one transaction gives a project: it holds the write lock for about 20 ms."""

IDS_FROM = "SELECT id FROM call WHERE id >= ?"
SELECT_ROW = """
SELECT id, project_id, source, model, prompt_name, prompt_version, status, finish_reason,
       input_tokens, output_tokens, duration_ms, input_head, output_head, flagged, severity,
       audit_probability, review, started_at, received_at
FROM call
"""
PAGE = SELECT_ROW + "WHERE id < ? ORDER BY id DESC LIMIT ?"
PAGE_FLAGGED = SELECT_ROW + "WHERE flagged > 0 AND id < ? ORDER BY id DESC LIMIT ?"
PAGE_ERRORS = SELECT_ROW + "WHERE status = 'error' AND id < ? ORDER BY id DESC LIMIT ?"
NEWER = SELECT_ROW + "WHERE id > ? ORDER BY id LIMIT ?"
# What can be judged: an answer came, and its text (or that of the question) was captured.
ANSWERED = "status = 'ok' AND (output_head <> '' OR (flagged > 0 AND input_head <> ''))"
GET = SELECT_ROW + "WHERE id = ?"
REST = """
SELECT c.error, c.trace_id, c.span_id, c.response_id
FROM call c WHERE c.id = ?
"""
PROMPT_VERSION_OF = "SELECT prompt_version_id FROM call WHERE id = ?"
# By the index over the last characters of a random id. The plus keeps SQLite from putting the id in
# their place, which no index could then answer.
OF_TRACE = "substr(trace_id, -6) = substr(?1, -6) AND +trace_id = ?1 AND trace_id <> ''"
OF_RESPONSE = "substr(response_id, -6) = substr(?1, -6) AND +response_id = ?1 AND response_id <> ''"
TRACE_OF = "SELECT trace_id FROM call WHERE id = ?"
GET_BODY = "SELECT body FROM call_body WHERE call_id = ?"
GET_OLD_TEXT = "SELECT input, output, attributes FROM call_text WHERE call_id = ?"
FLAGS = "SELECT * FROM flag WHERE call_id = ? ORDER BY position"
REVIEWS = "SELECT * FROM review WHERE call_id = ? ORDER BY id"
COUNTED = """
SELECT coalesce(sum(answered), 0) AS calls, coalesce(sum(flagged_answered), 0) AS flagged,
       coalesce(sum(errors), 0) AS errors, coalesce(sum(calls - answered), 0) AS apart,
       coalesce(sum(flagged - flagged_answered), 0) AS flagged_apart
FROM call_minute WHERE minute_at >= ?1 AND (?2 IS NULL OR project_id = ?2)
"""
"""A failed or cancelled call gave no answer, and one whose text was not captured can't be judged:
they are counted apart. An empty answer is one that a rule flagged though texts are captured."""
JUDGED = """
SELECT coalesce(sum(flagged AND review <> 'unsure'), 0) AS flagged_reviewed,
       coalesce(sum(flagged AND review = 'wrong'), 0) AS flagged_wrong,
       coalesce(sum(drawn AND review <> 'unsure'), 0) AS audited,
       coalesce(sum(drawn AND review = 'wrong'), 0) AS audited_wrong,
       coalesce(sum(review = 'unsure'), 0) AS unsure,
       coalesce(sum(flagged AND harmful), 0) AS flagged_harmful,
       coalesce(sum(drawn AND harmful), 0) AS audited_harmful
FROM (SELECT review, flagged > 0 AS flagged,
             flagged = 0 AND audit_probability IS NOT NULL AS drawn,
             CASE WHEN review = 'wrong'
                  THEN (SELECT severity FROM review r
                        WHERE r.call_id = call.id AND r.undone_at IS NULL AND r.verdict = 'wrong'
                        ORDER BY r.id DESC LIMIT 1) = 'harmful'
                  ELSE 0 END AS harmful
      FROM call INDEXED BY call_reviewed
      WHERE review IN ('right', 'wrong', 'unsure') AND review <> '' AND ANSWERED
            AND started_at >= ?1 AND (?2 IS NULL OR project_id = ?2))
""".replace("ANSWERED", ANSWERED)
NEWEST_TIME = "SELECT received_at FROM call ORDER BY id DESC LIMIT 1"
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call with what was decided about it on arrival."""

    call: CallDraft
    flags: tuple[CallFlag, ...] = ()
    project_id: int | None = None
    prompt_version_id: int | None = None
    cost: int | None = None
    audit_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Lanes:
    """Counts of the two lanes over a window: what the live wrong rate is estimated from."""

    calls: int
    """With an answer that can be judged right or wrong."""
    flagged: int
    flagged_reviewed: int
    flagged_wrong: int
    audited: int
    audited_wrong: int
    errors: int
    unsure: int = 0
    """Seen, without a verdict of right or wrong: they count as not reviewed."""
    apart: int = 0
    """Further calls: failed, cancelled, or without captured text. Errored is not wrong."""
    flagged_apart: int = 0
    """Of those, how many a rule flagged."""
    flagged_harmful: int = 0
    """Of the wrong ones of each lane."""
    audited_harmful: int = 0
    removed: int = 0
    """Counted in `calls` and `apart`, and no longer stored: none of them was to be judged."""

    @property
    def arrived(self) -> int:
        """All calls of the window."""
        return self.calls + self.apart


def add(db: Database, calls: Sequence[NewCall]) -> int:
    """Store a batch in one transaction; how many were new. A second delivery changes nothing."""
    received_at = now_ms()
    bodies = pack_texts(
        db, [(new.call.input, new.call.output, new.call.attributes) for new in calls]
    )
    values = [_call_values(new, received_at) for new in calls]
    with db.write("call") as connection:
        first = (connection.execute(LAST_ID).fetchone()[0] or 0) + 1
        numbered = [(call_id, *row) for call_id, row in enumerate(values, first)]
        added = insert_rows(connection, INSERT_CALL, numbered)
        fresh = list(zip(range(first, first + len(calls)), calls, bodies, strict=True))
        if added < len(calls):
            stored = {int(row[0]) for row in connection.execute(IDS_FROM, (first,))}
            fresh = [one for one in fresh if one[0] in stored]
        insert_rows(connection, INSERT_BODY, [(call_id, body) for call_id, _, body in fresh])
        flags = [
            _flag_values(call_id, place, flag)
            for call_id, new, _ in fresh
            for place, flag in enumerate(new.flags)
        ]
        insert_rows(connection, INSERT_FLAG, flags)
    return added


def insert_flags(
    connection: sqlite3.Connection, call_id: int, flags: Sequence[CallFlag], first: int = 0
) -> None:
    """Add flags of a call, the first at a position, inside a transaction of the caller's."""
    rows = [_flag_values(call_id, place, flag) for place, flag in enumerate(flags, first)]
    insert_rows(connection, INSERT_FLAG, rows)


def _flag_values(call_id: int, place: int, flag: CallFlag) -> tuple[object, ...]:
    return (call_id, place, flag.rule, flag.severity, flag.reason, flag.start, flag.stop)


def page(db: Database, *, before: int = NEWEST, limit: int = 64, only: str = "") -> list[CallRow]:
    """Calls, newest first, with an id below `before`; `only` is empty, `flagged` or `error`."""
    sql = {"": PAGE, "flagged": PAGE_FLAGGED, "error": PAGE_ERRORS}[only]
    return [read_row(row) for row in db.rows(sql, (before, limit))]


def newer(db: Database, after: int, limit: int = 256) -> list[CallRow]:
    """Calls that arrived after the one with id `after`, oldest first."""
    return [read_row(row) for row in db.rows(NEWER, (after, limit))]


def detail(db: Database, call_id: int) -> CallDetail:
    """One call whole.

    Raises:
        NotFoundError: there is none of that id.
    """
    row, rest = db.row(GET, (call_id,)), db.row(REST, (call_id,))
    if row is None or rest is None:
        raise NotFoundError(f"There is no call {call_id}.", "Retention may have removed it.")
    asked, answered, attributes = texts(db, call_id)
    return CallDetail(
        row=read_row(row),
        input=asked,
        output=answered,
        attributes=attributes,
        error=rest["error"],
        trace_id=rest["trace_id"],
        span_id=rest["span_id"],
        response_id=rest["response_id"],
        flags=tuple(
            CallFlag(f["rule"], f["severity"], f["reason"], f["start"], f["stop"])
            for f in db.rows(FLAGS, (call_id,))
        ),
        reviews=tuple(read_review(found) for found in db.rows(REVIEWS, (call_id,))),
        tags=call_marks.tags_of(db, call_id),
        assignee=call_marks.assignee_of(db, call_id),
        feedback=feedback_of(db, call_id),
    )


def trace_id_of(db: Database, call_id: int) -> str | None:
    """The trace of a call, empty where it has none; None where there is no such call."""
    row = db.row(TRACE_OF, (call_id,))
    return None if row is None else str(row[0])


def prompt_version_of(db: Database, call_id: int) -> int | None:
    """The id of the prompt version that a call was made with, where it is one known here."""
    row = db.row(PROMPT_VERSION_OF, (call_id,))
    return None if row is None or row[0] is None else int(row[0])


def texts(db: Database, call_id: int) -> tuple[str, str, str]:
    """Question, answer and attributes of a call; empty where nothing is kept of them."""
    row = db.row(GET_BODY, (call_id,))
    if row is not None:
        return unpack_texts(db, row["body"])
    old = db.row(GET_OLD_TEXT, (call_id,))
    if old is None:
        return "", "", "{}"
    return unpack(old["input"]), unpack(old["output"]), unpack(old["attributes"])


def newest_time(db: Database) -> int | None:
    """When the newest call arrived."""
    row = db.row(NEWEST_TIME)
    return None if row is None else int(row[0])


def lanes(db: Database, since: int, project_id: int | None = None) -> Lanes:
    """Counts of both lanes over calls that started at or after `since`, a time of whole minutes.

    Calls are counted by the minute beforehand, and only those that were judged are looked at: it
    takes milliseconds, however many there are.
    """
    since -= since % MINUTE_MS
    counted, judged = db.row(COUNTED, (since, project_id)), db.row(JUDGED, (since, project_id))
    assert counted is not None
    assert judged is not None
    found: dict[str, int] = {**dict(counted), **dict(judged)}
    gone = removed.total(db, since, None, project_id)
    found["calls"] += gone.answered
    found["apart"] += gone.calls - gone.answered
    found["errors"] += gone.errors
    found["flagged_apart"] += gone.flagged
    return Lanes(**found, removed=gone.calls)


def last_id(db: Database) -> int:
    """The newest call's id; 0 where there is none."""
    row = db.row(LAST_ID)
    return int(row[0] or 0) if row is not None else 0


def adopt(db: Database, project_id: int, *, after: int = 0) -> None:
    """Give calls that came before there was a project to one, from the id `after` on."""
    last = last_id(db)
    while after < last:
        upto = min(after + ADOPTED_AT_ONCE, last)
        with db.write("call") as connection:
            connection.execute(ADOPT, (project_id, after, upto))
        after = upto


def _call_values(new: NewCall, received_at: int) -> tuple[object, ...]:
    call = new.call
    return (
        new.project_id,
        call.identity,
        call.source,
        call.trace_id,
        call.span_id,
        call.parent_span_id,
        call.response_id,
        call.conversation_id,
        call.operation,
        call.provider,
        call.model,
        call.prompt_name,
        call.prompt_version,
        new.prompt_version_id,
        call.status,
        call.error,
        call.finish_reason,
        call.input_tokens,
        call.output_tokens,
        new.cost,
        call.duration_ms,
        call.first_token_ms,
        head(call.input, from_end=True),
        head(call.output),
        len(new.flags),
        worst(new.flags),
        new.audit_probability,
        call.started_at,
        received_at,
    )


def worst(flags: Sequence[CallFlag]) -> int:
    """How bad the worst of some flags is: 3 high, 2 medium, 1 low, 0 where there is none."""
    return max((SEVERITY_RANKS.get(flag.severity, 1) for flag in flags), default=0)


def head(text: str, *, from_end: bool = False) -> str:
    """The part of a text that lists show, as any column can hold it."""
    # Of a conversation the last turn tells most, so its end is shown.
    cut = text[-HEAD_LENGTH:] if from_end else text[:HEAD_LENGTH]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode()


def read_row(row: sqlite3.Row, call_id: int | None = None) -> CallRow:
    """The call of a row, whose id may stand under another name."""
    values = {name: row[name] for name in CallRow.__slots__ if name != "id"}
    return CallRow(id=row["id"] if call_id is None else call_id, **values)


def read_review(row: sqlite3.Row) -> Review:
    """The verdict of a row."""
    return Review(
        id=row["id"],
        call_id=row["call_id"],
        verdict=ReviewVerdict(row["verdict"]),
        severity=row["severity"],
        reason=row["reason"],
        note=row["note"],
        corrected=row["corrected"],
        lane=Lane(row["lane"]),
        reviewer=row["reviewer"],
        reviewed_at=row["reviewed_at"],
        undone_at=row["undone_at"],
        batch_id=row["batch_id"],
        blind=bool(row["blind"]),
        asked_as=row["asked_as"],
    )
