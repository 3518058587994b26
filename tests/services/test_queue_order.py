"""The queue: what comes first, what failed alike, and one verdict on all of that."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, lanes, made, store

from llmops_tui.core.call import CallFlag, Lane, ReviewVerdict
from llmops_tui.core.errors import InputError
from llmops_tui.services import call_marks, projects, queues, reviews, triage
from llmops_tui.services.queues import Order
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import reviews as stored_reviews
from llmops_tui.store import traces, words

HIGH = CallFlag("leaked key", "high", "It shows a key.")
LOW = CallFlag("unusual length", "low", "It is long.")
REFUSAL = CallFlag("refusal", "medium", "It reads like a refusal.")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "w.db")
    projects.create_project(opened, "topics")
    yield opened
    opened.db.close()


def ids(
    workspace: Workspace, order: Order, lane: Lane = Lane.FLAGGED, limit: int = 64
) -> list[int]:
    arranged = queues.arrange(workspace, lane, order, 1)
    found = queues.queue(workspace, lane, order, limit=limit, project_id=1, arranged=arranged)
    places = [queues.place_of(call, order, arranged) for call in found]
    assert places == sorted(places), "what the screen sorts by is what the file gave"
    return [call.id for call in found]


def refusals(workspace: Workspace, *names: str) -> list[int]:
    return store(
        workspace.db,
        *(
            made(
                100 + n,
                flags=[REFUSAL],
                output=f"I'm sorry, {name}, I cannot help with order {n}: it is against policy.",
            )
            for n, name in enumerate(names)
        ),
    )


def test_the_worst_come_first_also_those_that_are_flagged_later(workspace: Workspace) -> None:
    store(
        workspace.db,
        made(1, flags=[LOW]),
        made(2, flags=[TRUNCATED]),
        made(3, flags=[LOW, HIGH]),
        made(4, flags=[TRUNCATED]),
        made(5, audit=0.5),
    )
    assert ids(workspace, Order.SEVERITY) == [3, 2, 4, 1]
    assert ids(workspace, Order.OLDEST) == [1, 2, 3, 4]
    assert ids(workspace, Order.NEWEST) == [4, 3, 2, 1]
    assert ids(workspace, Order.SEVERITY, Lane.AUDIT) == [5]
    traces.add_flag(workspace.db, 4, HIGH)
    assert ids(workspace, Order.SEVERITY) == [3, 4, 2, 1]


def test_chance_is_each_persons_own_and_stays(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=300, audit=0)
    ana, ben = workspace.as_person("ana"), workspace.as_person("ben")
    hers, his = ids(ana, Order.CHANCE, limit=300), ids(ben, Order.CHANCE, limit=300)
    assert sorted(hers) == sorted(his) == list(range(1, 301))
    assert hers != his
    assert hers != sorted(hers)
    early = sum(place < 150 for place, call_id in enumerate(hers) if call_id <= 150)
    assert 50 < early < 100, "when a call came says nothing of where it stands"
    reviews.give(ana, hers[0], "right")
    assert ids(ana, Order.CHANCE, limit=300) == hers[1:]


def test_what_arrives_while_one_works_stands_at_the_end(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=3, audit=0)
    arranged = queues.arrange(workspace, Lane.FLAGGED, Order.CHANCE, 1)
    store(workspace.db, made(50, flags=[HIGH]))
    found = queues.queue(workspace, Lane.FLAGGED, Order.CHANCE, project_id=1, arranged=arranged)
    assert [call.id for call in found][-1] == 4
    assert len(found) == 4


def test_calls_that_failed_alike_stand_together_the_most_first(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=3, audit=1)  # truncated: “delivery 0”, “delivery 1”, …
    alike = refusals(workspace, "Ana", "Ben", "Cleo", "Dan")
    alone = store(workspace.db, made(7, flags=[REFUSAL], output="No comment on any of this, ever."))
    other_rule = store(
        workspace.db,
        made(8, flags=[HIGH], output="I'm sorry, Eve, I cannot help with order 9: it is secret."),
    )
    assert ids(workspace, Order.ALIKE) == [*alike, 1, 2, 3, *alone, *other_rule]
    found = queues.arrange(workspace, Lane.FLAGGED, Order.ALIKE, 1)
    assert found is not None
    group = found.group(alike[2])
    assert group is not None
    assert group.ids == tuple(alike)
    assert group.words() == "flagged by refusal, answered alike"
    assert found.group(alone[0]) is None


def test_one_verdict_on_all_that_failed_alike_is_marked_and_taken_back_whole(
    workspace: Workspace, tmp_path: Path
) -> None:
    alike = refusals(workspace, "Ana", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gus")
    other = workspace.as_person("ben")
    stored_reviews.claim(workspace.db, [alike[6]], "ben", 60_000)
    view = queues.look_at_group(workspace, Lane.FLAGGED, 1, alike[3])
    assert view is not None
    assert view.group.ids == tuple(alike)
    assert view.examples[0].id == alike[3], "the call in front is the first example"
    assert len(view.examples) == 6
    reviews.give(other, alike[5], "right")
    judged = queues.judge_group(
        workspace, view.group, ReviewVerdict.WRONG, severity="harmful", reason="refused", note="all"
    )
    assert judged == 5, "one was judged meanwhile, another is in front of somebody else"
    given = [triage.open_call(workspace, call_id).reviews for call_id in alike]
    assert [[review.verdict.value for review in some] for some in given] == [
        *([["wrong"]] * 5), ["right"], [],
    ]  # fmt: skip
    first = given[0][0]
    assert (first.severity, first.reason, first.note) == ("harmful", "refused", "all")
    assert first.batch_id is not None
    assert {some[0].batch_id for some in given[:5]} == {first.batch_id}
    assert given[5][0].batch_id is None
    estimate = triage.live_estimate(workspace, projects.tolerance_of(workspace, 1), 1)
    assert "5 verdicts were given to many calls at once" in estimate.note
    target = tmp_path / "verdicts.csv"
    reviews.export_reviews(workspace, target)
    with target.open(newline="") as stream:
        assert [row["batch"] for row in csv.DictReader(stream)] == ["", *[str(first.batch_id)] * 5]
    taken = triage.undo(workspace, project_id=1)
    assert taken is not None
    assert taken.together == 5
    waiting = queues.queue(workspace, Lane.FLAGGED, project_id=1)
    assert [call.id for call in waiting] == [*alike[:5], alike[6]]
    assert triage.undo(workspace, project_id=1) is None


def test_one_call_of_many_can_be_taken_back_alone(workspace: Workspace) -> None:
    alike = refusals(workspace, "Ana", "Ben", "Cleo")
    view = queues.look_at_group(workspace, Lane.FLAGGED, 1, alike[0])
    assert view is not None
    queues.judge_group(workspace, view.group, ReviewVerdict.WRONG)
    triage.undo(workspace, call_id=alike[1], whole=False)
    open_now = queues.queue(workspace, Lane.FLAGGED, project_id=1)
    assert [call.id for call in open_now] == [alike[1]]


def test_calls_of_the_audit_are_never_judged_many_at_once(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=0, audit=3)
    group = queues.Group((1, 2, 3), "")
    assert queues.judge_group(workspace, group, ReviewVerdict.RIGHT) == 0
    assert triage.waiting(workspace, 1)[Lane.AUDIT] == 3


def test_a_queue_is_searched_in_every_order_and_what_arrives_is_too(workspace: Workspace) -> None:
    lanes(workspace.db, flagged=3, audit=2)
    alike = refusals(workspace, "Ana", "Ben")
    worst = store(workspace.db, made(9, flags=[HIGH], output="I cannot say."))
    call_marks.set_tags(workspace, alike[1], "Later, #VIP")
    call_marks.assign(workspace, [alike[1]], "ben")

    def found(text: str, order: Order, lane: Lane = Lane.FLAGGED) -> list[int]:
        wanted = queues.parse_wanted(text, workspace.person)
        arranged = queues.arrange(workspace, lane, order, 1, wanted)
        rows = queues.queue(workspace, lane, order, project_id=1, arranged=arranged)
        return [call.id for call in rows]

    assert found("cannot", Order.OLDEST) == [alike[0], *worst], "another is ben's alone"
    assert found("cannot", Order.SEVERITY) == [*worst, alike[0]]
    assert found("cannot", Order.NEWEST) == [*worst, alike[0]]
    assert found("rule:refus", Order.ALIKE) == [alike[0]]
    assert found("tag:vip assignee:ben", Order.ALIKE) == [alike[1]]
    assert found("assignee:none order 1?", Order.CHANCE) == [2]
    assert found("order 4?", Order.OLDEST, Lane.AUDIT) == [5]
    long = made(60, flags=[HIGH], output=f"{'so ' * 99}lighthouse{' so' * 99}")
    (lit,) = store(workspace.db, long)
    assert found("lighthous*", Order.NEWEST) == []
    words.index(workspace.db, words.prepare(workspace.db, 100))
    assert found("lighthous*", Order.NEWEST) == [lit], "anywhere, once it is indexed"
    reviews.give(workspace, lit, "right")
    assert sorted(found("delivery", Order.SEVERITY, Lane.MIXED)) == [1, 2, 3, 4, 5]
    waiting = triage.waiting(workspace, 1)
    assert (waiting[Lane.FLAGGED], waiting[Lane.MIXED]) == (5, 7)
    assert triage.waiting(workspace.as_person("ben"), 1)[Lane.FLAGGED] == 6
    wanted = queues.parse_wanted("sorry", workspace.person)
    arranged = queues.arrange(workspace, Lane.FLAGGED, Order.OLDEST, 1, wanted)
    refusals_later = store(
        workspace.db,
        made(70, flags=[HIGH], output="So sorry."),
        made(71, flags=[HIGH], output="No."),
    )
    later = queues.queue(workspace, Lane.FLAGGED, project_id=1, arranged=arranged)
    assert [call.id for call in later] == [alike[0], refusals_later[0]]


def test_tags_and_names_are_short_and_can_be_seen(workspace: Workspace) -> None:
    (call_id,) = store(workspace.db, made(1, flags=[HIGH]))
    detail = call_marks.set_tags(workspace, call_id, " #b, a  B ")
    assert detail.tags == ("a", "b")
    assert call_marks.add_tags(workspace, call_id, "c") == ("a", "b", "c")
    assert call_marks.add_tags(workspace, call_id, "a c", remove=True) == ("b",)
    for text in ("x" * 41, "a\x1bb", " ".join(map(str, range(21)))):
        with pytest.raises(InputError):
            call_marks.set_tags(workspace, call_id, text)
    with pytest.raises(InputError):
        call_marks.assign(workspace, [call_id], "a\u202eb")
    assert call_marks.assign(workspace, [call_id], " ana ").assignee == "ana"
    assert call_marks.assign(workspace, [call_id], "").assignee == ""
    assert call_marks.marks_words(triage.open_call(workspace, call_id)) == "#b"
