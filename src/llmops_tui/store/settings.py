"""Small facts about the workspace, and where each person left off."""

from __future__ import annotations

from llmops_tui.store.database import Database

GET = "SELECT value FROM setting WHERE scope = ? AND name = ?"
PROJECT_NAMES = "SELECT id, name FROM project ORDER BY id"
SET = """
INSERT INTO setting (scope, name, value) VALUES (?, ?, ?)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""


def get(db: Database, scope: str, name: str) -> str | None:
    """A setting's value; `scope` is `workspace` or a person."""
    row = db.row(GET, (scope, name))
    return None if row is None else str(row[0])


def put(db: Database, scope: str, name: str, value: str) -> None:
    """Set a setting."""
    with db.write() as connection:
        connection.execute(SET, (scope, name, value))


def project_names(db: Database) -> list[tuple[int, str]]:
    """Id and name of every project: all that the app needs of them before its first ink."""
    return [(int(row[0]), str(row[1])) for row in db.rows(PROJECT_NAMES)]
