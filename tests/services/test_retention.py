"""How long production calls are kept: old ones go, what people need stays, figures stay honest."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.cli.test_commands import assert_error, command
from tests.gateway.conftest import running

from llmops_tui.core.call import CallFlag, Lane, ReviewDraft, ReviewVerdict
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.core.retention import DAY_MS, RetentionPolicy, read_days, read_megabytes
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.core.trace import EventDraft, FeedbackDraft, SpanDraft
from llmops_tui.gateway.retaining import Batches, Retainer
from llmops_tui.gateway.server import GatewayOptions
from llmops_tui.services import call_marks, figures, flag_rules, projects, retention, triage
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import (
    call_sizes,
    calls,
    comparing,
    removal,
    reviews,
    space,
    traces,
    verdicts,
    words,
)
from llmops_tui.store import figures as counted
from llmops_tui.store.database import Database

OLD = 20 * DAY_MS + DAY_MS // 2
TRACE = "ab" * 16
FAILED = CallFlag("error", "high", "It failed.")
EVERYTHING = 2**61


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "support", tolerance=Tolerance(max_wrong=0.05))
    yield opened
    opened.db.close()


def old(number: int, **fields: object):
    """A call of twenty days ago."""
    return made(number, **{"started_at": now_ms() - OLD + number, **fields})


def ids(db: Database) -> list[int]:
    return sorted(row.id for row in calls.page(db, limit=1000))


def index(db: Database) -> None:
    while prepared := words.prepare(db, 200):
        words.index(db, prepared)


def words_found(db: Database, text: str) -> list[int]:
    sql = "SELECT rowid FROM call_words WHERE call_words MATCH ? ORDER BY rowid"
    return [row[0] for row in db.rows(sql, (words.query(text),))]


def keep(workspace: Workspace, days: int | None = None, megabytes: int | None = None) -> None:
    retention.set_policy(workspace, 1, RetentionPolicy(days, megabytes))


def judge(workspace: Workspace, call_id: int) -> None:
    triage.review(workspace, triage.open_call(workspace, call_id).row, ReviewVerdict.RIGHT)


@pytest.mark.parametrize(
    ("typed", "days"), [("30", 30), (" 30 days ", 30), ("1d", 1), ("", None), ("off", None)]
)
def test_days_are_read_as_people_write_them(typed: str, days: int | None) -> None:
    assert read_days(typed) == days


@pytest.mark.parametrize(
    ("typed", "size"),
    [("500", 500), ("500 MB", 500), ("1,500mb", 1500), ("2 GB", 2000), ("1.5gb", 1500), ("", None)],
)
def test_sizes_are_read_as_people_write_them(typed: str, size: int | None) -> None:
    assert read_megabytes(typed) == size


@pytest.mark.parametrize("typed", ["0", "-3", "soon", "1e9", "99999999"])
def test_what_is_no_number_of_days_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="no number of days"):
        read_days(typed)


@pytest.mark.parametrize("typed", ["0", "much", "5 KB", "0.1 MB", "-1"])
def test_what_is_no_size_is_refused(typed: str) -> None:
    with pytest.raises(InputError):
        read_megabytes(typed)


def test_everything_is_kept_until_something_is_set(workspace: Workspace) -> None:
    store(workspace.db, *(old(n) for n in range(5)))
    assert list(Retainer(workspace.db).work({})) == []
    assert Retainer(workspace.db).step() is False
    with pytest.raises(InputError, match="everything is kept"):
        retention.run(workspace, 1)
    assert len(ids(workspace.db)) == 5


def test_old_calls_go_and_what_people_need_stays(workspace: Workspace) -> None:
    db = workspace.db
    store(
        db,
        *(old(n) for n in range(10)),  # 1 … 9 go; 10: tagged
        old(10, flags=[TRUNCATED]),  # 11: waits for a verdict
        old(11, audit=0.1),  # 12: drawn for the audit, waits too
        old(12),  # 13: judged
        old(13),  # 14: judged, and the verdict taken back
        old(14),  # 15: became an example
        old(15),  # 16: a user corrected it
        old(16, status="error", output="", flags=[FAILED]),  # 17: failed; nobody can judge it: goes
        old(17, project_id=None),  # 18: of no project
        old(18, started_at=now_ms() - OLD + DAY_MS),  # 19: of an incident's time
        made(19),  # 20: young
        old(20),  # 21: old, but the newest to arrive
    )
    judge(workspace, 13)
    judge(workspace, 14)
    triage.undo(workspace, call_id=14)
    call_marks.set_tags(workspace, 10, "look")
    with db.write() as connection:
        connection.execute("INSERT INTO dataset VALUES (1, 1, 'set', 0)")
        connection.execute(
            "INSERT INTO dataset_version (id, dataset_id, number, rows, content_hash, columns, "
            "author, created_at) VALUES (1, 1, 1, 1, x'', '[]', 'me', 0)"
        )
        connection.execute(
            "INSERT INTO incident (project_id, cause, opened_at, closed_at) VALUES (1, '', ?, ?)",
            (now_ms() - OLD + DAY_MS - 5000, now_ms() - OLD + DAY_MS + 5000),
        )
    reviews.note_example(db, 15, 1, 1, "me")
    said = FeedbackDraft(b"f", "user", now_ms(), response_id="resp-15", corrected="payment")
    traces.add(db, [said])
    traces.join_feedback(db)
    keep(workspace, days=7)
    view = retention.view(workspace, 1)
    assert (view.outlook.calls, view.outlook.by_size.calls) == (10, 0)
    assert view.outlook.kept == {
        "waiting": 2, "reviewed": 2, "example": 1, "corrected": 1, "incident": 1,
        "marked": 1,
    }  # fmt: skip
    told = retention.outlook_words(view.outlook, view.policy)
    assert told.startswith("10 calls (")
    assert "2 reviewed, 2 waiting for a verdict, 1 in a data set" in told
    done = retention.run(workspace, 1)
    assert done.calls == 10
    assert ids(db) == [10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21]
    assert retention.view(workspace, 1).outlook.calls == 0


def test_the_newest_call_stays_so_that_its_number_is_not_given_again(workspace: Workspace) -> None:
    store(workspace.db, *(old(n) for n in range(3)))
    keep(workspace, days=7)
    retention.run(workspace, 1)
    assert ids(workspace.db) == [3]
    store(workspace.db, made(9))
    assert ids(workspace.db) == [3, 4]
    retention.run(workspace, 1)
    assert ids(workspace.db) == [4]


def test_what_hangs_on_a_call_goes_with_it(workspace: Workspace) -> None:
    db = workspace.db
    trace = {"trace_id": TRACE, "span_id": "cd" * 8}
    identity = bytes.fromhex(TRACE + "cd" * 8)

    def step(number: int, trace_id: str) -> SpanDraft:
        told = ("", "search", "tool", "ok", "", now_ms() - OLD, 1.0)
        return SpanDraft(number.to_bytes(8), trace_id, f"{number:016x}", *told)

    store(
        db,
        old(1, output="a lonely armadillo", identity=identity, **trace),
        old(2, output="a merry armadillo", trace_id="cc" * 16, flags=[TRUNCATED]),
        old(3, output="no armadillo", status="error", flags=[FAILED]),
        made(4),
    )
    traces.add(
        db,
        [
            *(step(n, TRACE) for n in range(700)),
            step(700, "cc" * 16),
            EventDraft(b"e", identity, "gen_ai.choice", "{}", now_ms()),
            FeedbackDraft(b"f", "user", now_ms(), response_id="resp-1", thumbs=1),
        ],
    )
    traces.join_feedback(db)
    index(db)
    assert words_found(db, "armadillo") == [1, 2, 3]
    keep(workspace, days=7)
    retention.run(workspace, 1)
    assert ids(db) == [2, 4]
    assert words_found(db, "armadillo") == [2]
    db.connection.execute("INSERT INTO call_words (call_words) VALUES ('integrity-check')")
    assert [len(traces.steps(db, one)) for one in (TRACE, "cc" * 16)] == [0, 2]
    left = {
        table: db.rows(f"SELECT count(*) FROM {table}")[0][0]
        for table in ("call_body", "flag", "feedback", "call_event", "trace_span", "lonely_trace")
    }
    assert left == {
        "call_body": 2, "flag": 1, "feedback": 0, "call_event": 0, "trace_span": 1,
        "lonely_trace": 0,
    }  # fmt: skip
    assert db.rows("PRAGMA foreign_key_check") == []


def test_calls_that_are_not_indexed_yet_go_too_and_are_never_indexed(workspace: Workspace) -> None:
    db = workspace.db
    store(db, *(old(n, output=f"armadillo {n}") for n in range(4)))
    index(db)
    store(db, *(old(n, output=f"armadillo {n}") for n in range(4, 8)))
    keep(workspace, days=7)
    retention.run(workspace, 1)
    index(db)
    assert words_found(db, "armadillo") == ids(db) == [8]
    db.connection.execute("INSERT INTO call_words (call_words) VALUES ('integrity-check')")


def test_figures_over_a_window_are_the_same_before_and_after(workspace: Workspace) -> None:
    """All but the times, which are told only of the span that is whole."""
    db = workspace.db
    store(
        db,
        *(old(n, flags=[TRUNCATED]) for n in range(4)),
        *(old(4 + n, audit=0.1) for n in range(4)),
        *(old(10 + n, cost=1000 + n, prompt_version=str(n % 2)) for n in range(60)),
        *(old(70 + n, status="error", output="", flags=[FAILED]) for n in range(6)),
        *(made(90 + n, cost=5) for n in range(10)),
    )
    for call_id in (1, 2, 5, 6, 7):
        judge(workspace, call_id)
    tolerance = projects.tolerance_of(workspace, 1)

    def look():
        now = figures.figures(workspace, 4, 1)
        live = triage.live_estimate(workspace, tolerance, 1)
        rules = {v.kind.name: v.flagged for v in flag_rules.rule_views(workspace, 1) if v.flagged}
        until = now_ms() + 1
        slices = counted.slices(db, until - 30 * DAY_MS, until, DAY_MS, 1)
        return (
            (now.calls, now.flagged, now.errors, now.cost, now.tokens, now.flag_lower),
            [(p.prompt_version, p.calls, p.errors, p.cost, p.duration_ms) for p in now.parts],
            (live.lower, live.upper, live.point, live.sentence, live.lanes.arrived),
            rules,
            [(s.calls, s.cost) for s in slices],
            [(one.rule, one.flagged) for one in reviews.by_rule(db, 0, 1)],
        ), now  # fmt: skip

    before, first = look()
    assert (first.timed, first.removed, first.timed_from) == (78, 0, None)
    keep(workspace, days=7)
    assert retention.run(workspace, 1).calls == 66
    after, now = look()
    assert after == before
    assert (now.timed, now.removed) == (10, 66)
    assert now.timed_from is not None
    assert (
        "66 calls counted that were removed" in triage.live_estimate(workspace, tolerance, 1).note
    )


def test_what_is_compared_is_of_a_time_in_which_every_call_is_there(workspace: Workspace) -> None:
    """Old calls that stayed are the flagged and the slow: all else looks fine beside them."""
    db = workspace.db
    store(db, *(old(n, flags=[TRUNCATED]) for n in range(3)), *(old(n) for n in range(3, 9)))
    store(db, *(made(10 + n) for n in range(5)))
    these = comparing.Calls(0, now_ms() + 1, 1)
    assert comparing.counts(db, these).flagged == 3
    keep(workspace, days=7)
    retention.run(workspace, 1)
    found = comparing.counts(db, these)
    assert (found.calls, found.flagged, len(list(comparing.newest(db, these, 99)))) == (5, 0, 5)
    assert len(list(counted.latest(db, 1, 99))) == 5


def test_the_oldest_go_until_the_size_is_kept_as_a_dry_run_foretells(workspace: Workspace) -> None:
    db = workspace.db
    noise = (os.urandom(3000).hex() for _ in range(400))
    store(db, *(old(n, output=next(noise), trace_id="") for n in range(399)), made(399))
    keep(workspace, megabytes=1)
    view = retention.view(workspace, 1)
    assert view.size.calls == 400
    foretold = view.outlook.by_size
    assert 0 < foretold.calls < 399
    done = retention.run(workspace, 1)
    assert (done.calls, done.size) == (foretold.calls, foretold.size)
    left = retention.view(workspace, 1)
    assert left.size.size <= 1_000_000 < left.size.size + foretold.size / foretold.calls
    assert min(ids(db)) == foretold.calls + 1
    measured = call_sizes.of(db, 1)
    with db.write() as connection:  # counted anew, it is what was kept up
        connection.execute("DELETE FROM call_size")
        connection.execute("DELETE FROM setting WHERE name = 'sized up to'")
    while call_sizes.measure(db):
        pass
    anew = call_sizes.of(db, 1)
    assert (anew.calls, anew.size) == (measured.calls, measured.size)


def test_who_brings_in_old_calls_hears_that_they_will_not_stay(workspace: Workspace) -> None:
    store(workspace.db, *(old(n) for n in range(3)), made(3))
    assert retention.due_words(workspace, 1) == ""
    keep(workspace, days=7)
    assert retention.due_words(workspace, 1).startswith("Calls are kept for 7 days: 3 calls (")
    assert retention.due_words(workspace, None) == ""


def test_calls_of_the_last_hour_stay_whatever_the_size(workspace: Workspace) -> None:
    store(workspace.db, *(made(n, output=os.urandom(9000).hex()) for n in range(150)))
    keep(workspace, megabytes=1)
    view = retention.view(workspace, 1)
    assert (view.outlook.calls, view.outlook.still_over > 0) == (0, True)
    assert "above the limit" in retention.outlook_words(view.outlook, view.policy)
    assert retention.run(workspace, 1).calls == 0


def test_a_call_that_changes_after_it_was_chosen_stays(workspace: Workspace) -> None:
    db = workspace.db
    store(db, *(old(n) for n in range(4)), made(9))
    chosen = removal.candidates(db, 1, 0, EVERYTHING, 10)[:4]
    prepared = removal.prepare(db, chosen)
    draft = ReviewDraft(2, ReviewVerdict.WRONG, "ana", Lane.CHOSEN, 0.0)
    verdicts.add_review(db, draft)
    traces.add_flag(db, 3, CallFlag("thumbs down", "high", "A user says so."))
    assert removal.remove(db, prepared).calls == 2
    assert ids(db) == [2, 3, 5]


def test_a_transaction_is_small_whatever_the_texts_and_learns_from_the_last(
    workspace: Workspace,
) -> None:
    db = workspace.db
    store(db, *(old(n, input="word " * 20_000) for n in range(20)))
    chosen = removal.candidates(db, 1, 0, EVERYTHING, 20)
    assert len(removal.prepare(db, chosen).wanted) == 3
    batches = Batches()
    batches.learn(80)
    batches.learn(80)
    assert batches.size == 10
    for _ in range(20):
        batches.learn(3)
    assert batches.size == 200
    for _ in range(20):
        batches.learn(500)
    assert batches.size == 4


def test_work_that_is_stopped_goes_on_where_it_was(workspace: Workspace) -> None:
    db = workspace.db
    store(db, *(old(n) for n in range(100)), made(100))
    keep(workspace, days=7)
    work = Retainer(db).work({1: RetentionPolicy(days=7)})
    while len(ids(db)) == 101:
        next(work)
    work.close()
    assert 1 < len(ids(db)) < 101
    retention.run(workspace, 1)
    assert ids(db) == [101]
    assert call_sizes.of(db, 1).removed_calls == 100


async def test_a_gateway_removes_what_is_due_and_goes_on_receiving(workspace: Workspace) -> None:
    db = workspace.db
    store(db, *(old(n) for n in range(300)), made(300))
    keep(workspace, days=7)
    said = json.dumps({"response_id": "resp-300", "thumbs": "up"}).encode()
    async with running(GatewayOptions(db_path=workspace.path)) as gateway:
        while len(ids(db)) > 1:  # the test's time limit ends it otherwise
            status, _, _ = await gateway.post("/v1/feedback", said, Content_Type="application/json")
            assert status == 200
            await asyncio.sleep(0.02)
    assert ids(db) == [301]


def test_the_file_gives_space_back(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "SPARE_PAGES", 8)
    db = workspace.db
    store(db, *(old(n, output=os.urandom(20_000).hex()) for n in range(120)), made(500))
    db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    before = workspace.path.stat().st_size
    keep(workspace, days=7)
    retention.run(workspace, 1)
    db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    found = space.space(db)
    assert found.shrinks
    assert workspace.path.stat().st_size == found.size < before - 1_000_000
    assert "given back" in retention.space_words(found)


def test_the_index_lets_go_of_what_is_gone(workspace: Workspace) -> None:
    db = workspace.db
    text = " ".join(f"word{n}" for n in range(400))
    for at in range(0, 400, 50):
        store(db, *(old(n, output=f"{text} number{n}") for n in range(at, at + 50)))
        index(db)
    store(db, *(made(n, output=f"{text} number{n}") for n in range(400, 450)))
    index(db)

    def size() -> int:
        return int(db.rows("SELECT sum(length(block)) FROM call_words_data")[0][0])

    before = size()
    keep(workspace, days=7)
    retention.run(workspace, 1)
    assert size() < before / 2
    assert words_found(db, "word7") == list(range(401, 451))
    db.connection.execute("INSERT INTO call_words (call_words) VALUES ('integrity-check')")
    assert not words.is_untidy(db)


def test_a_file_of_an_older_version_shrinks_once_it_is_compacted(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    open_workspace(path).db.close()
    with sqlite3.connect(path, isolation_level=None) as plain:
        plain.execute("PRAGMA auto_vacuum = NONE")
        plain.execute("VACUUM")
    plain.close()
    workspace = open_workspace(path)
    assert not space.space(workspace.db).shrinks
    assert "retention compact" in retention.space_words(space.space(workspace.db))
    assert space.give_back(workspace.db) is False
    assert retention.compact(workspace).shrinks
    workspace.db.close()


@pytest.mark.slow
def test_the_command_line_sets_it_says_what_would_go_and_does_it(workspace: Workspace) -> None:
    db = workspace.path
    store(workspace.db, *(old(n) for n in range(9)), made(9, audit=0.2), made(10))
    said = command("retention", "set", "--days", "7", "--size", "2 GB", db=db).stdout
    assert "support: 7 days, at most 2,000 MB." in said
    assert "9 calls (" in said
    dry = json.loads(command("retention", "run", "--dry-run", "--json", db=db).stdout)
    assert (dry["calls"], len(ids(workspace.db))) == (9, 11)
    assert "9 calls removed" in command("retention", "run", db=db).stdout
    shown = json.loads(command("retention", "show", "--json", db=db).stdout)
    assert (shown["calls"], shown["removed_calls"], shown["days"]) == (2, 9, 7)
    assert_error(command("retention", "set", "--days", "soon", db=db), "no number of days")
