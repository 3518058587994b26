"""Finding, editing and splitting examples: what a person does to a data set that is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_tui.core.curation.filter import parse_filter, sortable
from llmops_tui.core.curation.splitting import parse_shares
from llmops_tui.core.dataset import DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services import dataset_editing as editing
from llmops_tui.services import dataset_versions, datasets, example_search, projects
from llmops_tui.services.example_search import ExampleSearch, Sorting
from llmops_tui.services.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "test")
    yield opened
    opened.db.close()


def make(workspace: Workspace, rows: list[ExampleDraft]) -> DatasetVersion:
    return datasets.add_examples(workspace, 1, "d", iter(rows), source="")


def some(workspace: Workspace, number: int = 40) -> DatasetVersion:
    return make(
        workspace,
        [
            ExampleDraft(
                {"question": f"What is {n}?", "level": n % 3},
                ("odd" if n % 2 else "even") if n % 5 else None,
                ("hard",) if n % 4 == 0 else (),
                "dev" if n < 10 else None,
            )
            for n in range(number)
        ],
    )


def everything(workspace: Workspace, version: DatasetVersion) -> list[Example]:
    return datasets.example_page(workspace, version, limit=10_000)


def found(workspace: Workspace, version: DatasetVersion, text: str) -> list[int]:
    return ExampleSearch(workspace, version, text).positions()


@pytest.mark.parametrize(
    "text",
    [
        "split:dev",
        "tag:hard",
        "expected:odd",
        "level:2",
        "is:unlabelled",
        "level:1 expected:EVEN",
        'question:"what is 3"',
        "expected:od is 7",
        "tags:hard split:dev is 4",
        "unknown:thing",
        "is 3",
    ],
)
def test_a_filter_finds_by_index_exactly_what_fits(workspace: Workspace, text: str) -> None:
    version = some(workspace)
    wanted = parse_filter(text, version.columns)
    fitting = [e.position for e in everything(workspace, version) if wanted.fits(e)]
    assert found(workspace, version, text) == fitting
    assert bool(fitting) == (text != "unknown:thing")
    first = ExampleSearch(workspace, version, text).first(5)
    assert first is None or [example.position for example in first] == fitting[:5]


def test_rows_come_in_the_order_of_a_field_numbers_by_size(workspace: Workspace) -> None:
    values = ["10", "9", "-3", "2.5", "apple", "Banana", "-20", ""]
    version = make(workspace, [ExampleDraft({"v": value}) for value in values])
    search = ExampleSearch(workspace, version, "", Sorting("v"))
    ordered = [e.inputs["v"] for e in search.examples(search.ids())]
    assert ordered == ["", "-20", "-3", "2.5", "9", "10", "apple", "Banana"]
    assert [e.inputs["v"] for e in search.first(3) or []] == ordered[:3]
    down = ExampleSearch(workspace, version, "", Sorting("v", down=True))
    assert [e.inputs["v"] for e in down.examples(down.ids())] == ordered[::-1]
    assert search.index_of(1) == 5


def test_sorting_and_filtering_go_together(workspace: Workspace) -> None:
    version = some(workspace)
    search = ExampleSearch(workspace, version, "split:dev", Sorting("level", down=True))
    levels = [e.inputs["level"] for e in search.examples(search.ids())]
    assert levels == sorted(levels, key=str, reverse=True)
    assert len(levels) == 10


def test_large_data_sets_are_found_in_by_their_words(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example_search, "SCANNED", 10)
    texts = ["Größe und Gewicht", "die GRÖSSE", "groß", "size and weight", "siZE, weight"] * 5
    version = make(workspace, [ExampleDraft({"q": text}) for text in texts])
    before = found(workspace, version, "size")
    assert example_search.index_behind(workspace, version, lambda _: True)
    assert found(workspace, version, "size") == before
    assert len(before) == 10
    assert len(found(workspace, version, "größe")) == 10
    assert len(found(workspace, version, "size and")) == 5
    assert len(found(workspace, version, "weigh")) == 10
    assert [e.position for e in ExampleSearch(workspace, version, "weig").first(2) or []] == [4, 5]
    later = editing.change_each(
        workspace, version, [1], lambda d: ExampleDraft({"q": "a new size"}), "x"
    )
    assert len(found(workspace, later.version, "size")) == 11  # read through until indexed
    example_search.index_behind(workspace, later.version, lambda _: True)
    assert len(found(workspace, later.version, "size")) == 11
    assert len(found(workspace, version, "size")) == 10


def test_indexing_can_be_stopped_and_goes_on_where_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example_search, "SCANNED", 10)
    monkeypatch.setattr("llmops_tui.store.dataset_index.BATCH", 10)
    version = some(workspace)
    assert not example_search.index_behind(workspace, version, lambda done: done < 20)
    seen: list[int] = []
    assert example_search.index_behind(workspace, version, lambda done: not seen.append(done))
    assert seen == [10, 20]


def test_a_bulk_edit_changes_what_the_filter_found_and_can_be_gone_back_on(
    workspace: Workspace,
) -> None:
    version = some(workspace)
    ids = ExampleSearch(workspace, version, "split:dev").ids()
    made = editing.set_tags(workspace, version, ids, "checked, -hard")
    assert made.words == "Version 2: 10 rows changed."
    assert found(workspace, made.version, "tag:checked split:dev") == list(range(1, 11))
    assert found(workspace, made.version, "tag:hard split:dev") == []
    diff = dataset_versions.compare(workspace, made.version, version)
    assert (diff.added, diff.removed, diff.changed) == (0, 0, 10)
    assert diff.rows[0].fields == (("tags", "hard", "checked"),)
    back = editing.restore(workspace, made.version, version)
    assert back.version.note == "as version 1 on 10 rows" or back.version.note == "as version 1"
    assert everything(workspace, back.version)[0].tags == ("hard",)
    gone = editing.remove_examples(workspace, back.version, ids[:3])
    assert gone.version.rows == version.rows - 3
    assert len(everything(workspace, version)) == version.rows


def test_an_edit_that_changes_nothing_makes_no_version(workspace: Workspace) -> None:
    version = some(workspace)
    ids = ExampleSearch(workspace, version, "split:dev").ids()
    with pytest.raises(InputError, match="Nothing would change"):
        editing.set_split(workspace, version, ids, "dev")
    assert len(dataset_versions.list_versions(workspace, version.dataset_id)) == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"inputs": 3}', '{"inputs": {}, "tags": "x"}', ""])
def test_an_edited_example_that_cannot_be_read_is_refused(workspace: Workspace, text: str) -> None:
    version = some(workspace)
    example = everything(workspace, version)[0]
    with pytest.raises(InputError, match=r"edited example|Tags are"):
        editing.edit_example(workspace, version, example, text)


def test_an_example_is_edited_as_text(workspace: Workspace) -> None:
    version = some(workspace)
    example = everything(workspace, version)[3]
    text = editing.example_as_text(example).replace("What is 3?", "Drei?")
    made = editing.edit_example(workspace, version, example, text)
    assert everything(workspace, made.version)[3].inputs["question"] == "Drei?"
    assert everything(workspace, version)[3].inputs["question"] == "What is 3?"


def test_splits_are_seeded_even_by_label_and_keep_equal_inputs_together(
    workspace: Workspace,
) -> None:
    rows = [ExampleDraft({"q": f"{n // 2}"}, "rare" if n < 20 else "often") for n in range(200)]
    version = make(workspace, rows)
    shares = "train 50, dev 25, gate 25"
    made = editing.assign_splits(workspace, version, shares, seed=7, stratify="expected").version
    examples = everything(workspace, made)
    assert Counter(e.split for e in examples) == {"train": 100, "dev": 50, "gate": 50}
    rare = Counter(e.split for e in examples if e.expected == "rare")
    assert {name: abs(rare[name] - share) <= 2 for name, share in
            (("train", 10), ("dev", 5), ("gate", 5))} == dict.fromkeys(rare, True)  # fmt: skip
    by_input: dict[object, set[str | None]] = {}
    for example in examples:
        by_input.setdefault(example.inputs["q"], set()).add(example.split)
    assert max(map(len, by_input.values())) == 1
    with pytest.raises(InputError, match="Nothing would change"):
        editing.assign_splits(workspace, made, shares, seed=7, stratify="expected")
    other = editing.assign_splits(workspace, made, shares, seed=8, stratify="expected")
    assert other.changed > 50


@pytest.mark.parametrize("text", ["", "train", "train x", "train 0", "train 50; dev 50"])
def test_shares_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_shares(text)


def test_synthetic_rows_never_come_into_the_gate_split_silently(workspace: Workspace) -> None:
    made_up = [ExampleDraft({"q": f"x{n}"}, "a", origin="synthetic", parent=1) for n in range(30)]
    version = make(workspace, [*(ExampleDraft({"q": f"{n}"}, "a") for n in range(30)), *made_up])
    assert found(workspace, version, "is:synthetic") == list(range(31, 61))
    made = editing.assign_splits(workspace, version, "train 50, gate 50", seed=1)
    assert found(workspace, made.version, "is:synthetic split:gate") == []
    assert made.kept_out == 30
    everyone = ExampleSearch(workspace, made.version).ids()
    bulk = editing.set_split(workspace, made.version, everyone, "gate")
    assert bulk.kept_out == 30
    assert "30 synthetic rows were kept out of the gate split" in bulk.words
    assert bulk.version.splits["gate"] == 30


@pytest.mark.parametrize("value", ["", "x" * 500, "\ud800", -5, 1e300, None, True, {"a": [1]}])
def test_any_value_can_be_put_in_order(value: object) -> None:
    key = sortable(value)  # type: ignore[arg-type]
    assert len(key) <= 500
    key.encode()
