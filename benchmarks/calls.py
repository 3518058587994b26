"""A million production calls: lists, search, figures, and the Monitor screen on them.

Answers are asked of the services, as the screen's threads do: warm, over and over; cold, by a
process that has just begun, of a file that the system has forgotten (`POSIX_FADV_DONTNEED`).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.ui.driving import settle, shown, until

from benchmarks.figures import Figure
from benchmarks.production import RARE_WORD, calls_stored
from llmops_tui.services import calls, figures
from llmops_tui.services.calls import Listing, Only, parse_filter
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.ui.app import LlmopsApp

CALLS, QUICK_CALLS = 1_000_000, 30_000
ROUNDS, COLD_ROUNDS = 25, 5
PAGE = 64
LIST_MS, COLD_LIST_MS, SEARCH_MS, HOURS_MS, OPEN_MS = 5, 20, 20, 200, 200
LISTS: Mapping[str, tuple[Only, str]] = {
    "all": ("", ""),
    "flagged": ("flagged", ""),
    "without an answer": ("error", ""),
    "flag:refusal": ("", "flag:refusal"),
    "status:error": ("", "status:error"),
    "model: of every fourth call": ("", "model:small"),
    "model: of one in a thousand": ("", "model:trial"),
    "version: of every tenth call": ("", "version:3"),
    "version: of one in a hundred": ("", "version:11"),
}
SEARCHES: Mapping[str, str] = {
    "a word of most calls": "the",
    "a word of few calls": RARE_WORD,
    "two words": "sequence method",
    "the beginning of a word": "quetzal*",
    "a word of no call": "nowhere123",
    "a word and a model": f"{RARE_WORD} model:large",
}


def measure(*, quick: bool) -> Sequence[Figure]:
    """Everything."""
    number = QUICK_CALLS if quick else CALLS
    with calls_stored(number) as path:
        workspace = open_workspace(path)
        found = [
            *_answers(workspace, "list", {n: _list(*told) for n, told in LISTS.items()}, LIST_MS),
            *_answers(workspace, "search", _searches(), SEARCH_MS),
            *_answers(workspace, "figures", {"p50 and p95 by hour, 24 h": _hours}, HOURS_MS, 3),
            *_cold(path),
            *_opening(workspace),
        ]
        workspace.db.close()
    return [Figure("calls stored", number, "calls"), *found]


Question = Callable[[Workspace], object]


def _list(only: Only, typed: str) -> Question:
    listing = Listing(1, only, parse_filter(typed))
    return lambda workspace: calls.tail_page(workspace, listing, None, PAGE)


def _searches() -> dict[str, Question]:
    return {name: _list("", typed) for name, typed in SEARCHES.items()}


def _hours(workspace: Workspace) -> object:
    newest = workspace.db.row("SELECT max(started_at) FROM call")  # the file may have been kept
    assert newest is not None
    until = newest[0] + 1
    return figures.latency_by_slice(
        workspace, 24 * figures.HOUR_MS, figures.HOUR_MS, 1, until=until
    )


def _answers(
    workspace: Workspace,
    kind: str,
    questions: Mapping[str, Question],
    at_most: float,
    rounds: int = ROUNDS,
) -> Iterator[Figure]:
    for name, question in questions.items():
        question(workspace)
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            question(workspace)
            times.append(time.perf_counter() - began)
        yield Figure(f"{kind}: {name}", median(times) * 1000, "ms", at_most=at_most)


def _cold(path: Path) -> Iterator[Figure]:
    limits = {"list": COLD_LIST_MS, "search": None, "figures": HOURS_MS}
    told = [_asked_cold(path) for _ in range(COLD_ROUNDS)]
    for name in told[0]:
        at_most = limits[name.partition(":")[0]]
        yield Figure(f"cold {name}", median(one[name] for one in told), "ms", at_most=at_most)


def _asked_cold(path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.calls", str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _tell_cold(path: Path) -> None:
    """Ask each question once of a file that is in nobody's memory; print the milliseconds."""
    workspace = open_workspace(path)
    told = {}
    questions = {f"list: {name}": _list(*one) for name, one in LISTS.items()}
    questions |= {f"search: {name}": one for name, one in _searches().items()}
    questions["figures: p50 and p95 by hour, 24 h"] = _hours
    for name, question in questions.items():
        workspace.db.close()  # the connection's own pages as well
        _forget(path)
        workspace.db.row("SELECT 1 FROM sqlite_master LIMIT 1")
        began = time.perf_counter()
        question(workspace)
        told[name] = (time.perf_counter() - began) * 1000
    sys.stdout.write(json.dumps(told))


def _forget(path: Path) -> None:
    for one in (path, path.with_name(f"{path.name}-wal")):
        if one.exists():
            handle = os.open(one, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


async def _opened(workspace: Workspace) -> tuple[float, float]:
    """Seconds from the key to the rows, and to the counts above them, in an app just started."""
    app = LlmopsApp(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        began = time.perf_counter()
        await pilot.press("5")
        await until(pilot, lambda: "  stop " in shown(app))
        rows = time.perf_counter() - began
        await until(pilot, lambda: " calls in " in shown(app))
        return rows, time.perf_counter() - began


def _opening(workspace: Workspace) -> Iterator[Figure]:
    asyncio.run(_opened(workspace))  # what the first one imports belongs to starting
    found = [asyncio.run(_opened(workspace)) for _ in range(COLD_ROUNDS)]
    for place, what in enumerate(("rows", "and the counts above")):
        took = median(one[place] for one in found) * 1000
        yield Figure(f"Monitor screen opened, {what}", took, "ms", at_most=OPEN_MS)


if __name__ == "__main__":
    _tell_cold(Path(sys.argv[1]))
