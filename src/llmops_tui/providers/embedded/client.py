"""Finding the server of the embedded model, and starting it where there is none."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from llmops_tui.core.errors import UnavailableError
from llmops_tui.providers.embedded import model
from llmops_tui.providers.embedded.state import (
    LOG,
    BusyError,
    ServerState,
    locked,
    private_dir,
    process_started,
    read_state,
    remove_state,
    touch_lease,
)

IDLE_S = 300.0
"""After so many seconds without a question the server ends itself."""
MOST_AT_ONCE = model.SLOTS
"""More questions at once are not answered any sooner."""
_START_TIMEOUT_S = 60.0
_ANSWER_TIMEOUT_S = 10.0
_POLL_S = 0.01
_LOG_CHARS = 2000


def ensure_running(state_dir: Path, *, idle_s: float = IDLE_S) -> tuple[str, str]:
    """Where the embedded model is served, after starting it if need be.

    Blocks for about a second where it must be started; call it from a thread. Any number of
    processes may call it at once: one of them starts the server, all get the same.

    Args:
        state_dir: The user's private directory, see `default_state_dir`.
        idle_s: When a server that is started now ends itself for want of questions.

    Returns:
        The base URL (ending with `/v1`) and the token that it wants as bearer.

    Raises:
        UnavailableError: It isn't installed or doesn't start; the end of its log is in the hint.
    """
    path = model.require_model()
    private_dir(state_dir)
    try:
        with locked(state_dir, timeout_s=2 * _START_TIMEOUT_S):
            found = read_state(state_dir)
            if found is None or not _serves(found):
                if found is not None:
                    _end(found)
                    remove_state(state_dir, found.nonce)
                model.verify(path, state_dir)
                found = _start(state_dir, path, idle_s)
            # Before the lock is released: see the server's `_may_end`.
            touch_lease(state_dir)
            return found.base_url, found.token
    except BusyError as error:
        raise UnavailableError(str(error), "Try again.") from error
    except OSError as error:
        raise UnavailableError(
            f"The directory of the embedded model can't be used: {error}.",
            "Name another directory in LLMOPS_TUI_STATE.",
        ) from error


def running(state_dir: Path) -> ServerState | None:
    """The server that runs now, without starting one."""
    found = read_state(state_dir)
    return found if found is not None and found.is_alive() else None


def stop(state_dir: Path) -> bool:
    """End the server if one runs; returns whether one did."""
    if not state_dir.is_dir():
        return False
    with locked(state_dir, timeout_s=_START_TIMEOUT_S):
        found = read_state(state_dir)
        if found is None:
            return False
        alive = found.is_alive()
        _end(found)
        remove_state(state_dir, found.nonce)
        return alive


def _serves(found: ServerState) -> bool:
    """Whether the server is alive, is the one it was, and takes its token."""
    return found.is_alive() and _answers(found, _ANSWER_TIMEOUT_S)


def _answers(found: ServerState, timeout_s: float) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=timeout_s)
    try:
        # Not /health: it is open to all, so it wouldn't tell our server from another program's.
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {found.token}"})
        reply = connection.getresponse()
        return reply.status == 200 and model.NAME.encode() in reply.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(found: ServerState) -> None:
    """End a server that is asked to or doesn't answer; only ever the process that wrote the state.

    Politely first, then not.
    """
    for number, patience_s in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        # Without a start time (no /proc) the id alone might be somebody else's by now.
        if not found.started or not found.is_alive():
            return
        with suppress(ProcessLookupError):
            os.kill(found.pid, number)
        deadline = time.monotonic() + patience_s
        while found.is_alive() and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def _start(state_dir: Path, path: Path, idle_s: float) -> ServerState:
    nonce = secrets.token_hex(8)
    command = [sys.executable, "-m", "llmops_tui.providers.embedded.server"]
    command += [f"--state-dir={state_dir}", f"--model={path}", f"--nonce={nonce}"]
    command += [f"--idle-s={idle_s}"]
    try:
        # Ends as soon as the server has left it; see there.
        launched = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_TIMEOUT_S,
            check=False,
        )
        pid = int(launched.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise _not_started(state_dir, f"{type(error).__name__}") from error
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        found = read_state(state_dir)
        if found is not None and found.nonce == nonce and _answers(found, _ANSWER_TIMEOUT_S):
            return found
        if process_started(pid) is None:
            raise _not_started(state_dir, "it ended at once")
        time.sleep(_POLL_S)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    raise _not_started(state_dir, f"it was not ready within {_START_TIMEOUT_S:g} s")


def _not_started(state_dir: Path, why: str) -> UnavailableError:
    try:
        log = (state_dir / LOG).read_text("utf-8", "replace").strip()[-_LOG_CHARS:]
    except OSError:
        log = ""
    said = f"It said last: {log}" if log else "It said nothing."
    return UnavailableError(
        f"The embedded model did not start: {why}.", f"{said} (log: {state_dir / LOG})"
    )
