"""A run of many rows on its live screen: how long the app's UI thread is ever kept busy.

The app runs headless in this process while a worker writes samples from a process of its own and a
person moves the cursor. A ticker on the app's event loop notices each stretch in which nothing else
could have been drawn: its wall time (other processes on the same cores make it longer) and the
CPU time that the UI thread spent in it (they don't).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.endpoints.process import mock_endpoint
from tests.workspaces import Bench, make_bench

from benchmarks.figures import Figure
from llmops_tui.ui.app import LlmopsApp

TICK_S = 0.004
LIMIT_MS = 50


@dataclass(slots=True)
class _Stretches:
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        """Note every stretch until cancelled."""
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_S)
            self.wall_ms.append((time.perf_counter() - wall - TICK_S) * 1000)
            self.cpu_ms.append((time.thread_time() - cpu) * 1000)


def measure(*, quick: bool) -> Sequence[Figure]:
    """Longest stretches while a run goes on, and when a finished one is opened."""
    rows = 10_000 if quick else 100_000
    with mock_endpoint(wrong=0.05) as endpoint, tempfile.TemporaryDirectory() as directory:
        bench = make_bench(
            Path(directory) / "live.db", endpoint.base_url, rows=rows, concurrency=50
        )
        run_id = bench.plan()
        live = asyncio.run(_watch_live(bench, run_id))
        assert bench.view(run_id).run.done == rows
        opened = asyncio.run(_open_finished(bench))
        bench.workspace.db.close()
    return [
        Figure(f"longest frame, run of {rows:,} rows under way", max(live.cpu_ms), "ms CPU",
               at_most=LIMIT_MS),
        Figure("99th percentile of stretches", _percentile(live.wall_ms, 0.99), "ms"),
        Figure("longest stretch, other processes' share included", max(live.wall_ms), "ms"),
        Figure("longest frame, finished run opened and scrolled", max(opened.cpu_ms), "ms CPU",
               at_most=LIMIT_MS),
    ]  # fmt: skip


async def _watch_live(bench: Bench, run_id: int) -> _Stretches:
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "enter")
        await pilot.pause(1.0)
        stretches = _Stretches()
        watching = asyncio.create_task(stretches.watch())
        command = [sys.executable, "-m", "llmops_tui.runner", str(bench.workspace.path)]
        worker = subprocess.Popen([*command, str(run_id)])
        while worker.poll() is None:
            await asyncio.sleep(0.2)
            app.simulate_key("j")
        await pilot.pause(1.0)
        watching.cancel()
    return stretches


async def _open_finished(bench: Bench) -> _Stretches:
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.5)
        stretches = _Stretches()
        watching = asyncio.create_task(stretches.watch())
        await pilot.press("4", "enter")
        for key in ("G", "g", "pagedown", "pagedown", "w", "G", "g"):
            await pilot.press(key)
            await pilot.pause(0.3)
        watching.cancel()
    return stretches


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
