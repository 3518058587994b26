"""What a judging model says of production calls: drawn, asked about once, kept with its cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.store.calls import ANSWERED
from llmops_tui.store.database import Database

GIVEN_UP_MS = 10 * 60_000
"""After so long, whoever took a call won't answer any more: somebody else may ask."""

UP_TO = "SELECT value FROM setting WHERE scope = ?1 AND name = 'judged up to'"
SET_UP_TO = """
INSERT INTO setting (scope, name, value) VALUES (?1, 'judged up to', ?2)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""
NEWEST_ID = "SELECT coalesce(max(id), 0) FROM call"
CANDIDATES = """
SELECT id, ANSWERED AS answered FROM call
WHERE id > ?1 AND id <= ?2 AND project_id IS ?3 ORDER BY id LIMIT ?4
""".replace("ANSWERED", ANSWERED)
TAKE = """
INSERT INTO call_judgement (call_id, project_id, taken_at) VALUES (?, ?, ?)
ON CONFLICT (call_id) DO NOTHING
"""
LEFT = """
SELECT call_id FROM call_judgement
WHERE project_id IS ?1 AND judged_at IS NULL AND taken_at < ?2 ORDER BY taken_at LIMIT ?3
"""
TAKE_OVER = "UPDATE call_judgement SET taken_at = ?2 WHERE call_id = ?1 AND judged_at IS NULL"
KEEP = """
UPDATE call_judgement SET judged_at = ?2, passed = ?3, reason = ?4, judge = ?5, cost = ?6
WHERE call_id = ?1
"""
SINCE = """
SELECT count(*) AS asked, coalesce(sum(passed IS NOT NULL), 0) AS judged,
       coalesce(sum(passed = 0), 0) AS wrong, coalesce(sum(cost), 0) AS cost
FROM call_judgement WHERE project_id IS ?1 AND judged_at >= ?2
"""
AGAINST_PEOPLE = """
SELECT j.passed, c.review, count(*) AS number FROM call_judgement j JOIN call c ON c.id = j.call_id
WHERE j.project_id IS ?1 AND j.judged_at >= ?2 AND j.passed IS NOT NULL
      AND c.review IN ('right', 'wrong')
GROUP BY j.passed, c.review
"""
OF_CALL = (
    "SELECT passed, reason, judge FROM call_judgement WHERE call_id = ? AND passed IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class JudgedSince:
    """What a judge did over a while."""

    asked: int
    judged: int
    """Of those asked about, how many it gave a judgement on."""
    wrong: int
    cost: int
    """Nano-units."""


@dataclass(frozen=True, slots=True)
class CallJudgement:
    """What a judge said of a call."""

    passed: bool
    reason: str
    judge: str
    """Its model, prompt and parameters, as JSON."""


def take(
    db: Database,
    project_id: int | None,
    draws: Callable[[int], bool],
    *,
    limit: int,
    scanned: int = 2000,
) -> list[int]:
    """Draw calls that came since the last time; nobody else gets the same ones.

    The first time nothing is drawn: a judge reads what comes, not what was. At most `limit` are
    drawn at once, the next ones the next time; with a limit of 0 all that came is passed over.
    """
    scope = "workspace" if project_id is None else f"project:{project_id}"
    before = db.row(UP_TO, (scope,))
    if before is not None and int(before[0]) >= db.rows(NEWEST_ID)[0][0]:
        return []  # without asking for the write lock every other second
    with db.write() as connection:
        newest = int(connection.execute(NEWEST_ID).fetchone()[0])
        row = connection.execute(UP_TO, (scope,)).fetchone()
        if row is None:
            connection.execute(SET_UP_TO, (scope, str(newest)))
            return []
        done = int(row[0])
        if done >= newest:
            return []
        rows = connection.execute(CANDIDATES, (done, newest, project_id, scanned)).fetchall()
        upto = int(rows[-1]["id"]) if len(rows) == scanned else newest
        drawn = [int(row["id"]) for row in rows if row["answered"] and draws(row["id"])][:limit]
        if limit and len(drawn) == limit:
            upto = drawn[-1]
        connection.execute(SET_UP_TO, (scope, str(upto)))
        connection.executemany(TAKE, [(call_id, project_id, now_ms()) for call_id in drawn])
    return drawn


def take_over(db: Database, project_id: int | None, limit: int) -> list[int]:
    """Calls that somebody took and never answered about, such as a gateway that was killed."""
    at = now_ms()
    if not db.rows(LEFT, (project_id, at - GIVEN_UP_MS, 1)):
        return []
    with db.write() as connection:
        rows = connection.execute(LEFT, (project_id, at - GIVEN_UP_MS, limit)).fetchall()
        connection.executemany(TAKE_OVER, [(row["call_id"], at) for row in rows])
    return [int(row["call_id"]) for row in rows]


def keep(
    db: Database, call_id: int, *, passed: bool | None, reason: str, judge: str, cost: int
) -> None:
    """Keep a judgement; `passed` is None where none could be had."""
    with db.write("call") as connection:
        connection.execute(KEEP, (call_id, now_ms(), passed, reason, judge, cost))


def since(db: Database, project_id: int | None, at: int) -> JudgedSince:
    """What the judge did since then."""
    row = db.row(SINCE, (project_id, at))
    assert row is not None
    return JudgedSince(**{name: row[name] for name in JudgedSince.__slots__})


def against_people(db: Database, project_id: int | None, at: int) -> dict[tuple[bool, str], int]:
    """(whether the judge passed it, the person's verdict) → how many calls, judged since then."""
    rows = db.rows(AGAINST_PEOPLE, (project_id, at))
    return {(bool(row["passed"]), row["review"]): row["number"] for row in rows}


def of_call(db: Database, call_id: int) -> CallJudgement | None:
    """What the judge said of a call; None where it didn't read it."""
    row = db.row(OF_CALL, (call_id,))
    return None if row is None else CallJudgement(bool(row["passed"]), row["reason"], row["judge"])
