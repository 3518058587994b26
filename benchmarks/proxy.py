"""What the logging proxy adds to a call, at 200 calls a second, every other one a stream.

Upstream, gateway and caller are processes of their own. Turns straight to the upstream and through
the gateway alternate, so that the machine's mood hits both alike; added is the difference of the
quantiles.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.gateway import gateway

RATE = 200.0
TURNS, QUICK_TURNS = 5, 2
TURN_S, QUICK_TURN_S = 10.0, 2.0
P50_MS, P99_MS = 2.0, 10.0
WHAT = {"whole": "a whole answer", "first": "a stream's first event", "event": "each event"}


def measure(*, quick: bool) -> Sequence[Figure]:
    """Added milliseconds, and what the gateway takes for it."""
    straight: dict[str, list[float]] = {name: [] for name in WHAT}
    through: dict[str, list[float]] = {name: [] for name in WHAT}
    seconds = QUICK_TURN_S if quick else TURN_S
    turns = QUICK_TURNS if quick else TURNS
    with (
        tempfile.TemporaryDirectory() as name,
        _upstream() as address,
        gateway(Path(name) / "proxy.db", "--upstream", f"{address}/v1") as running,
    ):
        before = running.cpu_s
        for _ in range(turns):
            for url, waited in ((address, straight), (running.url, through)):
                for what, found in _call(url, seconds).items():
                    waited[what] += found
        cpu = running.cpu_s - before
        peak = running.peak_mib
    calls = turns * (seconds + 1) * RATE
    return [
        *(
            Figure(f"added to {told}, {label}", at(through[what], share) - base, "ms",
                   f"straight {base:.2f} ms", at_most=most)
            for what, told in WHAT.items()
            for label, share, most in (("p50", 0.50, P50_MS), ("p99", 0.99, P99_MS))
            for base in (at(straight[what], share),)
        ),
        Figure("CPU of the gateway", cpu / calls * 1e6, "µs/call"),
        Figure("peak memory", peak, "MiB"),
    ]  # fmt: skip


def at(values: Sequence[float], share: float) -> float:
    """A quantile."""
    return sorted(values)[int(share * (len(values) - 1))]


def _call(url: str, seconds: float) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "benchmarks.relayed", "call", url, str(seconds), str(RATE)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


@contextmanager
def _upstream() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.relayed", "upstream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
