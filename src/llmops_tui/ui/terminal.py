"""Whether this terminal can show the app at all."""

from __future__ import annotations

import os
import sys

from llmops_tui.core.errors import UnavailableError

TWIN = "Use the command line instead: `llmops-tui --help` lists what it can do."


def require_terminal() -> None:
    """Refuse, with a sentence, where the app could only make a mess.

    Raises:
        UnavailableError: input or output is no terminal, or it can't move its cursor.
    """
    if os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver"):
        return  # a browser is the terminal (ui/web.py)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UnavailableError("The app needs a terminal, and this is a pipe or a file.", TWIN)
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        raise UnavailableError(
            f"The app can't be drawn on this terminal (TERM={term or 'unset'}).",
            f"Set TERM to what your terminal is, e.g. xterm-256color. {TWIN}",
        )
