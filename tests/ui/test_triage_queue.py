"""Triage: in which order calls come, many judged at once."""

from __future__ import annotations

from tests.calls_made import TRUNCATED, made, store
from tests.ui.driving import enter, footer, press, shown, until
from tests.ui.test_triage import SMALL, in_file, in_front, pane, verdicts, words

from llmops_tui.core.call import CallFlag, Lane
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
        await press(pilot, "O", "G", "enter")
        assert in_front(app) == 2
        assert "5 failed alike: same rules, similar answers; m judges them all." in shown(app)
        await press(pilot, "right_square_bracket")
        await press(pilot, "n", *"same", "enter")
        await press(pilot, "m")
        seen = shown(app)
        assert "Judge 5 calls at once?" in seen
        assert "All flagged by refusal, answered alike." in seen
        assert "call 3: I cannot help with order 1" in seen
        assert "call 6: I cannot help with order 4" in seen
        assert "With it goes: note: same." in seen
        assert "w Wrong  r Right  c Cosmetic  h Harmful  esc Cancel" in seen
        assert "\x1b" not in seen
        await press(pilot, "escape")
        assert in_front(app) == 3
        await press(pilot, "m")
        await press(pilot, "h")
        assert in_front(app) == 1
        assert words(app, "status") == "5 calls: wrong (harmful) · u takes it back"
        await in_file(pilot, workspace, dict.fromkeys(range(2, 7), "wrong"))
        notes = [triage.open_call(workspace, n).reviews[0].note for n in range(2, 7)]
        assert notes == ["same"] * 5
        await until(pilot, lambda: "[flagged: 2 wait, 5 judged]" in words(app, "lanes"))
        await press(pilot, "u")
        assert in_front(app) == 3
        assert "5 calls: wrong (harmful) taken back" in words(app, "status")
        await in_file(pilot, workspace, {})
        await until(pilot, lambda: "[flagged: 7 wait, 0 judged]" in words(app, "lanes"))
        await press(pilot, "m")
        await press(pilot, "r")
        await in_file(pilot, workspace, dict.fromkeys(range(2, 7), "right"))

    later = LlmopsApp(open_workspace(workspace.path))
    async with later.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert "· alike" in words(later, "lanes"), "the order is kept"
        await press(pilot, "u")
        await until(pilot, lambda: "5 calls: right taken back" in words(later, "status"))
        await in_file(pilot, workspace, {})
        await until(pilot, lambda: "[flagged: 7 wait, 0 judged]" in words(later, "lanes"))
        await press(pilot, "a")
        assert in_front(later) == 8
        assert "m Alike" not in footer(later)
        await press(pilot, "m")
        assert any("judged one by one" in n.message for n in later._notifications)
        assert later.unforeseen == []


