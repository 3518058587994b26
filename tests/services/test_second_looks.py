"""Several people on one call: a blind second look, what counts meanwhile, and who decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, lanes, made, store

from llmops_tui.core.call import Lane, ReviewVerdict
from llmops_tui.core.errors import InputError
from llmops_tui.core.second_look import is_drawn
from llmops_tui.services import projects, queues, reviews, triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store.database import Database
from llmops_tui.store.migrations import migrate
from llmops_tui.store.schema.steps import STEPS

RIGHT, WRONG, UNSURE = ReviewVerdict


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "w.db").as_person("ana")
    projects.create_project(opened, "topics")
    triage.set_second_share(opened, 1, 1.0)
    yield opened
    opened.db.close()


def judge(who: Workspace, call_id: int, verdict: ReviewVerdict, *, blind: bool = True) -> None:
    triage.review(who, triage.open_call(who, call_id).row, verdict, blind=blind)


def waits(who: Workspace, lane: Lane) -> list[int]:
    found = [call.id for call in queues.queue(who, lane, project_id=1)]
    assert triage.waiting(who, 1)[lane] == len(found)
    return found


def counts(who: Workspace, call_id: int) -> str:
    return triage.open_call(who, call_id).row.review


def test_a_dispute_counts_as_wrong_until_a_third_decides(ana: Workspace) -> None:
    ben, cleo = ana.as_person("ben"), ana.as_person("cleo")
    lanes(ana.db, flagged=2, audit=0)
    judge(ana, 1, RIGHT)
    assert waits(ana, Lane.SECOND) == [], "nobody is asked twice"
    assert waits(ben, Lane.SECOND) == waits(cleo, Lane.SECOND) == [1]
    judge(ben, 1, WRONG)
    assert waits(cleo, Lane.SECOND) == []
    assert waits(ana, Lane.RESOLVE) == waits(ben, Lane.RESOLVE) == []
    assert waits(cleo, Lane.RESOLVE) == [1]
    assert counts(ana, 1) == "wrong"
    estimate = triage.live_estimate(ana, projects.tolerance_of(ana, 1), 1)
    assert "1 call on which two differ counts as wrong until a third decides" in estimate.note
    judge(cleo, 1, RIGHT, blind=False)
    assert waits(cleo, Lane.RESOLVE) == []
    assert counts(ana, 1) == "right", "the third's word stands"
    said = [review.asked_as for review in triage.open_call(ana, 1).reviews]
    assert said == ["", "second", "resolve"]
    triage.undo(cleo)
    assert (counts(ana, 1), waits(cleo, Lane.RESOLVE)) == ("wrong", [1])
    triage.undo(ben)
    assert (counts(ana, 1), waits(ben, Lane.SECOND)) == ("right", [1])
    triage.undo(ana)
    assert (counts(ana, 1), waits(ben, Lane.SECOND)) == ("", [])


def test_who_agrees_settles_it_and_who_cannot_tell_leaves_it_to_another(ana: Workspace) -> None:
    ben, cleo = ana.as_person("ben"), ana.as_person("cleo")
    lanes(ana.db, flagged=2, audit=0)
    judge(ana, 1, RIGHT)
    judge(ben, 1, UNSURE)
    assert counts(ana, 1) == "right"
    assert (waits(ben, Lane.SECOND), waits(cleo, Lane.SECOND)) == ([], [1])
    judge(cleo, 1, RIGHT)
    assert [
        waits(who, lane) for who in (ana, ben, cleo) for lane in (Lane.SECOND, Lane.RESOLVE)
    ] == ([[]] * 6)
    judge(ana, 2, UNSURE)
    assert waits(ben, Lane.SECOND) == [], "nothing was said that a second could check"


def test_a_share_is_drawn_and_each_wrong_one_of_the_audit(ana: Workspace) -> None:
    triage.set_second_share(ana, 1, 0.2)
    ben = ana.as_person("ben")
    lanes(ana.db, flagged=100, audit=4)
    for call_id in range(1, 101):
        judge(ana, call_id, RIGHT)
    drawn = waits(ben, Lane.SECOND) if len(queues.queue(ben, Lane.SECOND)) < 64 else []
    assert drawn == [call_id for call_id in range(1, 101) if is_drawn(call_id, 0.2)]
    assert 8 <= len(drawn) <= 34
    triage.set_second_share(ana, 1, 0.0)
    judge(ana, 101, WRONG)
    judge(ana, 102, RIGHT)
    assert waits(ben, Lane.SECOND) == [*drawn, 101]
    with pytest.raises(InputError, match="between 0 and 100"):
        triage.set_second_share(ana, 1, 1.5)


def test_calls_that_were_judged_many_at_once_are_looked_at_a_second_time(ana: Workspace) -> None:
    lanes(ana.db, flagged=5, audit=0)
    group = queues.Group((1, 2, 3, 4, 5), "truncated")
    queues.judge_group(ana, group, WRONG, project_id=1)
    ben = ana.as_person("ben")
    assert waits(ben, Lane.SECOND) == [1, 2, 3, 4, 5]
    triage.undo(ana)
    assert waits(ben, Lane.SECOND) == []


def test_agreement_is_that_of_the_blind_pairs(ana: Workspace) -> None:
    ben, cleo = ana.as_person("ben"), ana.as_person("cleo")
    lanes(ana.db, flagged=12, audit=0)
    judge(ana, 12, RIGHT)
    judge(ben, 12, WRONG, blind=False)  # opened from the list of calls, with the first in view
    seen = reviews.second_opinion(ana, 1)
    assert seen is not None
    assert not seen.blind
    assert "(the second could see the first)" in seen.sentence()
    for call_id in range(1, 11):
        judge(ana, call_id, WRONG if call_id < 4 else RIGHT)
        judge(ben, call_id, WRONG if call_id < 3 else RIGHT)
    judge(cleo, 3, RIGHT)
    found = reviews.second_opinion(ana, 1)
    assert found is not None
    assert (found.blind, found.agreement.items) == (True, 10)
    assert found.agreement.observed == pytest.approx(0.9), "the third's word is no second opinion"
    assert found.disputed == (12,)
    assert found.sentence().startswith("People agree on 90% of 10 calls judged twice (blind), κ ")


def test_disputes_of_older_files_wait_for_a_third(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "old.db"
    workspace = open_workspace(path)
    projects.create_project(workspace, "topics")
    store(workspace.db, made(1, flags=[TRUNCATED]))
    columns = "call_id, verdict, lane, inclusion_probability, reviewer, reviewed_at"
    workspace.db.close()
    connection = sqlite3.connect(tmp_path / "older.db", isolation_level=None)
    migrate(connection, tmp_path / "older.db", STEPS[: STEPS.index("queue")])
    source = sqlite3.connect(path)
    row = source.execute("SELECT identity, source, started_at, received_at FROM call").fetchone()
    connection.execute(
        "INSERT INTO call (identity, source, flagged, output_head, started_at, received_at)"
        " VALUES (?, ?, 1, 'x', ?, ?)",
        row,
    )
    connection.execute("INSERT INTO flag VALUES (1, 0, 'leak', 'high', 'r', NULL, NULL)")
    for who, verdict in (("ana", "wrong"), ("ben", "right")):
        connection.execute(
            f"INSERT INTO review ({columns}) VALUES (1, ?, 'flagged', 1.0, ?, 5)", (verdict, who)
        )
    connection.execute("UPDATE call SET review = 'right'")
    connection.close()
    source.close()
    now = Workspace(Database(tmp_path / "older.db"), "cleo")
    (call,) = queues.queue(now, Lane.RESOLVE)
    assert (call.id, call.review, call.severity) == (1, "wrong", 3)
    now.db.close()
