"""The newcomer's way, on the real embedded model: `demo`, watch, leave, lose the worker, go on."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.terminal.conftest import running, wait_for
from tests.terminal.console import CTRL_Q, ENTER, Console, product

from llmops_tui.core.run import RunStatus
from llmops_tui.providers.embedded import client, model
from llmops_tui.services import projects, runs
from llmops_tui.services.workspace import Workspace, open_workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.xdist_group("terminal"),
    pytest.mark.skipif(
        isinstance(model.availability(), model.Missing),
        reason="the embedded model is not installed",
    ),
]
COUNT = re.compile(r"([\d,]+)/([\d,]+) samples")
LEASE_S = 10.0


@pytest.fixture
def demo(tmp_path: Path, surroundings: dict[str, str]) -> Iterator[Path]:
    """Where the demonstration lies; its worker and its model's server are ended."""
    path = tmp_path / "demo.db"
    yield path
    workspace = open_workspace(path)
    project = projects.list_projects(workspace)[0]
    for view in runs.list_runs(workspace, project.id):
        runs.cancel(workspace, view.run.id)
        pid = view.run.worker_pid
        wait_for(lambda pid=pid: pid is None or not running(pid))
    workspace.db.close()
    client.stop(Path(surroundings["LLMOPS_TUI_STATE"]))


def count(text: str) -> int:
    """How many samples the run page says are done."""
    found = COUNT.search(text)
    return int(found[1].replace(",", "")) if found else 0


def open_run(console: Console) -> int:
    """Open the newest run; how many samples are done."""
    console.until("[4 Runs]")
    console.until(lambda text: "● running" in text or "! interrupted" in text)
    console.press(ENTER)
    console.until(lambda text: COUNT.search(text))
    return count(console.text)


def the_run(workspace: Workspace) -> runs.RunView:
    project = projects.list_projects(workspace)[0]
    return runs.list_runs(workspace, project.id)[0]


def test_a_newcomer_watches_a_run_leaves_it_and_gets_it_back_after_its_worker_was_killed(
    demo: Path, surroundings: dict[str, str]
):
    with Console(product("--db", demo, "demo"), surroundings) as console:
        first = open_run(console)
        console.until(lambda text: count(text) > first + 3, 60)
        assert re.search(r"wrong of", console.text)
        console.press(b"q")
        console.until(lambda text: "n New run" in text)
        console.press(b"q")
        assert console.ended() == 0

    workspace = open_workspace(demo)
    left = the_run(workspace).run
    assert left.status is RunStatus.RUNNING
    wait_for(lambda: the_run(workspace).run.done > left.done + 2, 60)  # it went on without us

    pid = left.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not running(pid))
    stored = the_run(workspace).run.done
    with Console(product("--db", demo), surroundings) as console:
        open_run(console)
        console.until(f"interrupted at {stored}", LEASE_S + 10)  # when its lease has run out
        console.press(b"r")
        console.until(lambda text: count(text) > stored + 2, 60)
        assert "● running" in console.text
        console.press(CTRL_Q)
        assert console.ended() == 0
    workspace.db.close()
