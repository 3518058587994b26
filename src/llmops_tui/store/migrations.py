"""The schema's history: numbered steps, forward only, never edited once released."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

import sqlite_utils
from sqlite_utils.migrations import Migrations

from llmops_tui.store.database import APPLICATION_ID, PAGE_SIZE

migrations = Migrations("llmops-tui")


@migrations()
def m001_first(db: sqlite_utils.Database) -> None:
    """Projects, data sets, prompts, endpoints, runs, calls, reviews."""
    _run_script(db.conn, "schema_v1.sql")
    db.conn.execute("PRAGMA user_version = 1")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the current schema, whoever else is trying to at the same moment."""
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")  # a second process waits here and finds nothing to do
    try:
        migrations.apply(sqlite_utils.Database(connection))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _run_script(connection: sqlite3.Connection, name: str) -> None:
    """Run a file's statements one by one: `executescript` would commit our transaction."""
    statement = ""
    for line in resources.files("llmops_tui.store").joinpath(name).read_text().splitlines(True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
