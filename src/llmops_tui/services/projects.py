"""Projects: which there are, their tolerance, who answers for which stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.project import Project, Stage, ToleranceVersion
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, datasets, projects

DEFAULT_TOLERANCE = Tolerance(max_wrong=0.02, confidence=0.95)


def list_projects(workspace: Workspace) -> list[Project]:
    """Every project of the workspace."""
    return projects.all_projects(workspace.db)


def create_project(
    workspace: Workspace,
    name: str,
    *,
    description: str = "",
    variables: Sequence[str] = (),
    scorers: Sequence[Mapping[str, Json]] = (),
    tolerance: Tolerance = DEFAULT_TOLERANCE,
) -> Project:
    """Make a project with a tolerance. Calls that came before there was any are the first one's.

    Raises:
        InputError: the name is empty or taken.
    """
    if not name.strip():
        raise InputError("A project needs a name.", "Give it a short one, such as support-topic.")
    db = workspace.db
    with db.write("project"):
        project_id = projects.create(
            db, name.strip(), description=description, variables=variables, scorers=scorers
        )
        projects.set_tolerance(db, project_id, tolerance, workspace.person)
    if len(projects.all_projects(db)) == 1:
        calls.adopt(db, project_id)
    return projects.get(db, project_id)


def find_project(workspace: Workspace, name: str | None = None) -> Project:
    """The project of that name; without a name, the only one.

    Raises:
        NotFoundError: there is none of that name, or none at all.
        InputError: there are several and no name was given.
    """
    found = list_projects(workspace)
    if name is not None:
        for project in found:
            if project.name == name:
                return project
        names = ", ".join(project.name for project in found) or "none yet"
        raise NotFoundError(f"There is no project named {name!r}.", f"Projects here: {names}.")
    if not found:
        raise NotFoundError(
            "The workspace has no project yet.",
            "`llmops-tui demo` makes one to look at; in the app, n on the Overview makes your own.",
        )
    if len(found) > 1:
        names = ", ".join(project.name for project in found)
        raise InputError("There are several projects.", f"Name one with --project: {names}.")
    return found[0]


def tolerance_of(workspace: Workspace, project_id: int) -> Tolerance:
    """The tolerance in force; the default one where none was ever set."""
    return projects.tolerance(workspace.db, project_id) or DEFAULT_TOLERANCE


def set_tolerance(workspace: Workspace, project_id: int, tolerance: Tolerance) -> None:
    """Change the tolerance; the old one stays in the history. Setting the same again does nothing.

    Raises:
        InputError: no data set of the project has the column that is to be the unit.
    """
    columns = unit_columns(workspace, project_id)
    if tolerance.is_clustered and columns and tolerance.unit not in columns:
        raise InputError(
            f"No data set has the column {tolerance.unit!r}.",
            f"Rows can be counted by {', '.join(columns)}, or by row.",
        )
    if tolerance != projects.tolerance(workspace.db, project_id):
        projects.set_tolerance(workspace.db, project_id, tolerance, workspace.person)


def tolerance_history(workspace: Workspace, project_id: int) -> list[ToleranceVersion]:
    """Who set which tolerance when, newest first."""
    return projects.tolerances(workspace.db, project_id)


def unit_columns(workspace: Workspace, project_id: int) -> tuple[str, ...]:
    """Input columns of the project's data sets: any of them may say which rows belong together."""
    found: dict[str, None] = {}
    for dataset in datasets.datasets(workspace.db, project_id):
        if dataset.version is not None:
            found.update(dict.fromkeys(dataset.version.columns))
    # A quote can't stand in the path by which SQLite finds a column in a row.
    return tuple(name for name in found if '"' not in name)


def stops_when_decided(workspace: Workspace, project_id: int) -> bool:
    """Whether the project's runs stop once they are decided, unless told otherwise."""
    return projects.stops_when_decided(workspace.db, project_id)


def set_stops_when_decided(workspace: Workspace, project_id: int, stops: bool) -> None:
    """Say whether runs stop once they are decided, unless told otherwise."""
    if stops != projects.stops_when_decided(workspace.db, project_id):
        projects.set_stops_when_decided(workspace.db, project_id, stops)


def owners(workspace: Workspace, project_id: int) -> dict[Stage, str]:
    """Who answers for each stage; stages without an owner are absent."""
    return projects.owners(workspace.db, project_id)


def set_owner(workspace: Workspace, project_id: int, stage: Stage, owner: str) -> None:
    """Name who answers for a stage."""
    projects.set_owner(workspace.db, project_id, stage, owner.strip())
