"""Removing calls: in short transactions, counted first, with everything that hangs on them.

What a person has judged or still has to judge stays, and so does what became an example or belongs
to an incident. The words of a removed call leave the full text index, its texts, flags, feedback
and log events go with it, and the steps of its trace once no call of the trace is left.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.clock import now_ms
from llmops_tui.store import call_sizes, words
from llmops_tui.store.call_texts import unpack_texts
from llmops_tui.store.calls import ANSWERED, OF_TRACE
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

MOST_CHARACTERS: Final = 250_000
"""Of texts whose words leave the index in one transaction: some 15 ms."""
STEPS_AT_ONCE: Final = 200
TRACES_AT_ONCE: Final = 50

KEPT = """CASE
    WHEN EXISTS (SELECT 1 FROM review r WHERE r.call_id = c.id) THEN 'reviewed'
    WHEN (flagged > 0 OR audit_probability IS NOT NULL) AND ANSWERED THEN 'waiting'
    WHEN EXISTS (SELECT 1 FROM claim k WHERE k.call_id = c.id
                 AND k.until >= strftime('%s', 'now') * 1000) THEN 'waiting'
    WHEN EXISTS (SELECT 1 FROM call_judgement j WHERE j.call_id = c.id
                 AND coalesce(j.judged_at, j.taken_at) >= (strftime('%s', 'now') - 172800) * 1000)
        THEN 'judged'
    WHEN EXISTS (SELECT 1 FROM example_of_call e WHERE e.call_id = c.id) THEN 'example'
    WHEN EXISTS (SELECT 1 FROM feedback b WHERE b.call_id = c.id AND b.corrected IS NOT NULL)
        THEN 'corrected'
    WHEN EXISTS (SELECT 1 FROM call_tag t WHERE t.call_id = c.id)
         OR EXISTS (SELECT 1 FROM call_assignee a WHERE a.call_id = c.id)
         OR EXISTS (SELECT 1 FROM asked_again g WHERE g.call_id = c.id) THEN 'marked'
    WHEN EXISTS (SELECT 1 FROM incident i WHERE i.project_id = c.project_id
                 AND c.started_at >= i.opened_at
                 AND c.started_at < coalesce(i.closed_at, c.started_at + 1)) THEN 'incident'
    ELSE '' END""".replace("ANSWERED", ANSWERED)
"""Why a call stays whatever its age; empty where nothing keeps it. What a model judged in the last
two days counts for the day's spending limit."""
# Another call would get the id of the newest one, and those who follow the ids would miss it.
GOING = "c.id < (SELECT max(id) FROM call) AND KEPT = ''".replace("KEPT", KEPT)
STAMP = """c.flagged || ' ' || c.review || ' '
    || (SELECT count(*) || ' ' || count(r.undone_at) FROM review r WHERE r.call_id = c.id) || ' '
    || (SELECT count(j.judged_at) FROM call_judgement j WHERE j.call_id = c.id) || ' '
    || (SELECT count(*) FROM feedback b WHERE b.call_id = c.id) || ' '
    || coalesce((SELECT length(b.body) FROM call_body b WHERE b.call_id = c.id), 0)"""
"""Differs once something was added to a call."""
CANDIDATES = """
SELECT c.id, c.started_at, SIZE AS size FROM call c INDEXED BY call_figures
WHERE c.started_at >= ?1 AND c.started_at < ?2 AND c.project_id IS ?3 AND GOING
ORDER BY c.started_at LIMIT ?4
""".replace("SIZE", call_sizes.SIZE).replace("GOING", GOING)
BODY = "SELECT body FROM call_body WHERE call_id = ?"
STILL = """
SELECT c.id, c.trace_id, STAMP AS stamp, b.body
FROM json_each(?1) j CROSS JOIN call c ON c.id = j.value LEFT JOIN call_body b ON b.call_id = c.id
WHERE GOING
""".replace("STAMP", STAMP).replace("GOING", GOING)
_THESE = "(SELECT value FROM json_each(?1))"
COUNT_CALLS = """
INSERT INTO removed_call (project_id, hour_at, model, prompt_name, prompt_version, calls, answered,
                          flagged, errors, cost, input_tokens, output_tokens, duration_ms)
SELECT coalesce(project_id, 0), started_at - started_at % 3600000, model, prompt_name,
       prompt_version, count(*), sum(ANSWERED), sum(flagged > 0), sum(status = 'error'),
       coalesce(sum(cost), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
       sum(duration_ms)
FROM call WHERE id IN THESE GROUP BY 1, 2, 3, 4, 5
ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls, answered = answered + excluded.answered,
    flagged = flagged + excluded.flagged, errors = errors + excluded.errors,
    cost = cost + excluded.cost, input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    duration_ms = duration_ms + excluded.duration_ms
""".replace("ANSWERED", ANSWERED).replace("THESE", _THESE)
COUNT_FLAGS = """
INSERT INTO removed_flag (project_id, hour_at, rule, calls)
SELECT coalesce(c.project_id, 0), c.started_at - c.started_at % 3600000, f.rule,
       count(DISTINCT c.id)
FROM call c JOIN flag f ON f.call_id = c.id WHERE c.id IN THESE GROUP BY 1, 2, 3
ON CONFLICT DO UPDATE SET calls = calls + excluded.calls
""".replace("THESE", _THESE)
NOTE_TRACES = """
INSERT OR IGNORE INTO lonely_trace (trace_id)
SELECT j.value FROM json_each(?1) j
WHERE EXISTS (SELECT 1 FROM trace_span s WHERE s.trace_id = j.value)
"""
DROP = tuple(
    "DELETE FROM TABLE WHERE KEY IN THESE".replace("TABLE", table)
    .replace("KEY", key)
    .replace("THESE", _THESE)
    for table, key in (
        ("flag", "call_id"),
        ("feedback", "call_id"),
        ("call_body", "call_id"),
        ("call_text", "call_id"),
    )
)
DROP_EVENTS = """
DELETE FROM call_event WHERE call_identity IN (SELECT substr(identity, -24) FROM call
                                                WHERE id IN THESE)
""".replace("THESE", _THESE)
DROP_CALLS = "DELETE FROM call WHERE id IN THESE".replace("THESE", _THESE)
TRACES = "SELECT trace_id FROM lonely_trace LIMIT ?"
HAS_CALL = "SELECT 1 FROM call WHERE OF_TRACE LIMIT 1".replace("OF_TRACE", OF_TRACE)
DROP_STEPS = """
DELETE FROM trace_span WHERE id IN (SELECT id FROM trace_span WHERE trace_id = ? LIMIT ?)
"""
FORGET_TRACE = "DELETE FROM lonely_trace WHERE trace_id = ?"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that may go."""

    id: int
    started_at: int
    size: int
    """Bytes, as `call_sizes` counts them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Calls about to be removed."""

    wanted: tuple[Candidate, ...]
    bodies: Mapping[int, bytes | None]
    """By id, as they were read: another one means that the call has changed."""
    texts: Mapping[int, tuple[str, str]]
    """Question and answer."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What a batch removed."""

    calls: int = 0
    size: int = 0
    held_ms: float = 0.0
    """For how long the file's write lock was held."""
    looked_at: int = 0
    """Candidates that the batch was about; the rest is for the next."""


