"""Data sets: immutable versions that cost their differences, rows paged by key."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.dataset import BadRow, ExampleDraft
from llmops_tui.core.errors import StoreError
from llmops_tui.store import bad_rows, dataset_import, datasets, projects
from llmops_tui.store.database import Database


@pytest.fixture
def db(tmp_path: Path):
    opened = Database(tmp_path / "workspace.db")
    projects.create(opened, "test")
    yield opened
    opened.close()


def rows(*words: str) -> list[ExampleDraft]:
    return [ExampleDraft({"word": word}, word.upper(), split="dev") for word in words]


def add(db: Database, content: list[ExampleDraft | BadRow], name: str = "d"):
    return datasets.add_version(db, 1, name, content, author="me", source="here")


def test_a_version_keeps_its_rows_in_order(db: Database):
    version = add(db, rows("a", "b", "c"))
    assert (version.number, version.rows, version.columns) == (1, 3, ("word",))
    assert version.splits == {"dev": 3}
    page = datasets.page(db, version)
    assert [example.inputs["word"] for example in page] == ["a", "b", "c"]
    assert [example.expected for example in page] == ["A", "B", "C"]


def test_pages_follow_each_other_by_key(db: Database):
    version = add(db, rows(*"abcdefg"))
    seen = []
    after = 0
    while page := datasets.page(db, version, after=after, limit=3):
        seen += [str(example.inputs["word"]) for example in page]
        after = page[-1].position
    assert seen == list("abcdefg")


def test_an_older_version_stays_as_it_was(db: Database):
    first = add(db, rows("a", "b"))
    second = add(db, rows("b", "c", "d"))
    assert [e.inputs["word"] for e in datasets.page(db, first)] == ["a", "b"]
    assert [e.inputs["word"] for e in datasets.page(db, second)] == ["b", "c", "d"]
    assert second.number == 2
    assert [d.versions for d in datasets.datasets(db, 1)] == [2]


def test_equal_content_has_an_equal_hash(db: Database):
    hashes = [
        db.row("SELECT content_hash FROM dataset_version WHERE id = ?", (version.id,))[0]
        for version in (
            add(db, rows("a", "b")),
            add(db, rows("a", "b"), "other"),
            add(db, rows("b", "a")),
        )
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_bad_rows_are_kept_aside_with_line_reason_and_text(db: Database):
    bad = BadRow(7, "too few cells", "a,b")
    version = add(db, [*rows("a"), bad])
    assert (version.rows, version.bad_rows) == (1, 1)
    assert bad_rows.page(db, version.id) == [bad]


def test_an_import_that_breaks_off_leaves_nothing_behind(db: Database):
    def breaking():
        yield from rows("a", "b")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        datasets.add_version(db, 1, "d", breaking(), author="me")
    assert datasets.datasets(db, 1) == []
    assert db.row("SELECT count(*) FROM example")[0] == 0


@pytest.mark.parametrize("find", ["straße", "100%", "a_b", 'say "hi"', "line\nbreak", "日本"])
def test_rows_are_found_by_any_text_they_contain(db: Database, find: str):
    version = add(db, rows("plain", f"before {find} after", "100x", "aXb"))
    found = datasets.page(db, version, find=find)
    assert [example.inputs["word"] for example in found] == [f"before {find} after"]


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=4), st.text())
def test_any_text_comes_back_exactly(inputs: dict[str, str], expected: str):
    draft = ExampleDraft(inputs, expected.encode("utf-8", "ignore").decode())
    stored = datasets.to_json(draft.inputs)
    assert datasets.json_object(stored) == inputs


def importing(db: Database, content: Iterable[ExampleDraft | BadRow], name: str = "d"):
    return dataset_import.import_version(db, 1, name, content, author="me", source="here")


def nothing_left(db: Database) -> bool:
    tables = ("dataset", "dataset_version", "example", "bad_row", "dataset_import")
    return all(db.row(f"SELECT count(*) FROM {table}")[0] == 0 for table in tables)


def test_an_import_is_visible_to_nobody_before_its_end(db: Database, monkeypatch):
    monkeypatch.setattr(dataset_import, "MOST_ROWS", 2)
    seen: list[tuple[int, int]] = []

    def watched():
        for row in [*rows(*"abcde"), BadRow(9, "bad", "raw")]:
            stored = db.row("SELECT count(*) FROM example")[0]
            seen.append((stored, len(datasets.datasets(db, 1))))
            yield row

    version = importing(db, watched())
    assert seen == [(0, 0), (0, 0), (2, 0), (2, 0), (4, 0), (4, 0)]
    assert (version.number, version.rows, version.bad_rows) == (1, 5, 1)
    assert [one.name for one in datasets.datasets(db, 1)] == ["d"]
    assert [e.inputs["word"] for e in datasets.page(db, version)] == list("abcde")
    assert db.row("SELECT count(*) FROM dataset_import")[0] == 0


def test_others_write_while_an_import_reads_on(db: Database, monkeypatch):
    monkeypatch.setattr(dataset_import, "MOST_ROWS", 1)
    other = Database(db.path)

    def reading():
        for row in rows(*"abc"):
            projects.create(other, f"beside {row.inputs['word']}")
            yield row

    assert importing(db, reading()).rows == 3
    other.close()


def test_an_import_that_is_given_up_leaves_nothing(db: Database, monkeypatch):
    monkeypatch.setattr(dataset_import, "MOST_ROWS", 2)
    monkeypatch.setattr(dataset_import, "CLEARED_AT_ONCE", 2)

    def breaking():
        yield from rows(*"abcde")
        yield BadRow(6, "bad", "raw")
        yield from rows(*"fg")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing(db, breaking())
    assert nothing_left(db)


def test_what_a_killed_import_left_is_cleared_by_the_next(db: Database, monkeypatch):
    monkeypatch.setattr(dataset_import, "MOST_ROWS", 2)
    monkeypatch.setattr(dataset_import, "_clear", lambda db, dataset_id: None)  # as if killed

    def killed():
        yield from rows(*"abc")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing(db, killed())
    monkeypatch.undo()
    assert datasets.datasets(db, 1) == []
    assert importing(db, rows("x")).rows == 1
    assert db.row("SELECT count(*) FROM example")[0] == 3  # it may still be at work
    with db.write() as connection:
        connection.execute("UPDATE dataset_import SET alive_at = 0")
    importing(db, rows("y"), "other")
    assert db.row("SELECT count(*) FROM example")[0] == 2


def test_an_import_that_was_cleared_away_notices(db: Database, monkeypatch):
    monkeypatch.setattr(dataset_import, "MOST_ROWS", 1)

    def slept():
        yield from rows("a")
        with db.write() as connection:
            connection.execute("UPDATE dataset_import SET alive_at = 0")
        dataset_import.clear_dead(db)
        yield from rows("b")

    with pytest.raises(StoreError, match="stood still"):
        importing(db, slept())
    assert nothing_left(db)


def test_an_import_into_an_old_data_set_is_its_next_version(db: Database):
    first = importing(db, rows("a", "b"))
    second = importing(db, [*rows("b", "c"), BadRow(3, "bad", "raw", 20_000)])
    assert (second.number, second.rows, second.bad_rows) == (2, 2, 1)
    assert [e.inputs["word"] for e in datasets.page(db, first)] == ["a", "b"]
    assert sorted(str(e.inputs["word"]) for e in datasets.page(db, second)) == ["b", "c"]
    assert bad_rows.page(db, second.id)[0].cut
    assert db.row("SELECT count(*) FROM dataset")[0] == 1
