"""Full text over the questions and answers of calls: indexed behind ingestion, newest first."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.store import settings
from llmops_tui.store.bulk import insert_rows
from llmops_tui.store.call_texts import unpack_texts
from llmops_tui.store.database import Database

LONGEST: Final = 200_000
"""Characters of a text that are indexed; of a longer one its beginning."""

UNINDEXED = """
SELECT b.call_id, b.body FROM call_body b WHERE b.call_id > ? ORDER BY b.call_id LIMIT ?
"""
INDEX = "INSERT INTO call_words (rowid, asked, answered) VALUES (?, ?, ?)"
NEWEST_BODY = "SELECT max(call_id) FROM call_body"
SET_UPTO = """
INSERT INTO setting (scope, name, value) VALUES ('workspace', 'words up to', ?)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""
GET_UPTO = "SELECT value FROM setting WHERE scope = 'workspace' AND name = 'words up to'"
ANYWHERE = "SELECT 1 FROM call_words WHERE call_words MATCH ? LIMIT 1"
FORGET = """
INSERT INTO call_words (call_words, rowid, asked, answered) VALUES ('delete', ?, ?, ?)
"""
MERGE = "INSERT INTO call_words (call_words, rank) VALUES ('merge', ?)"
GONE = "SELECT coalesce(sum(removed_calls), 0), coalesce(sum(calls), 0) FROM call_size"
GET_TIDIED = "SELECT value FROM setting WHERE scope = 'workspace' AND name = 'words tidied at'"
SET_TIDIED = """
INSERT INTO setting (scope, name, value) VALUES ('workspace', 'words tidied at', ?)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""
MERGED_AT_ONCE: Final = 32
"""Pages of the index that one transaction merges: it holds the write lock for about 10 ms."""
UNTIDY_FROM: Final = 200
"""Removed calls before which there is nothing worth tidying."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call about to be indexed."""

    call_id: int
    asked: str
    answered: str


def prepare(db: Database, limit: int) -> list[Prepared]:
    """The next calls to index, unpacked outside of any transaction."""
    rows = db.rows(UNINDEXED, (upto(db), limit))
    found = []
    for row in rows:
        asked, answered, _ = unpack_texts(db, row["body"])
        found.append(Prepared(row["call_id"], _searchable(asked), _searchable(answered)))
    return found


def index(db: Database, prepared: Sequence[Prepared]) -> None:
    """Index them, unless another process was faster."""
    with db.write() as connection:
        row = connection.execute(GET_UPTO).fetchone()
        done = int(row[0]) if row else 0
        fresh = [(one.call_id, one.asked, one.answered) for one in prepared if one.call_id > done]
        if fresh:
            insert_rows(connection, INDEX, fresh)
            connection.execute(SET_UPTO, (str(fresh[-1][0]),))


def replace(
    connection: sqlite3.Connection, call_id: int, before: tuple[str, str], now: tuple[str, str]
) -> None:
    """Index a call anew whose texts changed, inside a transaction of the caller's."""
    row = connection.execute(GET_UPTO).fetchone()
    if row is None or int(row[0]) < call_id:
        return  # its turn comes
    connection.execute(FORGET, (call_id, *map(_searchable, before)))
    connection.execute(INDEX, (call_id, *map(_searchable, now)))


def forget(connection: sqlite3.Connection, gone: Sequence[tuple[int, str, str]]) -> None:
    """Take calls (id, question, answer) out of the index, inside a transaction of the caller's."""
    row = connection.execute(GET_UPTO).fetchone()
    done = int(row[0]) if row else 0
    connection.executemany(
        FORGET,
        [
            (call_id, _searchable(asked), _searchable(answered))
            for call_id, asked, answered in gone
            if call_id <= done
        ],
    )


def is_untidy(db: Database) -> bool:
    """Whether the index holds much about removed calls: it notes that words are gone beside them.

    Merging its parts lets go of both; until then a removed call takes more than it did before.
    """
    gone, tidied = db.row(GONE), db.row(GET_TIDIED)
    assert gone is not None
    since = int(gone[0]) - (int(tidied[0]) if tidied else 0)
    return since >= max(UNTIDY_FROM, int(gone[1]) // 4)


def tidy(db: Database, *, begin: bool) -> bool:
    """Merge some of the index in one short transaction; whether there is more to merge.

    Args:
        db: The workspace.
        begin: Choose what is to be merged; later calls go on with that.
    """
    with db.write() as connection:
        before = connection.total_changes
        connection.execute(MERGE, (-MERGED_AT_ONCE if begin else MERGED_AT_ONCE,))
        if connection.total_changes - before >= 2:  # as FTS5 documents the end of a merge
            return True
        connection.execute(SET_TIDIED, (str(connection.execute(GONE).fetchone()[0]),))
    return False


def upto(db: Database) -> int:
    """The id up to which calls are indexed."""
    return int(settings.get(db, "workspace", "words up to") or 0)


def query(text: str, *, begun: bool = False) -> str:
    """What a person typed, as FTS5 takes it: every word has to be there.

    Args:
        text: The words. One with a star behind it may go on, as in `refus*`.
        begun: The last one may go on as well.
    """
    found: list[str] = []
    for word in text.split():
        parts = "".join(letter if letter.isalnum() else " " for letter in word).split()
        found += [f'"{part}"' for part in parts]
        if parts and word.endswith("*"):
            found[-1] += "*"
    if begun and found and not found[-1].endswith("*"):
        found[-1] += "*"
    return " ".join(found)


def is_anywhere(db: Database, asked: str) -> bool:
    """Whether any indexed call has what `query` gave."""
    return bool(asked) and db.row(ANYWHERE, (asked,)) is not None


def _searchable(text: str) -> str:
    return text[:LONGEST].encode("utf-8", "replace").decode()
