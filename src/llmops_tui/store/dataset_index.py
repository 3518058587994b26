"""Finding and ordering examples by index. The index is built behind, never inside an import.

Words: an FTS5 index without the texts. Fields: their values in order, one entry for each example
(tags: one for each tag). Both only ever grow, as an example that changes is a new row.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Sequence

from llmops_tui.core.curation.filter import Filter, field_values, texts
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database
from llmops_tui.store.datasets import likes, read_example

BATCH = 4000
"""Rows indexed in one transaction: a tenth of a second in which others can't write."""
SHORT = 2
Go = Callable[[int], bool]
"""Told how many rows are done; says whether to go on."""

FIRST_ID = """
SELECT id FROM example WHERE dataset_id = ? ORDER BY position LIMIT 1
"""
NEXT_ROWS = """
SELECT id, position, inputs, expected, tags, split, origin, parent FROM example
WHERE id > ? AND id <= ? AND +dataset_id = ? ORDER BY id LIMIT ?
"""
LAST_POSITION_ID = """
SELECT id FROM example WHERE dataset_id = ? ORDER BY position DESC LIMIT 1
"""
LAST_CHANGED = """
SELECT max(id) FROM example WHERE dataset_id = ? AND added_in > 1
"""
WORDS_STATE = "SELECT first_id, indexed_id FROM example_index WHERE dataset_id = ?"
SET_WORDS_STATE = """
INSERT INTO example_index (dataset_id, first_id, indexed_id) VALUES (?, ?, ?)
ON CONFLICT (dataset_id) DO UPDATE SET indexed_id = excluded.indexed_id
"""
INSERT_WORDS = "INSERT INTO example_words (rowid, body) VALUES (?, ?)"
FIELD_STATE = "SELECT indexed_id FROM field_index WHERE dataset_id = ? AND field = ?"
SET_FIELD_STATE = """
INSERT INTO field_index (dataset_id, field, indexed_id) VALUES (?, ?, ?)
ON CONFLICT (dataset_id, field) DO UPDATE SET indexed_id = excluded.indexed_id
"""
INSERT_FIELD = """
INSERT OR IGNORE INTO example_field (dataset_id, field, value, position, example_id)
VALUES (?, ?, ?, ?, ?)
"""
WORDS_PAGE = """
SELECT e.id, e.position, e.inputs, e.expected, e.tags, e.split, e.origin, e.parent
FROM example_words w JOIN example e ON e.id = w.rowid
WHERE w.example_words MATCH ? AND w.rowid > ? AND e.dataset_id = ? AND e.added_in <= ?
  AND (e.removed_in IS NULL OR e.removed_in > ?)
ORDER BY w.rowid LIMIT ?
"""
WORDS_IDS = """
SELECT e.id FROM example_words w JOIN example e ON e.id = w.rowid
WHERE w.example_words MATCH ? AND w.rowid > ? AND e.dataset_id = ? AND e.added_in <= ?
  AND (e.removed_in IS NULL OR e.removed_in > ?)
  AND (e.inputs LIKE ? ESCAPE '\\' OR e.expected LIKE ? ESCAPE '\\')
ORDER BY w.rowid
"""
FIELD_PAGE = """
SELECT e.id, e.position, e.inputs, e.expected, e.tags, e.split, e.origin, e.parent
FROM example_field f JOIN example e ON e.id = f.example_id
WHERE f.dataset_id = ? AND f.field = ? AND f.value >= ? AND f.value < ? AND e.added_in <= ?
  AND (e.removed_in IS NULL OR e.removed_in > ?)
ORDER BY f.value, f.position LIMIT ?
"""
FIELD_PAGE_DOWN = """
SELECT e.id, e.position, e.inputs, e.expected, e.tags, e.split, e.origin, e.parent
FROM example_field f JOIN example e ON e.id = f.example_id
WHERE f.dataset_id = ? AND f.field = ? AND f.value >= ? AND f.value < ? AND e.added_in <= ?
  AND (e.removed_in IS NULL OR e.removed_in > ?)
ORDER BY f.value DESC, f.position DESC LIMIT ?
"""
FIELD_IDS = """
SELECT f.example_id FROM example_field f JOIN example e ON e.id = f.example_id
WHERE f.dataset_id = ? AND f.field = ? AND f.value >= ? AND f.value < ? AND e.added_in <= ?
  AND (e.removed_in IS NULL OR e.removed_in > ?)
ORDER BY f.value, f.position
"""
FIELD_IDS_ONLY = """
SELECT example_id FROM example_field
WHERE dataset_id = ? AND field = ? AND value >= ? AND value < ?
ORDER BY value, position
"""
IDS_FOUND = """
SELECT id FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
  AND (inputs LIKE ? ESCAPE '\\' OR expected LIKE ? ESCAPE '\\')
ORDER BY position
"""
IN_ORDER = """
SELECT e.id FROM json_each(?) j JOIN example e ON e.id = j.value ORDER BY e.position
"""
CHANGED_EVER = "SELECT 1 FROM example WHERE dataset_id = ? AND added_in > 1 LIMIT 1"
GONE_EVER = "SELECT 1 FROM example WHERE dataset_id = ? AND removed_in IS NOT NULL LIMIT 1"
VALUE_COUNTS = """
SELECT f.value, count(*) AS rows FROM example_field f JOIN example e ON e.id = f.example_id
WHERE f.dataset_id = ? AND f.field = ? AND e.added_in <= ?
  AND (e.removed_in IS NULL OR e.removed_in > ?)
GROUP BY f.value
"""


