"""What the app does when something went wrong: a sentence for a person, the details for the log."""

from __future__ import annotations

import logging
import os
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.errors import LlmopsError

if TYPE_CHECKING:
    from llmops_tui.ui.app import LlmopsApp

LOG_VARIABLE = "LLMOPS_TUI_LOG"
TOAST_S = 10.0


def report(app: LlmopsApp, error: Exception) -> None:
    """Show an error: a toast for one that was foreseen, a dialog and the log for any other."""
    if isinstance(error, LlmopsError):
        message = f"{error}\n{error.hint}" if error.hint else str(error)
        app.notify(message, severity="error", timeout=TOAST_S)
        return
    app.unforeseen.append(error)
    log().error("unforeseen", exc_info=error)
    from llmops_tui.ui.screens.error import ErrorScreen

    details = "".join(traceback.format_exception(error))
    if not any(isinstance(screen, ErrorScreen) for screen in app.screen_stack):
        app.push_screen(ErrorScreen(error, details, str(log_path())))


def log_path() -> Path:
    """`LLMOPS_TUI_LOG`, or `app.log` in the platform's log directory."""
    named = os.environ.get(LOG_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_log_path("llmops-tui") / "app.log"


@cache
def log() -> logging.Logger:
    """The app's log: a file, as the terminal is taken. Kept under 1 MB."""
    from logging.handlers import RotatingFileHandler

    logger = logging.getLogger("llmops_tui.ui")
    logger.propagate = False
    try:
        path = log_path()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    except OSError:
        handler = logging.NullHandler()  # no log is no reason to have no app
    logger.addHandler(handler)
    return logger
