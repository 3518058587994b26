"""Running the gateway on a workspace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from llmops_tui.core.errors import InputError, StoreError
from llmops_tui.core.project import Project
from llmops_tui.services.projects import find_project, list_projects
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import endpoints, gateways, space
from llmops_tui.store.gateways import GatewayState

AUDIT_SHARE = 0.05
START_S = 20.0
ASKED_S = 0.5
_COMPLAINT = 64 * 1024


def at_work(workspace: Workspace) -> list[GatewayState]:
    """Gateways that write into this workspace at this moment."""
    return [state for state in gateways.states(workspace.db) if state.is_up]


def last_ones(workspace: Workspace) -> list[GatewayState]:
    """Gateways of the last weeks, the newest first."""
    return gateways.states(workspace.db)


def trouble(state: GatewayState) -> str:
    """Why a gateway that wasn't heard of can't write here; empty where it is gone.

    What it has to say can't be in the file, when the file is what it can't write: it is asked.
    Not for the UI thread.
    """
    import http.client  # needed only where one fell silent
    from urllib.parse import urlsplit

    if state.is_up or state.stopped_at is not None:
        return ""
    place = urlsplit(state.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ASKED_S)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read(65_536))
        # With a token it tells a stranger no more than that it is in trouble.
        if not isinstance(said, dict) or said.get("pid", state.pid) != state.pid:
            return ""
        calls = said.get("calls")
        told = calls.get("trouble") if isinstance(calls, dict) else ""
        return str(told or "the workspace can't be written.")
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def start_detached(workspace: Workspace, arguments: Sequence[str], log: Path) -> GatewayState:
    """Start a gateway that survives whoever started it; returns when it listens.

    Args:
        workspace: what it writes into.
        arguments: of `llmops-tui`, the command among them.
        log: where what it says goes.

    Raises:
        InputError: it ended at once, or wasn't heard of in time; the log says why.
    """
    known = {state.id for state in gateways.states(workspace.db)}
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log.open("ab") as out:
        begins = out.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "llmops_tui", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        for state in gateways.states(workspace.db):
            if state.id not in known and state.pid == process.pid:
                return state
        time.sleep(0.05)
    process.terminate()
    raise InputError(
        f"The gateway didn't come up. {_complaint(log, begins)}".rstrip(),
        f"All that it said is in {log}.",
    )


def _complaint(log: Path, begins: int) -> str:
    """The error that a gateway ended with, out of what it has written since."""
    with log.open("rb") as file:
        file.seek(begins)
        said = file.read(_COMPLAINT).decode(errors="replace")
    return " ".join(said.rpartition("Error: ")[2].split()) if "Error: " in said else ""


def stop_all(workspace: Workspace) -> int:
    """Ask the gateways of this machine that are at work to stop; how many were asked."""
    asked = 0
    for state in at_work(workspace):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(state.pid, signal.SIGTERM)
            asked += 1
    return asked


def project_for_calls(workspace: Workspace, name: str | None) -> Project | None:
    """The project of calls that don't say theirs: the one named, or the only one.

    None in a workspace without a project.

    Raises:
        NotFoundError: there is none of that name.
        InputError: there are several and none was named.
    """
    if name is None and not list_projects(workspace):
        return None
    return find_project(workspace, name)


def serve(
    workspace: Workspace,
    project: Project | None,
    *,
    host: str,
    port: int,
    token: str | None,
    upstream: str | None,
    audit_share: float,
    steps: bool = True,
    ready: Callable[[str], None],
) -> None:
    """Receive calls until SIGTERM or SIGINT; returns when all that was taken is committed.

    Args:
        workspace: where calls are stored.
        project: the project of calls that don't say theirs; None for none.
        host: where to listen; anything but loopback needs a token.
        port: 0 for any free one.
        token: what clients must show.
        upstream: the endpoint that proxied calls go to; None for the first of the protocol.
        audit_share: share of unflagged calls that are drawn for review at random.
        steps: keep spans that are no call as the steps of their trace.
        ready: called with the address once it listens.

    Raises:
        InputError: it may not or can't listen there, or there is no such endpoint.
    """
    from llmops_tui.gateway.server import GatewayOptions, run  # only who serves pays for it
    from llmops_tui.providers.keys import Secret
    from llmops_tui.services.judge_flags import JudgeThread

    places = [place.name for place in endpoints.endpoints(workspace.db)]
    if upstream is not None and upstream not in places:
        names = ", ".join(places) or "none yet; `llmops-tui model add` adds one"
        raise InputError(f"There is no endpoint named {upstream!r}.", f"Endpoints here: {names}.")
    options = GatewayOptions(
        db_path=workspace.path,
        host=host,
        port=port,
        token=Secret(token or ""),
        default_upstream=upstream or "",
        project_id=project.id if project is not None else None,
        audit_probability=audit_share,
        context=steps,
    )
    judging = JudgeThread(workspace.db)
    judging.start()
    try:
        run(options, lambda listening: ready(listening.url))
    finally:
        judging.close()
        with suppress(StoreError):
            space.settle(workspace.db)
