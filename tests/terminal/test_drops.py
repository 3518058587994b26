"""When the line drops, or somebody wants the shell back: the terminal is restored, runs go on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint
from tests.terminal.conftest import running, wait_for
from tests.terminal.console import CTRL_Q, CTRL_Z, ENTER, Console, environment, product
from tests.workspaces import Bench, make_bench

from llmops_tui.core.run import RunStatus
from llmops_tui.services import runs

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal")]
OpenApp = Callable[[Path], Console]
LEAVES_ITS_SCREEN, SHOWS_THE_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"
MOUSE_OFF = (b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l")


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    """A workspace with some 40 seconds of work; what the test left running is ended."""
    endpoint.configure(latency_ms=40, wrong=0.1)
    made = make_bench(tmp_path / "run.db", endpoint.base_url, rows=4000, concurrency=4)
    yield made
    for view in runs.list_runs(made.workspace, made.project.id):
        runs.cancel(made.workspace, view.run.id)
        pid = view.run.worker_pid
        wait_for(lambda pid=pid: pid is None or not running(pid))
    made.workspace.db.close()


def start_a_run(console: Console) -> None:
    """As a person does it: 4, n, and enter twice."""
    console.until("data gathering")
    console.press(b"4")
    console.until("No test run yet.")
    console.press(b"n")
    console.until("Start a test run")
    console.quiet(0.3)
    console.press(ENTER)
    console.until("requests")
    console.press(ENTER)
    console.until("FOLLOWING")
    console.until("✓ right")


def assert_restored(console: Console) -> None:
    """The shell's screen is back, and keys do what they did."""
    left = bytes(console.raw[console.raw.rindex(LEAVES_ITS_SCREEN) - 200 :])
    assert SHOWS_THE_CURSOR in left
    assert all(off in left for off in MOUSE_OFF)
    assert console.terminal_is_as_before()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_restores_the_terminal_and_leaves_the_run_going(
    open_app: OpenApp, bench: Bench, number: signal.Signals
):
    console = open_app(bench.workspace.path)
    start_a_run(console)
    console.send(number)
    assert console.ended(5) == 0
    assert_restored(console)
    assert_goes_on(bench)


def test_a_closed_terminal_ends_the_app_and_leaves_the_run_going(open_app: OpenApp, bench: Bench):
    console = open_app(bench.workspace.path)
    start_a_run(console)
    console.hang_up()
    console.process.wait(10)
    assert_goes_on(bench)

    again = open_app(bench.workspace.path)  # where one was
    again.until("[4 Runs]")
    again.until("● running")
    again.press(CTRL_Q)
    assert again.ended() == 0


def assert_goes_on(bench: Bench) -> None:
    view = bench.view(1)
    assert view.status is RunStatus.RUNNING
    assert view.run.worker_pid is not None
    assert running(view.run.worker_pid)
    wait_for(lambda: bench.view(1).run.done > view.run.done + 50)


def test_ctrl_z_gives_the_shell_back_and_fg_paints_everything_again(
    workspace_file: Path, surroundings: dict[str, str]
):
    with Console(["bash", "--norc", "-i"], {**surroundings, "PS1": "shell> "}) as console:
        console.until("shell>")
        console.press(" ".join(product("--db", workspace_file)).encode() + b"\r")
        console.until("data gathering")
        console.quiet(0.5)
        shown = console.text
        before = len(console.raw)
        console.press(CTRL_Z)
        console.until("Stopped")
        assert LEAVES_ITS_SCREEN in console.raw[before:]
        assert SHOWS_THE_CURSOR in console.raw[before:]
        console.press(b"echo the-shell-$((40 + 2))\r")
        console.until("the-shell-42")
        console.press(b"fg\r")
        console.until(lambda text: text == shown)
        console.press(b"2")
        console.until("[2 Datasets]")
        before = len(console.raw)
        console.press(CTRL_Q)
        console.until(lambda _: b"shell>" in console.raw[before:])
        console.press(b"exit\r")
        assert console.ended() == 0


def test_a_terminal_that_cannot_move_its_cursor_is_refused_with_another_way(workspace_file: Path):
    with Console(product("--db", workspace_file), environment(TERM="dumb", COLUMNS="80")) as told:
        assert told.ended() == 4
        assert "TERM=dumb" in told.text
        assert "llmops-tui --help" in told.text
        assert b"\x1b" not in told.raw


def test_a_pipe_is_refused_with_another_way(workspace_file: Path):
    result = subprocess.run(
        product("--db", workspace_file),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**environment(), "HOME": os.devnull},
        timeout=30,
    )
    assert result.returncode == 4
    assert "needs a terminal" in result.stderr
    assert result.stdout == ""


def test_a_terminal_without_a_size_or_of_one_cell_ends_nothing(
    workspace_file: Path, surroundings: dict[str, str]
):
    with Console(product("--db", workspace_file), surroundings) as console:
        console.until("data gathering")
        for columns, lines in ((0, 0), (1, 1), (80, 24)):
            console.resize(columns, lines)
            console.watch(0.3)
            assert console.process.poll() is None, (columns, lines)
        console.press(b"2")
        console.until("[2 Datasets]")
        console.press(CTRL_Q)
        assert console.ended() == 0
