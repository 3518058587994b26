"""Sessions that may only look, or only judge: fit for an SSH forced command."""

from __future__ import annotations

import pytest
from tests.calls_made import lanes
from tests.cli.test_commands import assert_error, command
from tests.ui.conftest import add_examples
from tests.ui.driving import footer, press, until

from llmops_tui.core.errors import StoreError
from llmops_tui.core.project import Project
from llmops_tui.core.role import Role
from llmops_tui.services import prompts, triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.commands import registry
from llmops_tui.ui.permissions import DIALOGS, JUDGING, LOOKING, PAGES, refusal
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.dialog import Dialog
from llmops_tui.ui.widgets.virtual_table import VirtualTable

SMALL = (80, 24)


def test_every_permission_is_about_a_command_that_there_is() -> None:
    known = {command.id for command in registry.all_commands()}
    assert known >= JUDGING >= LOOKING
    allowed = {name for name in known if refusal(Role.REVIEWER, name) is None}
    for word in ("editor", "copy", "export", "import", "suspend", "save", "correct", "example"):
        assert [name for name in allowed if word in name.rpartition(".")[2]] == []
    assert refusal(Role.VIEWER, "triage.right") is not None
    assert refusal(Role.OWNER, "shell.suspend") is None


@pytest.fixture
def filled(workspace: Workspace, project: Project) -> Workspace:
    add_examples(workspace, project, "sums", 3)
    made = prompts.create_prompt(workspace, project.id, "topics")
    prompts.add_version(workspace, made, [("user", "{{ question }}")])
    lanes(workspace.db, flagged=3, audit=1)
    return workspace


async def test_a_viewer_looks_everywhere_and_changes_nothing(filled: Workspace) -> None:
    before = filled.path.read_bytes()
    viewer = open_workspace(filled.path, read_only=True)
    app = LlmopsApp(viewer, role=Role.VIEWER)
    keys = [command.keys for command in registry.all_commands()]
    single = sorted({key for key in ",".join(keys).split(",") if key} - {"q", "ctrl+q", "ctrl+c"})
    async with app.run_test(size=SMALL) as pilot:
        for area in "1234567":
            await press(pilot, area, *(("enter",) if area in "23457" else ()))
            for key in single:
                if key.isdecimal() or key in ("escape", "ctrl+z"):
                    continue
                await pilot.press(key)
                front = app.screen
                if isinstance(front, Page | Dialog):
                    assert front.SCOPE in PAGES or front.SCOPE in DIALOGS, (area, key)
            while len(app.screen_stack) > 1:
                app.pop_screen()
                await pilot.pause()
        await press(pilot, "6")
        await press(pilot, "r")
        assert app._notifications
        assert app.unforeseen == []
    assert [row.review for row in calls.newer(viewer.db, 0)] == ["", "", "", ""]
    with pytest.raises(StoreError, match="only looks"):
        triage.review(viewer, calls.newer(viewer.db, 0)[0], triage.ReviewVerdict.RIGHT)
    viewer.db.close()
    assert filled.path.read_bytes() == before


async def test_a_reviewer_judges_and_does_nothing_else(filled: Workspace) -> None:
    app = LlmopsApp(filled, role=Role.REVIEWER)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "6")
        assert "Right" in footer(app)
        await press(pilot, "r", "x", "e", "d")
        told = " ".join(message.message for message in app._notifications)
        assert "This session may look and judge calls" in told
        await press(pilot, "3")
        await until(pilot, lambda: app.screen.query_one(VirtualTable).cursor_row is not None)
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen.SCOPE != "prompts")
        assert app.screen.SCOPE == "prompts.versions", "not the editor"
        await press(pilot, "escape", "4", "n")
        assert app.screen.SCOPE == "runs"
        assert app.unforeseen == []
    assert triage.open_call(filled, 1).row.review == "right"


def test_the_command_line_is_closed_to_them_but_for_triage(filled: Workspace) -> None:
    db = filled.path
    assert_error(command("--role", "viewer", "model", "list", db=db), "may only look", code=4)
    assert_error(command("doctor", db=db, LLMOPS_TUI_ROLE="reviewer"), "judge calls", code=4)
    listed = command("--role", "viewer", "triage", "list", db=db)
    assert listed.returncode == 0, listed.stderr
    assert_error(command("--role", "viewer", "triage", "label", "1", "right", db=db), "only look")
    assert command("--role", "reviewer", "triage", "label", "1", "right", db=db).returncode == 0
    assert_error(command("--role", "reviewer", "triage", "export", "x.csv", db=db), "judge calls")
