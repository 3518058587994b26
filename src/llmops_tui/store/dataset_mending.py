"""Bad rows that somebody mends."""

from __future__ import annotations

from llmops_tui.store.database import Database

READING = """
SELECT o.reading FROM dataset_version v
JOIN dataset_version o ON o.id = coalesce(v.bad_rows_of, v.id) WHERE v.id = ?
"""
KEEP_MENDED = "UPDATE bad_row SET mended = ? WHERE id = ?"


def reading(db: Database, version_id: int) -> str:
    """How the source was read (JSON) that a version's bad rows came from; empty for none."""
    row = db.row(READING, (version_id,))
    return str(row[0]) if row else ""


def keep_mended(db: Database, bad_row_id: int, text: str | None) -> None:
    """Keep a bad row's text as somebody mended it; None: as it was."""
    with db.write() as connection:
        connection.execute(KEEP_MENDED, (text, bad_row_id))
