"""Triage: one key a verdict, nothing lost, and what the verdicts prove in view."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, lanes, made, store
from tests.ui.driving import enter, footer, press, settle, shown, until

from llmops_tui.core.call import CallFlag, Lane, ReviewVerdict
from llmops_tui.core.errors import StoreFullError
from llmops_tui.core.project import Project
from llmops_tui.core.role import Role
from llmops_tui.core.tolerance import State, Tolerance
from llmops_tui.core.tolerance.lanes import LaneCounts, two_lanes
from llmops_tui.core.tolerance.words import bound_percent
from llmops_tui.services import calls, datasets, projects, triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls as stored_calls
from llmops_tui.store.calls import NewCall
from llmops_tui.store.database import Database
from llmops_tui.ui import editor
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.triage import screen, texts
from llmops_tui.ui.screens.triage.ledger import Entry, Ledger, Remark
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.words import Words

SMALL = (80, 24)
LARGE = (200, 60)
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202eevil [bold]not bold[/bold] \x9b2J"


def words(app: LlmopsApp, name: str) -> str:
    return app.screen.query_one(f"#{name}", Words).words


def pane(app: LlmopsApp, name: str) -> str:
    sections = app.screen.query_one(f"#{name}", TextPane).sections
    return "\n".join(f"{section.heading}\n{section.text}" for section in sections)


def in_front(app: LlmopsApp) -> int | None:
    """Id of the call in front, as the screen says it."""
    _, _, rest = words(app, "head").partition("call ")
    return int(rest.split()[0]) if rest else None


def verdicts(workspace: Workspace, count: int) -> dict[int, str]:
    """What is in force in the file, by call."""
    rows = stored_calls.newer(workspace.db, 0, count)
    return {row.id: row.review for row in rows if row.review}


def store_elsewhere(workspace: Workspace, *new: NewCall) -> None:
    """Store calls as another process does: only its commits are news for the app."""
    other = Database(workspace.path)
    store(other, *new)
    other.close()


async def in_file(pilot: object, workspace: Workspace, wanted: dict[int, str]) -> None:
    await until(pilot, lambda: verdicts(workspace, 100) == wanted)  # type: ignore[arg-type]


async def test_one_key_judges_and_the_next_call_is_there_at_once(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=6, audit=2)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert in_front(app) == 1
        await pilot.press("r")
        assert in_front(app) == 2
        assert "Where is order 1?" in pane(app, "asked"), "call 2 is the one numbered 1"
        await pilot.press("w", "c", "h", "s")
        assert in_front(app) == 6
        await in_file(
            pilot, workspace, {1: "right", 2: "wrong", 3: "wrong", 4: "wrong", 5: "unsure"}
        )
        severities = [calls.call_detail(workspace, n).reviews[0].severity for n in (2, 3, 4)]
        assert severities == ["wrong", "cosmetic", "harmful"]
        await until(pilot, lambda: "[flagged: 1 wait, 4 judged]" in shown(app))
        assert "audit: 2 wait, 0 judged" in shown(app)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_one_call_fills_the_screen(
    workspace: Workspace, project: Project, app: LlmopsApp, size: tuple[int, int]
) -> None:
    answer = "I would like to, but I cannot help with that."
    start = answer.index("I cannot")
    flag = CallFlag("refusal", "medium", "It reads like a refusal.", start, start + 8)
    turns = "\n".join(f"user: turn {n}\nassistant: reply {n}" for n in range(9))
    store(workspace.db, made(1, output=answer, flags=[flag], input=f"{turns}\nuser: the last one"))
    async with app.run_test(size=size) as pilot:
        await press(pilot, "6")
        seen = shown(app)
        assert "! refusal (medium): It reads like a refusal. Marked: “I cannot”." in seen
        assert "user: the last one" in seen
        assert answer in seen
        assert "1 of 1 · call 1" in seen
        assert "topics v2 · 1 ms · 80+4 tokens · stop · smol" in seen
        assert "r Right  w Wrong  c Cosmetic  h Harmful  s Not sure" in footer(app)
        marked = [
            segment.text
            for line in app.screen._compositor.render_strips()
            for segment in line
            if segment.style and segment.style.reverse and segment.style.bold
        ]
        assert "I cannot" in "".join(marked)


async def test_undo_takes_back_any_number_also_after_a_restart(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=5, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "r", "w", "r")
        await press(pilot, "u")
        assert in_front(app) == 3
        await in_file(pilot, workspace, {1: "right", 2: "wrong"})
        await press(pilot, "h")
        await in_file(pilot, workspace, {1: "right", 2: "wrong", 3: "wrong"})

    again = LlmopsApp(open_workspace(workspace.path))
    async with again.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert in_front(again) == 4
        for expected in (3, 2, 1):
            await press(pilot, "u")
            await until(pilot, lambda wanted=expected: in_front(again) == wanted)
            assert "taken back" in words(again, "status")
        await in_file(pilot, workspace, {})
        await press(pilot, "u")
        await until(pilot, lambda: "no verdict of yours left" in words(again, "status"))
        assert in_front(again) == 1
        await until(pilot, lambda: "[flagged: 5 wait, 0 judged]" in words(again, "lanes"))
    again.workspace.db.close()


async def test_undo_while_the_verdict_is_still_being_written(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=4, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        with workspace.db.write():  # somebody holds the file's write lock
            await pilot.press("r", "w", "u", "h")
            assert in_front(app) == 3
            await pilot.pause(0.2)
        await in_file(pilot, workspace, {1: "right", 2: "wrong"})
        await settle(pilot)
        assert calls.call_detail(workspace, 2).reviews[-1].severity == "harmful"
        assert in_front(app) == 3


async def test_a_verdict_that_the_file_refuses_comes_back_with_its_note(
    workspace: Workspace, project: Project, app: LlmopsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes(workspace.db, flagged=3, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")

        def full(*_: object, **__: object) -> None:
            raise StoreFullError("The disk is full.", "Make room.")

        with monkeypatch.context() as patched:
            patched.setattr(triage, "review", full)
            await press(pilot, "n", *"rude", "enter", "w")
            await until(pilot, lambda: in_front(app) == 1)
            assert "note: rude" in words(app, "status")
            assert [n.severity for n in app._notifications] == ["error"]
            assert "[flagged: 3 wait" in words(app, "lanes")
        await press(pilot, "w")
        await in_file(pilot, workspace, {1: "wrong"})
        assert calls.call_detail(workspace, 1).reviews[0].note == "rude"
        assert app.unforeseen == []


async def test_a_verdict_given_just_before_leaving_is_kept(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=3, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await pilot.press("r", "w", "ctrl+q")
    assert verdicts(workspace, 3) == {1: "right", 2: "wrong"}


async def test_a_note_goes_with_the_verdict_and_letters_typed_in_it_judge_nothing(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=2, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "n", *"wrhcsu", "escape")
        assert verdicts(workspace, 2) == {}
        assert words(app, "status") == ""
        await press(pilot, "n", *"wrong city", "enter")
        assert words(app, "status") == "note: wrong city"
        await press(pilot, "w", "r")
        await in_file(pilot, workspace, {1: "wrong", 2: "right"})
    assert [calls.call_detail(workspace, n).reviews[0].note for n in (1, 2)] == ["wrong city", ""]


async def test_skipped_calls_keep_waiting_and_come_round_again(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=3, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "right_square_bracket")
        assert in_front(app) == 2
        await press(pilot, "r")
        assert in_front(app) == 3
        await press(pilot, "right_square_bracket")
        assert in_front(app) == 1
        await press(pilot, "left_square_bracket")
        assert in_front(app) == 3
        await press(pilot, "r")
        assert in_front(app) == 1
        await in_file(pilot, workspace, {2: "right", 3: "right"})


async def test_a_long_queue_is_read_on_while_one_judges(
    workspace: Workspace, project: Project, app: LlmopsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "PAGE", 8)
    lanes(workspace.db, flagged=20, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        for n in range(1, 21):
            await until(pilot, lambda wanted=n: in_front(app) == wanted)
            await until(pilot, lambda: app.screen.judged is not None)  # type: ignore[attr-defined]
            await pilot.press("r")
        await until(pilot, lambda: "Nothing waits." in shown(app))
        await in_file(pilot, workspace, dict.fromkeys(range(1, 21), "right"))


async def test_the_audit_lane_hides_why_a_call_is_there_until_asked(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=1, audit=2)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "a")
        assert in_front(app) == 2
        assert "not shown while you judge; v shows it" in shown(app)
        assert "random" not in shown(app)
        await press(pilot, "v")
        assert "drawn at random with a chance of 25 %" in shown(app)
        await press(pilot, "r")
        assert "random" not in shown(app)
        detail = calls.call_detail(workspace, 2)
        assert (detail.reviews[0].lane, detail.row.review) == (Lane.AUDIT, "right")
        await press(pilot, "f")
        assert in_front(app) == 1
        await press(pilot, "u")
        assert in_front(app) == 2, "taking back leads to the call's own lane"
        assert "[audit: 2 wait" in words(app, "lanes")
        await press(pilot, "f", "a", "f")
        assert in_front(app) == 1


async def test_the_audit_comes_first_where_nothing_is_flagged(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=0, audit=2)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert in_front(app) == 1
        assert "[audit: 2 wait" in shown(app)


async def test_without_an_audit_what_the_flags_miss_is_said_to_be_unknown(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=2, audit=0, rest=20)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "r", "w")
        await until(pilot, lambda: "Nothing waits." in shown(app))
        await until(pilot, lambda: "2 of 2 flagged and 0 audited" in shown(app))
        seen = " ".join(shown(app).split())
        assert "What the flags miss. Flagged calls alone say nothing of the others" in seen
        assert "Whether the verdicts themselves are right" in seen
        assert "r Right" not in footer(app)
        store_elsewhere(workspace, made(50, flags=[TRUNCATED]))
        await until(pilot, lambda: in_front(app) == 23)


async def test_the_statement_moves_with_each_verdict(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=3, audit=2, rest=5)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await until(pilot, lambda: "none reviewed: not known" in words(app, "estimate"))
        await press(pilot, "r")
        await until(pilot, lambda: "1 of 3 flagged" in words(app, "estimate"))
        before = words(app, "estimate")
        await press(pilot, "w")
        await until(pilot, lambda: "2 of 3 flagged" in words(app, "estimate"))
        assert words(app, "estimate").split("(")[0] != before.split("(")[0]
        await press(pilot, "u")
        await until(pilot, lambda: words(app, "estimate") == before)


async def test_what_somebody_else_judged_leaves_the_queue(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=4, audit=0)
    other = Workspace(Database(workspace.path), "ben")
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        triage.review(other, triage.open_call(other, 1).row, ReviewVerdict.WRONG)
        await until(pilot, lambda: in_front(app) == 2)
        assert "Call 1 was judged elsewhere, or given to somebody." in words(app, "status")
        triage.review(other, triage.open_call(other, 3).row, ReviewVerdict.RIGHT)
        await press(pilot, "r")
        await until(pilot, lambda: in_front(app) == 4)
        await press(pilot, "u")
        assert in_front(app) == 2, "only one's own verdict is taken back"
        await in_file(pilot, workspace, {1: "wrong", 3: "right"})
    other.db.close()


async def test_calls_that_arrive_leave_the_call_in_front_where_it_is(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=2, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "right_square_bracket")
        store_elsewhere(workspace, *(made(n, flags=[TRUNCATED]) for n in range(10, 15)))
        await until(pilot, lambda: "[flagged: 7 wait" in words(app, "lanes"))
        assert in_front(app) == 2


async def test_the_whole_call_can_be_opened_and_judged_there(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    lanes(workspace.db, flagged=2, audit=0)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await press(pilot, "o")
        assert "How it went" in pane(app, "call")
        await press(pilot, "w", "escape")
        await until(pilot, lambda: in_front(app) == 2)


async def test_a_call_without_an_answer_waits_for_no_verdict_and_takes_none(
    workspace: Workspace, project: Project, app: LlmopsApp
) -> None:
    failed = CallFlag("error", "high", "The call failed: timeout.")
    store(workspace.db, made(1, flags=[failed], status="error", error="timeout", output=""))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert "Nothing waits." in shown(app)
        await press(pilot, "5", "enter")
        assert "no answer to judge: errored is not wrong" in shown(app)
        await press(pilot, "w")
        assert "There is no answer to judge" in next(iter(app._notifications)).message
    assert verdicts(workspace, 1) == {}


async def test_without_a_project_it_says_what_comes_first(
    workspace: Workspace, app: LlmopsApp
) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        assert "There is no project yet" in shown(app)
        await press(pilot, "r", "u", "a")
        assert app.unforeseen == []


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_hostile_texts_never_reach_the_terminal_raw(
    workspace: Workspace, project: Project, app: LlmopsApp, size: tuple[int, int]
) -> None:
    flag = CallFlag("rule\x1b[0m", "medium\x07", HOSTILE, 0, 8)
    hostile = {"output": HOSTILE, "input": f"user: {HOSTILE}", "model": HOSTILE}
    store(
        workspace.db,
        made(1, flags=[flag], prompt_name=HOSTILE, finish_reason="\x1b[2J", **hostile),
        made(2, audit=0.5, **hostile),
        made(3, flags=[flag], output=""),
    )
    async with app.run_test(size=size) as pilot:
        for keys in (["6"], ["right_square_bracket"], ["a"], ["n", "escape"]):
            await press(pilot, *keys)
            seen = shown(app)
            assert not any(c in seen for c in "\x1b\x07\x9b\u202e")
            assert "[bold]not" in seen
        assert app.unforeseen == []


@pytest.mark.parametrize(
    ("flagged", "flagged_wrong", "audited", "audited_wrong"),
    [(6, 2, 4, 0), (6, 0, 0, 0), (3, 1, 4, 2), (0, 0, 4, 1)],
)
def test_the_estimate_is_that_of_the_two_lanes(
    workspace: Workspace,
    project: Project,
    flagged: int,
    flagged_wrong: int,
    audited: int,
    audited_wrong: int,
) -> None:
    lanes(workspace.db, flagged=6, audit=4, rest=90)
    judged = {n + 1: n < flagged_wrong for n in range(flagged)}
    judged |= {n + 7: n < audited_wrong for n in range(audited)}
    for call_id, wrong in judged.items():
        row = triage.open_call(workspace, call_id).row
        triage.review(workspace, row, ReviewVerdict.WRONG if wrong else ReviewVerdict.RIGHT)
    tolerance = Tolerance(0.05)
    found = triage.live_estimate(workspace, tolerance, project.id)
    expected = two_lanes(
        LaneCounts(100, 6, flagged, flagged_wrong, audited, audited_wrong), tolerance.confidence
    )
    assert (found.point, found.lower, found.upper) == (
        expected.point,
        expected.lower,
        expected.upper,
    )
    beyond = expected.lower > tolerance.max_wrong
    bound = (
        f"At least {bound_percent(expected.lower, 'lower', 0.05)}"
        if beyond
        else f"We can say at most {bound_percent(expected.upper, 'upper', 0.05)}"
    )
    assert found.sentence.startswith(f"{bound} of 100 live calls are wrong")
    assert ("more than the 5 % tolerated" in found.sentence) == beyond
    assert ("No audit yet" in found.sentence) == (audited == 0)
    assert found.note.startswith(expected.note)


def test_the_state_says_on_which_side_of_the_tolerance_the_bounds_lie(
    workspace: Workspace, project: Project
) -> None:
    lanes(workspace.db, flagged=10, audit=0)
    for call_id in range(1, 11):
        row = triage.open_call(workspace, call_id).row
        wrong = call_id == 1
        triage.review(workspace, row, ReviewVerdict.WRONG if wrong else ReviewVerdict.RIGHT)

    def state(limit: float) -> State:
        return triage.live_estimate(workspace, Tolerance(limit), project.id).state

    assert state(0.05) is State.EXCEEDED
    assert state(0.1) is State.WITHIN, "all ten were judged, one is wrong: nothing is left open"


def test_unsure_verdicts_are_said_to_count_as_not_reviewed(
    workspace: Workspace, project: Project
) -> None:
    lanes(workspace.db, flagged=3, audit=0)
    for call_id, verdict in ((1, "right"), (2, "unsure")):
        row = triage.open_call(workspace, call_id).row
        triage.review(workspace, row, ReviewVerdict(verdict))
    tolerance = projects.tolerance_of(workspace, project.id)
    found = triage.live_estimate(workspace, tolerance, project.id)
    assert found.lanes.flagged_reviewed == 1
    assert "1 unsure verdict counted as not reviewed" in found.note


async def test_two_people_never_have_the_same_call_in_front(
    workspace: Workspace, project: Project
) -> None:
    lanes(workspace.db, flagged=6, audit=0)
    ana = LlmopsApp(Workspace(workspace.db, "ana"))
    async with ana.run_test(size=SMALL) as first:
        await press(first, "6")
        assert in_front(ana) == 1
        ben = LlmopsApp(Workspace(Database(workspace.path), "ben"))
        async with ben.run_test(size=SMALL) as second:
            await press(second, "6")
            assert in_front(ben) == 4, "the first three are read ahead for ana"
            await press(second, "r")
            await press(first, "r", "r", "r")
            await settle(first)
            assert in_front(ana) not in (4, 5, 6) or in_front(ana) is None
            await press(second, "r", "r")
        ben.workspace.db.close()
        assert ana.unforeseen == []
        assert ben.unforeseen == []
    rows = stored_calls.newer(workspace.db, 0, 10)
    given = [len(triage.open_call(workspace, row.id).reviews) for row in rows]
    assert max(given) == 1, "nothing is judged twice"
    assert sum(given) >= 5


async def test_a_reason_and_a_correction_go_along_and_the_call_becomes_an_example(
    workspace: Workspace, project: Project, app: LlmopsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(workspace.db, made(1, flags=[TRUNCATED], input="user: Mail me at ana@example.com"))
    monkeypatch.setattr(editor, "edit_in_editor", lambda *_: "payment\n")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await press(pilot, "6")
        await press(pilot, "t")
        assert "invented a fact" in shown(app)
        await press(pilot, "9")
        told = [message.message for message in app._notifications]
        assert "There are 8 to choose from." in told
        await press(pilot, "2", "x")
        assert words(app, "status") == "because: misread the question · the answer is corrected"
        await press(pilot, "d")
        assert "Call 1 as an example" in shown(app)
        await enter(pilot, "misses")
        await press(pilot, "ctrl+s")
        told = [message.message for message in app._notifications]
        assert "is an example of misses v1, personal and secret parts masked." in " ".join(told)
        await press(pilot, "w")
        await in_file(pilot, workspace, {1: "wrong"})
        await press(pilot, "p")
        assert "No call was judged by two people" in shown(app)
        assert "truncated" in shown(app)
        assert "100%" in shown(app)
        assert app.unforeseen == []
    (review,) = triage.open_call(workspace, 1).reviews
    assert (review.reason, review.corrected) == ("misread the question", "payment")
    version = datasets.find_dataset(workspace, project.id, "misses").version
    assert version is not None
    (example,) = datasets.example_page(workspace, version)
    assert example.inputs["message"] == "Mail me at [email]"
    assert (example.expected, example.inputs["known_wrong"]) == ("payment", "delivery 1")


class TestLedger:
    """Verdicts on their way into the file."""

    @pytest.fixture
    def row(self, tmp_path: Path):
        db = Database(tmp_path / "w.db")
        store(db, made(1, project_id=None))
        yield stored_calls.page(db)[0]
        db.close()

    def test_two_threads_write_each_verdict_once_and_in_order(self, row) -> None:
        written: list[str] = []
        ledger = Ledger(lambda entry: written.append(entry.remark.note), lambda _: None)
        for n in range(200):
            ledger.judge(row, ReviewVerdict.RIGHT, "", Remark(str(n)))
        threads = [threading.Thread(target=ledger.drain) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert written == [str(n) for n in range(200)]
        assert len(ledger.take_done()) == 200
        assert ledger.take_done() == []

    def test_taking_back_what_was_never_written_touches_nothing(self, row) -> None:
        taken: list[int | None] = []

        def fail(_: Entry) -> None:
            raise StoreFullError("The disk is full.")

        def take(call_id: int | None) -> None:
            taken.append(call_id)

        ledger = Ledger(fail, take)
        ledger.judge(row, ReviewVerdict.WRONG, "", Remark())
        ledger.undo()
        ledger.drain()
        assert taken == []
        assert ledger.last_given() is None

    def test_what_happened_since_a_point_is_known(self, row) -> None:
        ledger = Ledger(lambda _: None, lambda _: None)
        start = ledger.mark()
        ledger.judge(row, ReviewVerdict.WRONG, "", Remark())
        assert ledger.since(start).judged == {row.id}
        assert ledger.mark() == start, "not written yet"
        ledger.drain()
        assert ledger.since(ledger.mark()).judged == set()
        ledger.undo()
        assert ledger.since(start).restored == {row.id}


def test_the_screen_is_the_one_that_the_digit_opens() -> None:
    from llmops_tui.ui.areas import BY_NAME

    assert BY_NAME["triage"].target.endswith(screen.TriageScreen.__name__)


def test_what_others_have_in_front_is_not_said_to_wait_for_nobody() -> None:
    [section] = texts.nothing_waits(Lane.AUDIT, {Lane.AUDIT: 3}, None, None)
    assert section.text == (
        "Nothing waits in this lane. 3 are in front of somebody else at this moment; what they "
        "leave comes here within 3 minutes."
    )


async def test_the_right_answer_is_written_in_place_also_by_who_has_no_editor(
    workspace: Workspace, project: Project
) -> None:
    store(workspace.db, made(1, project_id=project.id, flags=[TRUNCATED], output="lost\x1b[2J"))
    app = LlmopsApp(workspace, role=Role.REVIEWER)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "6")
        await until(pilot, lambda: "lost" in shown(app))
        await press(pilot, "X")
        await until(pilot, lambda: "What call 1 should have answered" in shown(app))
        assert "\x1b" not in shown(app)
        await press(pilot, "ctrl+a", "ctrl+k", *"paid")
        await press(pilot, "escape", "X")
        await until(pilot, lambda: "should have answered" in shown(app))
        assert "lost" in shown(app), "esc leaves the answer as it is"
        await press(pilot, "ctrl+a", "ctrl+k", *"paid")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "the answer is corrected" in shown(app))
        await press(pilot, "w")
        await in_file(pilot, workspace, {1: "wrong"})
        assert app.unforeseen == []
    (review,) = triage.open_call(workspace, 1).reviews
    assert (review.verdict, review.corrected) == (ReviewVerdict.WRONG, "paid")
