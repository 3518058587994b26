"""What the calls of each project take in the file, kept up by reading each call once."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from llmops_tui.store.database import Database

ROW_BYTES: Final = 1_100
"""What a call takes besides its packed texts: its row, its places in the indexes, its words
(measured with SQLite's dbstat on calls of 2.4 KB text; benchmarks/README.md, `retention`)."""
_AT_ONCE: Final = 2_000

SIZE = """(ROW_BYTES + coalesce(
    (SELECT length(b.body) FROM call_body b WHERE b.call_id = c.id),
    (SELECT length(t.input) + length(t.output) + length(t.attributes)
     FROM call_text t WHERE t.call_id = c.id), 0))""".replace("ROW_BYTES", str(ROW_BYTES))
UPTO = """
SELECT CAST(value AS INTEGER) FROM setting WHERE scope = 'workspace' AND name = 'sized up to'
"""
SET_UPTO = """
INSERT INTO setting (scope, name, value) VALUES ('workspace', 'sized up to', ?)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""
NEXT_IDS = "SELECT max(id) FROM (SELECT id FROM call WHERE id > ? ORDER BY id LIMIT ?)"
ADD = """
INSERT INTO call_size (project_id, calls, bytes)
SELECT coalesce(c.project_id, 0), count(*), sum(SIZE)
FROM call c WHERE c.id > ?1 AND c.id <= ?2 GROUP BY 1
ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, bytes = bytes + excluded.bytes
""".replace("SIZE", SIZE)
SUBTRACT = """
INSERT INTO call_size (project_id, removed_calls, removed_bytes, removed_until, removed_at,
                       calls, bytes)
SELECT coalesce(c.project_id, 0), count(*), sum(SIZE), max(c.started_at) + 1, ?2,
       -sum(c.id <= ?3), -sum((c.id <= ?3) * SIZE)
FROM call c WHERE c.id IN (SELECT value FROM json_each(?1)) GROUP BY 1
ON CONFLICT DO UPDATE SET
    calls = max(0, calls + excluded.calls), bytes = max(0, bytes + excluded.bytes),
    removed_calls = removed_calls + excluded.removed_calls,
    removed_bytes = removed_bytes + excluded.removed_bytes,
    removed_until = max(coalesce(removed_until, 0), excluded.removed_until),
    removed_at = excluded.removed_at
""".replace("SIZE", SIZE)
RESIZE = """
UPDATE call_size SET bytes = max(0, bytes + ?1
    - coalesce((SELECT length(body) FROM call_body WHERE call_id = ?2), 0))
WHERE project_id = (SELECT coalesce(project_id, 0) FROM call WHERE id = ?2)
  AND ?2 <= (SELECT CAST(value AS INTEGER) FROM setting
             WHERE scope = 'workspace' AND name = 'sized up to')
"""
GET = "SELECT * FROM call_size WHERE project_id = ?"


@dataclass(frozen=True, slots=True)
class CallSize:
    """Of one project, as far as it was measured."""

    calls: int = 0
    size: int = 0
    """Bytes: packed texts, rows, their places in the indexes."""
    removed_calls: int = 0
    """Ever."""
    removed_size: int = 0
    removed_until: int | None = None
    """The last removed call started before this; None where none was ever removed."""
    removed_at: int | None = None


def measure(db: Database) -> bool:
    """Measure the next calls in one short transaction; whether there are more."""
    if db.row(NEXT_IDS, (_upto(db.connection), 1)) is None:
        return False
    with db.write() as connection:
        upto = _upto(connection)
        newest = connection.execute(NEXT_IDS, (upto, _AT_ONCE)).fetchone()[0]
        if newest is None:
            return False
        connection.execute(ADD, (upto, newest))
        connection.execute(SET_UPTO, (str(newest),))
    return bool(newest - upto >= _AT_ONCE)


def of(db: Database, project_id: int | None) -> CallSize:
    """What is known of a project's calls; None for calls of no project."""
    row = db.row(GET, (project_id or 0,))
    if row is None:
        return CallSize()
    return CallSize(
        row["calls"], row["bytes"], row["removed_calls"], row["removed_bytes"],
        row["removed_until"], row["removed_at"],
    )  # fmt: skip


def subtract(connection: sqlite3.Connection, ids: str, removed_at: int) -> None:
    """Count calls (ids as JSON) as removed, inside the transaction that removes them."""
    connection.execute(SUBTRACT, (ids, removed_at, _upto(connection)))


def resized(connection: sqlite3.Connection, call_id: int, length: int) -> None:
    """A call's texts are about to be replaced by packed ones of this length."""
    connection.execute(RESIZE, (length, call_id))


def _upto(connection: sqlite3.Connection) -> int:
    row = connection.execute(UPTO).fetchone()
    return int(row[0]) if row else 0
