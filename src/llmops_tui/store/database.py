"""Opening the workspace file, and the one way to write to it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from llmops_tui.core.errors import (
    InputError,
    NewerSchemaError,
    NotADatabaseError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from llmops_tui.store.schema.steps import STEPS

APPLICATION_ID = 0x4C4C4D4F  # "LLMO": tells our files from other programs' SQLite files
SCHEMA_VERSION = len(STEPS)
PAGE_SIZE = 16384  # 2.8 instead of 4.2 KB on disk for a call, and faster (benchmarks/README.md)
BUSY_TIMEOUT_MS = 5000
CHECKPOINT_PAGES = 4000
"""Pages (64 MB) that the log takes before it is written back: what changes again and again, as the
inner pages of indexes do, is then written back a quarter as often."""

BUMP_TOPIC = """
INSERT INTO change (topic, counter) VALUES (?, 1)
ON CONFLICT (topic) DO UPDATE SET counter = counter + 1
"""
READ_TOPICS = "SELECT topic, counter FROM change"


class Database:
    """One workspace file. Safe to share between threads: each gets a connection of its own."""

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        """Open `path`, creating or migrating it where needed.

        Args:
            path: the file.
            read_only: refuse every write from here on, whoever tries it.

        Raises:
            NotADatabaseError: the file is something else.
            NewerSchemaError: a newer version of the program wrote it.
            StoreBusyError: it stayed locked.
            StoreFullError: it can't be created or written.
        """
        self.path = Path(path).expanduser().absolute()
        self._local = threading.local()
        self.read_only = False
        self._prepare()
        if read_only:
            self.close()
            self.read_only = True

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode; for reading."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            with store_errors(self.path):
                found = _connect(self.path)
                if self.read_only:
                    found.execute("PRAGMA query_only = ON")
            self._local.connection = found
        return found

    def keep_pages(self, mib: int) -> None:
        """Let this thread's connection hold so much of the file, instead of 2 MiB.

        For a thread that writes without end: the pages of indexes that it needs for each batch
        are then there, rather than read again.
        """
        with store_errors(self.path):
            self.connection.execute(f"PRAGMA cache_size = -{1024 * mib}")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query. For queries that are bounded by their LIMIT or their key."""
        with store_errors(self.path):
            result: list[sqlite3.Row] = self.connection.execute(sql, parameters).fetchall()
            return result

    def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query."""
        with store_errors(self.path):
            result: sqlite3.Row | None = self.connection.execute(sql, parameters).fetchone()
            return result

    @contextmanager
    def write(self, *topics: str) -> Iterator[sqlite3.Connection]:
        """Hold the file's one write lock for a short transaction.

        Commits at the end, rolls back on any exception. Each of `topics` gets its counter in the
        `change` table raised, which is how other processes notice.

        Raises:
            StoreBusyError: another process held the lock for longer than the busy timeout.
            StoreFullError: the disk is full or the file may not be written.
            StoreError: the file was opened to be looked at only.
        """
        if self.read_only:
            raise StoreError(
                "This session only looks: nothing is written.", "Whoever set it up can say who may."
            )
        connection = self.connection
        if connection.in_transaction:
            yield connection  # part of a larger transaction: that one commits
            for topic in topics:
                connection.execute(BUMP_TOPIC, (topic,))
            return
        with store_errors(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                for topic in topics:
                    connection.execute(BUMP_TOPIC, (topic,))
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    def data_version(self) -> int:
        """A number that changes when another connection has committed. Costs microseconds."""
        row = self.row("PRAGMA data_version")
        return int(row[0]) if row else 0

    def counters(self) -> dict[str, int]:
        """How often each topic has changed."""
        return {row["topic"]: row["counter"] for row in self.rows(READ_TOPICS)}

    def close(self) -> None:
        """Close this thread's connection, and let go of those of other threads.

        Another thread may be in the middle of a query: closing under its hands would end the
        process. Its connection closes by itself once nobody uses it any more.
        """
        own: sqlite3.Connection | None = getattr(self._local, "connection", None)
        self._local = threading.local()
        if own is not None:
            own.close()

    def _prepare(self) -> None:
        if self.path.is_dir():
            raise NotADatabaseError(
                f"{self.path} is a directory.", "Give the path of a workspace file with --db."
            )
        created = not self.path.exists()
        if created:
            _create_private(self.path)
        with store_errors(self.path):
            connection = self.connection
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        if version > SCHEMA_VERSION and application == APPLICATION_ID:
            self.close()
            raise NewerSchemaError(
                f"{self.path} was written by a newer llmops-tui "
                f"(schema {version}, this one knows {SCHEMA_VERSION}).",
                "Upgrade llmops-tui, or open another workspace with --db. The file is untouched.",
            )
        if application not in (0, APPLICATION_ID) or (application == 0 and self._has_tables()):
            self.close()
            raise NotADatabaseError(
                f"{self.path} is a SQLite file of another program.",
                "Give the path of a workspace file with --db. The file is untouched.",
            )
        if version < SCHEMA_VERSION:
            from llmops_tui.store.migrations import migrate  # sqlite-utils costs 75 ms to import

            with store_errors(self.path):
                migrate(connection, self.path)

    def _has_tables(self) -> bool:
        return self.row("SELECT 1 FROM sqlite_master LIMIT 1") is not None


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite itself ends a transaction when the disk is full
        connection.execute("ROLLBACK")


def _create_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreFullError(
            f"The workspace {path} can't be created: {error.strerror}.",
            "Give a path that you may write to with --db.",
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


FULL_MARKS = ("disk is full", "disk I/O", "readonly", "read-only", "unable to open")


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's exceptions into sentences. Programming errors pass through."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise StoreBusyError(
                f"{path} is being written by another process and stayed locked for "
                f"{BUSY_TIMEOUT_MS / 1000:.0f} s.",
                "Try again; if it stays so, look which process holds the file (`fuser`).",
            ) from error
        if any(mark in text for mark in FULL_MARKS):
            raise StoreFullError(
                f"{path} can't be written: {text}.",
                "Make room on the disk or check the file's permissions, then try again. "
                "What was committed before is safe.",
            ) from error
        raise
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "not a database" in text or "malformed" in text:
            raise NotADatabaseError(
                f"{path} is not a workspace: {text}.",
                "Give the path of a workspace file with --db. The file is untouched.",
            ) from error
        if "too big" in text:
            raise InputError(f"A text is too large to store: {text}.", "Shorten it.") from error
        raise


def check_integrity(database: Database) -> list[str]:
    """What SQLite's own quick check finds wrong with the file; empty when it's sound."""
    found = [str(row[0]) for row in database.rows("PRAGMA quick_check(10)")]
    return [] if found == ["ok"] else found


__all__ = [
    "APPLICATION_ID",
    "SCHEMA_VERSION",
    "Database",
    "StoreError",
    "check_integrity",
    "store_errors",
]
