"""Verdicts as a whole: listed with their calls, by rule, by person; and who has which call."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmops_tui.core.call import CallRow, Review
from llmops_tui.core.clock import now_ms
from llmops_tui.store import removed
from llmops_tui.store.calls import OF_RESPONSE, read_review, read_row
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

PAGE = """
SELECT r.*, c.id AS c_id, c.project_id, c.source, c.model, c.prompt_name, c.prompt_version,
       c.status, c.finish_reason, c.input_tokens, c.output_tokens, c.duration_ms, c.input_head,
       c.output_head, c.flagged, c.severity AS c_severity, c.audit_probability, c.review,
       c.started_at, c.received_at, c.trace_id, c.response_id
FROM review r JOIN call c ON c.id = r.call_id
WHERE r.id > ?1 AND r.undone_at IS NULL AND (?2 IS NULL OR c.project_id = ?2)
ORDER BY r.id LIMIT ?3
"""
BY_RESPONSE = "SELECT id FROM call WHERE OF_RESPONSE ORDER BY id DESC LIMIT 1".replace(
    "OF_RESPONSE", OF_RESPONSE
)
SAME_REVIEW = """
SELECT 1 FROM review
WHERE call_id = ? AND reviewer = ? AND verdict = ? AND severity = ? AND reason = ? AND note = ?
  AND undone_at IS NULL
"""
RULES = """
SELECT f.rule AS rule, count(DISTINCT c.id) AS flagged,
       count(DISTINCT CASE WHEN c.review = 'right' THEN c.id END) AS correct,
       count(DISTINCT CASE WHEN c.review = 'wrong' THEN c.id END) AS wrong
FROM flag f JOIN call c ON c.id = f.call_id
WHERE c.started_at >= ?1 AND (?2 IS NULL OR c.project_id = ?2)
GROUP BY f.rule ORDER BY flagged DESC
"""
TWICE = """
SELECT r.call_id AS call_id, r.reviewer AS reviewer, r.verdict AS verdict,
       r.blind AND r.asked_as = 'second' AS blind, max(r.id) AS id
FROM review r JOIN call c ON c.id = r.call_id
WHERE r.undone_at IS NULL AND r.verdict IN ('right', 'wrong') AND r.asked_as <> 'resolve'
  AND (?1 IS NULL OR c.project_id = ?1)
  AND r.call_id IN (
      SELECT call_id FROM review
      WHERE undone_at IS NULL AND verdict IN ('right', 'wrong') AND asked_as <> 'resolve'
      GROUP BY call_id HAVING count(DISTINCT reviewer) > 1)
GROUP BY r.call_id, r.reviewer
ORDER BY r.call_id, r.reviewer
"""
"""Who resolved a dispute knew what both said: that says nothing of how far people agree."""
CLAIM = """
INSERT INTO claim (call_id, reviewer, until) VALUES (?1, ?2, ?3)
ON CONFLICT (call_id) DO UPDATE SET reviewer = excluded.reviewer, until = excluded.until
WHERE claim.reviewer = excluded.reviewer OR claim.until < ?4
"""
CLAIMED_BY = "SELECT call_id, reviewer FROM claim WHERE until >= ? AND reviewer <> ?"
RELEASE = "DELETE FROM claim WHERE reviewer = ? AND call_id IN (SELECT value FROM json_each(?))"
RELEASE_ALL = "DELETE FROM claim WHERE reviewer = ?"
NOTE_EXAMPLE = """
INSERT OR REPLACE INTO example_of_call (call_id, dataset_id, dataset_version_id, author, made_at)
VALUES (?, ?, ?, ?, ?)
"""
EXAMPLES_OF = """
SELECT d.name, v.number FROM example_of_call e JOIN dataset d ON d.id = e.dataset_id
JOIN dataset_version v ON v.id = e.dataset_version_id WHERE e.call_id = ? ORDER BY e.made_at
"""


@dataclass(frozen=True, slots=True)
class ReviewedCall:
    """A verdict in force, and the call that it is about."""

    review: Review
    inclusion_probability: float
    call: CallRow
    trace_id: str
    response_id: str


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """What people said of the calls that a rule flagged."""

    rule: str
    flagged: int
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class SecondLook:
    """One person's verdict on a call that several judged."""

    call_id: int
    reviewer: str
    verdict: str
    blind: bool
    """Whether it is a second opinion whose giver didn't know the first."""


