"""Projects, their stage owners and the history of their tolerance."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.project import Project, Stage, ToleranceVersion
from llmops_tui.core.tolerance import Evidence, Tolerance
from llmops_tui.store.codec import from_json, json_object, json_strings, to_json
from llmops_tui.store.database import Database

INSERT = """
INSERT INTO project (name, description, variables, answer_schema, scorers, created_at)
VALUES (?, ?, ?, ?, ?, ?)
"""
ALL = "SELECT * FROM project ORDER BY id"
BY_ID = "SELECT * FROM project WHERE id = ?"
SET_SCORERS = "UPDATE project SET scorers = ? WHERE id = ?"
SET_SPEC = "UPDATE project SET variables = ?, answer_schema = ? WHERE id = ?"
OWNERS = "SELECT stage, owner FROM stage_owner WHERE project_id = ?"
SET_OWNER = """
INSERT INTO stage_owner (project_id, stage, owner) VALUES (?, ?, ?)
ON CONFLICT (project_id, stage) DO UPDATE SET owner = excluded.owner
"""
INSERT_TOLERANCE = """
INSERT INTO tolerance (project_id, version, max_wrong, confidence, harmful_max_wrong, unit,
                       window_days, owner, evidence, on_breach, author, created_at)
SELECT ?1, coalesce(max(version), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
FROM tolerance WHERE project_id = ?1
"""
NEWEST_TOLERANCE = """
SELECT * FROM tolerance WHERE project_id = ? ORDER BY version DESC LIMIT 1
"""
TOLERANCES = """
SELECT * FROM tolerance WHERE project_id = ? ORDER BY version DESC LIMIT ?
"""
STOPS = "SELECT value FROM setting WHERE scope = ? AND name = 'stop_when_decided'"
SET_STOPS = """
INSERT INTO setting (scope, name, value) VALUES (?, 'stop_when_decided', ?)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""


def create(
    db: Database,
    name: str,
    *,
    description: str = "",
    variables: Sequence[str] = (),
    answer_schema: Mapping[str, Json] | None = None,
    scorers: Sequence[Mapping[str, Json]] = (),
) -> int:
    """A new project's id.

    Raises:
        InputError: the name is taken.
    """
    try:
        with db.write("project") as connection:
            cursor = connection.execute(
                INSERT,
                (
                    name,
                    description,
                    to_json(list(variables)),
                    to_json(answer_schema) if answer_schema is not None else None,
                    to_json([dict(scorer) for scorer in scorers]),
                    now_ms(),
                ),
            )
    except sqlite3.IntegrityError as error:
        raise InputError(
            f"There is already a project named {name!r}.", "Choose another name."
        ) from error
    return int(cursor.lastrowid or 0)


def all_projects(db: Database) -> list[Project]:
    """Every project; a workspace holds a handful."""
    return [_project(row) for row in db.rows(ALL)]


def get(db: Database, project_id: int) -> Project:
    """One project.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(BY_ID, (project_id,))
    if row is None:
        raise NotFoundError(f"There is no project {project_id}.")
    return _project(row)


def set_scorers(db: Database, project_id: int, scorers: Sequence[Mapping[str, Json]]) -> None:
    """Change what runs score with unless told otherwise."""
    with db.write("project") as connection:
        connection.execute(SET_SCORERS, (to_json([dict(scorer) for scorer in scorers]), project_id))


def set_spec(
    db: Database,
    project_id: int,
    variables: Sequence[str],
    answer_schema: Mapping[str, Json] | None,
) -> None:
    """Change which inputs prompts may use, and what an answer looks like."""
    schema = to_json(answer_schema) if answer_schema is not None else None
    with db.write("project") as connection:
        connection.execute(SET_SPEC, (to_json(list(variables)), schema, project_id))


def owners(db: Database, project_id: int) -> dict[Stage, str]:
    """Who answers for each stage; stages without an owner are absent."""
    return {Stage(row["stage"]): row["owner"] for row in db.rows(OWNERS, (project_id,))}


def set_owner(db: Database, project_id: int, stage: Stage, owner: str) -> None:
    """Name who answers for a stage."""
    with db.write("project") as connection:
        connection.execute(SET_OWNER, (project_id, stage.value, owner))


def set_tolerance(db: Database, project_id: int, tolerance: Tolerance, author: str) -> None:
    """Record a new version of the tolerance; older ones stay as history."""
    with db.write("project") as connection:
        connection.execute(
            INSERT_TOLERANCE,
            (
                project_id,
                tolerance.max_wrong,
                tolerance.confidence,
                tolerance.harmful_max_wrong,
                tolerance.unit,
                tolerance.window_days,
                tolerance.owner,
                to_json(sorted(tolerance.evidence)),
                tolerance.on_breach,
                author,
                now_ms(),
            ),
        )


def tolerance(db: Database, project_id: int) -> Tolerance | None:
    """The tolerance in force."""
    row = db.row(NEWEST_TOLERANCE, (project_id,))
    return None if row is None else _tolerance(row)


def tolerances(db: Database, project_id: int, limit: int = 100) -> list[ToleranceVersion]:
    """The tolerance's history, newest first."""
    return [
        ToleranceVersion(row["version"], _tolerance(row), row["author"], row["created_at"])
        for row in db.rows(TOLERANCES, (project_id, limit))
    ]


def stops_when_decided(db: Database, project_id: int) -> bool:
    """Whether the project's runs stop once they are decided, unless told otherwise."""
    row = db.row(STOPS, (f"project:{project_id}",))
    return row is not None and row["value"] == "yes"


def set_stops_when_decided(db: Database, project_id: int, stops: bool) -> None:
    """Say whether runs stop once they are decided, unless told otherwise."""
    with db.write("project") as connection:
        connection.execute(SET_STOPS, (f"project:{project_id}", "yes" if stops else "no"))


def _tolerance(row: sqlite3.Row) -> Tolerance:
    return Tolerance(
        max_wrong=row["max_wrong"],
        confidence=row["confidence"],
        harmful_max_wrong=row["harmful_max_wrong"],
        unit=row["unit"],
        window_days=row["window_days"],
        owner=row["owner"],
        evidence=frozenset(map(Evidence, json_strings(row["evidence"]))),
        on_breach=row["on_breach"],
    )


def _project(row: sqlite3.Row) -> Project:
    scorers = from_json(row["scorers"])
    return Project(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        variables=json_strings(row["variables"]),
        answer_schema=json_object(row["answer_schema"]) if row["answer_schema"] else None,
        scorers=tuple(item for item in scorers if isinstance(item, dict))
        if isinstance(scorers, list)
        else (),
        created_at=row["created_at"],
    )
