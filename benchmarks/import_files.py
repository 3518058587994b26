"""Importing a large file through the command line, beside `sqlite-utils insert` of the same."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure

ROWS = 1_000_000
QUICK_ROWS = 100_000
COLUMNS = ("id", "question", "context", "answer", "category")
LEAST_SHARE = 0.5
"""Of the rate of `sqlite-utils insert`."""
MOST_MEMORY = 200


def measure(*, quick: bool) -> list[Figure]:
    """Rows a second and memory, for CSV and JSON Lines of about 200 bytes a row."""
    rows = QUICK_ROWS if quick else ROWS
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        _write(where, rows)
        for kind, flag in (("csv", "--csv"), ("jsonl", "--nl")):
            source = where / f"rows.{kind}"
            workspace = where / f"{kind}.db"
            _ours(workspace, "project", "create", "bench")
            inputs = [word for name in COLUMNS if name != "answer" for word in ("--input", name)]
            seconds, memory = _timed(
                *_program(workspace),
                "dataset",
                "import",
                str(source),
                "--expected",
                "answer",
                *inputs,
            )
            table = str(where / f"peer-{kind}.db")
            peer, peer_memory = _timed(
                _script("sqlite-utils"), "insert", table, "t", str(source), flag
            )
            rate = rows / peer
            figures += [
                Figure(
                    f"{kind}, {source.stat().st_size >> 20} MiB",
                    rows / seconds,
                    "rows/s",
                    "sqlite-utils insert",
                    rate,
                    at_least=LEAST_SHARE * rate,
                ),
                Figure(f"{kind}, memory", memory, "MiB", "sqlite-utils", peer_memory, MOST_MEMORY),
            ]
    return figures


def _program(workspace: Path) -> list[str]:
    return [sys.executable, "-m", "llmops_tui", "--db", str(workspace)]


def _script(name: str) -> str:
    return os.path.join(os.path.dirname(sys.executable), name)


def _ours(workspace: Path, *words: str) -> None:
    subprocess.run([*_program(workspace), *words], check=True, capture_output=True)


def _timed(*command: str) -> tuple[float, float]:
    """Seconds and the most memory in MiB of a program."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - started, int(done.stdout) / 1024


def _write(where: Path, rows: int) -> None:
    chance = random.Random(1)
    words = [f"w{chance.randrange(1 << 24):x}" for _ in range(5000)]
    with (
        (where / "rows.csv").open("w", newline="", encoding="utf-8") as table,
        (where / "rows.jsonl").open("w", encoding="utf-8") as lines,
    ):
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for number in range(rows):
            question = "Is it, " + " ".join(chance.choices(words, k=8))
            context = " ".join(chance.choices(words, k=12))
            row = (str(number), question, context, words[number % 97], f"c{number % 77}")
            writer.writerow(row)
            lines.write(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n")
