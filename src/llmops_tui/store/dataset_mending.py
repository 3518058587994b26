"""Bad rows that somebody mends, and the version that they become part of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database
from llmops_tui.store.datasets import (
    FINISH_VERSION,
    INSERT_VERSION,
    NEXT_NUMBER,
    NEXT_POSITION,
    Content,
    version,
)

READING = "SELECT reading FROM dataset_version WHERE id = ?"
KEEP_MENDED = "UPDATE bad_row SET mended = ? WHERE id = ?"
CARRY_BAD_ROWS = """
INSERT INTO bad_row (dataset_version_id, line, reason, raw, length, mended)
SELECT ?, line, reason, raw, length, mended FROM bad_row
WHERE dataset_version_id = ? AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY id
"""
CARRY_READING = """
UPDATE dataset_version
SET reading = (SELECT reading FROM dataset_version WHERE id = ?) WHERE id = ?
"""
ROW_HASHES = """
SELECT content_hash FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position
"""


def reading(db: Database, version_id: int) -> str:
    """How a version's source was read (JSON); empty where it came from none."""
    row = db.row(READING, (version_id,))
    return str(row[0]) if row else ""


def keep_mended(db: Database, bad_row_id: int, text: str | None) -> None:
    """Keep a bad row's text as somebody mended it; None: as it was."""
    with db.write() as connection:
        connection.execute(KEEP_MENDED, (text, bad_row_id))


def append_mended(
    db: Database,
    of: DatasetVersion,
    drafts: Sequence[ExampleDraft],
    settled: Sequence[int],
    *,
    author: str,
    note: str,
) -> DatasetVersion:
    """Write the version after `of`: its examples and `drafts`, its bad rows but the settled ones.

    Raises:
        InputError: there is a newer version than `of` already.
    """
    with db.write("dataset") as connection:
        number = int(connection.execute(NEXT_NUMBER, (of.dataset_id,)).fetchone()[0])
        if number != of.number + 1:
            raise InputError(
                f"There is a newer version than v{of.number} already: v{number - 1}.",
                "Mend the bad rows of that one.",
            )
        position = int(connection.execute(NEXT_POSITION, (of.dataset_id,)).fetchone()[0])
        made = (of.dataset_id, number, of.source, note, author, now_ms())
        version_id = int(connection.execute(INSERT_VERSION, made).lastrowid or 0)
        content = Content(of.dataset_id, version_id, number, position)
        content.insert(connection, list(drafts))
        digest = hashlib.sha256()
        for row in connection.execute(ROW_HASHES, (of.dataset_id, number, number)):
            digest.update(row[0])
        columns = dict.fromkeys([*of.columns, *(name for d in drafts for name in d.inputs)])
        splits = dict(of.splits)
        for draft in drafts:
            splits[draft.split or ""] = splits.get(draft.split or "", 0) + 1
        finished = (
            of.rows + len(drafts),
            digest.digest(),
            to_json(list(columns)),
            to_json(splits),
            version_id,
        )
        connection.execute(FINISH_VERSION, finished)
        connection.execute(CARRY_BAD_ROWS, (version_id, of.id, to_json(list(settled))))
        connection.execute(CARRY_READING, (of.id, version_id))
    return version(db, version_id)