def index_words(db: Database, dataset_id: int, go_on: Go = lambda _: True) -> bool:
    """Take into the word index what isn't there yet, in short transactions.

    Returns:
        Whether everything is in it now; False where `go_on` stopped it.
    """
    first, last = _range(db, dataset_id)
    done = 0
    while True:
        after = _indexed(db.row(WORDS_STATE, (dataset_id,)), first)
        examples = _next(db, dataset_id, after, last)
        if not examples:
            return True
        words = [(example.id, _words(example)) for example in examples]
        with db.write() as connection:
            state = connection.execute(WORDS_STATE, (dataset_id,)).fetchone()
            if _indexed(state, first) != after:
                continue  # another window does the same
            connection.executemany(INSERT_WORDS, words)
            connection.execute(SET_WORDS_STATE, (dataset_id, first, examples[-1].id))
        done += len(examples)
        if not go_on(done):
            return False


def index_field(db: Database, dataset_id: int, field: str, go_on: Go = lambda _: True) -> bool:
    """Take the values of a field into the ordered index, in short transactions; as above."""
    first, last = _range(db, dataset_id)
    done = 0
    while True:
        after = _indexed(db.row(FIELD_STATE, (dataset_id, field)), first)
        examples = _next(db, dataset_id, after, last)
        if not examples:
            return True
        values = [
            (dataset_id, field, value, example.position, example.id)
            for example in examples
            for value in field_values(example, field)
        ]
        with db.write() as connection:
            connection.executemany(INSERT_FIELD, values)
            connection.execute(SET_FIELD_STATE, (dataset_id, field, examples[-1].id))
        done += len(examples)
        if not go_on(done):
            return False


def words_indexed(db: Database, of: DatasetVersion) -> int | None:
    """The id behind which the words of a version begin in the index; None while it's behind."""
    state = db.row(WORDS_STATE, (of.dataset_id,))
    if state is None or int(state["indexed_id"]) < _range(db, of.dataset_id)[1]:
        return None
    return int(state["first_id"]) - 1


def words_ids(db: Database, of: DatasetVersion, wanted: Filter, after: int) -> array[int]:
    """Ids of the examples that contain a text, of which each word begins some word."""
    match = match_text(wanted.text)
    if wanted.text.isascii():
        key = (match, after, of.dataset_id, of.number, of.number, *likes(wanted.text))
        return array("q", (row[0] for row in db.connection.execute(WORDS_IDS, key)))
    found = array("q")  # SQLite knows upper and lower case of ASCII only
    while True:
        page = words_page(db, of, match, after, BATCH)
        found.extend(example.id for example in page if wanted.has_text(example))
        if len(page) < BATCH:
            return found
        after = page[-1].id


