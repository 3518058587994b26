"""A version that follows another one: only what differs is written, and what differs can be asked.

A row that stays keeps its place and costs nothing. A row that changed is a new row at the place of
the one it replaces. Rows that came get a free place between their neighbours where there is one,
else they stand at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import ConflictError
from llmops_tui.store import bad_rows
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database
from llmops_tui.store.datasets import (
    FINISH_VERSION,
    INSERT_EXAMPLE,
    INSERT_VERSION,
    NEXT_NUMBER,
    NEXT_POSITION,
    PAGE,
    Content,
    read_example,
    version,
)

WINDOW = 3000
"""So many rows behind the last equal one are looked at for a row that is the same."""
Key = tuple[bytes, str, str, str]

OLD_ROWS = """
SELECT id, position, content_hash, tags, split, origin FROM example
WHERE dataset_id = ? AND position > ? AND added_in < ? AND removed_in IS NULL
ORDER BY position LIMIT ?
"""
HASHES = """
SELECT position, content_hash, split, tags FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
ORDER BY position
"""
RETIRE_ONE = "UPDATE example SET removed_in = ? WHERE id = ?"
LIVE_AT = """
SELECT id FROM example WHERE dataset_id = ? AND position = ? AND removed_in IS NULL
"""
CAME = """
SELECT id, position, inputs, expected, tags, split, origin, parent FROM example
WHERE dataset_id = ? AND added_in > 1 AND added_in > ? AND added_in <= ?
  AND (removed_in IS NULL OR removed_in > ?)
"""
WENT = """
SELECT id, position, inputs, expected, tags, split, origin, parent FROM example
WHERE dataset_id = ? AND removed_in > ? AND removed_in <= ? AND added_in <= ?
"""
VERSIONS = """
SELECT id FROM dataset_version WHERE dataset_id = ? AND number < ? ORDER BY number DESC LIMIT ?
"""
VERSION_BY_NUMBER = "SELECT id FROM dataset_version WHERE dataset_id = ? AND number = ?"


@dataclass(frozen=True, slots=True)
class _Old:
    id: int
    position: int
    key: Key


class Successor(Content):
    """Rows of a version that follows another one, told apart from those that stay."""

    def __init__(self, dataset_id: int, version_id: int, number: int, position: int) -> None:
        super().__init__(dataset_id, version_id, number, position)
        self._ends_before = position + 1
        self._window: list[_Old] = []
        self._read_to = 0
        self._at = 0
        """Position of the last row that is settled."""

    def insert_examples(
        self, connection: sqlite3.Connection, batch: list[tuple[ExampleDraft, bytes]]
    ) -> None:
        """Write what isn't there yet."""
        self._fill(connection, len(batch) + WINDOW)
        old, new = [row.key for row in self._window], [_key(*row) for row in batch]
        pending: list[tuple[ExampleDraft, bytes]] = []
        done_old = done_new = 0
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            if not block.size:
                continue
            pending += batch[done_new : block.b]
            self._replace(
                connection, self._window[done_old : block.a], pending,
                before=self._window[block.a].position,
            )  # fmt: skip
            pending = []
            done_old, done_new = block.a + block.size, block.b + block.size
            self._at = self._window[done_old - 1].position
        # Rows behind the last equal one may yet meet their like in the next batch: as many old
        # rows as new ones are settled, each the other's successor.
        pending += batch[done_new:]
        settled = self._window[done_old : done_old + len(pending)]
        before = self._ends_before
        if done_old + len(settled) < len(self._window):
            before = self._window[done_old + len(settled)].position
        self._replace(connection, settled, pending, before=before)
        if settled:
            self._at = settled[-1].position
        self._window = self._window[done_old + len(settled) :]

    def finish(self, connection: sqlite3.Connection) -> None:
        """What is left of the version before went."""
        self._fill(connection, WINDOW)
        while self._window:
            self._replace(connection, self._window, [], before=self._ends_before)
            self._window = []
            self._fill(connection, WINDOW)

    def _fill(self, connection: sqlite3.Connection, size: int) -> None:
        missing = size - len(self._window)
        if missing <= 0:
            return
        key = (self.dataset_id, self._read_to, self.number, missing)
        for row in connection.execute(OLD_ROWS, key).fetchall():
            found = (row["content_hash"], row["tags"], row["split"] or "", row["origin"])
            self._window.append(_Old(row["id"], row["position"], found))
            self._read_to = row["position"]

    def _replace(
        self,
        connection: sqlite3.Connection,
        old: Sequence[_Old],
        new: Sequence[tuple[ExampleDraft, bytes]],
        *,
        before: int,
    ) -> None:
        connection.executemany(RETIRE_ONE, [(self.number, row.id) for row in old])
        places = [row.position for row in old][: len(new)]
        last = places[-1] if places else self._at
        places += range(last + 1, min(before, last + 1 + len(new) - len(places)))
        values = [
            self.values(*row, places[at] if at < len(places) else None)
            for at, row in enumerate(new)
        ]
        connection.executemany(INSERT_EXAMPLE, values)
        self._at = max([self._at, *places])


