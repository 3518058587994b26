"""Tags on calls, and whose a call is."""

from __future__ import annotations

from collections.abc import Sequence

from llmops_tui.core.clock import now_ms
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

TAGS_OF = "SELECT tag FROM call_tag WHERE call_id = ? ORDER BY tag"
ASSIGNEE_OF = "SELECT assignee FROM call_assignee WHERE call_id = ?"
DROP_TAGS = """
DELETE FROM call_tag WHERE call_id = ?1 AND tag NOT IN (SELECT value FROM json_each(?2))
"""
ADD_TAG = "INSERT OR IGNORE INTO call_tag (tag, call_id, author, made_at) VALUES (?, ?, ?, ?)"
ASSIGN = """
INSERT INTO call_assignee (call_id, assignee, author, made_at) VALUES (?, ?, ?, ?)
ON CONFLICT (call_id) DO UPDATE
SET assignee = excluded.assignee, author = excluded.author, made_at = excluded.made_at
"""
UNASSIGN = "DELETE FROM call_assignee WHERE call_id = ?"
PEOPLE = """
SELECT name FROM (SELECT DISTINCT reviewer AS name FROM review
                  UNION SELECT DISTINCT assignee FROM call_assignee) ORDER BY name LIMIT ?
"""
KNOWN_TAGS = "SELECT tag, count(*) FROM call_tag GROUP BY tag ORDER BY tag LIMIT ?"


def tags_of(db: Database, call_id: int) -> tuple[str, ...]:
    """The tags on a call, in alphabetical order."""
    return tuple(str(row[0]) for row in db.rows(TAGS_OF, (call_id,)))


def assignee_of(db: Database, call_id: int) -> str:
    """Whose a call is; empty for nobody's."""
    row = db.row(ASSIGNEE_OF, (call_id,))
    return str(row[0]) if row else ""


def set_tags(db: Database, call_id: int, tags: Sequence[str], author: str) -> None:
    """Have exactly these tags on a call; those that stay keep who wrote them and when."""
    with db.write("review") as connection:
        connection.execute(DROP_TAGS, (call_id, to_json(list(tags))))
        at = now_ms()
        connection.executemany(ADD_TAG, [(tag, call_id, author, at) for tag in tags])


def assign(db: Database, call_ids: Sequence[int], assignee: str, author: str) -> None:
    """Make calls somebody's; nobody's with an empty name."""
    with db.write("review") as connection:
        at = now_ms()
        if assignee:
            rows = [(call_id, assignee, author, at) for call_id in call_ids]
            connection.executemany(ASSIGN, rows)
        else:
            connection.executemany(UNASSIGN, [(call_id,) for call_id in call_ids])


def people(db: Database, most: int = 50) -> list[str]:
    """Everybody who judged a call here, or whose one is."""
    return [str(row[0]) for row in db.rows(PEOPLE, (most,))]


def known_tags(db: Database, most: int = 200) -> dict[str, int]:
    """Every tag, and on how many calls it is."""
    return {str(row[0]): int(row[1]) for row in db.rows(KNOWN_TAGS, (most,))}
