"""A run as a grid, its comparison with another, and judging anew, by keys alone."""

# ruff: noqa: E501 - samples read better in one line
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ui.driving import enter, settle, shown, until
from tests.workspaces import Bench, make_bench
from textual.pilot import Pilot

from llmops_tui.core.chat import Answer, Usage
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.run import Outcome, RunStatus, SampleScore
from llmops_tui.runner.jobs import Feed, load_targets
from llmops_tui.services import runs
from llmops_tui.store import runs as run_store
from llmops_tui.store import samples
from llmops_tui.store.samples import FinishedSample
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.runs.compare_page import ComparePage
from llmops_tui.ui.screens.runs.matrix_page import MatrixPage
from llmops_tui.ui.screens.runs.sample_page import SamplePage

HOSTILE = "\x1b[2J[bold]no[/bold]"


def work(bench: Bench, wrong: dict[int, tuple[int, ...]], *, most: int = 10_000) -> int:
    """A run of two versions; `wrong` says which rows of a cell are."""
    db = bench.workspace.db
    second = bench.save_prompt("--- user ---\nAgain: {{ word }}\n")
    run_id = bench.plan(prompt_version_ids=(bench.prompt.id, second.id))
    run = run_store.get(db, run_id)
    run_store.claim(db, run_id, "w", 1, 60_000)
    feed = Feed(db, run, load_targets(db, run))
    batch = []
    while len(batch) < most and (job := feed.take()) is not None:
        cell, position = job.place.cell, job.example.position
        right = position not in wrong.get(cell, ())
        text = f"word{position - 1}" if right else HOSTILE
        outcome = Outcome.RIGHT if right else Outcome.WRONG
        score = SampleScore("equals", float(right), right, "found so")
        batch.append(
            FinishedSample(job.ordinal, cell, job.example.id, 0, outcome, "found so", (score,),
                           Answer(text, "stop", Usage(1, 1), "m", "r", 5.0), request=job.request_json)
        )  # fmt: skip
    samples.commit(db, run_id, batch, worker="w", lease_ms=1, active_ms=1)
    run_store.end(db, run_id, "w", RunStatus.FINISHED if most > 100 else RunStatus.PAUSED)
    return run_id


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    rows = [
        ExampleDraft({"word": f"word{n}"}, f"word{n}", tags=("even" if n % 2 else "odd",))
        for n in range(12)
    ]
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=rows)
    yield made
    made.workspace.db.close()


async def go(pilot: Pilot[None], *keys: str) -> str:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)
    return shown(pilot.app)


async def test_a_run_is_read_row_by_row_and_cell_by_cell(bench: Bench) -> None:
    work(bench, {0: (2, 3), 1: (3,)})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(pilot, "4", "m")
        assert isinstance(app.screen, MatrixPage)
        assert "v1: 2 wrong of 12" in screen
        assert "v2: 1 wrong of 12" in screen
        assert screen.count("✓ word") == 21
        assert "✗ \\x1b[2J[bo" in screen or "✗ ␛" in screen, screen
        screen = await go(pilot, "d")
        assert "disagreeing rows only" in screen
        assert (screen.count("✗"), screen.count("✓ word")) == (1, 1)
        screen = await go(pilot, "w")
        assert screen.count("✗") == 3
        screen = await go(pilot, "c")
        assert "No row changed since the run before" in screen
        screen = await go(pilot, "escape", "t")
        assert "2 of 6" not in screen
        assert "1 of 6  17 %" in screen


async def test_an_answer_of_the_grid_leads_to_its_neighbours_and_its_prompt(bench: Bench) -> None:
    work(bench, {1: (3,)})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await go(pilot, "4", "m", "w", "enter")
        assert isinstance(app.screen, SamplePage)
        assert "repeat v1 · mock" in screen
        screen = await go(pilot, "c")
        assert "✗ wrong" in screen
        assert "repeat v2 · mock" in screen
        screen = await go(pilot, "o")
        assert "Again: {{ word }}" in screen, "the version itself, not only the list of versions"


