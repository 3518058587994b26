"""Starting the app on an existing workspace, beside programs that do the same kind of thing.

All take turns in one run, after one start each that isn't counted, so that the machine's mood and
cold caches hit them alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.programs import BARE, PRODUCT, Program, bare, peers, product
from benchmarks.terminal.pseudo import Terminal

ROUNDS, QUICK_ROUNDS = 7, 3
SLOWEST = 1.5  # times the bare app
MOST_BYTES = 60_000
FAILED_SCREEN = "This screen can't be shown"


@dataclass(frozen=True, slots=True)
class Start:
    """One start of one program."""

    first_ink: float
    settled: float
    cpu: float
    resident: float
    written: float


def measure(*, quick: bool) -> list[Figure]:
    """First ink, settled, CPU, memory and bytes; the product first, then what it is beside."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        programs = [bare(), product(directory), *peers(directory)]
        for program in programs:
            start(program)
        rounds = QUICK_ROUNDS if quick else ROUNDS
        turns = [[start(program) for program in programs] for _ in range(rounds)]
    middle = {
        program.name: _median([turn[place] for turn in turns])
        for place, program in enumerate(programs)
    }
    return _figures(middle)


def start(program: Program) -> Start:
    """Start a program, wait until it has settled, end it."""
    with Terminal(program.command, program.environment) as terminal:
        terminal.settle()
        if any(FAILED_SCREEN in line for line in terminal.display()):
            raise RuntimeError(f"{program.name} shows an error instead of its first screen")
        first = terminal.first_ink()
        assert first is not None
        return Start(
            first_ink=first,
            settled=terminal.settled_at,
            cpu=terminal.cpu_seconds(),
            resident=terminal.resident_mib(),
            written=terminal.written,
        )


def _median(starts: Sequence[Start]) -> Start:
    return Start(
        first_ink=median(one.first_ink for one in starts),
        settled=median(one.settled for one in starts),
        cpu=median(one.cpu for one in starts),
        resident=median(one.resident for one in starts),
        written=median(one.written for one in starts),
    )


def _figures(middle: dict[str, Start]) -> list[Figure]:
    ours, least = middle[PRODUCT], middle[BARE]
    figures = [
        Figure("first ink", ours.first_ink, "s", BARE, least.first_ink, SLOWEST * least.first_ink),
        Figure("settled", ours.settled, "s", BARE, least.settled),
        Figure("CPU until settled", ours.cpu, "s", BARE, least.cpu),
        Figure("resident memory", ours.resident, "MiB", BARE, least.resident),
        Figure("bytes to paint", ours.written, "bytes", BARE, least.written, MOST_BYTES),
    ]
    for name, peer in middle.items():
        if name not in (PRODUCT, BARE):
            figures += [
                Figure(
                    f"first ink and {name}",
                    ours.first_ink,
                    "s",
                    name,
                    peer.first_ink,
                    peer.first_ink,
                ),
                Figure(f"memory and {name}", ours.resident, "MiB", name, peer.resident),
                Figure(f"bytes and {name}", ours.written, "bytes", name, peer.written),
            ]
    return figures
