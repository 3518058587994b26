"""Where each person left off: the screen, the selection, the filter."""

from __future__ import annotations

from llmops_tui.services.workspace import Workspace
from llmops_tui.store import settings


def remember(workspace: Workspace, name: str, value: str) -> None:
    """Keep a place for this person."""
    settings.put(workspace.db, workspace.person, f"place.{name}", value)


def recall(workspace: Workspace, name: str) -> str | None:
    """A place that this person left, or None."""
    return settings.get(workspace.db, workspace.person, f"place.{name}")


def project_names(workspace: Workspace) -> list[tuple[int, str]]:
    """Id and name of every project, the oldest first; costs next to nothing."""
    return settings.project_names(workspace.db)
