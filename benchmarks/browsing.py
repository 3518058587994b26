"""A data set of a million rows on its screen, beside one without rows; and what versions cost.

The app runs headless in this process. Opening is the time from the key to the first rows painted,
in turns, so that the machine's mood hits both alike. Answers are asked of the services, as the
list's thread does, in a file whose indexes are built: building them is measured apart, as it goes
on behind while one looks at the first rows.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.ui.driving import settle, shown, until
from textual.pilot import Pilot

from benchmarks.figures import Figure
from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.services import datasets, example_search, projects
from llmops_tui.services.example_search import ExampleSearch, Sorting
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import dataset_index
from llmops_tui.store import datasets as stored
from llmops_tui.ui.app import LlmopsApp

ROWS, QUICK_ROWS = 1_000_000, 100_000
ROUNDS = 5
MOST_MORE_MS = 150
MOST_ANSWER_MS = 150
PAGE = 64
VERSION_ROWS, VERSIONS, DIFFERENT = 100_000, 10, 10


def measure(*, quick: bool) -> Sequence[Figure]:
    """Opening, answers, versions."""
    rows = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory() as name:
        workspace = open_workspace(Path(name) / "browsing.db")
        project = projects.create_project(workspace, "browsing").id
        datasets.add_examples(workspace, project, "a-empty", iter(()), source="")
        large = datasets.add_examples(workspace, project, "b-large", _rows(rows), source="")
        indexing = list(_indexing(workspace, large))
        empty_ms, large_ms = asyncio.run(_open_in_turns(workspace))
        figures = [
            Figure(f"first rows of {rows:,}", large_ms, "ms", "of none", empty_ms,
                   empty_ms + MOST_MORE_MS),
            *indexing,
            *_answers(workspace, large),
        ]  # fmt: skip
        workspace.db.close()
    return [*figures, *_versions(10_000 if quick else VERSION_ROWS)]


def _rows(number: int) -> Iterator[ExampleDraft]:
    for n in range(number):
        words = " ".join(f"word{(n * step) % 9973}" for step in (1, 7, 31, 131, 521, 2081))
        text = f"Row {n}: the customer asks where parcel {n % 777} is; {words}"
        yield ExampleDraft(
            {"message": text, "age": n * 37 % 5000}, ("delivery", "payment", "login")[n % 3],
            (), ("train", "dev", "gate", "train")[n % 4],
        )  # fmt: skip


async def _open_in_turns(workspace: Workspace) -> tuple[float, float]:
    app = LlmopsApp(workspace)
    empty: list[float] = []
    large: list[float] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        for _ in range(ROUNDS + 1):
            empty.append(await _open(pilot, "g", "No examples"))
            large.append(await _open(pilot, "G", "Row 19:"))
    return median(empty[1:]) * 1000, median(large[1:]) * 1000


async def _open(pilot: Pilot[Any], where: str, sign: str) -> float:
    await pilot.press(where)
    await settle(pilot)
    began = time.perf_counter()
    await pilot.press("enter")
    await until(pilot, lambda: sign in shown(pilot.app))  # type: ignore[arg-type]
    took = time.perf_counter() - began
    await pilot.press("escape")
    await settle(pilot)
    return took


def _indexing(workspace: Workspace, version: DatasetVersion) -> Iterator[Figure]:
    began = time.perf_counter()
    example_search.index_behind(workspace, version, lambda _: True)
    yield Figure("word index, behind", (time.perf_counter() - began) / version.rows * 1e6, "µs/row")
    began = time.perf_counter()
    for field in ("age", "split"):
        dataset_index.index_field(workspace.db, version.dataset_id, field)
    took = (time.perf_counter() - began) / 2
    yield Figure("a field's order, once", took / version.rows * 1e6, "µs/row")


def _answers(workspace: Workspace, version: DatasetVersion) -> Iterator[Figure]:
    def first(find: str, sorting: Sorting | None = None) -> Callable[[], object]:
        return lambda: ExampleSearch(workspace, version, find, sorting).first(PAGE)

    def end() -> object:
        last = datasets.example_positions(workspace, version)[-PAGE]
        return datasets.example_page(workspace, version, after=last - 1, limit=PAGE)

    questions: dict[str, Callable[[], object]] = {
        "jump to the end": end,
        "a word that most rows have": first("customer"),
        "a word of few rows": first("word4242"),
        "a text of one row": first(f"Row {version.rows - 5}:"),
        "a text of no row": first("nowhere at all"),
        "split:gate": first("split:gate"),
        "in the order of a number": first("", Sorting("age")),
        "in the order, last first": first("", Sorting("age", down=True)),
    }
    for name, question in questions.items():
        question()
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            question()
            times.append(time.perf_counter() - began)
        yield Figure(f"answer: {name}", median(times) * 1000, "ms", at_most=MOST_ANSWER_MS)


def _versions(rows: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "versions.db"
        workspace = open_workspace(path)
        project = projects.create_project(workspace, "versions").id
        texts = [f"Row {n}: " + "some text of a row " * 8 for n in range(rows)]
        sizes = []
        for number in range(VERSIONS):
            for n in range(number * DIFFERENT, (number + 1) * DIFFERENT):
                texts[n] = f"{texts[n]} in version {number}"
            drafts = (ExampleDraft({"message": text}, "x") for text in texts)
            stored.add_version(workspace.db, project, "versions", drafts, author="benchmark")
            workspace.db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            sizes.append(path.stat().st_size / 1e6)
        workspace.db.close()
    yield Figure(
        f"{VERSIONS} versions of {rows:,} rows that differ in {DIFFERENT}", sizes[-1], "MB",
        "one version", sizes[0], sizes[0] * 1.1,
    )  # fmt: skip
