"""Verdicts as they are given and taken back: one at a time, or many calls at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from llmops_tui.core.call import Review, ReviewDraft, ReviewVerdict
from llmops_tui.core.clock import now_ms
from llmops_tui.core.second_look import (
    Opinion,
    Stage,
    asks_again,
    in_force,
    is_drawn,
    next_stage,
)
from llmops_tui.store.calls import ANSWERED, read_review
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

AT_ONCE = 1000
"""Calls of a batch that are judged in one transaction: some 20 ms."""

INSERT_REVIEW = """
INSERT INTO review (call_id, verdict, severity, reason, note, corrected, lane,
                    inclusion_probability, reviewer, blind, asked_as, reviewed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SET_REVIEW = "UPDATE call SET review = ? WHERE id = ?"
LAST_REVIEW = """
SELECT r.* FROM review r JOIN call c ON c.id = r.call_id
WHERE r.reviewer = ?1 AND r.undone_at IS NULL AND (?2 IS NULL OR c.project_id = ?2)
      AND (?3 IS NULL OR r.call_id = ?3)
ORDER BY r.id DESC LIMIT 1
"""
UNDO = "UPDATE review SET undone_at = ? WHERE id = ?"
STANDING = """
SELECT reviewer, verdict FROM review WHERE call_id = ? AND undone_at IS NULL ORDER BY id
"""
SECOND_LOOK = "SELECT stage, why FROM second_look WHERE call_id = ?"
ASK = """
INSERT INTO second_look (call_id, stage, why, asked_at) VALUES (?, ?, ?, ?)
ON CONFLICT (call_id) DO UPDATE SET stage = excluded.stage
"""
ASK_NOBODY = "DELETE FROM second_look WHERE call_id = ?"
INSERT_BATCH = "INSERT INTO review_batch (reviewer, about, made_at) VALUES (?, ?, ?)"
INSERT_REVIEWS = """
INSERT INTO review (call_id, verdict, severity, reason, note, lane, inclusion_probability,
                    reviewer, batch_id, reviewed_at)
SELECT call.id, ?2, ?3, ?4, ?5, 'flagged', 1.0, ?6, ?7, ?8
FROM json_each(?1) wanted CROSS JOIN call ON call.id = wanted.value
WHERE flagged > 0 AND review = '' AND ANSWERED
      AND NOT EXISTS (SELECT 1 FROM claim
                      WHERE call_id = call.id AND reviewer <> ?6 AND until >= ?8)
""".replace("ANSWERED", ANSWERED)
SET_REVIEWS = """
UPDATE call SET review = ?1
WHERE id IN (SELECT value FROM json_each(?2))
      AND id IN (SELECT call_id FROM review WHERE batch_id = ?3)
"""
JUDGED_OF_BATCH = """
SELECT call_id FROM review WHERE batch_id = ?2 AND call_id IN (SELECT value FROM json_each(?1))
"""
OF_BATCH = "SELECT id, call_id FROM review WHERE batch_id = ? AND undone_at IS NULL ORDER BY id"
BATCHES = """
SELECT count(*) FROM review r JOIN call c ON c.id = r.call_id
WHERE r.batch_id IS NOT NULL AND r.undone_at IS NULL AND c.started_at >= ?1
      AND (?2 IS NULL OR c.project_id = ?2)
"""


def add_review(db: Database, draft: ReviewDraft, share: float = 0.0) -> int:
    """Record a verdict and put in force what it makes of the call; its id.

    Args:
        db: The workspace.
        draft: The verdict.
        share: Of the calls that a second person judges.
    """
    with db.write("review") as connection:
        stage, _ = _asked(connection, draft.call_id)
        standing = _standing(connection, draft.call_id)
        known = any(opinion.reviewer == draft.reviewer for opinion in standing)
        is_asked = stage in (Stage.SECOND, Stage.RESOLVE) and not known
        cursor = connection.execute(
            INSERT_REVIEW,
            (
                draft.call_id,
                draft.verdict.value,
                draft.severity,
                draft.reason,
                draft.note,
                draft.corrected,
                draft.lane.value,
                draft.inclusion_probability,
                draft.reviewer,
                draft.blind,
                stage if is_asked else "",
                now_ms(),
            ),
        )
        again = asks_again(draft.lane, draft.verdict)
        why = "wrong" if again else "share" if is_drawn(draft.call_id, share) else ""
        _settle(connection, draft.call_id, why)
    return int(cursor.lastrowid or 0)


def add_batch(
    db: Database,
    call_ids: Sequence[int],
    verdict: ReviewVerdict,
    reviewer: str,
    *,
    about: str,
    severity: str = "",
    reason: str = "",
    note: str = "",
    share: float = 0.0,
) -> int:
    """Give one verdict on many flagged calls; on how many.

    What somebody judged meanwhile, or has in front at this moment, is left as it is. Calls of the
    audit are never judged so: each stands for calls that nobody sees.

    Args:
        db: The workspace.
        call_ids: The calls.
        verdict: Of all of them.
        reviewer: Whose verdict.
        about: What they have in common, in words.
        severity: How bad they are.
        reason: Why.
        note: Kept with each.
        share: Of them that a second person judges.
    """
    judged = 0
    batch_id: int | None = None
    for start in range(0, len(call_ids), AT_ONCE):
        with db.write("review") as connection:
            at = now_ms()
            if batch_id is None:
                batch_id = connection.execute(INSERT_BATCH, (reviewer, about, at)).lastrowid
            ids = to_json(list(call_ids[start : start + AT_ONCE]))
            words = (verdict.value, severity, reason, note, reviewer, batch_id, at)
            judged += connection.execute(INSERT_REVIEWS, (ids, *words)).rowcount
            connection.execute(SET_REVIEWS, (verdict.value, ids, batch_id))
            if verdict is not ReviewVerdict.UNSURE:
                found = connection.execute(JUDGED_OF_BATCH, (ids, batch_id)).fetchall()
                connection.executemany(
                    ASK,
                    [
                        (row[0], Stage.SECOND.value, "share", at)
                        for row in found
                        if is_drawn(row[0], share)
                    ],
                )
    return judged


def undo_review(
    db: Database,
    reviewer: str,
    *,
    project_id: int | None = None,
    call_id: int | None = None,
    whole: bool = True,
) -> Review | None:
    """Take the reviewer's last verdict back; which one it was, or None when there is none.

    Args:
        db: The workspace.
        reviewer: Whose verdict.
        project_id: Only on calls of this project.
        call_id: Only on this call.
        whole: One that was given to many calls at once is taken back from all of them.
    """
    with db.write("review") as connection:
        row = connection.execute(LAST_REVIEW, (reviewer, project_id, call_id)).fetchone()
        if row is None:
            return None
        pairs = [(row["id"], row["call_id"])]
        if whole and row["batch_id"] is not None:
            pairs = [tuple(found) for found in connection.execute(OF_BATCH, (row["batch_id"],))]
        _undo(connection, pairs)
    return replace(read_review(row), together=len(pairs))


def count_batched(db: Database, since: int, project_id: int | None = None) -> int:
    """How many verdicts that stand were given to many calls at once, on calls since a time."""
    row = db.row(BATCHES, (since, project_id))
    return int(row[0]) if row else 0


def _undo(connection: sqlite3.Connection, pairs: Iterable[tuple[int, int]]) -> None:
    at = now_ms()
    for review_id, call_id in pairs:
        connection.execute(UNDO, (at, review_id))
        _settle(connection, call_id)


def _settle(connection: sqlite3.Connection, call_id: int, why: str = "") -> None:
    """Put in force what stands, and ask whoever is to be asked next.

    Args:
        connection: In a transaction of the caller's.
        call_id: Which call.
        why: Why a second person is asked, where one is and wasn't yet.
    """
    standing = _standing(connection, call_id)
    connection.execute(SET_REVIEW, (in_force(standing), call_id))
    was_asked, was_why = _asked(connection, call_id)
    drawn = bool(why) or was_why in ("share", "wrong")
    stage = next_stage(standing, was_asked, is_drawn=drawn)
    if stage is not None:
        connection.execute(ASK, (call_id, stage.value, why or "dispute", now_ms()))
    elif was_asked is not None:
        connection.execute(ASK_NOBODY, (call_id,))


def _standing(connection: sqlite3.Connection, call_id: int) -> list[Opinion]:
    return [Opinion(*row) for row in connection.execute(STANDING, (call_id,))]


def _asked(connection: sqlite3.Connection, call_id: int) -> tuple[Stage | None, str]:
    row = connection.execute(SECOND_LOOK, (call_id,)).fetchone()
    return (None, "") if row is None else (Stage(row["stage"]), row["why"])
