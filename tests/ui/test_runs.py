"""Test runs in the app: started, watched live, steered, and read sample by sample."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.ui.driving import enter, footer, press, settle, shown, until
from tests.workspaces import Bench, make_bench
from textual.widgets import Input

from llmops_tui.core.chat import Answer, Usage
from llmops_tui.core.project import Project
from llmops_tui.core.run import Outcome, RunStatus, SampleScore, Wanted
from llmops_tui.core.text import cells
from llmops_tui.runner.worker import execute
from llmops_tui.services import projects, runs
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets as stored_datasets
from llmops_tui.store import runs as stored_runs
from llmops_tui.store import samples
from llmops_tui.store.finished_sample import FinishedSample
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.runs.run_page import RunPage
from llmops_tui.ui.screens.runs.sample_page import SamplePage
from llmops_tui.ui.screens.runs.screen import RunsScreen
from llmops_tui.ui.widgets.bound_plot import BoundPlot
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.virtual_table import VirtualTable
from llmops_tui.ui.widgets.words import Words

SMALL = (80, 24)
LARGE = (200, 60)
HOSTILE = "\x1b[2J\x07\u202e[bold]yes[/bold]"
GONE = -1_000
"""A lease that ran out a second ago: the worker went away."""


@pytest.fixture(scope="module")
def shared_endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def endpoint(shared_endpoint: MockEndpoint) -> MockEndpoint:
    shared_endpoint.configure(latency_ms=0, faults={}, wrong=0)
    return shared_endpoint


@pytest.fixture
def make(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def one(**options: object) -> Bench:
        options = {"input_price": 1000, "output_price": 2000, **options}
        made.append(make_bench(tmp_path / f"{len(made)}.db", endpoint.base_url, **options))
        return made[-1]

    yield one
    for bench in made:
        bench.workspace.db.close()


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    """A workspace with 20 rows and all that a run needs."""
    return make()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Runs for which a worker would have been started; none is."""
    ids: list[int] = []

    def start(workspace: Workspace, run_id: int) -> int:
        ids.append(run_id)
        return 4711

    monkeypatch.setattr(runs, "start_worker", start)
    return ids


