"""Production calls in the file: listed by key, filtered, judged, judgements taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store

from llmops_tui.core.call import CallFlag, Lane, ReviewDraft, ReviewVerdict
from llmops_tui.core.clock import now_ms
from llmops_tui.store import (
    asked_again,
    call_lists,
    call_marks,
    call_search,
    calls,
    queue,
    removal,
    reviews,
    traces,
    verdicts,
    words,
)
from llmops_tui.store.call_lists import CallFilter, Listing
from llmops_tui.store.database import Database
from llmops_tui.store.traces import Completed

LISTS = {
    "all": call_lists.PAGES[""],
    "flagged": call_lists.PAGES["flagged"],
    "errors": call_lists.PAGES["error"],
    "the call above": call_lists.NEXTS[""],
    "the flagged call above": call_lists.NEXTS["flagged"],
    "the error above": call_lists.NEXTS["error"],
    "ids": call_lists.IDS[""],
    "ids of flagged": call_lists.IDS["flagged"],
    "ids of errors": call_lists.IDS["error"],
    "latest": call_lists.LATEST,
    "counted": call_lists.COUNTED,
    "of a part of a minute": call_lists.COUNT_BETWEEN,
    "open and flagged": queue.OPEN_FLAGGED,
    "open and drawn": queue.OPEN_AUDIT,
    "open and flagged, newest first": queue.OPEN_FLAGGED_NEWEST,
    "open and flagged, worst first": queue.OPEN_FLAGGED_WORST,
    "open and drawn, newest first": queue.OPEN_AUDIT_NEWEST,
    "ids of open and flagged": queue.IDS[Lane.FLAGGED],
    "ids of open and drawn": queue.IDS[Lane.AUDIT],
    "calls for a second look": queue.ASKED[Lane.SECOND],
    "calls to be resolved": queue.ASKED[Lane.RESOLVE],
    "disputed calls": queue.DISPUTED,
    "what stands of a call": verdicts.STANDING,
    "the reviews of a batch": verdicts.OF_BATCH,
    "answers to a call that was asked again": asked_again.OF_CALL,
    "a call's flags": calls.FLAGS,
    "a call's reviews": calls.REVIEWS,
    "a person's last review": verdicts.LAST_REVIEW,
    "counts of a window": calls.COUNTED,
    "what was judged in a window": calls.JUDGED,
    "the call of a response": traces.CALL_OF_RESPONSE,
    "the same, for a verdict": reviews.BY_RESPONSE,
    "the call of a span": traces.CALL_OF_SPAN,
    "the last call of a trace": traces.CALL_OF_TRACE,
    "calls of a trace": traces.CALLS_OF_TRACE,
    "whether a trace has a call": removal.HAS_CALL,
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "workspace.db")
    with opened.write() as connection:
        for name in ("one", "two"):
            connection.execute("INSERT INTO project (name, created_at) VALUES (?, 0)", (name,))
    yield opened
    opened.close()


@pytest.mark.parametrize("sql", LISTS.values(), ids=LISTS)
def test_a_list_finds_its_calls_through_an_index_and_sorts_nothing(db: Database, sql: str) -> None:
    steps = [row["detail"] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", [1] * params(sql))]
    assert steps
    for step in steps:
        assert not step.startswith("SCAN"), steps
        assert "TEMP B-TREE" not in step, steps


def params(sql: str) -> int:
    numbers = {int(n) for n in re.findall(r"\?(\d+)", sql)}
    return max(numbers) if numbers else sql.count("?")


def index_words(db: Database) -> None:
    words.index(db, words.prepare(db, 1000))


def judge(db: Database, call_id: int, verdict: str, who: str = "ana") -> None:
    verdicts.add_review(db, ReviewDraft(call_id, ReviewVerdict(verdict), who, Lane.FLAGGED, 1.0))


def review_of(db: Database, call_id: int) -> str:
    return calls.detail(db, call_id).row.review


def found(db: Database, **wanted: str) -> list[int]:
    listing = Listing(1, wanted=CallFilter(**wanted))
    lines = call_lists.page(db, listing, before=None, limit=50)
    ids = [line.id for line in lines]
    assert call_lists.ids(db, listing) == ids
    assert call_lists.count(db, listing) == len(ids)
    return ids


def test_texts_that_came_before_their_call_find_it_through_an_index(db: Database) -> None:
    waiting, call, *_ = db.rows(f"EXPLAIN QUERY PLAN {traces.UNSETTLED}", (1,))
    assert waiting["detail"] == "SCAN e USING INDEX call_event_open", "of those that wait"
    assert call["detail"].startswith("SEARCH c USING INDEX call_trace")


def test_pages_join_without_a_gap_or_a_call_twice(db: Database) -> None:
    store(db, *(made(n) for n in range(150)))
    seen: list[int] = []
    before = None
    while page := call_lists.page(db, Listing(1), before=before, limit=64):
        seen += [line.id for line in page]
        before = page[-1].id
    assert seen == list(range(150, 0, -1))


def test_a_list_is_of_one_project(db: Database) -> None:
    store(db, made(1, project_id=1), made(2, project_id=2, flags=[TRUNCATED]))
    assert [line.id for line in call_lists.page(db, Listing(1), before=None, limit=9)] == [1]
    assert call_lists.count(db, Listing(2, "flagged")) == 1
    assert call_lists.count(db, Listing(None)) == 2
    assert queue.count_open(db, 1)[Lane.FLAGGED] == 0
    assert queue.count_open(db, 2)[Lane.FLAGGED] == 1
    assert queue.open_items(db, Lane.FLAGGED, project_id=1) == []
    assert calls.lanes(db, 0, 1).calls == 1
    assert calls.lanes(db, 0).calls == 2


def test_a_line_names_the_rules_in_their_order(db: Database) -> None:
    store(db, made(1, flags=[TRUNCATED, CallFlag("empty", "high", "Nothing.")]))
    assert call_lists.page(db, Listing(1), before=None, limit=1)[0].rules == "truncated, empty"


def test_a_filter_looks_at_fields_and_words(db: Database) -> None:
    store(
        db,
        made(1, output="Your Refund is on its way"),
        made(2, input="user: I want a REFUND", model="other-model"),
        made(3, status="error", error="connection refused", output="", finish_reason=""),
        made(4, flags=[TRUNCATED], finish_reason="length", prompt_version="v1"),
        made(5, prompt_name="digits", prompt_version="2"),
    )
    judge(db, 4, "wrong")
    assert found(db, text="refund") == [2, 1]
    assert found(db, text="connection ref") == [3]
    assert found(db, model="OTHER") == [2]
    assert found(db, status="error") == [3]
    assert found(db, finish="len") == [4]
    assert found(db, flag="trunc") == [4]
    assert found(db, flag="refusal") == []
    assert found(db, verdict="wrong") == [4]
    assert found(db, verdict="none", prompt="digits") == [5]
    assert found(db, version="v1") == [4]
    assert found(db, version="2", prompt="topics") == [3, 2, 1]
    assert call_lists.ids(db, Listing(1, "error", CallFilter(text="refund"))) == []


def test_wildcards_of_sql_mean_themselves_in_a_filter(db: Database) -> None:
    store(db, made(1, output="100 % sure"), made(2, output="100 percent"), made(3, output="a_b"))
    assert found(db, text="%") == [1]
    assert found(db, text="_") == [3]
    assert found(db, text="\\") == []


@pytest.mark.parametrize("way", call_search.FOUND)
def test_a_filter_follows_an_index_and_sorts_nothing(db: Database, way: str) -> None:
    statements = [
        found[way] for found in (call_search.FOUND, call_search.FOUND_IDS, call_search.FOUND_NEXT)
    ]
    for sql in (*statements, *filter(None, [call_search.BOUND.get(way)])):
        steps = [row["detail"] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", ["1"] * params(sql))]
        assert steps[0].startswith(("SEARCH", "SCAN call_words VIRTUAL TABLE INDEX")), steps
        assert all(step.startswith(("SEARCH", "CORRELATED")) for step in steps[1:]), steps


def test_a_filter_looks_at_the_newest_calls_only(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_search, "SEARCHED", 10)
    store(db, *(made(n) for n in range(30)))
    assert found(db, finish="stop") == list(range(30, 20, -1))
    assert found(db, model="smol", finish="stop") == list(range(30, 20, -1))
    assert found(db, model="smol", finish="length") == []


def test_a_rare_value_is_found_however_long_ago(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_search, "SEARCHED", 10)
    rare = made(0, model="rare", prompt_version="v7", flags=[TRUNCATED], output="a tapir")
    store(db, rare, *(made(n) for n in range(1, 30)), made(40, project_id=2, model="rare"))
    index_words(db)
    judge(db, 1, "wrong")
    call_marks.set_tags(db, 1, ["vip"], "ana")
    call_marks.assign(db, [1, 31], "ben", "ana")
    for wanted in (
        {"model": "RARE"},
        {"tag": "VIP"},
        {"assignee": "ben"},
        {"assignee": "ben", "tag": "vip", "model": "rare"},
        {"version": "7"},
        {"prompt": "topics", "version": "v7"},
        {"flag": "trunc"},
        {"verdict": "wrong"},
        {"text": "tapir"},
        {"text": "a tap"},
        {"text": "tapir", "flag": "truncated", "model": "rare"},
    ):
        assert found(db, **wanted) == [1], wanted
    assert found(db, model="rarest") == []
    assert found(db, tag="vi") == [], "a tag is a whole word"
    assert found(db, assignee="none", finish="stop")[0] == 30


def test_words_are_found_anywhere_in_a_text_as_soon_as_they_are_indexed_and_before_at_its_ends(
    db: Database,
) -> None:
    long = "A preface that nobody reads. " * 20
    store(
        db,
        made(1, input=f"system: {long} Mention lighthouses.{long}\nuser: Well?", output="A beam."),
        made(2, output=f"{long} A lighthouse at last. {long}"),
        made(3, status="error", error="lighthouse unreachable", output=""),
        made(4, output="灯台の光"),
    )
    assert found(db, text="lighthouse") == [3]
    assert found(db, text="beam") == [1]
    index_words(db)
    assert found(db, text="lighthouse") == [3, 2]
    assert found(db, text="lighthouse*") == [3, 2, 1]
    assert found(db, text="lighthou") == [3, 2, 1], "as it is being typed"
    assert found(db, text="LIGHTHOUSE last") == [2]
    assert found(db, text="台の") == [4], "a script without spaces has no words to index"
    store(db, made(5, output="The lighthouse keeper"))
    assert found(db, text="lighthouse") == [5, 3, 2], "also what isn't indexed yet"
    assert call_lists.above(db, Listing(1, wanted=CallFilter(text="lighthouse")), 2) == 3


def test_the_call_above_is_the_next_of_the_list(db: Database) -> None:
    store(db, made(1), made(2, flags=[TRUNCATED]), made(3), made(4, flags=[TRUNCATED]))
    assert call_lists.above(db, Listing(1), 1) == 2
    assert call_lists.above(db, Listing(1, "flagged"), 2) == 4
    assert call_lists.above(db, Listing(1, wanted=CallFilter(flag="trunc")), 2) == 4
    assert call_lists.above(db, Listing(1), 4) is None


def test_a_second_delivery_is_stored_once(db: Database) -> None:
    assert calls.add(db, [made(1), made(1)]) == 1
    assert calls.add(db, [made(1), made(2)]) == 1


def test_verdicts_are_taken_back_one_after_the_other(db: Database) -> None:
    store(db, *(made(n, flags=[TRUNCATED]) for n in range(3)))
    for call_id, verdict in ((1, "right"), (2, "wrong"), (2, "right"), (3, "unsure")):
        judge(db, call_id, verdict)
    assert queue.count_open(db)[Lane.FLAGGED] == 0

    def back() -> tuple[int, str] | None:
        review = verdicts.undo_review(db, "ana")
        return None if review is None else (review.call_id, review.verdict.value)

    assert back() == (3, "unsure")
    assert back() == (2, "right")
    assert review_of(db, 2) == "wrong"
    assert back() == (2, "wrong")
    assert review_of(db, 2) == ""
    assert back() == (1, "right")
    assert back() is None
    assert queue.count_open(db)[Lane.FLAGGED] == 3
    assert len(calls.detail(db, 2).reviews) == 2, "the history stays"


def test_nobody_takes_back_what_somebody_else_said(db: Database) -> None:
    store(db, made(1))
    judge(db, 1, "wrong", "ben")
    assert verdicts.undo_review(db, "ana") is None
    assert review_of(db, 1) == "wrong"


def test_taking_back_keeps_to_a_project_or_a_call(db: Database) -> None:
    store(db, made(1), made(2), made(3, project_id=2))
    for call_id in (1, 2, 3):
        judge(db, call_id, "right")
    taken = verdicts.undo_review(db, "ana", project_id=1)
    assert taken is not None
    assert taken.call_id == 2
    assert verdicts.undo_review(db, "ana", call_id=2) is None
    taken = verdicts.undo_review(db, "ana", call_id=1)
    assert taken is not None
    assert taken.call_id == 1
    assert review_of(db, 3) == "right"


def test_a_lanes_counts_leave_unsure_verdicts_out(db: Database) -> None:
    store(
        db,
        *(made(n, flags=[TRUNCATED]) for n in range(4)),
        *(made(n, audit=0.5) for n in range(4, 9)),
        made(9, status="error", output="", flags=[TRUNCATED]),
    )
    assert queue.count_open(db)[Lane.FLAGGED] == 4
    assert [row.id for row in queue.open_items(db, Lane.FLAGGED)] == [1, 2, 3, 4]
    for call_id, verdict in ((1, "wrong"), (2, "right"), (3, "unsure"), (5, "wrong"), (6, "right")):
        judge(db, call_id, verdict)
    lanes = calls.lanes(db, 0, 1)
    assert (lanes.calls, lanes.flagged, lanes.errors, lanes.unsure) == (9, 4, 1, 1)
    assert (lanes.flagged_reviewed, lanes.flagged_wrong) == (2, 1)
    assert (lanes.audited, lanes.audited_wrong) == (2, 1)


def test_calls_without_an_answer_to_judge_are_counted_apart(db: Database) -> None:
    error = CallFlag("error", "high", "The call failed.")
    slow = CallFlag("slow", "low", "The call took 31 s.")
    empty = CallFlag("empty answer", "high", "The answer is empty.")
    store(
        db,
        made(1),
        made(2, status="cancelled", output="The client saw this much and"),
        made(3, status="error", output="", flags=[error]),
        made(4, input="", output=""),
        made(5, input="", output="", flags=[slow]),
        made(6, output="", flags=[empty]),
    )
    for call_id in (2, 3, 5, 6):
        judge(db, call_id, "wrong")
    lanes = calls.lanes(db, 0, 1)
    assert (lanes.calls, lanes.apart, lanes.arrived) == (2, 4, 6)
    assert (lanes.flagged, lanes.flagged_wrong) == (1, 1), "an empty answer is an answer"
    assert lanes.errors == 1
    assert lanes.flagged_apart == 2


def test_lanes_count_which_wrong_answers_are_harmful_by_the_verdict_in_force(db: Database) -> None:
    store(
        db, *(made(n, flags=[TRUNCATED]) for n in range(2)), *(made(n, audit=0.5) for n in (2, 3))
    )

    def say(call_id: int, verdict: str, severity: str) -> None:
        draft = ReviewDraft(
            call_id, ReviewVerdict(verdict), "ana", Lane.FLAGGED, 1.0, severity=severity
        )
        verdicts.add_review(db, draft)

    say(1, "wrong", "harmful")
    say(2, "wrong", "harmful")
    say(2, "wrong", "cosmetic")
    say(3, "wrong", "harmful")
    say(4, "right", "harmful")
    lanes = calls.lanes(db, 0, 1)
    assert (lanes.flagged_wrong, lanes.flagged_harmful) == (2, 1)
    assert (lanes.audited_wrong, lanes.audited_harmful) == (1, 1)
    verdicts.undo_review(db, "ana", call_id=3)
    assert calls.lanes(db, 0, 1).audited_harmful == 0


def test_a_batch_with_calls_that_are_known_keeps_each_text_and_flag_with_its_call(
    db: Database,
) -> None:
    first = [made(n, output=f"answer {n}", flags=[TRUNCATED]) for n in range(3)]
    again = [made(n, output=f"answer {n}", flags=[TRUNCATED]) for n in (2, 1, 5, 5, 6)]
    assert calls.add(db, first) == 3
    assert calls.add(db, again) == 2
    assert calls.add(db, again) == 0
    stored = [
        calls.detail(db, line.id) for line in call_lists.page(db, Listing(), before=None, limit=9)
    ]
    assert [one.output for one in stored] == [f"answer {n}" for n in (6, 5, 2, 1, 0)]
    assert all(one.flags == (TRUNCATED,) for one in stored)


def test_a_batch_of_any_size_is_stored_whole_and_in_its_order(db: Database) -> None:
    for size, start in ((1, 0), (63, 1), (64, 64), (137, 128)):
        assert (
            calls.add(db, [made(n, output=f"answer {n}") for n in range(start, start + size)])
            == size
        )
    newest_first = call_lists.page(db, Listing(), before=None, limit=999)
    assert [line.output_head for line in newest_first] == [
        f"answer {n}" for n in range(264, -1, -1)
    ]
    assert calls.texts(db, newest_first[7].id)[1] == newest_first[7].output_head


COUNTED_ANEW = f"""
SELECT started_at - started_at % 60000, coalesce(project_id, 0), count(*), sum({calls.ANSWERED}),
       sum(flagged > 0), sum(flagged > 0 AND {calls.ANSWERED}), sum(status = 'error'),
       coalesce(sum(cost), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0)
