"""Opening the terminal app."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.role import Role
from llmops_tui.services.workspace import open_workspace


@dataclass(frozen=True, slots=True)
class Look:
    """How the app is to be drawn on this terminal."""

    theme: str | None = None
    """`dark`, `light` or `ansi`; None for the one that this person used last."""
    plain: bool = False
    """Bars and plots in ASCII."""
    low_bandwidth: bool = False
    """Fewer frames, for a line that is slow."""


def open_app(
    db: Path | None, project: str | None, look: Look | None = None, role: Role = Role.OWNER
) -> int:
    """Run the app until it's left; the exit code.

    Raises:
        LlmopsError: the terminal or the workspace can't be used.
    """
    from llmops_tui.ui.terminal import require_terminal

    require_terminal()
    workspace = open_workspace(db, read_only=role is Role.VIEWER)
    named = None
    if project is not None:
        from llmops_tui.services import places
        from llmops_tui.services.projects import find_project

        found = find_project(workspace, project)
        named = (found.id, found.name)
        if role is not Role.VIEWER:
            places.remember(workspace, "project", str(found.id))
    from llmops_tui.ui import glyphs, themes
    from llmops_tui.ui.app import LlmopsApp

    look = look or Look()
    if look.plain:
        os.environ[glyphs.ASCII_VARIABLE] = "1"
    theme = themes.BY_WORD[look.theme] if look.theme else None
    app = LlmopsApp(
        workspace, theme=theme, low_bandwidth=look.low_bandwidth, role=role, project=named
    )
    app.run()
    workspace.db.close()
    return app.return_code or 0
