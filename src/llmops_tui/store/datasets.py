"""Data sets: versions by difference, rows paged by key."""

from __future__ import annotations

import hashlib
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import BadRow, Dataset, DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import NotFoundError
from llmops_tui.store.codec import json_object, json_strings, to_json
from llmops_tui.store.database import Database

BATCH = 2000

INSERT_DATASET = """
INSERT INTO dataset (project_id, name, created_at) VALUES (?, ?, ?)
ON CONFLICT (project_id, name) DO NOTHING
"""
DATASET_BY_NAME = "SELECT id FROM dataset WHERE project_id = ? AND name = ?"
DATASETS = """
SELECT d.id, d.project_id, d.name, v.id AS version_id, v.number AS number
FROM dataset d
LEFT JOIN dataset_version v ON v.dataset_id = d.id AND v.number =
    (SELECT max(number) FROM dataset_version WHERE dataset_id = d.id)
WHERE d.project_id = ? AND NOT EXISTS (SELECT 1 FROM dataset_import i WHERE i.dataset_id = d.id)
ORDER BY d.name
"""
VERSION = """
SELECT v.*, (
    SELECT count(*) FROM bad_row b WHERE b.dataset_version_id = coalesce(v.bad_rows_of, v.id)
) AS bad_rows
FROM dataset_version v WHERE v.id = ?
"""
VERSION_BY_NUMBER = "SELECT id FROM dataset_version WHERE dataset_id = ? AND number = ?"
NEXT_NUMBER = "SELECT coalesce(max(number), 0) + 1 FROM dataset_version WHERE dataset_id = ?"
NEXT_POSITION = "SELECT coalesce(max(position), 0) FROM example WHERE dataset_id = ?"
INSERT_VERSION = """
INSERT INTO dataset_version
    (dataset_id, number, rows, content_hash, columns, source, note, author, created_at)
VALUES (?, ?, 0, x'', '[]', ?, ?, ?, ?)
"""
FINISH_VERSION = """
UPDATE dataset_version SET rows = ?, content_hash = ?, columns = ?, splits = ? WHERE id = ?
"""
INSERT_EXAMPLE = """
INSERT INTO example
    (dataset_id, position, added_in, split, tags, inputs, expected, content_hash, origin, parent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_BAD_ROW = """
INSERT INTO bad_row (dataset_version_id, line, reason, raw, length) VALUES (?, ?, ?, ?, ?)
"""
PAGE = """
SELECT id, position, inputs, expected, tags, split, origin, parent FROM example
WHERE dataset_id = ? AND position > ? AND added_in <= ?
  AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position LIMIT ?
"""
PAGE_FOUND = """
SELECT id, position, inputs, expected, tags, split, origin, parent FROM example
WHERE dataset_id = ? AND position > ? AND added_in <= ?
  AND (removed_in IS NULL OR removed_in > ?)
  AND (inputs LIKE ? ESCAPE '\\' OR expected LIKE ? ESCAPE '\\')
ORDER BY position LIMIT ?
"""
IDS = """
SELECT id FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position
"""
IDS_OF_SPLIT = """
SELECT id FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
  AND split = ?
ORDER BY position
"""
POSITIONS = """
SELECT position FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position
"""
POSITIONS_FOUND = """
SELECT position FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
  AND (inputs LIKE ? ESCAPE '\\' OR expected LIKE ? ESCAPE '\\')
