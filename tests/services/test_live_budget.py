"""How production stands against its tolerance: from people's verdicts, with what they can't say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store

from llmops_tui.core.call import CallFlag, ReviewVerdict
from llmops_tui.core.project import Stage
from llmops_tui.core.tolerance import State, Tolerance
from llmops_tui.services import calls, overview, projects, triage
from llmops_tui.services.triage import LiveEstimate, budget_words
from llmops_tui.services.workspace import Workspace, open_workspace

TOLERANCE = Tolerance(max_wrong=0.05)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "support", tolerance=TOLERANCE)
    yield opened
    opened.db.close()


def receive(workspace: Workspace, flagged: int, audited: int, rest: int) -> None:
    numbers = iter(range(flagged + audited + rest))
    store(
        workspace.db,
        *(made(next(numbers), flags=[TRUNCATED]) for _ in range(flagged)),
        *(made(next(numbers), audit=0.1) for _ in range(audited)),
        *(made(next(numbers)) for _ in range(rest)),
    )


def judge(
    workspace: Workspace, call_ids: range, *, wrong: int, severity: str = "", leave: int = 0
) -> None:
    """The first `wrong` calls are wrong, the others right; the last `leave` stay open."""
    ids = list(call_ids)
    for place, call_id in enumerate(ids[: len(ids) - leave]):
        verdict = ReviewVerdict.WRONG if place < wrong else ReviewVerdict.RIGHT
        row = calls.call_detail(workspace, call_id).row
        triage.review(workspace, row, verdict, severity=severity if place < wrong else "")


def live(workspace: Workspace, tolerance: Tolerance = TOLERANCE) -> LiveEstimate:
    return triage.live_estimate(workspace, tolerance, 1)


def test_the_budget_is_said_with_the_least_that_is_left_of_it(workspace: Workspace) -> None:
    receive(workspace, flagged=10, audited=200, rest=790)
    judge(workspace, range(1, 11), wrong=10)
    judge(workspace, range(11, 211), wrong=0)
    found = live(workspace)
    assert found.state is State.WITHIN
    assert budget_words(found, TOLERANCE) == (
        "80 % of the error budget left, at least 50 % (95 % sure)"
    )


def test_a_budget_that_may_be_overspent_is_said_to_be_so(workspace: Workspace) -> None:
    receive(workspace, flagged=10, audited=20, rest=970)
    judge(workspace, range(1, 11), wrong=10)
    judge(workspace, range(11, 31), wrong=0)
    assert budget_words(live(workspace), TOLERANCE) == (
        "80 % of the error budget left, though it may be overspent"
    )


def test_an_overspent_budget_is_certain_only_where_the_lower_bound_says_so(
    workspace: Workspace,
) -> None:
    receive(workspace, flagged=60, audited=20, rest=920)
    judge(workspace, range(1, 61), wrong=60)
    judge(workspace, range(61, 81), wrong=0)
    assert live(workspace).state is State.EXCEEDED
    assert budget_words(live(workspace), TOLERANCE) == (
        "the error budget is overspent: at least 120 % of it (95 % sure)"
    )
    receive_more = Tolerance(max_wrong=0.065)
    assert "left" in budget_words(live(workspace, receive_more), receive_more)


def test_without_an_audit_nobody_knows_what_is_left(workspace: Workspace) -> None:
    receive(workspace, flagged=10, audited=0, rest=990)
    judge(workspace, range(1, 11), wrong=1)
    found = live(workspace)
    assert budget_words(found, TOLERANCE) == "how much of the error budget is left is not known yet"
    assert "what the flags miss is unknown" in found.sentence


def test_before_the_first_review_there_is_no_budget_to_speak_of(workspace: Workspace) -> None:
    receive(workspace, flagged=1, audited=1, rest=8)
    found = live(workspace)
    assert found.budget is None
    assert budget_words(found, TOLERANCE) == ""
    assert found.state is State.UNDECIDED


def test_calls_without_an_answer_are_said_apart(workspace: Workspace) -> None:
    receive(workspace, flagged=2, audited=8, rest=0)
    store(workspace.db, made(90, status="error", output=""), made(91, status="cancelled"))
    judge(workspace, range(1, 11), wrong=0)
    found = live(workspace)
    assert found.lanes.calls == 10
    assert found.note == (
        "2 calls failed, were cancelled or came without text: apart, neither right nor wrong"
    )


def test_only_failed_calls_are_no_answers(workspace: Workspace) -> None:
    store(workspace.db, made(1, status="error", output="", flags=[CallFlag("error", "high", "x")]))
    assert live(workspace).sentence == (
        "No answer to judge in the window; 1 call failed, was cancelled or came without text."
    )


def test_harmful_answers_are_held_to_their_own_limit(workspace: Workspace) -> None:
    receive(workspace, flagged=20, audited=180, rest=0)
    judge(workspace, range(1, 21), wrong=2, severity="harmful")
    judge(workspace, range(21, 201), wrong=0)
    strict = Tolerance(max_wrong=0.05, harmful_max_wrong=0.001)
    found = live(workspace, strict)
    assert found.state is State.EXCEEDED, (
        "2 of 200 are wrong, which is within; but they are harmful"
    )
    assert found.sentence.startswith(
        "At least 1 % of 200 live calls are harmful, more than the 0.1 % tolerated (95 % sure; "
    )
    assert live(workspace).state is State.WITHIN
    mild = Tolerance(max_wrong=0.05, harmful_max_wrong=0.03)
    assert live(workspace, mild).state is State.WITHIN
    assert "are wrong and at most 2.5 % harmful (" in live(workspace, mild).sentence
    assert live(workspace, Tolerance(max_wrong=0.005)).sentence.startswith(
        "At least 1 % of 200 live calls are wrong, more than the 0.5 % tolerated (95 % sure; "
    ), "what is beyond the tolerance is said by the bound that proves it"


def test_the_overview_says_the_budget_what_waits_and_who_answers(workspace: Workspace) -> None:
    projects.set_owner(workspace, 1, Stage.MONITORING, "operations")
    receive(workspace, flagged=60, audited=20, rest=20)
    judge(workspace, range(1, 61), wrong=50, leave=3)
    judge(workspace, range(61, 81), wrong=0)
    sentence = overview.overview(workspace, 1).sentence
    assert "Live: the error budget is overspent: at least 1045 % of it" in sentence
    assert sentence.endswith("operations answers for monitoring; 3 answers wait for review.")


def test_the_overview_counts_the_calls_of_its_project_only(workspace: Workspace) -> None:
    other = projects.create_project(workspace, "other")
    receive(workspace, flagged=1, audited=1, rest=0)
    assert "Live" in overview.overview(workspace, 1).sentence
    assert "Live" not in overview.overview(workspace, other.id).sentence