def edit(
    db: Database,
    base: DatasetVersion,
    changes: Mapping[int, ExampleDraft | None],
    added: Sequence[ExampleDraft] = (),
    *,
    author: str,
    note: str,
    source: str = "",
    settled: Sequence[int] = (),
) -> DatasetVersion:
    """Make the next version out of the newest one and a few changes.

    Rows that were kept aside go on being so.

    Args:
        db: where.
        base: the version that was looked at; has to be the newest.
        changes: by position; None takes the row out.
        added: rows that come behind all others.
        author: who made it.
        note: what was done, for the list of versions.
        source: where added rows come from; empty keeps that of the version before.
        settled: ids of rows kept aside that are mended with this.

    Raises:
        ConflictError: somebody else has made a version in the meantime.
    """
    content = _counted(db, base, changes, added)
    with db.write("dataset") as connection:
        number = int(connection.execute(NEXT_NUMBER, (base.dataset_id,)).fetchone()[0])
        if number != base.number + 1:
            raise ConflictError(
                f"Somebody else has made version {number - 1} in the meantime.",
                "Nothing was changed: open the newest version and do it again.",
            )
        content.position = int(connection.execute(NEXT_POSITION, (base.dataset_id,)).fetchone()[0])
        made = (base.dataset_id, number, source or base.source, note, author, now_ms())
        content.version_id = int(connection.execute(INSERT_VERSION, made).lastrowid or 0)
        for position, change in changes.items():
            found = connection.execute(LIVE_AT, (base.dataset_id, position)).fetchone()
            if found is not None:
                connection.execute(RETIRE_ONE, (number, found["id"]))
            if change is not None:
                values = content.values(change, change.content_hash(), position)
                connection.execute(INSERT_EXAMPLE, values)
        new = [content.values(row, row.content_hash()) for row in added]
        connection.executemany(INSERT_EXAMPLE, new)
        connection.execute(FINISH_VERSION, content.summary())
        if settled or not source:
            bad_rows.follow(connection, base.id, content.version_id, settled)
    return version(db, content.version_id)


def _counted(
    db: Database,
    base: DatasetVersion,
    changes: Mapping[int, ExampleDraft | None],
    added: Sequence[ExampleDraft],
) -> Content:
    """The summary of what follows; reads every row, outside of any write."""
    content = Content(base.dataset_id, 0, base.number + 1, 0)
    key = (base.dataset_id, base.number, base.number)
    columns = base.columns
    for row in db.connection.execute(HASHES, key):
        position = row["position"]
        if position not in changes:
            content.count(columns, row["content_hash"], row["split"], row["tags"])
        elif (change := changes[position]) is not None:
            content.counted(change)
        columns = ()
    for draft in added:
        content.counted(draft)
    return content


def all_examples(db: Database, of: DatasetVersion) -> Iterator[Example]:
    """Every example of a version in its order, page by page."""
    after = 0
    while page := db.rows(PAGE, (of.dataset_id, after, of.number, of.number, 2000)):
        for row in page:
            yield read_example(row)
        after = page[-1]["position"]


def differences(
    db: Database, old: DatasetVersion, new: DatasetVersion
) -> Iterator[tuple[int, Example | None, Example | None]]:
    """What differs from an older to a newer version of a data set, by position.

    Costs what differs, not what is there.

    Yields:
        position, the example before, the example after; None where there is none.
    """
    key = (old.dataset_id, old.number, new.number)
    went = {row["position"]: read_example(row) for row in db.rows(WENT, (*key, old.number))}
    came = {row["position"]: read_example(row) for row in db.rows(CAME, (*key, new.number))}
    for position in sorted(went.keys() | came.keys()):
        yield position, went.get(position), came.get(position)


def versions(
    db: Database, dataset_id: int, *, before: int = 2**62, limit: int = 200
) -> list[DatasetVersion]:
    """Versions of a data set, the newest first."""
    found = db.rows(VERSIONS, (dataset_id, before, limit))
    return [version(db, row["id"]) for row in found]


def version_by_number(db: Database, dataset_id: int, number: int) -> DatasetVersion | None:
    """A version by its number; None where there is none."""
    row = db.row(VERSION_BY_NUMBER, (dataset_id, number))
    return version(db, row["id"]) if row else None


def _key(row: ExampleDraft, row_hash: bytes) -> Key:
    return row_hash, to_json(list(row.tags)), row.split or "", row.origin
