"""The terminal programs that are measured side by side."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.terminal.pseudo import environment
from benchmarks.workspace import existing

PEERS_VARIABLE = "LLMOPS_BENCH_PEERS"
PRODUCT = "llmops-tui"
BARE = "bare Textual app"


@dataclass(frozen=True, slots=True)
class Program:
    """How to start one."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=environment)


def product(directory: Path) -> Program:
    """The app on a workspace that was worked in."""
    workspace = directory / "workspace.db"
    if not workspace.exists():
        existing(workspace)
    command = (str(Path(sys.executable).with_name("llmops-tui")), "--db", str(workspace))
    return Program(PRODUCT, command, environment(HOME=str(directory)))


def bare() -> Program:
    """Footer and DataTable, nothing else."""
    return Program(BARE, (sys.executable, str(Path(__file__).with_name("bare_app.py"))))


def peers(directory: Path) -> list[Program]:
    """Other programs, where `LLMOPS_BENCH_PEERS` (a path list of `bin` directories) has them."""
    where = os.environ.get(PEERS_VARIABLE, "")
    log = directory / "peer.log"
    log.write_text("".join(f"line {number} of a log\n" for number in range(1000)))
    database = directory / "peer.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (a, b)")
    connection.close()
    requests = directory / "requests"
    requests.mkdir(exist_ok=True)
    known = {
        "toolong": ("tl", str(log)),
        "harlequin": ("harlequin", "-a", "sqlite", str(database)),
        "posting": ("posting", "--collection", str(requests)),
    }
    found = []
    for name, (program, *arguments) in known.items():
        path = shutil.which(program, path=where) if where else None
        if path:
            started = (path, *arguments)
            found.append(Program(name, started, environment(HOME=str(directory))))
    return found
