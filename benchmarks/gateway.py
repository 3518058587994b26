"""Production calls received a second, each committed before it is acknowledged.

The gateway is the real program in a process of its own, the senders are another.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from llmops_tui.core.clock import now_ms
from llmops_tui.core.flags import RULES, FlagRule
from llmops_tui.store import flag_rules, words
from llmops_tui.store.database import Database

PEERS = "Phoenix 131 to 137, MLflow 240 to 290 on a machine like this"
RATE = 1000
OLDEST_UNINDEXED = "SELECT received_at FROM call WHERE id > ? ORDER BY id LIMIT 1"
_TICKS = 100


@dataclass(slots=True)
class Gateway:
    """A gateway under measurement."""

    process: subprocess.Popen[bytes]
    url: str
    path: Path

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def peak_mib(self) -> float:
        """Most memory it ever had."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0

    def send(self, kind: str, batches: int, size: int, senders: int = 4, rate: float = 0) -> dict:
        """Have calls sent; what the sender saw."""
        command = [sys.executable, "-m", "benchmarks.spans", self.url, kind]
        numbers = [str(number) for number in (batches, size, senders, rate)]
        done = subprocess.run([*command, *numbers], check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)


@contextmanager
def gateway(path: Path, *arguments: str) -> Iterator[Gateway]:
    """Start one on a free port; ends it."""
    command = [sys.executable, "-m", "llmops_tui.gateway", "--db", str(path), "--port", "0"]
    with (path.with_suffix(".log")).open("ab") as log:
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(path.with_suffix(".log").read_text())
        yield Gateway(process, json.loads(line)["url"], path)
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


def measure(*, quick: bool) -> list[Figure]:
    """All of it."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        return [
            *_batches(place / "small.db", "genai", 300 if quick else 2000, 10_000),
            *_batches(place / "large.db", "both", 200 if quick else 2000, 6_000),
            *_singles(place / "single.db", 2_000 if quick else 10_000),
            *_ruled(place / "ruled.db", 300 if quick else 2000),
            *_followed(place / "followed.db", 6.0 if quick else 60.0),
        ]


def _batches(path: Path, kind: str, batches: int, least: int) -> Sequence[Figure]:
    with gateway(path) as running:
        running.send(kind, 20, 100)
        before = running.cpu_s
        seen = running.send(kind, batches, 100)
        cpu = (running.cpu_s - before) / seen["spans"]
        peak = running.peak_mib
    name = f"{seen['bytes_a_span'] / 1000:.1f} KB a span"
    size, words = _on_disk(path)
    calls = seen["spans"] + 2000
    return [
        Figure(
            f"{name}, {seen['spans']:,} in batches of 100",
            seen["spans"] / seen["seconds"],
            "spans/s",
            PEERS,
            at_least=least,
        ),
        Figure(f"{name}, CPU", cpu * 1e6, "µs/span"),
        Figure(f"{name}, worst request", seen["worst_s"] * 1000, "ms"),
        Figure(f"{name}, peak memory", peak, "MiB", at_most=200),
        Figure(f"{name}, on disk, full text apart", (size - words) / calls, "bytes/call",
               at_most=1600 if kind == "genai" else None),
    ]  # fmt: skip


def _on_disk(path: Path) -> tuple[int, int]:
    """Bytes of the file, and of the full text in it."""
    db = Database(path)
    db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    row = db.row("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'call_words%'")
    db.close()
    return path.stat().st_size, int(row[0] or 0) if row else 0


def _singles(path: Path, posts: int) -> Sequence[Figure]:
    with gateway(path) as running:
        running.send("genai", 200, 1, 16)
        seen = running.send("genai", posts, 1, 16)
    return [Figure("posts of one span", seen["spans"] / seen["seconds"], "spans/s", at_least=3000)]


def _ruled(path: Path, batches: int) -> Sequence[Figure]:
    """With every flag rule on that asks no model."""
    _all_rules(path)
    with gateway(path) as running:
        running.send("genai", 20, 100)
        seen = running.send("genai", batches, 100)
    rate = seen["spans"] / seen["seconds"]
    return [Figure("every cheap flag rule, full text behind", rate, "spans/s", at_least=5000)]


def _followed(path: Path, seconds: float) -> Sequence[Figure]:
    """How far full text is behind at a steady rate."""
    _all_rules(path)
    lags: list[float] = []
    with gateway(path) as running:
        running.send("genai", 10, 100)  # a first dictionary is trained on these
        db = Database(path)
        sending = threading.Thread(
            target=running.send, args=("genai", int(seconds * RATE / 100), 100, 4, RATE)
        )
        sending.start()
        while sending.is_alive():
            row = db.row(OLDEST_UNINDEXED, (words.upto(db),))
            lags.append((now_ms() - row[0]) / 1000 if row else 0.0)
            time.sleep(0.1)
        db.close()
    return [
        Figure(f"full text behind at {RATE:,} calls/s, most", max(lags), "s", at_most=5),
        Figure(f"full text behind at {RATE:,} calls/s, median", median(lags), "s"),
    ]


def _all_rules(path: Path) -> None:
    db = Database(path)
    flag_rules.put(db, None, tuple(FlagRule(name) for name in RULES if name != "judge"))
    db.close()
