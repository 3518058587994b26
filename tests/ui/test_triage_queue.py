"""Triage: in which order calls come, many judged at once."""

from __future__ import annotations

from tests.calls_made import TRUNCATED, made, store
from tests.ui.driving import footer, press, shown, until
from tests.ui.test_triage import SMALL, in_file, in_front, words

from llmops_tui.core.call import CallFlag
from llmops_tui.core.project import Project
from llmops_tui.services import triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.ui.app import LlmopsApp

HIGH = CallFlag("leaked key", "high", "It shows a key.")
REFUSAL = CallFlag("refusal", "medium", "It reads like a refusal.")


async def test_the_order_is_chosen_and_kept_and_what_failed_alike_is_judged_at_once(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    refused = [
        made(10 + n, flags=[REFUSAL], output=f"I cannot help with order {n}: it is \x1b[31mred.")
        for n in range(5)
    ]
    store(
        workspace.db, made(1, flags=[TRUNCATED]), *refused, made(2, flags=[HIGH]), made(3, audit=1)
    )
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert in_front(app) == 1
        await press(pilot, "m")
        assert "No other call that waits failed like this one." in words(app, "status")
        await press(pilot, "O", "down", "down", "enter")
        assert in_front(app) == 7
        assert "· worst first" in words(app, "lanes")

    again = LlmopsApp(open_workspace(workspace.path))
    async with again.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert in_front(again) == 7, "the order is kept"
        await press(pilot, "O", "G", "enter")
        assert in_front(again) == 2
        assert "5 failed alike: same rules, similar answers; m judges them all." in shown(again)
        await press(pilot, "right_square_bracket", "n", *"same", "enter", "m")
        seen = shown(again)
        assert "Judge 5 calls at once?" in seen
        assert "All flagged by refusal, answered alike." in seen
        assert "call 3: I cannot help with order 1" in seen
        assert "call 6: I cannot help with order 4" in seen
        assert "With it goes: note: same." in seen
        assert "w Wrong  r Right  c Cosmetic  h Harmful  esc Cancel" in seen
        assert "\x1b" not in seen
        await press(pilot, "escape")
        assert in_front(again) == 3
        await press(pilot, "m", "h")
        assert in_front(again) == 1
        assert words(again, "status") == "5 calls: wrong (harmful) · u takes it back"
        await in_file(pilot, workspace, dict.fromkeys(range(2, 7), "wrong"))
        notes = [triage.open_call(workspace, n).reviews[0].note for n in range(2, 7)]
        assert notes == ["same"] * 5
        await until(pilot, lambda: "[flagged: 2 wait, 5 judged]" in words(again, "lanes"))
        await press(pilot, "u")
        assert in_front(again) == 3
        assert "5 calls: wrong (harmful) taken back" in words(again, "status")
        await in_file(pilot, workspace, {})
        await until(pilot, lambda: "[flagged: 7 wait, 0 judged]" in words(again, "lanes"))
        await press(pilot, "m", "r")
        await in_file(pilot, workspace, dict.fromkeys(range(2, 7), "right"))

    later = LlmopsApp(open_workspace(workspace.path))
    async with later.run_test(size=SMALL) as pilot:
        await press(pilot, "6", "u")
        await until(pilot, lambda: "5 calls: right taken back" in words(later, "status"))
        await in_file(pilot, workspace, {})
        await until(pilot, lambda: "[flagged: 7 wait, 0 judged]" in words(later, "lanes"))
        await press(pilot, "a")
        assert in_front(later) == 8
        assert "m Alike" not in footer(later)
        await press(pilot, "m")
        assert any("judged one by one" in n.message for n in later._notifications)
        assert later.unforeseen == []
