"""Writing an import: batch by batch where nobody looks, made visible at once at its end.

A million rows take longer to read than anybody may hold the file's one write lock. So the rows go,
in short transactions, into a data set that no list shows (`dataset_import` names it). The last
transaction gives it its name, or hands its rows on as the next version of a data set that exists.
Whoever gives up deletes what is there; whoever is killed leaves it to the next import.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator

from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import BadRow, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import StoreError
from llmops_tui.store.codec import json_object, json_strings
from llmops_tui.store.database import Database
from llmops_tui.store.datasets import (
    DATASET_BY_NAME,
    FINISH_VERSION,
    INSERT_DATASET,
    INSERT_VERSION,
    Content,
    add_version,
    version,
)

MOST_ROWS = 5_000
MOST_CHARACTERS = 8 * 1024 * 1024
"""A batch is written when it has so many rows or about so much text: what memory it takes."""
STALE_MS = 10 * 60 * 1000
"""An import that wrote nothing for so long is dead: each batch takes it a second or less."""
CLEARED_AT_ONCE = 10_000

BEGIN_IMPORT = """
INSERT INTO dataset_import (dataset_id, person, started_at, alive_at) VALUES (?, ?, ?, ?)
"""
STILL_ALIVE = "UPDATE dataset_import SET alive_at = ? WHERE dataset_id = ? AND started_at = ?"
END_IMPORT = "DELETE FROM dataset_import WHERE dataset_id = ?"
STALE = "SELECT dataset_id FROM dataset_import WHERE alive_at < ?"
GIVE_NAME = "UPDATE dataset SET name = ?, created_at = ? WHERE id = ?"
KEEP_READING = "UPDATE dataset_version SET reading = ? WHERE id = ?"
STAGED = """
SELECT position, inputs, expected, tags, split FROM example
WHERE dataset_id = ? AND position > ? ORDER BY position LIMIT ?
"""
STAGED_BAD = """
SELECT id, line, reason, raw, length FROM bad_row
WHERE dataset_version_id = ? AND id > ? ORDER BY id LIMIT ?
"""
CLEAR_EXAMPLES = """
DELETE FROM example WHERE id IN (SELECT id FROM example WHERE dataset_id = ? LIMIT ?)
"""
CLEAR_BAD_ROWS = """
DELETE FROM bad_row WHERE id IN (
    SELECT b.id FROM bad_row b JOIN dataset_version v ON v.id = b.dataset_version_id
    WHERE v.dataset_id = ? LIMIT ?)
