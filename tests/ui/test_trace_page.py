"""The trace around a call, walked by keyboard; and what was said of a call, where it is read."""

from __future__ import annotations

import pytest
from tests.calls_made import TRUNCATED, made
from tests.services.test_traces import TRACE, step
from tests.ui.driving import press, shown, until
from tests.ui.test_monitor import HOSTILE, pane_text

from llmops_tui.core.clock import now_ms
from llmops_tui.core.project import Project
from llmops_tui.core.trace import FeedbackDraft
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import traces
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.monitor.call_page import CallPage
from llmops_tui.ui.screens.monitor.trace_page import TracePage


def a_trace(workspace: Workspace) -> None:
    begin = now_ms() - 60_000
    call = {"trace_id": TRACE, "span_id": f"{3:016x}", "parent_span_id": f"{1:016x}"}
    traces.add(
        workspace.db,
        [
            made(9),
            step(1, None, at=begin, ms=1000, name="support agent", kind="agent"),
            step(2, 1, at=begin + 10, ms=200, name=HOSTILE, input=HOSTILE, output="shipped"),
            made(3, started_at=begin + 400, **call),
        ],
    )


async def test_from_a_call_to_the_steps_around_it_and_back(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    a_trace(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5")
        await until(pilot, lambda: "delivery" in shown(app))
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(app.screen, TracePage) and "agent" in shown(app))
        screen = shown(app)
        assert "3 steps, a call · 1.0 s" in screen
        assert "\x1b" not in screen
        assert "\u202e" not in screen
        lines = screen.splitlines()
        under = next(line for line in lines if "▌" in line)
        assert "smol" in under, "the cursor begins at the call one came from"

        await press(pilot, "k", "enter")
        await until(pilot, lambda: "shipped" in pane_text(app, "#step"))
        assert "\x1b" not in shown(app)
        await press(pilot, "escape", "j", "enter")
        await until(pilot, lambda: isinstance(app.screen, CallPage))
        assert "delivery 3" in shown(app)
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: "took  flags" in shown(app))
        assert app.unforeseen == []


async def test_a_call_without_a_trace_says_so(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    traces.add(workspace.db, [made(1)])
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5")
        await until(pilot, lambda: "delivery" in shown(app))
        await press(pilot, "o")
        told = lambda: [notification.message for notification in app._notifications]  # noqa: E731
        await until(pilot, lambda: any("came without a trace" in message for message in told()))
        assert app.unforeseen == []


@pytest.mark.parametrize("way", ["5 enter", "6"])
async def test_what_was_said_of_a_call_stands_under_its_answer(
    workspace: Workspace, project: Project, app: LlmopsApp, way: str
) -> None:
    said = FeedbackDraft(
        identity=b"f1",
        source="user",
        given_at=now_ms(),
        response_id="resp-1",
        thumbs=-1,
        comment=f"It was a refund. {HOSTILE}",
        corrected="refund",
        author="customer 7",
    )
    traces.add(workspace.db, [made(1, flags=[TRUNCATED], project_id=project.id), said])
    assert len(traces.join_feedback(workspace.db)) == 1
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *way.split())
        await until(pilot, lambda: "thumbs down, customer 7" in shown(app))
        screen = shown(app)
        assert "It was a refund." in screen
        assert "would have answered: refund" in screen
        assert "\x1b" not in screen
        assert app.unforeseen == []


async def test_triage_opens_the_trace_of_the_call_in_front_unless_one_is_blind(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    begin = now_ms() - 60_000
    call = {"trace_id": TRACE, "span_id": f"{3:016x}", "parent_span_id": f"{1:016x}"}
    traces.add(
        workspace.db,
        [
            step(1, None, at=begin, ms=1000, name="support agent", kind="agent"),
            made(3, project_id=project.id, flags=[TRUNCATED], started_at=begin, **call),
        ],
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "6")
        await until(pilot, lambda: "delivery 3" in shown(app))
        await press(pilot, "b", "T")
        assert not isinstance(app.screen, TracePage)
        await press(pilot, "b", "T")
        await until(pilot, lambda: isinstance(app.screen, TracePage) and "agent" in shown(app))
        assert app.unforeseen == []
