"""Calls with all that belongs to them, day by day, as the archive takes them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.retention import DAY_MS
from llmops_tui.store import call_sizes, calls, settings, traces
from llmops_tui.store.codec import from_json
from llmops_tui.store.database import Database
from llmops_tui.store.removal import GOING, STAMP, Candidate

_ID: Final = "id"
DAYS = """
SELECT started_at / 86400000 AS day, count(*) AS calls FROM call INDEXED BY call_figures
WHERE started_at >= 0 AND started_at < ?1 AND (?2 IS NULL OR project_id = ?2)
GROUP BY 1 ORDER BY 1
"""
OF_DAY = """
SELECT c.id, c.started_at, SIZE AS size, STAMP AS stamp FROM call c INDEXED BY call_figures
WHERE c.started_at >= ?1 AND c.started_at < ?2 AND (?3 IS NULL OR c.project_id = ?3)
""".replace("SIZE", call_sizes.SIZE).replace("STAMP", STAMP)
ANY_GOING = """
SELECT 1 FROM call c INDEXED BY call_figures
WHERE c.started_at >= ?1 AND c.started_at < ?2 AND (?3 IS NULL OR c.project_id = ?3) AND GOING
LIMIT 1
""".replace("GOING", GOING)
CALLS = """
SELECT c.*, p.name AS project, STAMP AS stamp,
       c.trace_id <> '' AND c.id = (
           SELECT min(o.id) FROM call o
           WHERE substr(o.trace_id, -6) = substr(c.trace_id, -6) AND o.trace_id = c.trace_id
                 AND o.trace_id <> '') AS first_of_trace
FROM json_each(?1) j CROSS JOIN call c ON c.id = j.value
LEFT JOIN project p ON p.id = c.project_id ORDER BY c.id
""".replace("STAMP", STAMP)
FLAGS = """
SELECT call_id, rule, severity, reason, start, stop FROM flag
WHERE call_id IN (SELECT value FROM json_each(?1)) ORDER BY call_id, position
"""
REVIEWS = """
SELECT call_id, verdict, severity, reason, note, corrected, lane, inclusion_probability, reviewer,
       reviewed_at, undone_at
FROM review WHERE call_id IN (SELECT value FROM json_each(?1)) ORDER BY call_id, id
"""
FEEDBACK = """
SELECT call_id, source, name, thumbs, score, label, comment, corrected, author, given_at
FROM feedback WHERE call_id IN (SELECT value FROM json_each(?1)) ORDER BY call_id, id
"""
JUDGEMENTS = """
SELECT call_id, passed, reason, judge, cost, judged_at FROM call_judgement
WHERE call_id IN (SELECT value FROM json_each(?1)) AND judged_at IS NOT NULL ORDER BY call_id
"""
STEPS = """
SELECT id, span_id, parent_span_id, name, kind, status, error, started_at, duration_ms
FROM trace_span WHERE trace_id = ?1 AND trace_id <> '' ORDER BY started_at LIMIT 2000
"""


@dataclass(frozen=True, slots=True)
class DayOfCalls:
    """A day (UTC) with stored calls."""

    number: int
    """Days since the epoch."""
    calls: int


@dataclass(frozen=True, slots=True)
class Stamped:
    """A stored call, and what tells that something was added to it."""

    call: Candidate
    stamp: str


def days(db: Database, before: int, project_id: int | None) -> list[DayOfCalls]:
    """Days with calls that started before a time; of one project, or of all."""
    return [DayOfCalls(row["day"], row["calls"]) for row in db.rows(DAYS, (before, project_id))]


def of_day(db: Database, day: int, project_id: int | None) -> list[Stamped]:
    """Every call of a day, in the order of arrival."""
    rows = db.rows(OF_DAY, (day * DAY_MS, (day + 1) * DAY_MS, project_id))
    found = (
        Stamped(Candidate(row["id"], row["started_at"], row["size"]), row["stamp"]) for row in rows
    )
    return sorted(found, key=lambda one: one.call.id)


def may_go(db: Database, day: int, project_id: int | None) -> bool:
    """Whether a day has calls that nothing keeps."""
    return db.row(ANY_GOING, (day * DAY_MS, (day + 1) * DAY_MS, project_id)) is not None


def whole(db: Database, ids: Sequence[int]) -> list[dict[str, object]]:
    """Calls whole, by the archive's columns; those that are gone are left out."""
    these = (_json(list(ids)),)
    flags, reviews, feedback, judgements = (
        _by_call(db, sql, these) for sql in (FLAGS, REVIEWS, FEEDBACK, JUDGEMENTS)
    )
    found = []
    for row in db.rows(CALLS, these):
        call_id = row["id"]
        asked, answered, attributes = calls.texts(db, call_id)
        steps = _steps(db, row["trace_id"]) if row["first_of_trace"] else []
        found.append(
            {
                **{name: row[name] for name in row.keys()},  # noqa: SIM118
                "identity": bytes(row["identity"]).hex(),
                "prompt": row["prompt_name"],
                "cost_nano": row["cost"],
                "verdict": row["review"],
                "input": asked,
                "output": answered,
                "attributes": attributes,
                "flag_rules": ", ".join(str(flag["rule"]) for flag in flags.get(call_id, ())),
                "flags": _json(flags.get(call_id, [])),
                "reviews": _json(reviews.get(call_id, [])),
                "feedback": _json(feedback.get(call_id, [])),
                "judgements": _json(judgements.get(call_id, [])),
                "steps": _json(steps),
            }
        )
    return found


def workspace_id(db: Database) -> str:
    """What tells this workspace from others, wherever its file lies; made on first use."""
    known = settings.get(db, "workspace", _ID)
    if known is None:
        with db.write() as connection:
            row = connection.execute(settings.GET, ("workspace", _ID)).fetchone()
            known = str(row[0]) if row else uuid.uuid4().hex
            connection.execute(settings.SET, ("workspace", _ID, known))
    return known


def _by_call(db: Database, sql: str, these: tuple[str]) -> dict[int, list[dict[str, Json]]]:
    found: dict[int, list[dict[str, Json]]] = {}
    for row in db.rows(sql, these):
        found.setdefault(row["call_id"], []).append(_object(row, without="call_id"))
    return found


def _steps(db: Database, trace_id: str) -> list[dict[str, Json]]:
    steps = []
    for row in db.rows(STEPS, (trace_id,)):
        asked, answered, attributes = traces.span_texts(db, row["id"])
        texts: dict[str, Json] = {
            "input": asked, "output": answered, "attributes": _parsed(attributes)
        }  # fmt: skip
        steps.append({**_object(row, without="id"), **texts})
    return steps


def _object(row: sqlite3.Row, *, without: str) -> dict[str, Json]:
    return {name: row[name] for name in row.keys() if name != without}  # noqa: SIM118


def _json(value: object) -> str:
    """For other programs, and for searching: characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _parsed(text: str) -> Json:
    try:
        return from_json(text)
    except ValueError:
        return text
