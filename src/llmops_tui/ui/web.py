"""The app in a browser, for where no terminal is at hand: loopback only, behind a token."""

from __future__ import annotations

import secrets
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from llmops_tui.core.errors import UnavailableError

HOST = "127.0.0.1"


def app_command(db: Path | None, project: str | None) -> str:
    """The command line, for a shell, of the app that each browser page gets."""
    parts = [sys.executable, "-m", "llmops_tui"]
    parts += ["--db", str(db.absolute())] if db is not None else []
    parts += ["--project", project] if project is not None else []
    return shlex.join(parts)


def serve(command: str, *, port: int, say: Callable[[str], None]) -> None:
    """Serve the app until interrupted; each page in a browser runs an app of its own.

    Args:
        command: How the app is started, for a shell.
        port: On loopback.
        say: Tells the person the address, which holds the token.

    Raises:
        UnavailableError: the extra `web` isn't installed, or the port is taken.
    """
    try:
        from llmops_tui.ui.web_server import PARAMETER, GuardedServer
    except ImportError as error:
        raise UnavailableError(
            "The app in a browser needs the extra `web`, which isn't installed.",
            "pip install 'llmops-tui[web]'",
        ) from error
    _check_free(port)
    token = secrets.token_urlsafe(24)
    server = GuardedServer(command, host=HOST, port=port, token=token)
    server.on_ready = lambda: say(f"http://{HOST}:{port}/?{PARAMETER}={token}")
    server.serve()


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UnavailableError(
                f"Port {port} of {HOST} can't be used: {error.strerror or error}.",
                "Choose another with --port.",
            ) from error
