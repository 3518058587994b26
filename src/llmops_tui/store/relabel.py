"""A new label for one row of a data set: a new version of the set that differs in that row only."""

from __future__ import annotations

import json
import sqlite3

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import ConflictError
from llmops_tui.store.codec import json_object, json_strings, to_json
from llmops_tui.store.database import Database

NEWEST = "SELECT max(number) FROM dataset_version WHERE dataset_id = ?"
VERSION_OF = "SELECT dataset_id, number FROM dataset_version WHERE id = ?"
COPY_VERSION = """
INSERT INTO dataset_version
    (dataset_id, number, rows, content_hash, columns, splits, source, note, author, created_at)
SELECT dataset_id, number + 1, rows, ?, columns, splits, source, ?, ?, ?
FROM dataset_version WHERE id = ?
"""
EXAMPLE = "SELECT * FROM example WHERE id = ?"
RETIRE_ONE = "UPDATE example SET removed_in = ? WHERE id = ? AND removed_in IS NULL"
INSERT_EXAMPLE = """
INSERT INTO example
    (dataset_id, position, added_in, split, tags, inputs, expected, content_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
CONTENT_HASH = "SELECT content_hash FROM dataset_version WHERE id = ?"
MOVE_SAMPLES = "UPDATE sample SET example_id = ? WHERE run_id = ? AND example_id = ?"
MOVE_RUN = "UPDATE run SET dataset_version_id = ? WHERE id = ?"
ONLY = "SELECT json_extract(spec, '$.only') FROM run WHERE id = ?"
SET_ONLY = "UPDATE run SET spec = json_set(spec, '$.only', json(?)) WHERE id = ?"


def relabel(
    db: Database, run_id: int, version_id: int, example_id: int, expected: str | None, author: str
) -> tuple[int, int]:
    """Give a row another expected answer, and let a run be about it; (version id, example id).

    The rows keep their places, so the run's plan stays what it was.

    Raises:
        ConflictError: the data set has a newer version, or the row was changed meanwhile.
    """
    with db.write("dataset", "run") as connection:
        dataset_id, number = connection.execute(VERSION_OF, (version_id,)).fetchone()
        if connection.execute(NEWEST, (dataset_id,)).fetchone()[0] != number:
            raise ConflictError(
                "The data set has a newer version than the one of this run.",
                "Change the row in the newest version, and run on that.",
            )
        row = connection.execute(EXAMPLE, (example_id,)).fetchone()
        if connection.execute(RETIRE_ONE, (number + 1, example_id)).rowcount != 1:
            raise ConflictError("Somebody else changed this row meanwhile.", "Open it again.")
        content = ExampleDraft(
            json_object(row["inputs"]), expected, json_strings(row["tags"]), row["split"]
        ).content_hash()
        note = f"row {row['position']} labelled anew in run {run_id}"
        new_version = _copy_version(connection, version_id, content, note, author)
        inserted = connection.execute(
            INSERT_EXAMPLE,
            (
                dataset_id,
                row["position"],
                number + 1,
                row["split"],
                row["tags"],
                row["inputs"],
                expected,
                content,
            ),
        )
        new_example = int(inserted.lastrowid or 0)
        connection.execute(MOVE_SAMPLES, (new_example, run_id, example_id))
        connection.execute(MOVE_RUN, (new_version, run_id))
        only = json.loads(connection.execute(ONLY, (run_id,)).fetchone()[0] or "[]")
        if example_id in only:
            moved = [new_example if chosen == example_id else chosen for chosen in only]
            connection.execute(SET_ONLY, (to_json(moved), run_id))
    return new_version, new_example


def _copy_version(
    connection: sqlite3.Connection, version_id: int, content: bytes, note: str, author: str
) -> int:
    import hashlib  # 1 ms, and needed here alone

    before = connection.execute(CONTENT_HASH, (version_id,)).fetchone()[0]
    digest = hashlib.sha256(bytes(before) + content).digest()
    copied = connection.execute(COPY_VERSION, (digest, note, author, now_ms(), version_id))
    return int(copied.lastrowid or 0)
