"""Test runs through the whole path, beside a bare aiohttp loop at the same mock endpoint.

Each run is a worker in a process of its own; the steady rate is taken by the endpoint's clock,
after the first 500 questions. The endpoint is `tests.endpoints.mock`, raw asyncio, on the other
core.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from benchmarks.figures import Figure

MEBI = 1024
MARK_EVERY = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """One load: how slow the endpoint is and how many requests are under way."""

    name: str
    latency_ms: int
    concurrency: int
    at_least: float


SETTINGS = (
    Setting("50 ms, 50 at once (ideal 1,000)", 50, 50, 900),
    Setting("50 ms, 200 at once (ideal 4,000)", 50, 200, 2500),
    Setting("0 ms, 50 at once", 0, 50, 2000),
)


def measure(*, quick: bool) -> Sequence[Figure]:
    """Rows a second, time to the first request, memory by rows."""
    rows = 2_000 if quick else 10_000
    rounds = 1 if quick else 3
    figures: list[Figure] = []
    with mock_endpoint() as endpoint, _compiled() as environment:
        _first_request(endpoint, environment)  # compiles what is imported
        for setting in SETTINGS:
            endpoint.configure(latency_ms=setting.latency_ms)
            ours, bare, first = [], [], []
            for _ in range(rounds):
                found = _run(endpoint, rows, setting.concurrency)
                ours.append(found.rate)
                first.append(_first_request(endpoint, environment))
                bare.append(_bare_rate(endpoint, rows, setting.concurrency))
            figures.append(
                Figure(
                    setting.name,
                    statistics.median(ours),
                    "rows/s",
                    "bare aiohttp loop",
                    statistics.median(bare),
                    at_least=setting.at_least,
                )
            )
            if setting.latency_ms == 0:
                figures.append(_share(statistics.median(ours), statistics.median(bare)))
        figures.append(
            Figure(
                "command to first request",
                statistics.median(first),
                "s",
                "Python, aiohttp and one request",
                statistics.median(_bare_first(endpoint, environment) for _ in first),
                at_most=0.5,
            )
        )
        figures.extend(_memory(endpoint, quick))
    return figures


def _share(ours: float, bare: float) -> Figure:
    return Figure("share of the bare loop at 0 ms", ours / bare, "", at_least=0.3)


def _memory(endpoint: MockEndpoint, quick: bool) -> list[Figure]:
    endpoint.configure(latency_ms=0)
    few, many = 1_000, 10_000 if quick else 100_000
    small = _run(endpoint, few, 50).peak_rss_mb
    large = _run(endpoint, many, 50).peak_rss_mb
    return [
        Figure(f"peak memory at {many:,} rows", large, "MB", f"at {few:,} rows", small),
        Figure("growth of it", large - small, "MB", at_most=30),
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    marks: tuple[float, ...]
    peak_rss_mb: float

    @property
    def rate(self) -> float:
        """Steady rows a second."""
        return _steady(self.marks)


def _run(endpoint: MockEndpoint, rows: int, concurrency: int) -> _Found:
    with tempfile.TemporaryDirectory() as directory:
        bench = make_bench(
            Path(directory) / "run.db", endpoint.base_url, rows=rows, concurrency=concurrency
        )
        run_id = bench.plan()
        endpoint.reset()
        peak = _work(bench, run_id)
        stats = endpoint.stats()
        assert stats["answered"] == rows, stats
        right = bench.view(run_id).cells[0].counts.right
        assert right == rows, right
        marks = stats["marks"]
        bench.workspace.db.close()
    return _Found(tuple(marks), peak)


@contextmanager
def _compiled() -> Iterator[dict[str, str]]:
    """An environment in which modules are compiled once, as where the program is installed."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": directory}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield environment


def _first_request(endpoint: MockEndpoint, environment: dict[str, str]) -> float:
    """Seconds from `llmops-tui run` to the first question at the endpoint; planning included."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "run.db"
        make_bench(path, endpoint.base_url, rows=1_000).workspace.db.close()
        endpoint.reset()
        program = Path(sys.executable).with_name("llmops-tui")
        command = [str(program), "--db", str(path), "run", "--json"]
        started = time.time()
        subprocess.run(
            [*command, "--json"], env=environment, stdout=subprocess.DEVNULL, check=False
        )
        first: float = endpoint.stats()["marks"][0] - started
    return first


def _bare_first(endpoint: MockEndpoint, environment: dict[str, str]) -> float:
    endpoint.reset()
    started = time.time()
    subprocess.run(
        [sys.executable, "-c", _BARE, endpoint.base_url, "1", "1"], env=environment, check=True
    )
    first: float = endpoint.stats()["marks"][0] - started
    return first


def _work(bench: Bench, run_id: int) -> float:
    """Be the one that starts the worker; its peak memory in MB."""
    command = [sys.executable, "-m", "llmops_tui.runner", str(bench.workspace.path), str(run_id)]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    peak: resource.struct_rusage = usage
    return peak.ru_maxrss / MEBI


def _steady(marks: Sequence[float]) -> float:
    """Rows a second, by the endpoint's clock: from the 501st question to the last counted one."""
    return MARK_EVERY * (len(marks) - 2) / (marks[-1] - marks[1])


_BARE = """
import asyncio, json, sys, aiohttp
url, rows, concurrency = sys.argv[1] + "/chat/completions", int(sys.argv[2]), int(sys.argv[3])
async def main():
    numbers = iter(range(rows))
    async def worker(session):
        for n in numbers:
            body = {"model": "mock", "messages": [{"role": "user",
                    "content": f"Repeat the last word: word{n}"}]}
            async with session.post(url, json=body) as reply:
                answer = json.loads(await reply.read())
            assert answer["choices"][0]["message"]["content"] == f"word{n}"
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker(session) for _ in range(concurrency)))
asyncio.run(main())
"""


def _bare_rate(endpoint: MockEndpoint, rows: int, concurrency: int) -> float:
    endpoint.reset()
    command = [sys.executable, "-c", _BARE, endpoint.base_url, str(rows), str(concurrency)]
    subprocess.run(command, check=True)
    return _steady(endpoint.stats()["marks"])