def finish(
    bench: Bench, run_id: int, outcomes: str, *, lease_ms: int = 60_000, text: str = "word"
) -> None:
    """Write samples as a worker does: `r` right, `w` wrong, `e` errored, from the plan's start."""
    db = bench.workspace.db
    view = bench.view(run_id)
    group = len(view.cells) * view.run.spec.repeats
    ids = stored_datasets.example_ids(db, bench.dataset)
    begin = view.run.done
    kinds = {"r": Outcome.RIGHT, "w": Outcome.WRONG, "e": Outcome.ERRORED}
    batch = []
    for ordinal, letter in enumerate(outcomes, begin):
        outcome = kinds[letter]
        answered = outcome is not Outcome.ERRORED
        batch.append(
            FinishedSample(
                ordinal,
                ordinal // view.run.spec.repeats % len(view.cells),
                ids[ordinal // group],
                ordinal % view.run.spec.repeats,
                outcome,
                "said so" if answered else "",
                (SampleScore("equals", 1.0, outcome is Outcome.RIGHT, "said so"),)
                if answered
                else (),
                Answer(text, "stop", Usage(10, 2), "mock", "id", 12.0) if answered else None,
                b"key%d" % ordinal,
                request='{"model": "mock", "messages": [{"role": "user", "content": "Go on"}]}',
                cost=14_000,
                error_kind=None if answered else "timeout",
                error_message="" if answered else "No answer within 120 s.",
                evidence="" if answered else "HTTP/1.1 504",
            )
        )
    assert stored_runs.claim(db, run_id, "test", 4711, lease_ms)
    samples.commit(db, run_id, batch, worker="test", lease_ms=lease_ms, active_ms=100)


def end(bench: Bench, run_id: int, status: RunStatus = RunStatus.FINISHED) -> None:
    stored_runs.end(bench.workspace.db, run_id, "test", status)


def table(app: LlmopsApp) -> VirtualTable[object]:
    return app.screen.query_one(VirtualTable)


def words(app: LlmopsApp, name: str) -> str:
    return app.screen.query_one(name, Words).words


def told(app: LlmopsApp) -> list[str]:
    return [notification.message for notification in app._notifications]


async def open_run(app: LlmopsApp, pilot: object) -> RunPage:
    """From anywhere to the page of the run under the cursor of the list."""
    await press(pilot, "4")
    await until(pilot, lambda: table(app).count)
    await press(pilot, "enter")
    await until(pilot, lambda: isinstance(app.screen, RunPage))
    page = app.screen
    assert isinstance(page, RunPage)
    await until(pilot, lambda: page.model is not None)
    return page


# The list.


async def test_without_a_project_or_a_run_the_screen_says_what_it_is_for(
    workspace: Workspace, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "4")
        assert "There is no project yet, and a run belongs to one." in shown(app)
        await press(pilot, "n")
        await until(pilot, lambda: "make one on the Overview" in shown(app))
        project = await asyncio.to_thread(projects.create_project, workspace, "p")
        app.use_project(project.id, project.name)
        await until(pilot, lambda: "No test run yet." in shown(app))
        assert "n starts one." in shown(app)
        assert footer(app).startswith("n New run")


async def test_what_a_run_lacks_is_said_with_the_key_that_makes_it(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4", "n")
        await until(pilot, lambda: told(app))
        assert told(app) == ["A run needs a data set, and there is none.\n2, then i imports one."]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_the_list_tells_how_far_how_wrong_and_what_is_errored(
    bench: Bench, size: tuple[int, int]
) -> None:
    await execute(bench.workspace.db, bench.plan())
    second = bench.plan()
    finish(bench, second, "rrwre", lease_ms=GONE)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "4")
        await until(pilot, lambda: table(app).count == 2)
        newest, oldest = shown(app).splitlines()[2:4]
        assert "! interrupted" in newest
        assert "5/20" in newest
        assert "25 % [" in newest
        assert "✓ finished" in oldest
        assert "0 % [0–14]" in oldest
        about = words(app, "#about")
        assert "Run 2 on words v1: interrupted at 5 of 20." in about
        assert "r goes on with what is missing" in about
        assert "1 wrong of 4, 25 % [" in about
        assert "1 errored" in about
        if size == LARGE:
            assert newest.split()[-3:] == ["v1", "just", "now"]
        assert max(cells(line) for line in shown(app).splitlines()) <= size[0]


async def test_the_list_is_live_and_keeps_its_selection(bench: Bench) -> None:
    first = bench.plan()
    finish(bench, first, "rr")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4")
        await until(pilot, lambda: "2/20" in shown(app))
        await asyncio.to_thread(finish, bench, first, "rrrr")
        await until(pilot, lambda: "6/20" in shown(app))
        await asyncio.to_thread(bench.plan)
        await until(pilot, lambda: table(app).count == 2)
        assert table(app).cursor_key == first
        await asyncio.to_thread(end, bench, first)
        await until(pilot, lambda: "✓ finished" in shown(app))


async def test_more_runs_than_a_screen_are_read_as_one_scrolls(bench: Bench) -> None:
    for _ in range(150):
        bench.plan()
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4")
        await until(pilot, lambda: table(app).count == 64)
        for count in (128, 150):
            await press(pilot, "G")
            await until(pilot, lambda count=count: table(app).count == count)
        await press(pilot, "G")
        assert table(app).cursor_key == 1


# Starting one.


async def test_a_run_is_started_by_its_defaults_with_enter_and_enter(
    bench: Bench, started: list[int]
) -> None:
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4", "n")
        await until(pilot, lambda: "Start a test run" in shown(app))
        screen = shown(app)
        for default in ("‹ [x] repeat v1 ›", "‹ [x] mock at mock ›", "‹ words v1 ›  20 rows"):
            assert default in screen
        await press(pilot, "enter")
        assert "20 requests, one for each row. enter starts it." in shown(app)
        assert started == []
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        assert started == [1]
        assert bench.view(1).run.spec.repeats == 1
        assert "○ planned" in words(app, "#facts")


async def test_several_prompt_versions_are_marked_and_the_plan_is_said_before_it_starts(
    bench: Bench, started: list[int]
) -> None:
    bench.save_prompt("--- user ---\nLast word: {{ word }}")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4", "n")
        await until(pilot, lambda: "‹ [x] repeat v2 ›" in shown(app))
        await pilot.press("right", "space")
        assert "‹ [x] repeat v1 ›  not measured  2 marked" in shown(app)
        await pilot.press(*["tab"] * 4)
        await enter(pilot, "5")
        await pilot.press("tab")
        await enter(pilot, "3")
        await press(pilot, "enter")
        plan = "30 requests: 5 rows × 2 prompt versions × 3 repeats. enter starts it."
        assert plan in shown(app)
        await enter(pilot, "2")  # what was agreed to is something else now
        assert "enter starts it." not in shown(app).replace("again starts it", "")
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: started)
        spec = bench.view(1).run.spec
        assert (len(spec.cells), spec.limit, spec.repeats) == (2, 5, 2)


