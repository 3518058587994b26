"""Drift, by keyboard: another version, another window, something else to be set beside."""

from __future__ import annotations

from tests.calls_made import made, store
from tests.ui.driving import press, shown, until

from llmops_tui.core.clock import now_ms
from llmops_tui.core.project import Project
from llmops_tui.services.workspace import Workspace
from llmops_tui.ui.app import LlmopsApp

HOUR_MS = 3_600_000


async def test_production_is_set_beside_the_time_before_and_other_versions(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    for n in range(120):
        store(
            workspace.db,
            made(
                n,
                project_id=project.id,
                started_at=now_ms() - (30 if n < 40 else 1) * HOUR_MS,
                prompt_version="1" if n < 80 else "2",
                duration_ms=5.0,
                output="delivery" if n < 80 else "payment",
                input="user: \x1b[31mWhere is it?" * (1 if n < 80 else 9),
            ),
        )
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "d")
        await until(pilot, lambda: "has no finished run here" in shown(app))
        assert "now: topics v2, last 24 hours (40 calls)" in shown(app)
        await press(pilot, "s")
        await until(pilot, lambda: "topics v1" in shown(app))
        await press(pilot, "a")
        await until(pilot, lambda: "before: the 24 hours before (40 calls)" in shown(app))
        assert "none changed by more than chance explains" in shown(app)
        await press(pilot, "a")
        await until(pilot, lambda: "before: topics v2" in shown(app))
        screen = shown(app)
        assert "question length" in screen
        assert "answers given" in screen
        assert any("!  answers given" in line for line in screen.splitlines())
        assert "\x1b" not in screen
        await press(pilot, "left_square_bracket")
        await until(pilot, lambda: "last 1 hour" in shown(app))
        await press(pilot, "s", "s")
        await until(pilot, lambda: "all calls" in shown(app) or "topics" in shown(app))
        assert app.unforeseen == []
