"""How long each project keeps its calls, whose turn it is to see to it, and what would go."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.clock import now_ms
from llmops_tui.core.retention import RetentionPolicy
from llmops_tui.store import call_sizes, settings
from llmops_tui.store.codec import json_object, to_json
from llmops_tui.store.database import Database
from llmops_tui.store.removal import GOING, KEPT

_NAME: Final = "retention"
POLICIES = "SELECT scope, value FROM setting WHERE name = 'retention'"
TAKE = """
INSERT INTO setting (scope, name, value) VALUES ('workspace', 'retention looked at', ?1)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
WHERE CAST(value AS INTEGER) <= ?2
"""
OLD = """
SELECT KEPT AS kept, count(*) AS calls, sum(SIZE) AS bytes,
       min(c.started_at) AS oldest, max(c.started_at) AS newest
FROM call c INDEXED BY call_figures
WHERE c.started_at < ?1 AND c.project_id IS ?2 AND c.id < (SELECT max(id) FROM call)
GROUP BY 1
""".replace("KEPT", KEPT).replace("SIZE", call_sizes.SIZE)
OLDEST_FIRST = """
SELECT c.id, c.started_at, SIZE AS size FROM call c INDEXED BY call_figures
WHERE c.started_at >= ?1 AND c.started_at < ?2 AND c.project_id IS ?3 AND GOING
ORDER BY c.started_at
""".replace("SIZE", call_sizes.SIZE).replace("GOING", GOING)
OLDEST = """
SELECT started_at FROM call INDEXED BY call_figures WHERE project_id IS ?
ORDER BY started_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Some:
    """Some calls, with what they take and when the first and last of them started."""

    calls: int = 0
    size: int = 0
    oldest: int | None = None
    newest: int | None = None


def policy(db: Database, project_id: int | None) -> RetentionPolicy:
    """A project's; None for calls of no project."""
    return _read(settings.get(db, _scope(project_id), _NAME) or "{}")


def put(db: Database, project_id: int | None, wanted: RetentionPolicy) -> None:
    """Keep it; gateways follow within a minute."""
    value = to_json({"days": wanted.days, "megabytes": wanted.megabytes})
    with db.write("retention") as connection:
        connection.execute(settings.SET, (_scope(project_id), _NAME, value))


def policies(db: Database) -> dict[int | None, RetentionPolicy]:
    """Those that remove anything, by project."""
    found = {}
    for row in db.rows(POLICIES):
        wanted = _read(row["value"])
        number = row["scope"].removeprefix("project:")
        if wanted.is_on:
            found[int(number) if number.isdecimal() else None] = wanted
    return found


def take(db: Database, every_ms: int) -> bool:
    """Take the turn to look; False where somebody, such as another gateway, has just looked."""
    now = now_ms()
    with db.write() as connection:
        return connection.execute(TAKE, (str(now), now - every_ms)).rowcount == 1


def older_than(db: Database, project_id: int | None, before: int) -> dict[str, Some]:
    """Calls that started before a time, by what keeps them (`removal.KEPT`); empty: nothing."""
    return {row["kept"]: _some(row) for row in db.rows(OLD, (before, project_id))}


def oldest_of(db: Database, project_id: int | None, since: int, before: int, size: int) -> Some:
    """The oldest calls that nothing keeps, as many as take so many bytes. Reads them one by one."""
    calls, taken, oldest, newest = 0, 0, None, None
    for row in db.connection.execute(OLDEST_FIRST, (since, before, project_id)):
        if taken >= size:
            break
        calls, taken, newest = calls + 1, taken + row["size"], row["started_at"]
        oldest = newest if oldest is None else oldest
    return Some(calls, taken, oldest, newest)


def oldest(db: Database, project_id: int | None) -> int | None:
    """When the oldest stored call of a project started."""
    row = db.row(OLDEST, (project_id,))
    return None if row is None else int(row[0])


def _scope(project_id: int | None) -> str:
    return "workspace" if project_id is None else f"project:{project_id}"


def _read(stored: str) -> RetentionPolicy:
    told = json_object(stored)
    days, megabytes = told.get("days"), told.get("megabytes")
    return RetentionPolicy(
        days if isinstance(days, int) else None, megabytes if isinstance(megabytes, int) else None
    )


def _some(row: sqlite3.Row) -> Some:
    return Some(row["calls"], row["bytes"], row["oldest"], row["newest"])