def words_page(
    db: Database, of: DatasetVersion, words: str, after: int, limit: int
) -> list[Example]:
    """A page of them."""
    key = (words, after, of.dataset_id, of.number, of.number, limit)
    return [read_example(row) for row in db.rows(WORDS_PAGE, key)]


def field_page(
    db: Database, of: DatasetVersion, field: str, bounds: tuple[str, str], limit: int, down: bool
) -> list[Example]:
    """The first examples in the order of a field's values, from one value to below another."""
    key = (of.dataset_id, field, *bounds, of.number, of.number, limit)
    sql = FIELD_PAGE_DOWN if down else FIELD_PAGE
    return [read_example(row) for row in db.rows(sql, key)]


def field_ids(db: Database, of: DatasetVersion, field: str, bounds: tuple[str, str]) -> array[int]:
    """Ids of all of them, in the same order."""
    key: tuple[object, ...] = (of.dataset_id, field, *bounds)
    sql = FIELD_IDS_ONLY
    if not unchanged(db, of.dataset_id):
        sql, key = FIELD_IDS, (*key, of.number, of.number)
    return array("q", (row[0] for row in db.connection.execute(sql, key)))


def ids_found(db: Database, of: DatasetVersion, find: str) -> array[int]:
    """Ids of all examples of a version that contain `find`, in their order."""
    key = (of.dataset_id, of.number, of.number, *likes(find))
    return array("q", (row[0] for row in db.connection.execute(IDS_FOUND, key)))


def in_order(db: Database, ids: Sequence[int]) -> array[int]:
    """The same ids in the order of their examples' places."""
    return array("q", (row[0] for row in db.connection.execute(IN_ORDER, (to_json(list(ids)),))))


def value_counts(db: Database, of: DatasetVersion, field: str) -> dict[str, int]:
    """How often a version has each value of an indexed field."""
    key = (of.dataset_id, field, of.number, of.number)
    return {row["value"]: row["rows"] for row in db.rows(VALUE_COUNTS, key)}


def unchanged(db: Database, dataset_id: int) -> bool:
    """Whether all examples of a data set are those that it began with."""
    return not (db.row(CHANGED_EVER, (dataset_id,)) or db.row(GONE_EVER, (dataset_id,)))


def match_text(text: str) -> str:
    """What FTS5 is asked for a text: its words, of which only the last may be unfinished.

    A short beginning of a word says little and is in many: it is left out beside others, as what
    is found is compared with the text anyway.
    """
    words = "".join(c if c.isalnum() or ord(c) > 127 else " " for c in text.casefold()).split()
    if len(words) > 1 and len(words[-1]) <= SHORT:
        return " AND ".join(f'"{word}"' for word in words[:-1])
    return " AND ".join(f'"{word}"' for word in words) + (" *" if words else "")


def _range(db: Database, dataset_id: int) -> tuple[int, int]:
    """The first and the newest id of a data set's examples."""
    ids = [
        int(row[0])
        for sql in (FIRST_ID, LAST_POSITION_ID, LAST_CHANGED)
        if (row := db.row(sql, (dataset_id,))) is not None and row[0] is not None
    ]
    return (min(ids), max(ids)) if ids else (0, 0)


def _indexed(state: sqlite3.Row | None, first: int) -> int:
    return int(state["indexed_id"]) if state is not None else first - 1


def _next(db: Database, dataset_id: int, after: int, last: int) -> list[Example]:
    return [read_example(row) for row in db.rows(NEXT_ROWS, (after, last, dataset_id, BATCH))]


def _words(example: Example) -> str:
    return "\n".join(texts(example)).casefold().encode("utf-8", "replace").decode()
