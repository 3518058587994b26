"""Production calls in Parquet files by day: whole, readable by others, and only then removed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.cli.test_commands import command

from llmops_tui.core.call import ReviewVerdict
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    StoreFullError,
    UnavailableError,
)
from llmops_tui.core.retention import DAY_MS
from llmops_tui.core.trace import FeedbackDraft, SpanDraft
from llmops_tui.interchange.archive import files
from llmops_tui.services import archive, archive_search, projects, triage
from llmops_tui.services.archive import DayDone
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import archiving, calls, removal, traces
from llmops_tui.store.database import Database

NOON = (now_ms() // DAY_MS) * DAY_MS + DAY_MS // 2
"""Of today, UTC: days before it can be reckoned with whatever the hour is."""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "support")
    yield opened
    opened.db.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def ago(days: int, number: int, **fields: object):
    return made(number, **{"started_at": NOON - days * DAY_MS + number, **fields})


def day(days: int) -> str:
    return f"{datetime.fromtimestamp((NOON - days * DAY_MS) / 1000, UTC):%Y-%m-%d}"


def run(workspace: Workspace, target: Path, **options: object) -> list[DayDone]:
    before = archive.read_before("")
    return list(archive.write(workspace, target, before, **options))  # type: ignore[arg-type]


def select(
    target: Path, what: str, rest: str = "", *, describe: bool = False
) -> list[tuple[object, ...]]:
    """As somebody with DuckDB asks, who knows nothing of this program."""
    source = f"read_parquet('{target}/*/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as connection:
        verb = "DESCRIBE SELECT" if describe else "SELECT"
        return connection.execute(f"{verb} {what} FROM {source} {rest}").fetchall()


def ids(db: Database) -> list[int]:
    return sorted(row.id for row in calls.page(db, limit=1000))


def judge(workspace: Workspace, call_id: int) -> None:
    call = triage.open_call(workspace, call_id).row
    triage.review(workspace, call, ReviewVerdict.WRONG, severity="harmful", note="no – 日本")


def test_another_program_reads_days_with_all_that_belongs_to_their_calls(
    workspace: Workspace, target: Path
) -> None:
    db = workspace.db
    trace = "ab" * 16
    store(
        db,
        ago(3, 1, cost=7_000_000, trace_id=trace, output="Grüße\x00\ud83d 🙂"),
        ago(3, 2, flags=[TRUNCATED]),
        ago(1, 3, project_id=None, audit=0.1, input_tokens=None),
        made(4, started_at=now_ms()),
    )
    step = SpanDraft(
        b"s", trace, "1" * 16, "", "search", "tool", "ok", "", 5, 1.5, "kiwi", "a bird"
    )
    said = FeedbackDraft(b"f", "user", 5, response_id="resp-2", thumbs=-1, comment="bad")
    traces.add(db, [step, said])
    traces.join_feedback(db)
    judge(workspace, 2)
    done = run(workspace, target)
    assert [(one.day, one.calls, one.wrote) for one in done] == [
        (day(3), 2, True),
        (day(1), 1, True),
    ]
    assert sorted(p.name for p in target.iterdir()) == [".lock", f"day={day(3)}", f"day={day(1)}"]
    kinds = {str(name): kind for name, kind, *_ in select(target, "*", describe=True)}
    assert kinds["started_at"] == "TIMESTAMP WITH TIME ZONE"
    assert set(kinds.values()) == {
        "TIMESTAMP WITH TIME ZONE",
        "BIGINT",
        "DOUBLE",
        "VARCHAR",
        "DATE",
    }
    rows = select(
        target,
        "id, project, day::VARCHAR, epoch_ms(started_at), input_tokens, cost_nano, flagged, "
        "flag_rules, verdict, audit_probability, output",
        "ORDER BY id",
    )
    assert rows == [
        (1, "support", day(3), NOON - 3 * DAY_MS + 1, 80, 7_000_000, 0, "", "", None,
         "Grüße\x00\\ud83d 🙂"),
        (2, "support", day(3), NOON - 3 * DAY_MS + 2, 80, None, 1, "truncated", "wrong", None,
         "delivery 2"),
        (3, None, day(1), NOON - DAY_MS + 3, None, None, 0, "", "", 0.1, "delivery 3"),
    ]  # fmt: skip
    said_of = "reviews->0->>'note', feedback->0->>'comment', flags->0->>'rule', input"
    review, feedback, rule, told = select(target, said_of, "WHERE id = 2")[0]
    assert (review, feedback, rule) == ("no – 日本", "bad", "truncated")
    assert told == "system: Sort this message.\nuser: Where is order 2?"
    assert select(target, "steps->0->>'output'", "WHERE id = 1") == [("a bird",)]


def test_running_it_again_writes_only_what_is_new(workspace: Workspace, target: Path) -> None:
    db = workspace.db
    store(db, ago(3, 1), ago(2, 2), ago(1, 3), made(4, started_at=now_ms()))
    run(workspace, target)
    stamps = {p: p.stat().st_mtime_ns for p in target.glob("*/*.parquet")}
    assert [one.wrote for one in run(workspace, target)] == [False, False, False]
    assert {p: p.stat().st_mtime_ns for p in target.glob("*/*.parquet")} == stamps
    judge(workspace, 2)
    store(db, ago(1, 5))
    assert [(one.calls, one.wrote) for one in run(workspace, target)] == [
        (1, False), (1, True), (2, True),
    ]  # fmt: skip
    assert select(target, "id, verdict", "ORDER BY id") == [(1, ""), (2, "wrong"), (3, ""), (5, "")]


def test_what_was_read_back_is_removed_but_for_what_people_need(
    workspace: Workspace, target: Path
) -> None:
    db = workspace.db
    store(
        db,
        *(ago(3, n) for n in range(1, 60)),
        ago(3, 60, flags=[TRUNCATED]),
        ago(3, 61),
        made(62, started_at=now_ms()),
    )
    judge(workspace, 61)
    done = run(workspace, target, remove=True)
    assert [(one.calls, one.removed) for one in done] == [(61, 59)]
    assert ids(db) == [60, 61, 62]
    assert select(target, "count(*), count(DISTINCT id)") == [(61, 61)]
    # What is gone here stays there, whatever is added to the day.
    assert [one.wrote for one in run(workspace, target)] == [False]
    store(db, ago(3, 99), made(100, started_at=now_ms()))
    judge(workspace, 60)
    assert [(one.calls, one.removed) for one in run(workspace, target, remove=True)] == [(62, 1)]
    assert select(target, "count(*), count(DISTINCT id)") == [(62, 62)]
    assert select(target, "verdict", "WHERE id = 60") == [("wrong",)]
    assert ids(db) == [60, 61, 62, 64]


def test_nothing_is_removed_that_a_damaged_file_should_hold(
    workspace: Workspace, target: Path
) -> None:
    store(workspace.db, *(ago(3, n) for n in range(1, 400)), made(400))
    run(workspace, target)
    path = target / f"day={day(3)}" / files.FILE
    whole = path.read_bytes()
    for hurt in (whole[: len(whole) // 2], whole[:600] + b"\xff" * 500 + whole[1100:], b"no"):
        path.write_bytes(hurt)
        with pytest.raises(InputError, match="damaged"):
            run(workspace, target, remove=True)
        assert len(ids(workspace.db)) == 400
    path.unlink()
    assert run(workspace, target, remove=True)[0].removed == 399


def test_a_call_that_changed_after_it_was_archived_stays(workspace: Workspace) -> None:
    db = workspace.db
    store(db, ago(3, 1), ago(3, 2), made(3))
    prepared = removal.prepare(db, removal.candidates(db, 1, 0, now_ms(), 9))
    stamps = {row["id"]: row["stamp"] for row in db.rows(removal.STILL, ("[1,2]",))}
    traces.add(db, [FeedbackDraft(b"f", "user", 5, response_id="resp-2", thumbs=1)])
    traces.join_feedback(db)
    assert removal.remove(db, prepared, stamps).calls == 1
    assert ids(db) == [2, 3]


def test_a_write_that_fails_leaves_the_day_as_it_was(workspace: Workspace, target: Path) -> None:
    store(workspace.db, ago(3, 1), made(2))
    run(workspace, target)
    path = target / f"day={day(3)}" / files.FILE
    (path.parent / f".{files.FILE}.1").write_bytes(b"left by one that was killed")
    before = path.read_bytes()

    def rows() -> Iterator[dict[str, object]]:
        yield {"id": 5}
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreFullError, match="No space left"):
        files.write(path, archiving.workspace_id(workspace.db), rows())
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [files.FILE]


def test_an_archive_belongs_to_one_workspace_and_one_writer(
    workspace: Workspace, target: Path, tmp_path: Path
) -> None:
    store(workspace.db, ago(3, 1), made(2))
    with files.owned(target), pytest.raises(ConflictError, match="Another process"):
        run(workspace, target)
    run(workspace, target)
    other = open_workspace(tmp_path / "other.db")
    store(other.db, ago(3, 1, project_id=None), made(2, project_id=None))
    with pytest.raises(ConflictError, match="another workspace"):
        run(other, target, remove=True)
    assert ids(other.db) == [1, 2]
    other.db.close()


def test_without_the_extra_one_sentence_says_what_to_install(
    workspace: Workspace, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UnavailableError, match="pyarrow") as raised:
        run(workspace, target)
    assert "llmops-tui[archive]" in raised.value.hint
    assert not target.exists()


@pytest.mark.parametrize("typed", ["soon", "2026-13-01", "-3"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="no day"):
        archive.read_before(typed)


def test_a_day_is_named_by_its_date_or_by_how_long_ago_it_was() -> None:
    today = now_ms() // DAY_MS
    assert archive.read_before("") == today * DAY_MS
    assert archive.read_before("7d") == (today - 7) * DAY_MS
    assert archive.read_before("2026-01-02") == 1_767_312_000_000
    assert archive.read_before("2999-01-01") == today * DAY_MS


@pytest.mark.slow
def test_the_command_line_archives_and_removes(workspace: Workspace, target: Path) -> None:
    store(workspace.db, *(ago(9, n) for n in range(1, 6)), ago(1, 6), made(7))
    said = command("archive", target, "--before", "3d", "--remove", "--json", db=workspace.path)
    found = json.loads(said.stdout)
    assert [(one["day"], one["calls"], one["removed"]) for one in found] == [(day(9), 5, 5)]
    assert ids(workspace.db) == [6, 7]
    said = command("archive", "search", target, "delivery", "--since", day(9), "--json")
    assert [line["id"] for line in json.loads(said.stdout)] == [5, 4, 3, 2, 1]
    assert command("archive", "show", target, "3").stdout == "delivery 3\n"


def test_calls_are_found_again_by_words_and_fields_the_newest_first(
    workspace: Workspace, target: Path
) -> None:
    db = workspace.db
    store(
        db,
        *(ago(12 - n // 2, n, output=f"a Refund of {n} euros", model="smol") for n in range(1, 21)),
        ago(2, 21, output="a refund refused", flags=[TRUNCATED], model="big", trace_id="cd" * 16),
        ago(1, 22, output="100% of 'it' \x1b[31m"),
        made(23),
    )
    judge(workspace, 21)
    run(workspace, target, remove=True)

    def found(text: str, **options: int) -> list[int]:
        wanted = archive_search.parse(text)
        return [line.id for line in archive_search.search(target, wanted, **options).lines]

    assert found("refund euros") == list(range(20, 0, -1))
    assert found("REFUND", limit=3) == [21, 20, 19]
    assert found("refund model:big") == found("flag:trunc") == found("verdict:wrong") == [21]
    assert found("本") == [21]
    assert found(f"since:{day(1)}") == [22]
    assert found(f"until:{day(11)}") == [3, 2, 1]
    assert found("100% 'it'") == [22]
    assert found("nowhere") == []
    with pytest.raises(InputError, match="no day"):
        archive_search.parse("since:yesterday")
    with pytest.raises(InputError, match="no verdict"):
        archive_search.parse("verdict:bad")
    whole = archive_search.open_call(target, 21, day(2)).detail()
    assert (whole.output, whole.row.review, whole.trace_id) == (
        "a refund refused",
        "wrong",
        "cd" * 16,
    )
    assert [flag.rule for flag in whole.flags] == ["truncated"]
    assert [(one.severity, one.note) for one in whole.reviews] == [("harmful", "no – 日本")]
    assert archive_search.open_call(target, 5).detail().output == "a Refund of 5 euros"
    with pytest.raises(NotFoundError):
        archive_search.open_call(target, 23)
    assert archive_search.directory_of(workspace) == target


def test_a_damaged_day_is_passed_over_and_named(workspace: Workspace, target: Path) -> None:
    store(workspace.db, *(ago(n, n) for n in range(1, 6)))
    run(workspace, target)
    whole = target.rename(target.with_name("a [*] directory's"))
    assert len(archive_search.search(whole, archive_search.Wanted()).lines) == 5
    target = whole.rename(target)
    (target / f"day={day(3)}" / files.FILE).write_bytes(b"no")
    found = archive_search.search(target, archive_search.Wanted())
    assert ([line.id for line in found.lines], found.damaged) == ([1, 2, 4, 5], (day(3),))


def test_searching_needs_duckdb_and_says_so(
    workspace: Workspace, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(workspace.db, ago(1, 1))
    run(workspace, target)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UnavailableError, match="DuckDB") as raised:
        archive_search.search(target, archive_search.Wanted())
    assert "llmops-tui[duckdb]" in raised.value.hint