async def test_blind_hides_flags_lane_and_what_others_said_until_the_verdict(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    triage.set_second_share(workspace, project.id, 1.0)
    answer = "I cannot help with that."
    marked = CallFlag("refusal", "medium", "It reads like a refusal.", 0, 8)
    store(workspace.db, made(1, flags=[marked], output=answer), made(2, audit=0.5))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert "! refusal" in shown(app)
        assert "b Blind" in footer(app)
        await press(pilot, "b")
        assert "refusal" not in shown(app)
        assert "marked" not in pane(app, "answer")
        assert "· blind" in words(app, "lanes")
        assert "b Unblind" in footer(app)
        await press(pilot, "o", "e", "m")
        refused = [message.message for message in app._notifications]
        assert refused == ["Blind: that would tell why the call is here; b ends it."] * 3
        await press(pilot, "w")
        await until(pilot, lambda: verdicts(workspace, 9) == {1: "wrong"})
        (review,) = triage.open_call(workspace, 1).reviews
        assert not review.blind, "the flags were in view before"
        await press(pilot, "u", "b", "i")
        seen = shown(app)
        assert "[both, mixed: 2 wait] · blind" in words(app, "lanes")
        assert "refusal" not in seen
        assert "random" not in seen
        front = in_front(app)
        await press(pilot, "r")
        other = "" if front == 1 else " · it was drawn at random"  # why 1 is here was in view
        assert words(app, "status") == f"call {front}: right{other} · u takes it back"
        await press(pilot, "w")
        await in_file(pilot, workspace, {front: "right", 3 - front: "wrong"})
        audited = triage.open_call(workspace, 2).reviews[-1]
        assert (audited.blind, audited.lane) == (True, Lane.AUDIT)

    ben = LlmopsApp(open_workspace(workspace.path).as_person("ben"))
    async with ben.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert "second look: 2" in words(ben, "lanes")
        assert "In the second look lane 2 do: press l." in shown(ben)
        await press(pilot, "l")
        assert in_front(ben) == 1
        assert "[second look: 2 wait] · blind" in words(ben, "lanes")
        assert "refusal" not in shown(ben)
        await press(pilot, "d")
        assert any("what the first verdict is" in one.message for one in ben._notifications)
        await press(pilot, "r" if front != 1 else "h")
        assert words(ben, "status").endswith(" · u takes it back")
        await press(pilot, "u")
        assert in_front(ben) == 1
        assert "[second look: 2 wait]" in words(ben, "lanes")
        await press(pilot, "r" if front != 1 else "h", "n", *"bad", "enter")
        await press(pilot, "h" if front != 1 else "r")
        assert ben.unforeseen == []
    assert [review.asked_as for review in triage.open_call(workspace, 1).reviews][-1] == "second"

    cleo = LlmopsApp(open_workspace(workspace.path).as_person("cleo"))
    async with cleo.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "R")
        assert in_front(cleo) == 1
        assert "Two differ. One says" in shown(cleo)
        assert "ben" not in shown(cleo)
        await press(pilot, "r")
        await press(pilot, "w")
        await in_file(pilot, workspace, {1: "right", 2: "wrong"})
        await until(pilot, lambda: "Nothing waits." in shown(cleo))
        await press(pilot, "p")
        assert "People agree on 0% of 2 calls judged twice (blind)" in " ".join(shown(cleo).split())
        await press(pilot, "s")
        await enter(pilot, "15 %")
        await press(pilot, "ctrl+s")
        assert "15 % are judged by a second person" in " ".join(shown(cleo).split())
        assert cleo.unforeseen == []


async def test_calls_are_tagged_given_to_somebody_and_found_again(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    store(workspace.db, *(made(n, flags=[TRUNCATED]) for n in range(3)), made(3, audit=0.5))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "number_sign", *"wrh refund", "enter")
        assert in_front(app) == 1, "letters typed in it judge nothing"
        assert "#refund #wrh" in words(app, "why")
        await press(pilot, "right_square_bracket")
        await press(pilot, "A")
        assert "Whose call is it?" in shown(app)
        await press(pilot, "up", "enter")
        await press(pilot, *"ana", "enter")
        assert words(app, "status") == "call 2 waits for ana alone"
        await until(pilot, lambda: "[flagged: 2 wait" in words(app, "lanes"))
        assert in_front(app) == 3
        await press(pilot, "slash")
        await enter(pilot, "tag:refund")
        await press(pilot, "enter")
        await until(pilot, lambda: in_front(app) == 1)
        assert words(app, "head").startswith("1 of 1 ")
        await press(pilot, "escape", "slash")
        await enter(pilot, "assignee:ana")
        await press(pilot, "enter")
        await until(pilot, lambda: in_front(app) == 2)
        assert "for ana" in words(app, "why")
        await press(pilot, "slash")
        await enter(pilot, "nothing like it")
        await press(pilot, "enter")
        await until(pilot, lambda: "esc clears the filter" in shown(app))
        await press(pilot, "escape")
        await until(pilot, lambda: in_front(app) == 1)
        await press(pilot, "o")
        assert "#refund #wrh" in pane(app, "call")
        await press(pilot, "escape", "5", "slash")
        await enter(pilot, "assignee:ana")
        await press(pilot, "enter")
        await until(pilot, lambda: "delivery 1" in shown(app) and "delivery 0" not in shown(app))
        assert app.unforeseen == []
