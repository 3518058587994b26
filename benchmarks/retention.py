"""Removing old calls while others write, giving space back, archiving and searching what was.

The writer is a process of its own that commits batches as a gateway does, and is timed alone and
beside `llmops-tui retention run`: what it waits longer is what removing costs.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.calls_made import made

from benchmarks.figures import Figure
from benchmarks.production import DAYS, RARE_WORD, calls_stored
from llmops_tui.core.clock import now_ms
from llmops_tui.core.retention import DAY_MS, RetentionPolicy
from llmops_tui.gateway.retaining import Retainer
from llmops_tui.services import archive, archive_search, retention
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls
from llmops_tui.store.database import Database

CALLS, QUICK_CALLS = 20_000, 5_000
LOCK_MS = 50
BATCH, EVERY_S = 20, 0.02


def measure(*, quick: bool) -> Sequence[Figure]:
    """Everything."""
    number = QUICK_CALLS if quick else CALLS
    with calls_stored(number) as stored, tempfile.TemporaryDirectory() as name:
        place = Path(name)
        return [
            *_removing(_copy(stored, place / "removing.db")),
            *_beside(_copy(stored, place / "beside.db")),
            *_archiving(_copy(stored, place / "archiving.db"), place / "archive"),
        ]


def _copy(stored: Path, path: Path) -> Workspace:
    shutil.copyfile(stored, path)
    return open_workspace(path)


def _half() -> RetentionPolicy:
    return RetentionPolicy(days=DAYS // 2)


def _size(workspace: Workspace) -> int:
    workspace.db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return workspace.path.stat().st_size


def _removing(workspace: Workspace) -> Iterator[Figure]:
    before = _size(workspace)
    retainer = Retainer(workspace.db)
    begun, cpu = time.perf_counter(), time.process_time()
    held = [one.held_ms for one in retainer.work({1: _half()}) if one.calls]
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    gone = retainer.tally.calls
    yield Figure("calls removed a second, one batch after the other", gone / seconds, "calls/s")
    yield Figure("the same, of processor time", gone / cpu, "calls/s")
    yield Figure(
        "a batch holds the write lock, median", statistics.median(held), "ms", at_most=LOCK_MS
    )
    yield Figure("the longest of all batches", max(held), "ms")
    share = _size(workspace) / before
    yield Figure("the file afterwards", share, "of before", f"{gone:,} calls of it removed")
    workspace.db.close()


def _beside(workspace: Workspace) -> Iterator[Figure]:
    """Commits of another process, alone and beside the removal."""
    retention.set_policy(workspace, 1, _half())
    alone = _written(workspace.path, 60)
    command = [sys.executable, "-m", "llmops_tui", "--db", str(workspace.path), "retention", "run"]
    removing = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE)
    beside: list[float] = []
    try:
        while removing.poll() is None:
            beside += _written(workspace.path, 20)
    finally:
        removing.terminate()
        removing.wait(timeout=60)
    median, before = statistics.median(beside), statistics.median(alone)
    yield Figure("commit beside the removal, median", median, "ms", "alone", before)
    late, then = _late(beside), _late(alone)
    yield Figure("commit beside the removal, 95 of 100", late, "ms", "alone", then)
    workspace.db.close()


def _written(path: Path, batches: int) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.retention", str(path), str(batches)],
        check=True,
        stdout=subprocess.PIPE,
    )
    return [float(one) for one in json.loads(done.stdout)]


def _late(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


def _archiving(workspace: Workspace, target: Path) -> Iterator[Figure]:
    begun = time.perf_counter()
    done = list(archive.write(workspace, target, now_ms() + DAY_MS))
    seconds = time.perf_counter() - begun
    number = sum(day.calls for day in done)
    yield Figure("calls archived a second", number / seconds, "calls/s")
    size = sum(day.size for day in done) / number
    yield Figure("a call in the archive", size, "bytes/call", "its text", 2400)
    with _timed() as took:
        archive_search.search(target, archive_search.parse("nowhere123"))
    yield Figure("a word of no call, looked for in all days", took[0], "ms")
    with _timed() as took:
        archive_search.search(target, archive_search.parse(RARE_WORD))
    yield Figure("a word of one call in a thousand", took[0], "ms")
    workspace.db.close()


@contextmanager
def _timed() -> Iterator[list[float]]:
    took: list[float] = []
    begun = time.perf_counter()
    yield took
    took.append((time.perf_counter() - begun) * 1000)


def write(path: Path, batches: int) -> list[float]:
    """Commit batches as a gateway does; how many milliseconds each took."""
    db = Database(path)
    took = []
    first = time.time_ns()
    for number in range(batches):
        batch = [made(first + number * BATCH + one, response_id="") for one in range(BATCH)]
        begun = time.perf_counter()
        calls.add(db, batch)
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(EVERY_S)
    db.close()
    return took


if __name__ == "__main__":
    print(json.dumps(write(Path(sys.argv[1]), int(sys.argv[2]))))
