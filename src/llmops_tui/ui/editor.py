"""Editing a text in the person's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.errors import LlmopsError

if TYPE_CHECKING:
    from textual.app import App


def editor_command() -> list[str]:
    """`VISUAL`, `EDITOR`, or vi."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    return shlex.split(named) or ["vi"]


def edit_in_editor(app: App[None], text: str, suffix: str = ".txt") -> str | None:
    """Let the person edit a text; blocks the app, which leaves the terminal to the editor.

    Args:
        app: The running app.
        text: What to edit.
        suffix: Of the file, so that the editor knows the language.

    Returns:
        The new text, or None where nothing was changed.

    Raises:
        LlmopsError: the editor couldn't be started or failed; the error names the file, which
            keeps whatever was written.
    """
    handle, name = tempfile.mkstemp(prefix="llmops-", suffix=suffix)
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(text)
    before = path.read_bytes()
    command = [*editor_command(), name]
    try:
        with app.suspend():
            code = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise LlmopsError(
            f"The editor {command[0]!r} can't be started: {error.strerror or error}.",
            f"Set EDITOR to one that is installed. The text is in {path}.",
        ) from error
    app.refresh(layout=True)
    if code != 0:
        raise LlmopsError(
            f"The editor {command[0]!r} ended with code {code}.",
            f"Nothing was taken over; what was written is in {path}.",
        )
    after = path.read_bytes()
    path.unlink(missing_ok=True)
    return None if after == before else after.decode("utf-8", errors="replace")
