"""The file's free pages: used again by what is written next, or given back to the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.store.database import Database, store_errors

PAGES_AT_ONCE: Final = 48
"""Pages that one transaction gives back: each is a page from the end of the file moved forward."""
SPARE_SHARE: Final = 0.05
SPARE_PAGES: Final = 256
"""What stays free for the next calls, 4 MB or a twentieth: it would be fetched again at once."""
_INCREMENTAL: Final = 2


@dataclass(frozen=True, slots=True)
class Space:
    """How the file stands."""

    size: int
    """Bytes of the file."""
    free: int
    """Of those, bytes in free pages."""
    shrinks: bool
    """Whether free pages can be given back without rewriting the file."""


def space(db: Database) -> Space:
    """How large the file is and how much of it is free."""
    page = _pragma(db, "page_size")
    return Space(
        _pragma(db, "page_count") * page,
        _pragma(db, "freelist_count") * page,
        _pragma(db, "auto_vacuum") == _INCREMENTAL,
    )


def give_back(db: Database) -> bool:
    """Give some free pages back in one short transaction; whether there are more to give."""
    if _pragma(db, "auto_vacuum") != _INCREMENTAL:
        return False
    spare = max(SPARE_PAGES, int(_pragma(db, "page_count") * SPARE_SHARE))
    if _pragma(db, "freelist_count") < spare + PAGES_AT_ONCE:
        return False
    with db.write() as connection:
        connection.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
    return True


def compact(db: Database) -> None:
    """Write the file anew without free pages, so that it can shrink by itself from then on.

    Nobody else can write meanwhile, and the disk needs room for a second copy.

    Raises:
        StoreBusyError: somebody is writing or reading.
        StoreFullError: there is no room for the copy.
    """
    with store_errors(db.path):
        connection = db.connection
        connection.execute("PRAGMA temp_store = FILE")  # the copy would lie in memory
        try:
            connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.execute("PRAGMA temp_store = MEMORY")


def settle(db: Database) -> None:
    """Bring what was committed into the file itself, so that who copies it alone has everything.

    Where others read or write at this moment it is theirs to do, sooner or later.
    """
    with store_errors(db.path):
        db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _pragma(db: Database, name: str) -> int:
    row = db.row(f"PRAGMA {name}")
    return int(row[0]) if row else 0
