"""What the app costs on the line, in uncompressed bytes at 80×24: at a pty, and over SSH."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.endpoints.process import mock_endpoint
from tests.workspaces import make_bench
from tools.sshd import available, local_sshd

from benchmarks.figures import Figure
from benchmarks.programs import Program, product
from benchmarks.terminal.pseudo import Terminal, environment

Over = Callable[[Program], Program]

START, ROW_MOVE, PAGE, LIVE_A_SECOND = 60_000, 500, 10_000, 21_000
IDLE_S, QUICK_IDLE_S = 60.0, 10.0
LIVE_S, QUICK_LIVE_S = 15.0, 5.0
PAGE_DOWN = b"\x1b[6~"
ROWS = 60_000
"""More than are answered while one looks: the run doesn't end."""


def measure(*, quick: bool) -> list[Figure]:
    """Start, idle, row move, page, live run; at a pty and, where there is an sshd, over SSH."""
    figures = _figures("pty", lambda program: program, quick=quick)
    if available():
        with tempfile.TemporaryDirectory() as name, local_sshd(Path(name)) as line:

            def over_ssh(program: Program) -> Program:
                settings = {**program.environment, "COLORTERM": "", "SSH_CONNECTION": "127.0.0.1"}
                command = line.command(*program.command, environment=settings)
                return Program(f"{program.name} over SSH", tuple(command), environment())

            figures += _figures("SSH", over_ssh, quick=quick)
    return figures


def _figures(where: str, over: Over, *, quick: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        program = over(product(Path(name)))
        with Terminal(program.command, program.environment) as terminal:
            _open(terminal)
            start = terminal.written
            seconds = QUICK_IDLE_S if quick else IDLE_S
            terminal.watch(3.0)  # late workers of the first screen belong to the start
            idle = terminal.watch(seconds)
            for key in (b"2", b"\r"):
                terminal.press(key)
                terminal.watch(1.0)
            moves = [_cost(terminal, b"j") for _ in range(5)]
            pages = [_cost(terminal, PAGE_DOWN) for _ in range(5)]
        live, paused = _live(Path(name), over, QUICK_LIVE_S if quick else LIVE_S)
    return [
        Figure(f"start, {where}", start, "bytes", at_most=START),
        Figure(f"idle {seconds:.0f} s, {where}", idle, "bytes", at_most=0),
        Figure(f"row move, {where}", max(moves), "bytes", at_most=ROW_MOVE),
        Figure(f"page down, {where}", max(pages), "bytes", at_most=PAGE),
        Figure(f"following a live run, {where}", live, "bytes/s", at_most=LIVE_A_SECOND),
        Figure(f"the same run from another screen, {where}", paused, "bytes/s", at_most=0),
    ]


def _open(terminal: Terminal) -> None:
    """The first screen with what it shows; over SSH, logging in comes before."""
    terminal.until("data gathering")
    terminal.settle()


def _cost(terminal: Terminal, key: bytes) -> int:
    before = terminal.written
    terminal.press(key)
    terminal.watch(0.4)
    return terminal.written - before


def _live(directory: Path, over: Over, seconds: float) -> tuple[float, float]:
    """(following, looking at a screen that isn't about it), in bytes a second."""
    path = directory / "live.db"
    with mock_endpoint(wrong=0.05, latency_ms=20) as endpoint:
        bench = make_bench(path, endpoint.base_url, rows=ROWS, concurrency=16)
        run_id = bench.plan()
        here = (sys.executable, "-m", "llmops_tui", "--db", str(path))
        program = over(Program("live", here, environment(HOME=str(directory))))
        with (
            _worker(path, run_id),
            Terminal(program.command, program.environment) as terminal,
        ):
            _open(terminal)
            for key in (b"4", b"\r"):
                terminal.press(key)
                terminal.watch(1.5)
            following = terminal.watch(seconds) / seconds
            terminal.press(b"7")
            terminal.watch(2.0)
            elsewhere = terminal.watch(seconds) / seconds
        bench.workspace.db.close()
    return following, elsewhere


@contextmanager
def _worker(path: Path, run_id: int) -> Iterator[None]:
    command = [sys.executable, "-m", "llmops_tui.runner", str(path), str(run_id)]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
