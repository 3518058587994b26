"""Setting the tolerance on the screen: it explains itself and shows what proof costs."""

from __future__ import annotations

import pytest
from tests.ui.conftest import add_examples
from tests.ui.driving import footer, press, settle, shown, until
from textual.pilot import Pilot
from textual.widgets import Input

from llmops_tui.core.project import Project
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import projects
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.help import HelpScreen
from llmops_tui.ui.screens.overview.screen import OverviewScreen
from llmops_tui.ui.screens.overview.tolerance_page import TolerancePage
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.words import Words

SIZES = ((80, 24), (200, 60))


async def open_page(pilot: Pilot[None]) -> TolerancePage:
    await settle(pilot)
    await press(pilot, "t")
    await until(pilot, lambda: isinstance(pilot.app.screen, TolerancePage))
    page = pilot.app.screen
    assert isinstance(page, TolerancePage)
    await until(pilot, lambda: "really wrong" in shown(pilot.app))
    return page


async def type_into(pilot: Pilot[None], field: str, text: str) -> None:
    control = pilot.app.screen.query_one(f"#field-{field}", Input)
    control.focus()
    control.value = ""
    await press(pilot, *text)


def rows_of(page: TolerancePage) -> list[int]:
    """The curve's rows, as they stand on the screen."""
    text = page.query_one("#proof", TextPane).sections[0].text
    lines = [line for line in text.splitlines() if "█" in line]
    return [int(line.split("%")[1].replace("✓", " ").split()[0].replace(",", "")) for line in lines]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_curve_moves_while_the_numbers_are_changed(
    workspace: Workspace, project: Project, app: LlmopsApp, size: tuple[int, int]
) -> None:
    add_examples(workspace, project, "messages", 300)
    async with app.run_test(size=size) as pilot:
        page = await open_page(pilot)
        screen = shown(app)
        assert "At most 2 wrong in 100, and 19 times in 20" in screen
        assert "Least: 149 rows, none wrong; 178 where a run may stop itself." in screen
        assert "✓ 149" in screen
        before = rows_of(page)
        assert before[:3] == [149, 236, 386]
        await type_into(pilot, "max_wrong", "1%")
        await until(pilot, lambda: "Least: 299 rows" in shown(app))
        assert all(now > then for now, then in zip(rows_of(page), before, strict=True))
        assert "At most 1 wrong in 100" in shown(app)
        await type_into(pilot, "harmful", "0.1%")
        await until(pilot, lambda: "1 harmful in 1,000" in shown(app))
        await until(
            pilot,
            lambda: "at least 2,995 rows" in page.query_one("#proof", TextPane).sections[0].text,
        )


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_is_saved_and_stands_in_the_history(
    workspace: Workspace, project: Project, app: LlmopsApp, size: tuple[int, int]
) -> None:
    add_examples(workspace, project, "messages", 20)
    async with app.run_test(size=size) as pilot:
        await open_page(pilot)
        await type_into(pilot, "max_wrong", "5 in 100")
        await type_into(pilot, "owner", "operations")
        app.screen.query_one("#field-unit").focus()
        await press(pilot, "right")
        words = app.screen.query_one("#words", Words).words
        assert "Rows with the same question belong together" in words
        app.screen.query_one("#field-stops").focus()
        await press(pilot, "right", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, OverviewScreen))
        await until(pilot, lambda: "at most 5 wrong in 100" in shown(app))
        assert projects.tolerance_of(workspace, project.id) == Tolerance(
            0.05, unit="question", owner="operations"
        )
        assert projects.stops_when_decided(workspace, project.id)
        page = await open_page(pilot)
        history = page.query_one("#proof", TextPane).sections[1]
        assert history.text.splitlines()[0] == (
            "v2, just now, tester: wrong at most 2 % → 5 %; counted by row → question; "
            "owner nobody → operations"
        )


async def test_a_slip_is_said_at_once_and_not_saved(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        page = await open_page(pilot)
        await type_into(pilot, "max_wrong", "2")
        assert "Wrong at most: “2” isn't between 0 % and 100 %. Write 2%" in shown(app)
        app.screen.query_one("#field-owner").focus()
        await press(pilot, "ctrl+s")
        assert app.screen is page
        assert page.focused is page.query_one("#field-max_wrong")
        assert projects.tolerance_of(workspace, project.id) == Tolerance(0.02)


async def test_what_was_typed_is_thrown_away_only_when_asked_twice(
    project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        page = await open_page(pilot)
        await type_into(pilot, "owner", "me")
        await press(pilot, "escape")
        assert app.screen is page
        await press(pilot, "escape")
        assert isinstance(app.screen, OverviewScreen)
        await open_page(pilot)
        await press(pilot, "escape")
        assert isinstance(app.screen, OverviewScreen), "nothing was changed"


async def test_others_changes_appear_and_do_not_touch_what_is_typed(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=(200, 60)) as pilot:
        page = await open_page(pilot)
        await type_into(pilot, "owner", "me")
        other = open_workspace(workspace.path)
        projects.set_tolerance(other, project.id, Tolerance(0.03))
        add_examples(other, project, "messages", 160)
        other.db.close()
        await until(pilot, lambda: "wrong at most 2 % → 3 %" in shown(app))
        await until(pilot, lambda: "has 160 rows: enough where ✓ stands" in shown(app))
        assert page.values()["owner"] == "me"
        assert page.values()["max_wrong"] == "2 %"


async def test_the_page_can_be_read_and_explained_without_a_mouse(
    project: Project, app: LlmopsApp
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        page = await open_page(pilot)
        assert footer(app).startswith("^s Save")
        for _ in page.values():
            await press(pilot, "enter")
        assert page.focused is page.query_one("#proof")
        await press(pilot, "G")
        assert "v1, just now, tester" in shown(app)
        await press(pilot, "f1")
        assert isinstance(app.screen, HelpScreen)
        await press(pilot, "G")
        assert "The Site Reliability Workbook" in shown(app)
