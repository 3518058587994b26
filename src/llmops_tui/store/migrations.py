"""Bringing a file to the current schema: the steps of `store/schema` that it hasn't had."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from llmops_tui.store.database import APPLICATION_ID, PAGE_SIZE
from llmops_tui.store.schema.steps import STEPS


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let modules that aren't loaded yet look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: can't be imported
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# sqlite-utils loads both where they are there, for the types of their columns: 85 MB and half a
# second of which nothing is needed here.
with _hidden("pandas", "numpy"):
    import sqlite_utils
    from sqlite_utils.migrations import Migrations


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[str] = STEPS) -> None:
    """Bring the file to the current schema, whoever else is trying to at the same moment.

    Args:
        connection: To the file, outside of any transaction.
        path: The file, for messages.
        steps: All steps of the history up to the schema that is wanted.
    """
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        # So that the file can shrink again without being rewritten: it has to be said before the
        # first table is made (store/space.py).
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")  # a second process waits here and finds nothing to do
    try:
        _history(steps).apply(sqlite_utils.Database(connection))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _history(steps: Sequence[str]) -> Migrations:
    history = Migrations("llmops-tui")
    for step in steps:

        def apply(db: sqlite_utils.Database, step: str = step) -> None:
            _run_script(db.conn, step)

        history(name=step)(apply)
    return history


def _run_script(connection: sqlite3.Connection, step: str) -> None:
    """Run a step's statements one by one: `executescript` would commit our transaction."""
    script = resources.files("llmops_tui.store.schema").joinpath(f"{step}.sql").read_text("utf-8")
    statement = ""
    for line in script.splitlines(True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
