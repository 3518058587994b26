"""A version that follows another one costs what differs, and what differs can be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmops_tui.core.dataset import DatasetVersion, ExampleDraft
from llmops_tui.core.errors import ConflictError
from llmops_tui.store import dataset_difference, datasets, projects
from llmops_tui.store.database import Database


@pytest.fixture
def db(tmp_path: Path):
    opened = Database(tmp_path / "workspace.db")
    projects.create(opened, "test")
    yield opened
    opened.close()


def rows(words: str | list[str]) -> list[ExampleDraft]:
    return [ExampleDraft({"word": word}, word.upper()) for word in words]


def add(db: Database, words: str | list[str], name: str = "d") -> DatasetVersion:
    return datasets.add_version(db, 1, name, rows(words), author="me")


def words(db: Database, version: DatasetVersion) -> str:
    found = dataset_difference.all_examples(db, version)
    return "".join(str(example.inputs["word"]) for example in found)


def stored(db: Database) -> int:
    found = db.row("SELECT count(*) FROM example")
    assert found is not None
    return int(found[0])


def content(db: Database, version: DatasetVersion) -> bytes:
    found = db.row("SELECT content_hash FROM dataset_version WHERE id = ?", (version.id,))
    assert found is not None
    return bytes(found[0])


def test_ten_versions_that_differ_in_ten_rows_cost_about_one(db: Database):
    texts = [f"row {number}" for number in range(5000)]
    for number in range(10):
        for row in range(number * 10, number * 10 + 10):
            texts[row] = f"row {row}, written anew" if number else texts[row]
        version = add(db, texts)
        assert version.rows == 5000
    assert version.number == 10
    assert stored(db) == 5000 + 9 * 10


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ("abcdef", "abXdef", 1),
        ("abcdef", "abdef", 0),
        ("abcdef", "abcdefgh", 2),
        ("abcdef", "def", 0),
        ("abcdef", "", 0),
        ("ab", "ab", 0),
        ("abcdef", "ghijkl", 6),
    ],
)
def test_only_what_differs_is_written(db: Database, before: str, after: str, more: int):
    first = add(db, before)
    second = add(db, after)
    assert words(db, first) == before
    assert words(db, second) == after
    assert stored(db) == len(before) + more


def test_a_row_that_came_between_others_stands_at_the_end_where_no_place_is_free(db: Database):
    add(db, "abc")
    assert words(db, add(db, "aXbc")) == "abcX"


def test_rows_keep_their_places_over_large_batches_and_windows(db: Database):
    before = [f"{number}." for number in range(9000)]
    add(db, before)
    after = [f"{number}." for number in range(9000) if number % 100]
    after[4000] = "new."
    second = add(db, after)
    assert words(db, second) == "".join(after)
    assert stored(db) == 9001


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.text("abcd", max_size=12), min_size=2, max_size=5))
def test_every_version_stays_what_it_was(db: Database, versions: list[str]):
    name = f"set {stored(db)} {datasets.datasets(db, 1)[-1:]}"
    made = [(text, add(db, text, name)) for text in versions]
    for text, version in made:
        assert sorted(words(db, version)) == sorted(text)
        assert version.rows == len(text)
        positions = [e.position for e in dataset_difference.all_examples(db, version)]
        assert len(set(positions)) == len(text)


def test_an_edit_makes_the_next_version(db: Database):
    first = add(db, "abc")
    changed = ExampleDraft({"word": "B"}, "x", ("hard",), "dev")
    second = dataset_difference.edit(
        db, first, {2: changed, 3: None}, rows("d"), author="you", note="mended"
    )
    assert words(db, first) == "abc"
    assert words(db, second) == "aBd"
    assert (second.number, second.rows, second.note) == (2, 3, "mended")
    assert second.splits == {"": 2, "dev": 1}
    assert content(db, second) == content(
        db, datasets.add_version(db, 1, "other", [*rows("a"), changed, *rows("d")], author="me")
    )


def test_the_same_rows_in_other_splits_are_other_content(db: Database):
    first = add(db, "ab")
    moved = replace(rows("a")[0], split="gate")
    second = dataset_difference.edit(db, first, {1: moved}, author="me", note="")
    back = dataset_difference.edit(db, second, {1: rows("a")[0]}, author="me", note="")
    assert content(db, first) == content(db, back) != content(db, second)


def test_an_edit_of_a_version_that_is_not_the_newest_is_refused(db: Database):
    first = add(db, "abc")
    add(db, "abcd")
    with pytest.raises(ConflictError, match="version 2"):
        dataset_difference.edit(db, first, {1: None}, author="me", note="")
    assert [v.number for v in dataset_difference.versions(db, first.dataset_id)] == [2, 1]


def test_what_differs_between_any_two_versions(db: Database):
    first = add(db, "abcd")
    add(db, "abXd")
    third = add(db, "aXde")
    found = {
        position: (old and old.inputs["word"], new and new.inputs["word"])
        for position, old, new in dataset_difference.differences(db, first, third)
    }
    assert sorted(old or "" for old, _ in found.values()) == ["", "b", "c"]
    assert sorted(new or "" for _, new in found.values()) == ["", "X", "e"]
    assert list(dataset_difference.differences(db, third, third)) == []