ORDER BY position
"""
FIRST_POSITION = """
SELECT position FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position LIMIT 1
"""
LAST_POSITION = """
SELECT position FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position DESC LIMIT 1
"""
BY_IDS = """
SELECT e.id, e.position, e.inputs, e.expected, e.tags, e.split, e.origin, e.parent
FROM json_each(?) j JOIN example e ON e.id = j.value
"""
AT_POSITIONS = """
SELECT e.id, e.position, e.inputs, e.expected, e.tags, e.split, e.origin, e.parent
FROM json_each(?) j CROSS JOIN example e ON e.dataset_id = ? AND e.position = j.value
WHERE e.added_in <= ? AND (e.removed_in IS NULL OR e.removed_in > ?)
"""
TITLE = """
SELECT d.name || ' v' || v.number FROM dataset_version v JOIN dataset d ON d.id = v.dataset_id
WHERE v.id = ?
"""
SAME_CONTENT = """
SELECT v.id FROM dataset d JOIN dataset_version v ON v.dataset_id = d.id
WHERE d.project_id = ? AND d.name = ? AND v.content_hash = ? ORDER BY v.number DESC LIMIT 1
"""


def add_version(
    db: Database,
    project_id: int,
    name: str,
    rows: Iterable[ExampleDraft | BadRow],
    *,
    author: str,
    source: str = "",
    note: str = "",
) -> DatasetVersion:
    """Write a new version of a data set from a stream, in one transaction.

    The rows replace those of the version before; those that are the same, in their order, cost
    nothing. `rows` may raise to abandon the import, which leaves nothing behind. Memory stays flat.
    """
    with db.write("dataset") as connection:
        connection.execute(INSERT_DATASET, (project_id, name, now_ms()))
        dataset_id = int(connection.execute(DATASET_BY_NAME, (project_id, name)).fetchone()[0])
        number = int(connection.execute(NEXT_NUMBER, (dataset_id,)).fetchone()[0])
        position = int(connection.execute(NEXT_POSITION, (dataset_id,)).fetchone()[0])
        inserted = connection.execute(
            INSERT_VERSION, (dataset_id, number, source, note, author, now_ms())
        )
        version_id = int(inserted.lastrowid or 0)
        content = Content(dataset_id, version_id, number, position)
        if number > 1:
            from llmops_tui.store.dataset_difference import Successor  # builds on this module

            content = Successor(dataset_id, version_id, number, position)
        for batch in _batches(rows):
            content.insert(connection, batch)
        content.finish(connection)
        connection.execute(FINISH_VERSION, content.summary())
    return version(db, version_id)


class Content:
    """Rows of a version on their way into the file, and what is to be known of all of them."""

    def __init__(self, dataset_id: int, version_id: int, number: int, position: int) -> None:
        self.dataset_id = dataset_id
        self.version_id = version_id
        self.number = number
        self.position = position
        """The last one that is taken."""
        self._rows = 0
        self._columns: dict[str, None] = {}
        self._splits: Counter[str] = Counter()
        self._digest = hashlib.sha256()

    def insert(self, connection: sqlite3.Connection, batch: list[ExampleDraft | BadRow]) -> None:
        """Write some rows."""
        drafts = [row for row in batch if isinstance(row, ExampleDraft)]
        self.insert_examples(connection, [(row, self.counted(row)) for row in drafts])
        connection.executemany(
            INSERT_BAD_ROW,
            [
                (self.version_id, row.line, row.reason, row.raw, row.length)
                for row in batch
                if isinstance(row, BadRow)
            ],
        )

    def insert_examples(
        self, connection: sqlite3.Connection, batch: list[tuple[ExampleDraft, bytes]]
    ) -> None:
        """Write some examples, each with its hash."""
        connection.executemany(INSERT_EXAMPLE, [self.values(*row) for row in batch])

    def finish(self, connection: sqlite3.Connection) -> None:
        """All rows came."""

    def summary(self) -> tuple[object, ...]:
        """What `FINISH_VERSION` asks for."""
        return (
            self._rows,
            self._digest.digest(),
            to_json(list(self._columns)),
            to_json(self._splits),
            self.version_id,
        )

    def counted(self, row: ExampleDraft) -> bytes:
        """Take a row into the summary; gives its hash."""
        row_hash = row.content_hash()
        self.count(row.inputs, row_hash, row.split, to_json(row.tags))
        return row_hash

    def count(self, columns: Iterable[str], row_hash: bytes, split: str | None, tags: str) -> None:
        """Take a row into the summary of which only this is known; `tags` as JSON."""
        self._rows += 1
        self._columns.update(dict.fromkeys(columns))
        self._splits[split or ""] += 1
        self._digest.update(row_hash)
        if split or tags != "[]":
            self._digest.update(f"[{to_json(split)},{tags}]".encode())

    def values(
        self, row: ExampleDraft, row_hash: bytes, position: int | None = None
    ) -> tuple[object, ...]:
        """What `INSERT_EXAMPLE` asks for; behind all others where no position is given."""
        if position is None:
            position = self.position = self.position + 1
        return (
            self.dataset_id,
            position,
            self.number,
            row.split,
            to_json(list(row.tags)),
            to_json(row.inputs),
            row.expected,
            row_hash,
            row.origin,
            row.parent,
        )


def same_content(
    db: Database, project_id: int, name: str, rows: Iterable[ExampleDraft]
) -> DatasetVersion | None:
    """The newest version of a data set that has exactly these rows; None where there is none."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.content_hash())
    found = db.row(SAME_CONTENT, (project_id, name, digest.digest()))
    return None if found is None else version(db, found["id"])


def datasets(db: Database, project_id: int) -> list[Dataset]:
    """The project's data sets by name, each with its newest version."""
    return [
        Dataset(
            id=row["id"],
            project_id=row["project_id"],
            name=row["name"],
            version=version(db, row["version_id"]) if row["version_id"] else None,
            versions=row["number"] or 0,
        )
        for row in db.rows(DATASETS, (project_id,))
    ]


