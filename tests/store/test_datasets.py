"""Data sets: immutable versions that cost their differences, rows paged by key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.dataset import BadRow, ExampleDraft
from llmops_tui.store import datasets, projects
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
    assert datasets.bad_rows(db, version.id) == [bad]


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
