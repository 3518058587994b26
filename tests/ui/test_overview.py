"""The app's home: it leads a newcomer, says how wrong a project is, and where to go next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.ui.conftest import add_examples
from tests.ui.driving import enter, footer, press, settle, shown, until
from tests.workspaces import Bench, make_bench

from llmops_tui.core.project import Project, Stage
from llmops_tui.core.text import cells
from llmops_tui.runner.worker import execute
from llmops_tui.services import projects
from llmops_tui.services.overview import StageView
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.overview.pipeline import Pipeline, boxes, listing
from llmops_tui.ui.screens.overview.screen import OverviewScreen

SMALL = (80, 24)
LARGE = (200, 60)
HOSTILE = "\x1b[31mada\x07 \u202e[bold]x[/bold]"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint(wrong=0.2) as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    made = make_bench(tmp_path / "bench.db", endpoint.base_url, rows=60)
    yield made
    made.workspace.db.close()


def pipeline(app: LlmopsApp) -> Pipeline:
    return app.screen.query_one(Pipeline)


async def test_an_empty_workspace_tells_a_newcomer_what_this_is_and_the_first_keys(
    app: LlmopsApp,
) -> None:
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await settle(pilot)
        screen = shown(app)
        assert "How wrong can it be?" in screen
        assert "This workspace is empty" in " ".join(screen.split())
        for step in ("n        make a project", "2, i     import", "3, n     write a prompt"):
            assert step in screen
        assert "llmops-tui demo" in screen
        assert footer(app).startswith("n New project")
        await press(pilot, "t")
        await until(pilot, lambda: "There is no project yet: n makes one." in shown(app))


async def test_a_project_is_made_in_a_form_that_says_what_proof_costs(
    workspace: Workspace, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "n")
        await enter(pilot, "support-topic")
        await pilot.press("tab", "tab")
        await enter(pilot, "1 in 100")
        await until(pilot, lambda: "299 rows if none is wrong" in shown(app))
        assert "At most 1 wrong in 100, and 19 times in 20" in shown(app)
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, OverviewScreen)
        assert "Nothing measured yet" in shown(app)
    (made,) = projects.list_projects(workspace)
    assert made.name == "support-topic"
    assert projects.tolerance_of(workspace, made.id).max_wrong == 0.01
    assert [scorer["name"] for scorer in made.scorers] == ["equals"]


async def test_what_is_wrong_in_the_form_is_said_beside_the_field(app: LlmopsApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "n")
        await pilot.press("tab", "tab")
        await enter(pilot, "2")
        await press(pilot, "ctrl+s")
        screen = " ".join(shown(app).replace("│", " ").split())
        assert "A name is needed." in screen
        assert "“2” isn't between 0 % and 100 %. Write 2%, 0.02 or 2 in 100." in screen


async def test_each_stage_has_its_owner_state_and_next_action_on_80_columns(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    add_examples(workspace, project, "sums", 20)
    projects.set_owner(workspace, project.id, Stage.TESTING, "development")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pipeline(app).stages)
        text = pipeline(app).text
        assert [stage.stage for stage in pipeline(app).stages] == list(Stage)
        assert text.count("no owner") == 5
        assert "add 129 rows: 149 are the least that can prove 2 %" in text
        screen = shown(app)
        for stage in Stage:
            assert stage.value in screen
        assert "development" in screen
        assert max(cells(line) for line in screen.splitlines()) <= 80


async def test_a_measured_project_says_in_one_sentence_how_wrong_it_is(bench: Bench) -> None:
    run_id = bench.plan()
    await execute(bench.workspace.db, run_id)
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "repeat v1: At least" in shown(app))
        words = " ".join(shown(app).split())
        assert "are wrong, more than the 2 % tolerated (95 % sure, 60 rows; run 1," in words
        assert "Tolerance 2 %: exceeded" in words
        assert "at most 2 wrong in 100, and 19 times in 20" in words


async def test_enter_goes_to_the_screen_of_the_stage_and_comes_back_to_it(
    project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pipeline(app).stages)
        await press(pilot, "j", "j", "j", "enter")
        assert app.current_mode == "runs"
        await press(pilot, "1")
        assert pipeline(app).chosen is not None
        assert pipeline(app).chosen.stage is Stage.TESTING
        await press(pilot, "G", "enter")
        assert app.current_mode == "models"


async def test_an_owner_is_named_for_the_selected_stage_whatever_the_name_holds(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pipeline(app).stages)
        await press(pilot, "j", "o")
        assert "Who answers for prompting?" in shown(app)
        await enter(pilot, "data science")
        await press(pilot, "enter")
        assert projects.owners(workspace, project.id) == {Stage.PROMPTING: "data science"}
        await until(pilot, lambda: "data science" in pipeline(app).text)
        # What another process writes shows by itself.
        await asyncio.to_thread(projects.set_owner, workspace, project.id, Stage.USAGE, HOSTILE)
        await until(pilot, lambda: "␛[31mada␇ \\u202e[bo" in pipeline(app).text)
        assert not any(ord(character) < 32 for character in shown(app) if character != "\n")


async def test_how_answers_are_judged_can_be_changed(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pipeline(app).stages)
        assert "Answers are judged by: none." in " ".join(shown(app).split())
        await press(pilot, "s")
        await pilot.press("right", "right", "right")
        await press(pilot, "ctrl+s")
        assert "The scorer regex needs a pattern" in " ".join(shown(app).split())
        await pilot.press("tab")
        await enter(pilot, "^(yes|no)$")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "regex ^(yes|no)$." in " ".join(shown(app).split()))


async def test_a_wide_screen_shows_the_stages_as_boxes_in_a_row(
    project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: pipeline(app).stages)
        names = next(line for line in shown(app).splitlines() if "data gathering" in line)
        assert all(stage.value in names for stage in Stage)
        assert names.count("→") == 5
        await press(pilot, "l", "l")
        assert pipeline(app).cursor == 2
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: "▌ fine-tuning" in shown(app))


def stages(action: str = "do it") -> list[StageView]:
    return [StageView(stage, "", "as it is", action, "runs") for stage in Stage]


def test_a_list_that_does_not_fit_keeps_the_selected_stage_whole() -> None:
    lines, first, last = listing(stages("a long way to say what is to be done " * 3), 5, 80, 12)
    assert last == len(lines) - 1
    assert "model usage" in "".join(text for text, _ in lines[first])


@pytest.mark.parametrize("width", [129, 160, 200, 317])
def test_boxes_never_grow_out_of_the_screen(width: int) -> None:
    widths = {cells("".join(text for text, _ in line)) for line in boxes(stages(), 2, width)}
    assert max(widths) <= width
