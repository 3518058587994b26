"""A long queue, judged at a terminal while production goes on: opening it, verdicts, bytes.

The program runs at a terminal of its own of 80×24, as a reviewer's does; what is timed is from the
key to the bytes that show the next call, with all that the other processes on these cores take, but
not what this one takes to read them. Beside it a gateway stores 1,000 calls a second.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.terminal.console import CTRL_Q, Console, environment, product

from benchmarks.figures import Figure
from benchmarks.gateway import Gateway, gateway
from benchmarks.production import calls_stored

CALLS, QUICK_CALLS = 1_000_000, 30_000
FLAGGED = 0.102
"""Some calls fail, and a failed call waits for no verdict: 100,000 and a few are left."""
VERDICTS, QUICK_VERDICTS = 300, 60
RATE = 1000.0
"""Calls a second that arrive meanwhile."""
OPEN_MS, NEXT_MS, BYTES = 200, 50, 4096
LONGEST_S = 60.0
HEAD = re.compile(r"(\d[\d,]*) of (\d[\d,]*) · call (\d+)")


def measure(*, quick: bool) -> Sequence[Figure]:
    """Open the queue and judge, without and with calls arriving."""
    number, verdicts = (QUICK_CALLS, QUICK_VERDICTS) if quick else (CALLS, VERDICTS)
    with tempfile.TemporaryDirectory() as name, calls_stored(number, FLAGGED) as stored:
        path = Path(name) / "queue.db"
        shutil.copyfile(stored, path)
        waits, opened, _, _ = _judge(path, 0)
        again = [_judge(path, 0)[1] for _ in range(2)]
        _, _, alone, _ = _judge(path, verdicts)
        with gateway(path) as running, _calls_arrive(running):
            _, _, times, sizes = _judge(path, verdicts)
    return [
        Figure("calls that wait", waits, "calls"),
        Figure("from the key to the first call", median([opened, *again]), "ms", at_most=OPEN_MS),
        Figure("verdict to the next call, nothing arrives, p99", _at(alone, 0.99), "ms"),
        Figure("verdict to the next call, 1,000 calls/s arrive, p50", _at(times, 0.50), "ms"),
        Figure("the same, p99", _at(times, 0.99), "ms", at_most=NEXT_MS),
        Figure("bytes on the line a verdict, median", _at(sizes, 0.50), "bytes", at_most=BYTES),
        Figure("the same, most", max(sizes), "bytes"),
    ]


@contextmanager
def _calls_arrive(running: Gateway) -> Iterator[None]:
    """Have so many calls a second sent until the end."""
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            running.send("genai", 100, 20, senders=2, rate=RATE)

    sending = threading.Thread(target=send)
    sending.start()
    time.sleep(2.0)
    try:
        yield
    finally:
        stop.set()
        sending.join(30)


def _judge(path: Path, verdicts: int) -> tuple[float, float, list[float], list[float]]:
    """(calls that wait, milliseconds to open, to the next call each time, bytes each time)."""
    with tempfile.TemporaryDirectory() as home:
        around = environment(HOME=home, LLMOPS_TUI_STATE=f"{home}/state", LLMOPS_TUI_USER="ada")
        with Console(product("--db", path), around) as console:
            console.until("Overview", LONGEST_S)
            console.quiet(1.0)
            console.press(b"1")  # it begins where one left it
            console.until(lambda text: not HEAD.search(text), LONGEST_S)
            console.quiet(0.5)
            began = time.perf_counter()
            console.press(b"6")
            found = HEAD.search(console.until(lambda text: HEAD.search(text), LONGEST_S))
            opened = (console.read_at - began) * 1000
            assert found is not None
            waits = float(found[2].replace(",", ""))
            times, sizes = [], []
            console.watch(1.0)
            for place in range(verdicts):
                here = HEAD.search(console.text)
                assert here is not None, console.text
                before, began = len(console.raw), time.perf_counter()
                console.press(b"w" if place % 7 == 0 else b"r")
                console.until(lambda text, here=here: _is_next(text, here[3]), LONGEST_S)
                times.append((console.read_at - began) * 1000)
                console.watch(0.1)
                sizes.append(float(len(console.raw) - before))
            console.press(CTRL_Q)
            console.ended(30)
    return waits, opened, times, sizes


def _is_next(text: str, call_id: str) -> bool:
    found = HEAD.search(text)
    return found is not None and found[3] != call_id


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
