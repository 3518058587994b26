"""Finished samples a second through the store, beside bare SQLite with the same texts."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.workspace import LEASE_MS, WORKER, Planned, finished, planned
from llmops_tui.store import samples
from llmops_tui.store.finished_sample import FinishedSample

BATCHES = (1, 10, 100)
ROWS = {1: 500, 10: 4_000, 100: 20_000}
PAGE_SIZE = 16384


def measure(*, quick: bool) -> list[Figure]:
    """Samples a second by batch size; store and bare SQLite take turns."""
    rounds = 1 if quick else 3
    figures: list[Figure] = []
    for batch in BATCHES:
        rows = ROWS[batch] // (4 if quick else 1)
        ours: list[float] = []
        bare: list[float] = []
        size = 0.0
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as directory:
                made = planned(Path(directory) / "store.db", rows)
                ready = [finished(n, example) for n, example in enumerate(made.example_ids)]
                before = _size(made.db.path)
                ours.append(rows / _store_seconds(made, ready, batch))
                made.db.close()
                size = (_size(made.db.path) - before) / rows
                bare.append(rows / _bare_seconds(Path(directory) / "bare.db", ready, batch))
        figures.append(
            Figure(
                f"batches of {batch}",
                statistics.median(ours),
                "samples/s",
                "bare SQLite",
                statistics.median(bare),
            )
        )
    figures.append(Figure("size of a sample (1 KB asked)", size, "bytes", "indices included"))
    return figures


def _store_seconds(made: Planned, ready: Sequence[FinishedSample], batch: int) -> float:
    started = time.perf_counter()
    for start in range(0, len(ready), batch):
        samples.commit(
            made.db,
            made.run_id,
            ready[start : start + batch],
            worker=WORKER,
            lease_ms=LEASE_MS,
            active_ms=0,
        )
    return time.perf_counter() - started


def _bare_seconds(path: Path, ready: Sequence[FinishedSample], batch: int) -> float:
    """One table, one index, texts as they are, the same durability: a floor for any design."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, run INT, request, answer, why)")
    connection.execute("CREATE INDEX t_run ON t (run, id)")
    started = time.perf_counter()
    for start in range(0, len(ready), batch):
        rows = [
            (1, one.request, one.answer.text if one.answer else "", one.reason)
            for one in ready[start : start + batch]
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO t (run, request, answer, why) VALUES (?,?,?,?)", rows)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def _size(path: Path) -> int:
    return path.stat().st_size