@pytest.mark.parametrize(
    ("field", "typed", "problem"),
    [
        ("limit", "all", "Rows: a whole number from 1 to 1,000,000,000, or nothing for all rows."),
        ("repeats", "0", "Repeats: a whole number from 1 to 100, or nothing for 1."),
        ("concurrency", "-1", "Requests at once: a whole number from 1 to 1,024"),
        ("cost_cap", "two", "“two” is no amount: write one such as 2.50, or nothing for no cap."),
    ],
)
async def test_what_can_not_be_is_said_below_its_field_and_nothing_starts(
    bench: Bench, started: list[int], field: str, typed: str, problem: str
) -> None:
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4", "n")
        await until(pilot, lambda: "Start a test run" in shown(app))
        app.screen.query_one(f"#field-{field}", Input).focus()
        await pilot.pause()
        await enter(pilot, typed)
        await press(pilot, "enter")
        assert problem in " ".join(shown(app).replace("│", " ").split())
        await press(pilot, "ctrl+s")
        assert started == []
        assert runs.list_runs(bench.workspace, bench.project.id) == []


# Steering one.


async def test_an_interrupted_run_goes_on_with_one_key(bench: Bench, started: list[int]) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rrr", lease_ms=GONE)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        page = await open_run(app, pilot)
        assert "! interrupted at 3 of 20" in words(app, "#facts")
        assert "r Resume" in footer(app)
        assert page.why_not("runs.run.pause") == "Run 1 is interrupted: there is nothing to pause."
        await press(pilot, "r")
        assert started == [run_id]
        assert "Run 1 goes on with 17 samples (process 4711)." in told(app)


async def test_pausing_cancelling_and_retuning_go_through_the_file(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rrr")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        page = await open_run(app, pilot)
        await press(pilot, "+")
        await until(pilot, lambda: "10 at once" in words(app, "#facts"))
        await press(pilot, "-", "-")
        await until(pilot, lambda: bench.view(run_id).run.concurrency == 6)
        assert page.why_not("runs.run.resume") == "Run 1 is under way (process 4711)."
        await press(pilot, "$")
        assert "What may run 1 cost?" in shown(app)
        await press(pilot, *"2.5", "enter")
        await until(pilot, lambda: "of at most 2.50 USD" in shown(app))
        await press(pilot, "$")
        await pilot.press("ctrl+u")
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen is page and "of at most" not in shown(app))
        assert bench.view(run_id).run.cost_cap is None
        await press(pilot, "p")
        assert bench.view(run_id).run.wanted is Wanted.PAUSE
        await press(pilot, "x")
        question = shown(app)
        assert "Cancel this run?" in question
        assert "Run 1 · repeat v1 · mock" in question
        assert "It is at 3 of 20. What was measured stays" in question
        await press(pilot, "n")
        assert bench.view(run_id).run.wanted is Wanted.PAUSE
        await press(pilot, "x", "y")
        assert bench.view(run_id).run.wanted is Wanted.CANCEL


