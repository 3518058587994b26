"""How long calls are kept is set and seen in the app, and archived calls are found there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.ui.driving import enter, press, settle, shown, until

from llmops_tui.core.clock import now_ms
from llmops_tui.core.project import Project
from llmops_tui.core.retention import DAY_MS, RetentionPolicy
from llmops_tui.services import archive, calls, retention
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import retention as stored
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.monitor.archive_page import ArchivePage
from llmops_tui.ui.screens.monitor.retention_page import RetentionPage

HOSTILE = "an armadillo \x1b[31mred\x1b]0;title\x07 [bold]not bold[/bold]"


def old(number: int, **fields: object):
    return made(number, **{"started_at": now_ms() - 9 * DAY_MS, **fields})


@pytest.fixture(autouse=True)
def _no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "gateway_answers", lambda: False)


async def test_setting_it_says_what_would_go_and_removing_is_asked(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, *(old(n) for n in range(12)), old(12, flags=[TRUNCATED]), made(13))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "K")
        await until(pilot, lambda: "For good: nothing is ever removed" in shown(app))
        assert isinstance(app.screen, RetentionPage)
        await press(pilot, "x")
        assert [n.message for n in app._notifications] == [
            "Nothing is set: everything is kept. e sets it."
        ]
        await press(pilot, "e")
        await enter(pilot, "soon")
        await press(pilot, "ctrl+s")
        assert "'soon' is no number of days" in shown(app)
        await press(pilot, "escape", "escape", "e")
        await enter(pilot, "7")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "12 calls" in shown(app))
        assert "Keep them so: 7 days?" in shown(app)
        assert stored.policy(workspace.db, project.id) == RetentionPolicy()
        await press(pilot, "y")
        await until(pilot, lambda: "For 7 days." in shown(app))
        assert stored.policy(workspace.db, project.id) == RetentionPolicy(days=7)
        assert "No gateway is at work" in shown(app)
        await press(pilot, "x", "y")
        await until(pilot, lambda: "Removed so far" in shown(app))
        assert retention.view(workspace, project.id).size.calls == 2
        await until(pilot, lambda: "Nothing would go now" in shown(app))
        await settle(pilot)


async def test_archived_calls_are_found_by_words_and_opened(
    workspace: Workspace, project: Project, app: LlmopsApp, tmp_path: Path
) -> None:
    store(workspace.db, *(old(n) for n in range(1, 9)), old(9, output=HOSTILE), made(10))
    target = tmp_path / "archive"
    async with app.run_test(size=(120, 30)) as pilot:
        await press(pilot, "5", "z")
        await until(pilot, lambda: "No archive is known yet" in shown(app))
        list(archive.write(workspace, target, archive.read_before(""), remove=True))
        await press(pilot, "escape", "z")
        await until(pilot, lambda: "delivery 8" in shown(app))
        assert isinstance(app.screen, ArchivePage)
        assert "1 day" in shown(app)
        await press(pilot, "slash")
        await enter(pilot, "armadillo model:smol")
        await until(pilot, lambda: "1 call" in shown(app) and "delivery 8" not in shown(app))
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: "archived call 9" in shown(app))
        await until(pilot, lambda: "not bold" in shown(app))
        assert "\x1b" not in shown(app)
        assert "[bold]" in shown(app)
        await press(pilot, "escape")
        await settle(pilot)
        assert isinstance(app.screen, ArchivePage)
        await press(pilot, "escape")
        await until(pilot, lambda: "delivery 8" in shown(app))
        await settle(pilot)