@dataclass
class Tally:
    """What was removed so far."""

    calls: int = 0
    size: int = 0
    batches: int = 0
    longest_ms: float = 0.0
    """For which a batch held the write lock."""

    def add(self, one: Removed) -> None:
        """Count a batch."""
        self.calls += one.calls
        self.size += one.size
        self.batches += 1
        self.longest_ms = max(self.longest_ms, one.held_ms)


def candidates(
    db: Database, project_id: int | None, since: int, before: int, limit: int
) -> list[Candidate]:
    """Calls of a project that nothing keeps and that started in a span of time, oldest first.

    Args:
        db: The workspace.
        project_id: None for calls of no project.
        since: From here on, inclusive.
        before: Up to here, exclusive.
        limit: At most so many.
    """
    rows = db.rows(CANDIDATES, (since, before, project_id, limit))
    return [Candidate(row["id"], row["started_at"], row["size"]) for row in rows]


def prepare(db: Database, wanted: Sequence[Candidate]) -> Prepared:
    """Unpack what has to leave the index, outside of any transaction; of as many as fit into one.

    Args:
        db: The workspace.
        wanted: What to remove.
    """
    taken: list[Candidate] = []
    bodies: dict[int, bytes | None] = {}
    texts: dict[int, tuple[str, str]] = {}
    characters = 0
    for one in wanted:
        row = db.row(BODY, (one.id,))
        taken.append(one)
        bodies[one.id] = None if row is None else row["body"]
        if row is not None:
            asked, answered, _ = unpack_texts(db, row["body"])
            texts[one.id] = asked, answered
            characters += min(len(asked), words.LONGEST) + min(len(answered), words.LONGEST)
        if characters > MOST_CHARACTERS:
            break
    return Prepared(tuple(taken), bodies, texts)


def remove(db: Database, prepared: Prepared, stamps: Mapping[int, str] | None = None) -> Removed:
    """Remove calls in one short transaction.

    Whatever has changed since it was chosen stays: a verdict, a flag, another text.

    Args:
        db: The workspace.
        prepared: What to remove.
        stamps: What they looked like when they were archived, by id: any other stays.
    """
    bodies, texts = prepared.bodies, prepared.texts
    with db.write("call", "retention") as connection:
        began = time.perf_counter()
        going = []
        for row in connection.execute(STILL, (to_json(list(bodies)),)).fetchall():
            same = row["body"] == bodies[row["id"]]
            if same and (stamps is None or stamps.get(row["id"]) == row["stamp"]):
                going.append(row)
        ids = {int(row["id"]) for row in going}
        these = (to_json(sorted(ids)),)
        if going:
            connection.execute(COUNT_CALLS, these)
            connection.execute(COUNT_FLAGS, these)
            call_sizes.subtract(connection, these[0], now_ms())
            words.forget(connection, [(i, *texts[i]) for i in sorted(ids) if i in texts])
            traces = {row["trace_id"] for row in going if row["trace_id"]}
            connection.execute(NOTE_TRACES, (to_json(sorted(traces)),))
            for sql in (*DROP, DROP_EVENTS, DROP_CALLS):
                connection.execute(sql, these)
    held = (time.perf_counter() - began) * 1000
    size = sum(one.size for one in prepared.wanted if one.id in ids)
    return Removed(len(ids), size, held, len(bodies))


def follow(db: Database) -> bool:
    """Remove steps of traces whose calls are gone; whether there may be more to remove."""
    rows = db.rows(TRACES, (TRACES_AT_ONCE,))
    if not rows:
        return False
    left = STEPS_AT_ONCE
    with db.write("trace") as connection:
        for row in rows:
            one = row["trace_id"]
            if connection.execute(HAS_CALL, (one,)).fetchone() is None:
                left -= connection.execute(DROP_STEPS, (one, left)).rowcount
            if left <= 0:
                break  # this trace may have more steps: it stays noted
            connection.execute(FORGET_TRACE, (one,))
    return True
