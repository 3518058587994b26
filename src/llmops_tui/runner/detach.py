"""Starting a worker that outlives the app, the terminal and the SSH connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def start_worker(workspace: Path, run_id: int) -> int:
    """Start a detached worker for a run; its process id.

    It gets a session of its own, so no hang-up and no ctrl-c of the terminal reaches it. What it
    prints goes to a log beside the workspace, readable by its owner alone.
    """
    log = log_path(workspace, run_id)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "llmops_tui.runner", str(workspace), str(run_id)],
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            close_fds=True,
            cwd="/",
        )
    finally:
        os.close(handle)
    return process.pid


def log_path(workspace: Path, run_id: int) -> Path:
    """Where a detached worker's log lies."""
    return workspace.with_name(workspace.name + "-logs") / f"run-{run_id}.log"
