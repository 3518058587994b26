"""What is imported on the way to the first screen, and how long it takes."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure

APP = "import llmops_tui.cli, llmops_tui.ui.app"
TEXTUAL = "import textual.app, textual.widgets._data_table, textual.widgets._footer"
HEAVY = ("numpy", "scipy", "aiohttp", "httpx", "pydantic", "sqlite_utils", "jinja2", "zstandard")
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
LARGEST = 8


def measure(*, quick: bool) -> list[Figure]:
    """Time over a bare interpreter, heavy modules loaded, and the packages that cost most."""
    rounds = 3 if quick else 9
    seconds: dict[str, list[float]] = {"pass": [], TEXTUAL: [], APP: []}
    for code in seconds:
        _python(code)
    for _ in range(rounds):
        for code, found in seconds.items():
            found.append(_python(code))
    nothing, textual, app = (1000 * median(found) for found in seconds.values())
    own = _own_microseconds(APP)
    heavy = [name for name in HEAVY if name in own]
    return [
        Figure("importing the app", app - nothing, "ms", "Textual's share", textual - nothing),
        Figure(
            "heavy modules", len(heavy), "", ", ".join(heavy) or "none of those banned", None, 0
        ),
        *(
            Figure(f"  {name}", spent / 1000, "ms", "own time, under -X importtime")
            for name, spent in own.most_common(LARGEST)
        ),
    ]


def _python(code: str, *options: str) -> float:
    started = time.perf_counter()
    _run(["-c", code], options)
    return time.perf_counter() - started


def _run(arguments: Sequence[str], options: Sequence[str]) -> str:
    command = [sys.executable, *options, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def _own_microseconds(code: str) -> Counter[str]:
    """Microseconds by top-level package, without what a package imports from others."""
    spent: Counter[str] = Counter()
    for match in LINE.finditer(_run(["-c", code], ["-X", "importtime"])):
        spent[match[2].partition(".")[0]] += int(match[1])
    return spent