# Its page.


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_a_run_is_watched_live_to_its_verdict(
    make: Callable[..., Bench], endpoint: MockEndpoint, size: tuple[int, int]
) -> None:
    endpoint.configure(latency_ms=20, wrong=0.3, faults={"html": 0.05})
    bench = make(rows=160, concurrency=2)
    run_id = bench.plan(use_cache=False)
    worker = threading.Thread(target=lambda: asyncio.run(execute(bench.workspace.db, run_id)))
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=size) as pilot:
        await open_run(app, pilot)
        worker.start()
        await until(pilot, lambda: "● running" in words(app, "#facts"))
        await until(pilot, lambda: "/s" in shown(app))
        await until(pilot, lambda: "left" in shown(app).splitlines()[2 if size == SMALL else 3])
        assert "FOLLOWING" in shown(app)
        assert 0 < table(app).count < 160
        await until(pilot, lambda: "✓ finished" in words(app, "#facts"))
        worker.join()
        view = bench.view(run_id)
        counts = view.cells[0].counts
        assert min(counts.wrong, counts.errored) > 0
        assert counts.done == 160
        line = f"{counts.wrong} wrong of {counts.wrong + counts.right}"
        assert line in words(app, "#cells")
        assert f"{counts.errored} errored" in words(app, "#cells")
        assert "At least" in words(app, "#cells")
        assert "160/160 samples" in shown(app)
        await until(pilot, lambda: table(app).count == 160)
        assert "2 %│" in app.screen.query_one(BoundPlot).text
        assert any(0x2800 < ord(character) < 0x2900 for character in shown(app))
        assert told(app) == []  # the end was seen, so nothing has to say it


async def test_an_open_verdict_says_what_deciding_it_takes_and_costs(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "r" * 12)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        text = words(app, "#cells")
        assert "0 wrong of 12, 0 % [0–" in text
        assert "Undecided: 166 more rows if none are wrong" in text
        assert re.search(r", about 0\.00\d+ USD", text)


async def test_the_list_of_samples_pauses_when_one_reads_and_counts_what_is_new(
    make: Callable[..., Bench],
) -> None:
    bench = make(rows=200)
    run_id = bench.plan()
    finish(bench, run_id, "r" * 50)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        await until(pilot, lambda: table(app).count == 50)
        await press(pilot, "j", "j")
        here = table(app).cursor_key
        await asyncio.to_thread(finish, bench, run_id, "w" * 30)
        await until(pilot, lambda: "PAUSED, 30 new: g follows" in shown(app))
        assert table(app).cursor_key == here
        await press(pilot, "g")
        await until(pilot, lambda: table(app).count == 80)
        assert "FOLLOWING" in shown(app)
        assert "✗ wrong" in shown(app)


async def test_samples_are_shown_by_outcome_and_esc_shows_all_again(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rrwrerwe", text=HOSTILE)
    end(bench, run_id, RunStatus.PAUSED)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        await until(pilot, lambda: table(app).count == 8)
        await press(pilot, "w")
        await until(pilot, lambda: table(app).count == 2)
        assert "Run 1, wrong samples only" in shown(app)
        assert "␛[2J␇\\u202e[bold" in shown(app)
        await press(pilot, "!")
        await until(pilot, lambda: "! errored" in shown(app) and table(app).count == 2)
        assert "timeout" in shown(app)
        await press(pilot, "escape")
        await until(pilot, lambda: table(app).count == 8)
        await press(pilot, "w", "w")
        await until(pilot, lambda: table(app).count == 8)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_a_filter_without_samples_says_how_to_see_all(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rr")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        await press(pilot, "w")
        await until(pilot, lambda: "No wrong answer so far. w shows all samples" in shown(app))


async def test_a_sample_is_shown_whole_and_brackets_go_to_its_neighbours(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rwerw", text=HOSTILE)
    end(bench, run_id, RunStatus.PAUSED)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        await press(pilot, "w")
        await until(pilot, lambda: table(app).count == 2)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, SamplePage))
        page = app.screen
        assert isinstance(page, SamplePage)
        await until(pilot, lambda: "✗ wrong · row" in words(app, "#head"))
        pane = page.query_one(TextPane)
        headings = [section.heading for section in pane.sections]
        assert headings == [
            "Outcome",
            "Answer",
            "Expected",
            "Input: word",
            "Asked as user",
            "Asked with",
            "Scores",
            "Figures",
        ]
        figures = pane.sections[-1].text
        assert "took      12 ms" in figures
        assert "tokens    10 in, 2 out" in figures
        assert "cost      0.000014 USD" in figures
        assert "␛[2J␇\\u202e[bold]yes[/bold]" in shown(app)
        latest = page.sample_id
        await press(pilot, "]")  # within the filter: the sample between them was right
        await until(pilot, lambda: page.sample_id == latest - 3)
        await press(pilot, "[")
        await until(pilot, lambda: page.sample_id == latest)
        await press(pilot, "[")
        assert "This is the run's latest wrong sample." in told(app)


async def test_an_errored_sample_shows_the_cause_and_what_the_endpoint_really_sent(
    bench: Bench,
) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "re")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        await press(pilot, "!")
        await until(pilot, lambda: table(app).count == 1)
        await press(pilot, "enter")
        await until(pilot, lambda: "! errored (timeout): No answer within 120 s." in shown(app))
        sections = {s.heading: s.text for s in app.screen.query_one(TextPane).sections}
        assert sections["What the endpoint really sent"] == "HTTP/1.1 504"
        assert sections["Asked as user"] == "Go on"
        assert "Answer" not in sections


