"""What is still known of removed calls: counts by hour, so that rates over windows stay honest.

An hour belongs to a window when its middle lies in it. Times of single calls are gone, and the old
calls that stayed are those that people looked at: a latency of theirs would say nothing about
production. So times are told only of calls since `complete_from`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from llmops_tui.store.database import Database

_WINDOW = """
WHERE hour_at + 1800000 >= ?1 AND hour_at + 1800000 < ?2
      AND (?3 IS NULL OR project_id = ?3)
"""
_SUMS = """coalesce(sum(calls), 0) AS calls, coalesce(sum(answered), 0) AS answered,
       coalesce(sum(flagged), 0) AS flagged, coalesce(sum(errors), 0) AS errors,
       coalesce(sum(cost), 0) AS cost, coalesce(sum(input_tokens), 0) AS input_tokens,
       coalesce(sum(output_tokens), 0) AS output_tokens,
       coalesce(sum(duration_ms), 0.0) AS duration_ms"""
TOTAL = "SELECT SUMS FROM removed_call WINDOW".replace("SUMS", _SUMS).replace("WINDOW", _WINDOW)
SLICES = """
SELECT (hour_at + 1800000 - ?1) / ?4 AS slice, SUMS FROM removed_call WINDOW GROUP BY 1
""".replace("SUMS", _SUMS).replace("WINDOW", _WINDOW)
PARTS = """
SELECT model, prompt_name, prompt_version, SUMS FROM removed_call WINDOW GROUP BY 1, 2, 3
""".replace("SUMS", _SUMS).replace("WINDOW", _WINDOW)
FLAGS = "SELECT rule, sum(calls) AS calls FROM removed_flag WINDOW GROUP BY 1".replace(
    "WINDOW", _WINDOW
)
COMPLETE_FROM = """
SELECT max(removed_until) FROM call_size WHERE ?1 IS NULL OR project_id = ?1
"""
ALWAYS = 2**62


@dataclass(frozen=True, slots=True)
class Counts:
    """Of removed calls."""

    calls: int
    answered: int
    """With an answer that could have been judged; none of them was flagged, drawn or reviewed."""
    flagged: int
    """Without such an answer: flagged ones that have one wait for a person, and stay."""
    errors: int
    cost: int
    input_tokens: int
    output_tokens: int
    duration_ms: float
    """Of all of them together."""


def total(
    db: Database, since: int, until: int | None = None, project_id: int | None = None
) -> Counts:
    """Of a window, from `since` up to `until`; of one project, or of all."""
    row = db.row(TOTAL, (since, ALWAYS if until is None else until, project_id))
    assert row is not None
    return _counts(row)


def slices(
    db: Database, since: int, until: int, width_ms: int, project_id: int | None
) -> dict[int, Counts]:
    """By slices of a window, numbered from its begin."""
    rows = db.rows(SLICES, (since, until, project_id, width_ms))
    return {row["slice"]: _counts(row) for row in rows}


def parts(
    db: Database, since: int, until: int, project_id: int | None
) -> dict[tuple[str, str, str], Counts]:
    """By model, prompt and prompt version."""
    rows = db.rows(PARTS, (since, until, project_id))
    return {(row["model"], row["prompt_name"], row["prompt_version"]): _counts(row) for row in rows}


def flags(db: Database, since: int, project_id: int | None) -> dict[str, int]:
    """How many removed calls each rule had flagged."""
    return {row["rule"]: row["calls"] for row in db.rows(FLAGS, (since, ALWAYS, project_id))}


def complete_from(db: Database, project_id: int | None) -> int:
    """Every call that started at or after this time is still there; 0 where none was removed."""
    row = db.row(COMPLETE_FROM, (project_id,))
    return int(row[0]) if row and row[0] is not None else 0


def _counts(row: sqlite3.Row) -> Counts:
    return Counts(
        row["calls"], row["answered"], row["flagged"], row["errors"], row["cost"],
        row["input_tokens"], row["output_tokens"], row["duration_ms"],
    )  # fmt: skip
