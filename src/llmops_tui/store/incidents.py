"""Incidents and their timelines."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import NotFoundError
from llmops_tui.store.database import Database

INSERT = """
INSERT OR IGNORE INTO incident (project_id, cause, owner, opened_at) VALUES (?, ?, ?, ?)
"""
INSERT_EVENT = """
INSERT INTO incident_event (incident_id, kind, sentence, author, happened_at)
VALUES (?, ?, ?, ?, ?)
"""
OPEN_ONE = "SELECT * FROM incident WHERE project_id = ? AND closed_at IS NULL"
GET = "SELECT * FROM incident WHERE id = ?"
PAGE = "SELECT * FROM incident WHERE project_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
EVENTS = "SELECT * FROM incident_event WHERE incident_id = ? ORDER BY id"
CLOSE = "UPDATE incident SET closed_at = ? WHERE id = ? AND closed_at IS NULL"


@dataclass(frozen=True, slots=True)
class Incident:
    """Production beyond its tolerance, from when to when."""

    id: int
    project_id: int
    cause: str
    owner: str
    """Empty where nobody answers for it."""
    opened_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of a timeline."""

    kind: str
    """`opened`, `rolled back`, `note`, `closed`."""
    sentence: str
    author: str
    happened_at: int


def begin(db: Database, project_id: int, cause: str, owner: str, author: str) -> Incident:
    """Open an incident; the one that is open already where there is one."""
    with db.write("incident") as connection:
        made = connection.execute(INSERT, (project_id, cause, owner, now_ms()))
        if made.rowcount == 1:
            values = (made.lastrowid, "opened", cause, author, now_ms())
            connection.execute(INSERT_EVENT, values)
        row = connection.execute(OPEN_ONE, (project_id,)).fetchone()
    return _incident(row)


def open_one(db: Database, project_id: int) -> Incident | None:
    """The project's open incident."""
    row = db.row(OPEN_ONE, (project_id,))
    return None if row is None else _incident(row)


def get(db: Database, incident_id: int) -> Incident:
    """One incident.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(GET, (incident_id,))
    if row is None:
        raise NotFoundError(f"There is no incident {incident_id}.")
    return _incident(row)


def page(db: Database, project_id: int, *, before: int = 2**62, limit: int = 64) -> list[Incident]:
    """The project's incidents, newest first."""
    return [_incident(row) for row in db.rows(PAGE, (project_id, before, limit))]


def timeline(db: Database, incident_id: int) -> list[IncidentEvent]:
    """What happened, in order."""
    return [
        IncidentEvent(row["kind"], row["sentence"], row["author"], row["happened_at"])
        for row in db.rows(EVENTS, (incident_id,))
    ]


def add_event(db: Database, incident_id: int, kind: str, sentence: str, author: str) -> None:
    """Write a line into the timeline."""
    with db.write("incident") as connection:
        connection.execute(INSERT_EVENT, (incident_id, kind, sentence, author, now_ms()))


def close(db: Database, incident_id: int, sentence: str, author: str) -> None:
    """End an incident; nothing happens where it is over."""
    with db.write("incident") as connection:
        if connection.execute(CLOSE, (now_ms(), incident_id)).rowcount:
            values = (incident_id, "closed", sentence, author, now_ms())
            connection.execute(INSERT_EVENT, values)


def _incident(row: sqlite3.Row) -> Incident:
    return Incident(
        row["id"], row["project_id"], row["cause"], row["owner"], row["opened_at"],
        row["closed_at"],
    )  # fmt: skip
