"""Workspaces for the terminal, and surroundings that are a test's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.terminal.console import Console, environment, product
from tools import made
from tools.steady import PERSON, steady_environment

from llmops_tui.services import runs
from llmops_tui.services.workspace import Workspace

OpenApp = Callable[[Path], Console]


@pytest.fixture(scope="session")
def worked_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a workspace that was worked in; to be copied, not used."""
    directory = tmp_path_factory.mktemp("worked-in")
    with steady_environment(directory):
        made.make(directory / "workspace.db", let_pass=lambda _: None).workspace.db.close()
    return directory


@pytest.fixture
def workspace_file(worked_in: Path, tmp_path: Path) -> Path:
    """A workspace with something on every screen."""
    shutil.copytree(worked_in, tmp_path / "here")
    return tmp_path / "here" / "workspace.db"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[MockEndpoint]:
    """A model's endpoint."""
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """The environment of the program: a home of its own, a known person."""
    return environment(
        HOME=str(tmp_path),
        LLMOPS_TUI_USER=PERSON,
        LLMOPS_TUI_STATE=str(tmp_path / "state"),
        LLMOPS_TUI_LOG=str(tmp_path / "app.log"),
    )


@pytest.fixture
def open_app(surroundings: dict[str, str]) -> Iterator[OpenApp]:
    """Opens the app on a workspace; ends it after the test."""
    opened: list[Console] = []

    def start(path: Path) -> Console:
        console = Console(product("--db", path), surroundings)
        opened.append(console)
        return console

    yield start
    for console in opened:
        console.__exit__()


@contextmanager
def worker(workspace: Workspace, run_id: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of a run, in a process of its own; cancelled in the end."""
    command = [sys.executable, "-m", "llmops_tui.runner", str(workspace.path), str(run_id)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        yield process
    finally:
        runs.cancel(workspace, run_id)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be fetched doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")
