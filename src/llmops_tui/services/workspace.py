"""Opening a workspace: the file, and who is at it."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.store.database import Database

DB_VARIABLE = "LLMOPS_TUI_DB"
PERSON_VARIABLE = "LLMOPS_TUI_USER"


@dataclass(frozen=True, slots=True)
class Workspace:
    """An open workspace file and the person who works in it."""

    db: Database
    person: str

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.db.path

    def as_person(self, person: str) -> Workspace:
        """The same file, for what is recorded in somebody else's name."""
        return Workspace(self.db, person)


def default_path() -> Path:
    """`LLMOPS_TUI_DB`, or `workspace.db` in the platform's data directory."""
    named = os.environ.get(DB_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path("llmops-tui") / "workspace.db"


def open_workspace(path: Path | None = None, *, read_only: bool = False) -> Workspace:
    """Open the workspace at `path`, or the default one; create it where there is none.

    Args:
        path: the file.
        read_only: refuse every write from here on.

    Raises:
        StoreError: the file can't be used; the error says why.
    """
    return Workspace(Database(path or default_path(), read_only=read_only), who())


def who() -> str:
    """Who is working: `LLMOPS_TUI_USER`, or the login name."""
    named = os.environ.get(PERSON_VARIABLE)
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return f"uid {os.getuid()}"