async def test_a_row_is_labelled_anew_where_its_answer_is_read(bench: Bench) -> None:
    run_id = work(bench, {1: (3,)})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(100, 30)) as pilot:
        await go(pilot, "4", "m", "w", "enter", "c", "l")
        await enter(pilot, HOSTILE)
        await pilot.press("enter")
        await until(pilot, lambda: "✓ right" in shown(app))
        counts = [(c.counts.right, c.counts.wrong) for c in bench.view(run_id).cells]
        assert counts == [(11, 1), (12, 0)]
        assert bench.view(run_id).dataset == "words v2"


async def test_two_versions_are_compared_by_keys_flipped_rows_first(bench: Bench) -> None:
    work(bench, {0: (5,), 1: (1, 2, 3, 4)})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await go(pilot, "4", "enter", "c", "d", "enter")
        assert isinstance(app.screen, ComparePage)
        assert "4 broken, 1 mended" in screen
        assert screen.index("✗ broken") < screen.index("✓ mended")
        assert "Undecided" in screen
        screen = await go(pilot, "x")
        assert "1 broken, 4 mended" in screen
        screen = await go(pilot, "s")
        assert "p (Holm)" in screen
        assert "even" in screen
        screen = await go(pilot, "s", "o")
        assert isinstance(app.screen, SamplePage)


async def test_stored_answers_are_judged_anew_by_keys(bench: Bench) -> None:
    run_id = work(bench, {})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await go(pilot, "4", "s", "right", "right", "enter")
        await enter(pilot, "texts=7")
        await pilot.press("enter")
        await until(pilot, lambda: bench.view(run_id).cells[0].counts.wrong == 11)
        await until(
            pilot, lambda: any("24 answers scored" in n.message for n in app._notifications)
        )
    assert bench.view(run_id).run.spec.scorers[0]["name"] == "contains"


async def test_marked_rows_are_asked_again_in_a_run_of_their_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "start_worker", lambda *_: 1)
    work(bench, {})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await go(pilot, "4", "m", "space", "space")
        assert "2 marked" in screen
        await go(pilot, "r")
        await asyncio.sleep(0)
        again = runs.list_runs(bench.workspace, bench.project.id)[0]
        assert (again.run.total, len(again.run.spec.only)) == (4, 2)
        assert f"Run {again.run.id}" in shown(app)


async def test_a_grid_fills_while_the_run_goes_on(bench: Bench) -> None:
    work(bench, {}, most=6)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await go(pilot, "4", "m")
        assert screen.count("✓ word") == 6
        assert screen.count(" ·") >= 18


async def test_a_run_goes_out_as_a_page_and_others_come_in(bench: Bench, tmp_path: Path) -> None:
    run_id = work(bench, {0: (2,)})
    page, log = tmp_path / "page.html", tmp_path / "run.eval"
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(160, 50), notifications=True) as pilot:
        await go(pilot, "4", "e")
        await enter(pilot, str(tmp_path / "run.doc"))
        assert "doesn't end in a format that is known" in await go(pilot, "ctrl+s")
        for target, written in ((page, page), (log, log.with_name("run-2.eval"))):
            await enter(pilot, str(target))
            await go(pilot, "ctrl+s")
            await until(pilot, lambda written=written: str(written) in told(app))
            await go(pilot, "e")
        assert page.read_text("utf-8").startswith("<!doctype html>")
        await go(pilot, "escape", "i")
        await enter(pilot, str(page))
        assert "is no JSON" in await go(pilot, "ctrl+s")
        await enter(pilot, str(log.with_name("run-1.eval")))  # one log a cell
        await go(pilot, "ctrl+s")
        await until(pilot, lambda: "samples from Inspect" in told(app))
        newest = runs.list_runs(bench.workspace, bench.project.id)[0]
        assert newest.run.id > run_id
        assert sum(cell.counts.wrong for cell in newest.cells) == 1
        assert app.unforeseen == []


async def test_labels_and_known_answers_are_looked_at_by_keys(bench: Bench) -> None:
    work(bench, {1: (2, 3)})
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await go(pilot, "4", "L")
        assert "word1" in screen
        assert "100" in screen, "precision and recall of a label that was always found"
        screen = await go(pilot, "c")
        assert "0.0" in screen or " 0" in screen
        screen = await go(pilot, "escape", "t")
        assert "12 answers known to be right, 0 known to be wrong" in screen
        assert "known_wrong" in screen, "it says what would test the rest"
        assert app.unforeseen == []


def told(app: LlmopsApp) -> str:
    return " ".join(notification.message for notification in app._notifications)