"""
CLEAR_VERSIONS = "DELETE FROM dataset_version WHERE dataset_id = ?"
CLEAR_DATASET = "DELETE FROM dataset WHERE id = ?"


def import_version(
    db: Database,
    project_id: int,
    name: str,
    rows: Iterable[ExampleDraft | BadRow],
    *,
    author: str,
    source: str = "",
    note: str = "",
    reading: str = "",
) -> DatasetVersion:
    """Write the next version of a data set from a stream, without keeping others from writing.

    `rows` may raise to give up: then nothing of it is left. Memory stays flat. `reading` says how
    the source was read, for mending its bad rows.

    Raises:
        StoreError: the import stood still for so long that another one cleared it away.
    """
    clear_dead(db)
    staging = _Staging(db, project_id, author, source, note)
    try:
        for batch in _batches(rows):
            staging.write(batch)
        return staging.publish(name, reading)
    except BaseException:
        _clear(db, staging.dataset_id)
        raise


def clear_dead(db: Database) -> None:
    """Delete what imports that were killed have left."""
    for row in db.rows(STALE, (now_ms() - STALE_MS,)):
        _clear(db, row["dataset_id"])


class _Staging:
    """A data set that nobody sees yet."""

    def __init__(self, db: Database, project_id: int, author: str, source: str, note: str) -> None:
        self._db = db
        self._project_id = project_id
        self._author = author
        self._source = source
        self._note = note
        self._started_at = now_ms()
        hidden = f"(importing {secrets.token_hex(8)})"
        with db.write() as connection:
            connection.execute(INSERT_DATASET, (project_id, hidden, self._started_at))
            found = connection.execute(DATASET_BY_NAME, (project_id, hidden)).fetchone()
            self.dataset_id = int(found[0])
            alive = (self.dataset_id, author, self._started_at, self._started_at)
            connection.execute(BEGIN_IMPORT, alive)
            made = (self.dataset_id, 1, source, note, author, self._started_at)
            self._version_id = int(connection.execute(INSERT_VERSION, made).lastrowid or 0)
        self._content = Content(self.dataset_id, self._version_id, 1, 0)

    def write(self, batch: list[ExampleDraft | BadRow]) -> None:
        """Commit some rows."""
        with self._db.write() as connection:
            self._show_life(connection)
            self._content.insert(connection, batch)

    def publish(self, name: str, reading: str) -> DatasetVersion:
        """Make it the first version of a new data set, or the next one of an old one."""
        with self._db.write("dataset") as connection:
            self._show_life(connection)
            taken = connection.execute(DATASET_BY_NAME, (self._project_id, name)).fetchone()
            if taken is None:
                version_id = self._version_id
                connection.execute(FINISH_VERSION, self._content.summary())
                connection.execute(GIVE_NAME, (name, now_ms(), self.dataset_id))
                connection.execute(END_IMPORT, (self.dataset_id,))
            else:
                version_id = add_version(
                    self._db,
                    self._project_id,
                    name,
                    self._staged(connection),
                    author=self._author,
                    source=self._source,
                    note=self._note,
                ).id
            connection.execute(KEEP_READING, (reading, version_id))
        if taken is not None:
            _clear(self._db, self.dataset_id)
        return version(self._db, version_id)

    def _show_life(self, connection: sqlite3.Connection) -> None:
        alive = (now_ms(), self.dataset_id, self._started_at)
        if not connection.execute(STILL_ALIVE, alive).rowcount:
            raise StoreError(
                "The import stood still for so long that another one cleared it away.",
                "Import again; nothing of this one was kept.",
            )

    def _staged(self, connection: sqlite3.Connection) -> Iterator[ExampleDraft | BadRow]:
        after = 0
        while page := connection.execute(STAGED, (self.dataset_id, after, MOST_ROWS)).fetchall():
            for row in page:
                after = row["position"]
                yield ExampleDraft(
                    json_object(row["inputs"]),
                    row["expected"],
                    json_strings(row["tags"]),
                    row["split"],
                )
        after = 0
        key = self._version_id
        while page := connection.execute(STAGED_BAD, (key, after, MOST_ROWS)).fetchall():
            for row in page:
                after = row["id"]
                yield BadRow(row["line"], row["reason"], row["raw"], row["length"])


def _clear(db: Database, dataset_id: int) -> None:
    """Delete a data set that nobody sees, in transactions as short as those that wrote it."""
    for sql in (CLEAR_EXAMPLES, CLEAR_BAD_ROWS):
        cleared = CLEARED_AT_ONCE
        while cleared == CLEARED_AT_ONCE:
            with db.write() as connection:
                cleared = connection.execute(sql, (dataset_id, CLEARED_AT_ONCE)).rowcount
    with db.write() as connection:
        for sql in (END_IMPORT, CLEAR_VERSIONS, CLEAR_DATASET):
            connection.execute(sql, (dataset_id,))


def _batches(
    rows: Iterable[ExampleDraft | BadRow],
) -> Iterator[list[ExampleDraft | BadRow]]:
    batch: list[ExampleDraft | BadRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        if isinstance(row, ExampleDraft):
            for value in row.inputs.values():
                size += len(value) if type(value) is str else _size(value)
        else:
            size += len(row.raw)
        if len(batch) >= MOST_ROWS or size >= MOST_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _size(value: Json) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_size(item) + 16 for item in value.values())
    if isinstance(value, list):
        return sum(_size(item) + 8 for item in value)
    return 8