def version(db: Database, version_id: int) -> DatasetVersion:
    """One version.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(VERSION, (version_id,))
    if row is None:
        raise NotFoundError(f"There is no data set version {version_id}.")
    return DatasetVersion(
        id=row["id"],
        dataset_id=row["dataset_id"],
        number=row["number"],
        rows=row["rows"],
        columns=json_strings(row["columns"]),
        source=row["source"],
        note=row["note"],
        author=row["author"],
        created_at=row["created_at"],
        bad_rows=row["bad_rows"],
        splits={
            name: rows for name, rows in json_object(row["splits"]).items() if isinstance(rows, int)
        },
    )


def version_by_number(db: Database, dataset_id: int, number: int) -> DatasetVersion:
    """A data set's version by its number.

    Raises:
        NotFoundError: it has none of that number.
    """
    row = db.row(VERSION_BY_NUMBER, (dataset_id, number))
    if row is None:
        raise NotFoundError(f"There is no version {number}.", "Its versions count from 1.")
    return version(db, row[0])


def title(db: Database, version_id: int) -> str:
    """Name and number of a version: `messages v1`."""
    row = db.row(TITLE, (version_id,))
    return str(row[0]) if row else f"data set version {version_id}"


def page(
    db: Database, of: DatasetVersion, *, after: int = 0, limit: int = 64, find: str = ""
) -> list[Example]:
    """Up to `limit` examples with a position above `after`, optionally containing `find`."""
    key = (of.dataset_id, after, of.number, of.number)
    if find:
        rows = db.rows(PAGE_FOUND, (*key, *likes(find), limit))
    else:
        rows = db.rows(PAGE, (*key, limit))
    return [read_example(row) for row in rows]


def example_ids(
    db: Database, of: DatasetVersion, split: str | None = None, only: Sequence[int] = ()
) -> array[int]:
    """Ids of all examples of a version in their order, or of some of them; 8 bytes each."""
    key: tuple[object, ...] = (of.dataset_id, of.number, of.number)
    sql = IDS
    if split is not None:
        key, sql = (*key, split), IDS_OF_SPLIT
    chosen = frozenset(only)
    rows = db.connection.execute(sql, key)
    return array("q", (row[0] for row in rows if not chosen or row[0] in chosen))


def positions(db: Database, of: DatasetVersion, find: str = "") -> Sequence[int]:
    """Positions of all examples of a version, optionally only of those that contain `find`."""
    key: tuple[object, ...] = (of.dataset_id, of.number, of.number)
    if not find:
        first, last = db.row(FIRST_POSITION, key), db.row(LAST_POSITION, key)
        if first and last and last[0] - first[0] + 1 == of.rows:
            return range(first[0], last[0] + 1)  # no gap: a million places cost nothing
        return array("q", (row[0] for row in db.connection.execute(POSITIONS, key)))
    key = (*key, *likes(find))
    return array("q", (row[0] for row in db.connection.execute(POSITIONS_FOUND, key)))


def by_ids(db: Database, ids: Sequence[int]) -> dict[int, Example]:
    """Examples by id, whatever versions they belong to."""
    return {row["id"]: read_example(row) for row in db.rows(BY_IDS, (to_json(list(ids)),))}


def at_positions(db: Database, of: DatasetVersion, positions: Sequence[int]) -> dict[int, Example]:
    """Examples of a version by position."""
    key = (to_json(list(positions)), of.dataset_id, of.number, of.number)
    return {row["position"]: read_example(row) for row in db.rows(AT_POSITIONS, key)}


def _batches(rows: Iterable[ExampleDraft | BadRow]) -> Iterator[list[ExampleDraft | BadRow]]:
    batch: list[ExampleDraft | BadRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    yield batch


def likes(find: str) -> tuple[str, str]:
    """Patterns for inputs and for the expected answer."""
    # Stored inputs are ASCII JSON: look for the same escapes that to_json wrote.
    return _like(to_json(find)[1:-1]), _like(find)


def _like(text: str) -> str:
    for mark in ("\\", "%", "_"):
        text = text.replace(mark, "\\" + mark)
    return f"%{text}%"


def read_example(row: sqlite3.Row) -> Example:
    """An example from a row that has all of its columns."""
    return Example(
        id=row["id"],
        position=row["position"],
        inputs=json_object(row["inputs"]),
        expected=row["expected"],
        tags=json_strings(row["tags"]),
        split=row["split"],
        origin=row["origin"],
        parent=row["parent"],
    )
