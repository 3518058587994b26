"""What the app costs over a line where nothing happens."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.programs import BARE, Program, bare, product
from benchmarks.terminal.pseudo import Terminal

SECONDS, QUICK_SECONDS = 30.0, 8.0
SETTLING_S = 3.0  # late workers of the first screen are part of starting, not of idling
MOST_CPU = 1.0


def measure(*, quick: bool) -> list[Figure]:
    """Bytes written and CPU used while nobody presses a key and nothing changes."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with tempfile.TemporaryDirectory() as name:
        written, cpu = idle(product(Path(name)), seconds)
    least_written, least_cpu = idle(bare(), seconds)
    return [
        Figure(f"bytes in {seconds:.0f} s", written, "bytes", BARE, least_written, 0),
        Figure("share of a core", cpu, "%", BARE, least_cpu, MOST_CPU),
    ]


def idle(program: Program, seconds: float) -> tuple[float, float]:
    """(bytes written, CPU in % of a core) over `seconds` after the program has settled."""
    with Terminal(program.command, program.environment) as terminal:
        terminal.settle()
        terminal.watch(SETTLING_S)
        before = terminal.cpu_seconds()
        written = terminal.watch(seconds)
        return written, 100 * (terminal.cpu_seconds() - before) / seconds