FROM call GROUP BY 1, 2 ORDER BY 1, 2
"""


def test_what_is_counted_by_the_minute_stays_right_whatever_happens_to_calls(db: Database) -> None:
    def agree() -> None:
        kept = db.rows("SELECT * FROM call_minute ORDER BY minute_at, project_id")
        assert [tuple(row) for row in kept] == [tuple(row) for row in db.rows(COUNTED_ANEW)]

    now = now_ms()
    fields = {"output": "", "input": ""}
    kinds = [
        made(1, started_at=now, cost=7),
        made(2, started_at=now - 90_000, flags=[TRUNCATED], project_id=None),
        made(3, started_at=now, status="error", error="HTTP 500", output=""),
        made(4, started_at=now, flags=[TRUNCATED], output=""),
        made(5, started_at=now, input_tokens=None, **fields),
    ]
    store(db, *kinds, kinds[0])
    agree()
    assert traces.add_flag(db, 1, CallFlag("thumbs down", "high", "A user says so."))
    agree()
    told = Completed(5, kinds[4].call.identity, ("", ""), "asked", "told", "{}", "stop", (), None)
    traces.complete(db, [told])
    agree()
    removal.remove(db, removal.prepare(db, removal.candidates(db, 1, 0, now + 1, 9)))
    agree()
    assert call_lists.count(db, Listing(1)) == len(call_lists.ids(db, Listing(1))) < 5
    assert call_lists.count(db, Listing(None, "flagged")) == 3
    assert call_lists.count_since(db, now - 60_000, 1) == call_lists.count(db, Listing(1))
    assert call_lists.count_since(db, now - 95_000, None) == call_lists.count(db, Listing())
