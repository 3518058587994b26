"""Opening the terminal app."""

from __future__ import annotations

from pathlib import Path

from llmops_tui.services.workspace import open_workspace


def open_app(db: Path | None, project: str | None) -> int:
    """Run the app until it's left; the exit code.

    Raises:
        LlmopsError: the terminal or the workspace can't be used.
    """
    from llmops_tui.ui.terminal import require_terminal

    require_terminal()
    workspace = open_workspace(db)
    if project is not None:
        from llmops_tui.services import places
        from llmops_tui.services.projects import find_project

        places.remember(workspace, "project", str(find_project(workspace, project).id))
    from llmops_tui.ui.app import LlmopsApp

    app = LlmopsApp(workspace)
    app.run()
    workspace.db.close()
    return app.return_code or 0
