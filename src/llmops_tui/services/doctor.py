"""Is everything here in order? Terminal, workspace, disk, clock, endpoints, embedded model."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from llmops_tui.core.clock import duration, now_ms
from llmops_tui.core.errors import LlmopsError
from llmops_tui.providers.embedded.model import Available, availability
from llmops_tui.services.models import check_endpoint
from llmops_tui.services.workspace import Workspace, default_path, open_workspace
from llmops_tui.store import calls, endpoints
from llmops_tui.store.database import check_integrity

SMALLEST_FREE = 200 * 1024 * 1024
EARLIEST_MS = 1_767_225_600_000  # 2026-01-01: an earlier clock is wrong, the program is younger
MOST_AHEAD_MS = 300_000


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    """Works, but there is something to know."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    state: State
    sentence: str
    hint: str = ""


def examine(db: Path | None) -> list[Finding]:
    """Run every check. Creates nothing."""
    path = (db or default_path()).expanduser()
    findings = [_terminal(), _disk(path), _model()]
    workspace, finding = _workspace(path)
    findings.append(finding)
    if workspace is not None:
        findings.append(_clock(workspace))
        findings.extend(_endpoints(workspace))
        workspace.db.close()
    return findings


def _terminal() -> Finding:
    name = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return Finding(
            "terminal",
            State.NOTE,
            "The output is no terminal, so the app can't be shown here.",
            "The commands work all the same: llmops-tui --help.",
        )
    size = shutil.get_terminal_size()
    found = f"TERM={name or '(not set)'}, {size.columns}×{size.lines}"
    if name in ("", "dumb"):
        return Finding(
            "terminal",
            State.BAD,
            found,
            "Use a terminal that can move its cursor (TERM=xterm-256color).",
        )
    if size.columns < 80 or size.lines < 24:
        return Finding("terminal", State.NOTE, found, "80×24 is the least that shows everything.")
    return Finding("terminal", State.OK, found)


def _disk(path: Path) -> Finding:
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free at {place}"
    if free < SMALLEST_FREE:
        return Finding(
            "disk", State.BAD, found, "Make room: a full disk stops runs and the gateway."
        )
    return Finding("disk", State.OK, found)


def _model() -> Finding:
    found = availability()
    if isinstance(found, Available):
        return Finding("embedded model", State.OK, f"installed at {found.path}")
    return Finding("embedded model", State.NOTE, found.reason, found.hint)


def _workspace(path: Path) -> tuple[Workspace | None, Finding]:
    if not path.exists():
        return None, Finding(
            "workspace",
            State.NOTE,
            f"{path} isn't there yet.",
            "The app makes it when it's opened.",
        )
    try:
        workspace = open_workspace(path)
    except LlmopsError as error:
        return None, Finding("workspace", State.BAD, str(error), error.hint)
    mode = path.stat().st_mode & 0o777
    found = f"{path}, {path.stat().st_size / 1e6:.1f} MB"
    if mode & 0o077:
        return workspace, Finding(
            "workspace", State.NOTE, f"{found}, others may read it", f"chmod 600 {path}"
        )
    return workspace, _sound(workspace, found)


def _sound(workspace: Workspace, found: str) -> Finding:
    try:
        broken = check_integrity(workspace.db)
    except LlmopsError as error:
        return Finding("workspace", State.BAD, str(error), error.hint)
    if broken:
        return Finding(
            "workspace",
            State.BAD,
            f"The file is damaged: {broken[0]}",
            "Copy what can be saved with sqlite3's .recover, or go back to a backup.",
        )
    return Finding("workspace", State.OK, found)


def _clock(workspace: Workspace) -> Finding:
    now = now_ms()
    newest = calls.newest_time(workspace.db)
    if now < EARLIEST_MS:
        return Finding("clock", State.BAD, "The clock is years behind.", "Set it (timedatectl).")
    if newest is not None and newest > now + MOST_AHEAD_MS:
        ahead = duration((newest - now) / 1000)
        return Finding(
            "clock",
            State.NOTE,
            f"The newest call was stored {ahead} in the future.",
            "This clock or the gateway's is wrong.",
        )
    return Finding("clock", State.OK, "plausible")


def _endpoints(workspace: Workspace) -> Iterator[Finding]:
    for endpoint in endpoints.endpoints(workspace.db):
        name = f"endpoint {endpoint.name}"
        if endpoint.kind == "embedded":
            continue  # its own check says whether it could be started
        found = check_endpoint(endpoint)
        yield Finding(name, State.OK if found.ok else State.BAD, found.sentence, found.hint)