async def test_several_cells_stand_side_by_side_and_are_compared_when_the_run_is_over(
    make: Callable[..., Bench],
) -> None:
    bench = make(rows=40)
    other = bench.save_prompt("--- user ---\nLast word: {{ word }}")
    run_id = bench.plan(prompt_version_ids=(bench.prompt.id, other.id))
    finish(bench, run_id, "wr" * 10 + "rr" * 20 + "rw" + "ww" * 4)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        text = words(app, "#cells")
        assert "▸ v1  14 of 35" in " ".join(text.split("  ")).replace("   ", "  ") or "▸ v1" in text
        assert "14 of 35" in text
        assert "5 of 35" in text
        so_far = "v2 against v1 on the same 35 rows: 10 mended, 1 broken so far; judged when"
        assert so_far in text
        await asyncio.to_thread(finish, bench, run_id, "rr" * 5)
        await asyncio.to_thread(end, bench, run_id)
        await until(pilot, lambda: "✓ finished" in words(app, "#facts"))
        text = words(app, "#cells")
        assert "on the same 40 rows: 10 mended, 1 broken: 22.5 points fewer wrong" in text
        assert "p = 0.012" in text
        await press(pilot, "c")
        assert "▸ v2" in words(app, "#cells")
        assert max(cells(line) for line in shown(app).splitlines()) <= 80


async def test_the_plot_makes_room_for_the_samples_and_can_be_hidden(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rwrr")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        page = await open_run(app, pilot)
        plot = page.query_one(BoundPlot)
        assert plot.display
        assert table(app).size.height >= 5
        await press(pilot, "v")
        assert not plot.display
        await press(pilot, "v")
        await pilot.resize_terminal(80, 15)
        await until(pilot, lambda: not plot.display)
        assert table(app).size.height >= 5
        await pilot.resize_terminal(*LARGE)
        await until(pilot, lambda: plot.size.height > 12)


async def test_a_worker_that_went_silent_is_told_of_before_its_lease_runs_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmops_tui.ui.screens.runs import run_page

    now = run_page.now_ms()
    run_id = bench.plan()
    finish(bench, run_id, "rr", lease_ms=3_600_000)
    monkeypatch.setattr(run_page, "now_ms", lambda: now + 42_000)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await open_run(app, pilot)
        assert "no answer for 4" in words(app, "#facts")


# Elsewhere.


async def test_a_run_that_ends_behind_ones_back_is_told_and_marks_its_tab(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "r" * 19)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app._run_watch and app._run_watch.watched)
        await asyncio.to_thread(finish, bench, run_id, "w")
        await asyncio.to_thread(end, bench, run_id)
        await until(pilot, lambda: told(app))
        (sentence,) = told(app)
        assert sentence.startswith("Run 1 finished, 20 samples. repeat v1 · mock: undecided")
        assert "*4 Runs" in shown(app).splitlines()[0]
        await press(pilot, "4")
        assert "*" not in shown(app).splitlines()[0]


async def test_a_killed_worker_is_noticed_when_its_lease_runs_out(bench: Bench) -> None:
    run_id = bench.plan()
    finish(bench, run_id, "rrr", lease_ms=1500)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "4")
        await until(pilot, lambda: "● running" in shown(app))
        await until(pilot, lambda: "! interrupted" in shown(app))
        await settle(pilot)