def page(
    db: Database, *, after: int = 0, limit: int = 500, project_id: int | None = None
) -> list[ReviewedCall]:
    """Verdicts that stand, in the order in which they were given; of one project, or of all."""
    return [_reviewed(row) for row in db.rows(PAGE, (after, project_id, limit))]


def call_of_response(db: Database, response_id: str) -> int | None:
    """The newest call that was answered with this response id."""
    row = db.row(BY_RESPONSE, (response_id,)) if response_id else None
    return None if row is None else int(row["id"])


def is_known(db: Database, call_id: int, reviewer: str, words: Sequence[str]) -> bool:
    """Whether that person gave that verdict already; (verdict, severity, reason, note)."""
    return db.row(SAME_REVIEW, (call_id, reviewer, *words)) is not None


def by_rule(db: Database, since: int, project_id: int | None = None) -> list[RuleCounts]:
    """Each rule's flagged calls since a time, removed ones too, and what people said of them."""
    gone = removed.flags(db, since, project_id)
    found = [
        RuleCounts(
            row["rule"], row["flagged"] + gone.pop(row["rule"], 0), row["correct"], row["wrong"]
        )
        for row in db.rows(RULES, (since, project_id))
    ]
    found += [RuleCounts(rule, calls, 0, 0) for rule, calls in gone.items()]
    return sorted(found, key=lambda one: -one.flagged)


def judged_by_several(db: Database, project_id: int | None = None) -> list[SecondLook]:
    """Each person's last verdict on each call that more than one person judged."""
    return [
        SecondLook(row["call_id"], row["reviewer"], row["verdict"], bool(row["blind"]))
        for row in db.rows(TWICE, (project_id,))
    ]


def claim(db: Database, call_ids: Sequence[int], reviewer: str, for_ms: int) -> set[int]:
    """Take calls for a reviewer, or keep them; those that somebody else has are not taken.

    Returns:
        Ids of the calls that the reviewer has now.
    """
    now = now_ms()
    with db.write() as connection:
        return {
            call_id
            for call_id in call_ids
            if connection.execute(CLAIM, (call_id, reviewer, now + for_ms, now)).rowcount == 1
        }


def claimed_by_others(db: Database, reviewer: str) -> dict[int, str]:
    """Who else has which call at this moment."""
    return {row["call_id"]: row["reviewer"] for row in db.rows(CLAIMED_BY, (now_ms(), reviewer))}


def release(db: Database, reviewer: str, call_ids: Sequence[int] | None = None) -> None:
    """Give calls back; None: all that the reviewer has."""
    with db.write() as connection:
        if call_ids is None:
            connection.execute(RELEASE_ALL, (reviewer,))
        else:
            connection.execute(RELEASE, (reviewer, to_json(list(call_ids))))


def note_example(db: Database, call_id: int, dataset_id: int, version_id: int, author: str) -> None:
    """Remember that a call became an example."""
    with db.write("review") as connection:
        connection.execute(NOTE_EXAMPLE, (call_id, dataset_id, version_id, author, now_ms()))


def examples_of(db: Database, call_id: int) -> list[tuple[str, int]]:
    """(data set, version number) in which a call is an example."""
    return [(row["name"], row["number"]) for row in db.rows(EXAMPLES_OF, (call_id,))]


def _reviewed(row: sqlite3.Row) -> ReviewedCall:
    return ReviewedCall(
        read_review(row),
        row["inclusion_probability"],
        # A verdict has a severity of its own.
        replace(read_row(row, row["c_id"]), severity=row["c_severity"]),
        row["trace_id"],
        row["response_id"],
    )
