"""Rows that an import kept aside: listed, mended, and carried on from version to version."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from llmops_tui.core.dataset import BadRow
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

BAD_ROWS = """
SELECT id, line, reason, raw, length, mended FROM bad_row
WHERE dataset_version_id = (SELECT coalesce(bad_rows_of, id) FROM dataset_version WHERE id = ?)
  AND id > ?
ORDER BY id LIMIT ?
"""
KEEP_BAD_ROWS = """
UPDATE dataset_version
SET bad_rows_of = (SELECT coalesce(bad_rows_of, id) FROM dataset_version WHERE id = ?)
WHERE id = ?
"""
CARRY_BAD_ROWS = """
INSERT INTO bad_row (dataset_version_id, line, reason, raw, length, mended)
SELECT ?, line, reason, raw, length, mended FROM bad_row
WHERE dataset_version_id = (SELECT coalesce(bad_rows_of, id) FROM dataset_version WHERE id = ?)
  AND id NOT IN (SELECT value FROM json_each(?))
ORDER BY id
"""
CARRY_READING = """
UPDATE dataset_version
SET reading = (
    SELECT o.reading FROM dataset_version v
    JOIN dataset_version o ON o.id = coalesce(v.bad_rows_of, v.id) WHERE v.id = ?)
WHERE id = ?
"""
READING = """
SELECT o.reading FROM dataset_version v
JOIN dataset_version o ON o.id = coalesce(v.bad_rows_of, v.id) WHERE v.id = ?
"""
KEEP_MENDED = "UPDATE bad_row SET mended = ? WHERE id = ?"


def page(db: Database, version_id: int, *, after: int = 0, limit: int = 64) -> list[BadRow]:
    """Rows that the import of this version, or of one before it, kept aside and nobody mended."""
    return [
        BadRow(row["line"], row["reason"], row["raw"], row["length"], row["mended"], row["id"])
        for row in db.rows(BAD_ROWS, (version_id, after, limit))
    ]


def reading(db: Database, version_id: int) -> str:
    """How the source was read (JSON) that a version's bad rows came from; empty for none."""
    row = db.row(READING, (version_id,))
    return str(row[0]) if row else ""


def keep_mended(db: Database, bad_row_id: int, text: str | None) -> None:
    """Keep a bad row's text as somebody mended it; None: as it was."""
    with db.write() as connection:
        connection.execute(KEEP_MENDED, (text, bad_row_id))


def follow(
    connection: sqlite3.Connection, base_id: int, version_id: int, settled: Sequence[int]
) -> None:
    """Let a version have the bad rows of the one before, but those that were settled with it."""
    if not settled:
        connection.execute(KEEP_BAD_ROWS, (base_id, version_id))
        return
    connection.execute(CARRY_BAD_ROWS, (version_id, base_id, to_json(list(settled))))
    connection.execute(CARRY_READING, (base_id, version_id))
