"""Importing as a service: what is remembered of a source, and bad rows that are mended."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.services import (
    dataset_editing,
    dataset_export,
    dataset_import,
    dataset_mending,
    datasets,
    projects,
)
from llmops_tui.services.dataset_export import ExportRequest
from llmops_tui.services.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path):
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "p")
    yield opened
    opened.db.close()


def imported(workspace: Workspace, path: Path):
    preview = dataset_import.preview_remembered(workspace, 1, path)
    return dataset_import.import_dataset(workspace, 1, preview).version


def test_the_mapping_is_remembered_by_path_and_by_columns(
    workspace: Workspace, tmp_path: Path
) -> None:
    january, february = tmp_path / "january.csv", tmp_path / "february.csv"
    for path in (january, february):
        path.write_text("a;b;c\n1;2;3\n4;5;6\n")
    first = dataset_import.preview_remembered(workspace, 1, january)
    assert not first.remembered
    chosen = dataset_import.map_columns(first, inputs=("c",), expected="a", tags=(), split=None)
    dataset_import.import_dataset(workspace, 1, chosen, name="numbers")
    same = dataset_import.preview_remembered(workspace, 1, january)
    assert (same.remembered, same.mapping, same.name) == (True, chosen.mapping, "numbers")
    like = dataset_import.preview_remembered(workspace, 1, february)
    assert (like.remembered, like.mapping, like.name) == (True, chosen.mapping, "february")
    february.write_text("a;b;d\n1;2;3\n")
    assert not dataset_import.preview_remembered(workspace, 1, february).remembered


def test_how_a_source_is_read_is_remembered_while_it_can_be(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("q;a\n1|x;2\n")
    stated = dataset_import.source_hints(delimiter="|", header=False)
    preview = dataset_import.preview_remembered(workspace, 1, path, stated)
    dataset_import.import_dataset(workspace, 1, preview)
    assert dataset_import.preview_remembered(workspace, 1, path).overrides == stated
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="damaged Parquet"):
        dataset_import.preview_remembered(workspace, 1, path)


BROKEN = {
    "rows.csv": ('q,answer\n"x, y",1\nshort\n', "short", '"a ""b"" c",7', {"q": 'a "b" c'}, "7"),
    "rows.tsv": ("q\tanswer\nx\t1\nshort\n", "short", "y\t2", {"q": "y"}, "2"),
    "rows.jsonl": (
        '{"question": "x", "answer": "1"}\n{"question": "y", answer}\n',
        '{"question": "y", answer}',
        '{"question": "y", "answer": "2"}',
        {"question": "y"},
        "2",
    ),
    "rows.json": (
        '[{"question": "x", "answer": "1"}, "y"]',
        '"y"',
        '{"question": "y", "answer": "2"}',
        {"question": "y"},
        "2",
    ),
    "tests.csv": ("q,__expected\nx,1\nshort\n", "short", "y,contains: 2", {"q": "y"}, "2"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_mended_row_is_read_as_its_source_was(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    text, raw, mended, inputs, expected = BROKEN[name]
    path = tmp_path / (name + ".gz")
    path.write_bytes(gzip.compress(text.encode("utf-16" if name == "rows.tsv" else "utf-8")))
    version = imported(workspace, path)
    (bad,) = datasets.bad_row_page(workspace, version)
    assert bad.raw == raw
    reading = dataset_mending.reading_of(workspace, version)
    assert reading is not None
    assert dataset_mending.read_again(reading, bad.raw).reason
    with pytest.raises(InputError, match="No bad row is mended"):
        dataset_mending.publish_mended(workspace, version)
    dataset_mending.keep_text(workspace, bad, mended)
    (kept,) = datasets.bad_row_page(workspace, version)
    assert kept.mended == mended
    following = dataset_mending.publish_mended(workspace, version)
    assert (following.number, following.rows, following.bad_rows) == (2, version.rows + 1, 0)
    last = datasets.example_page(workspace, following)[-1]
    assert (last.inputs, last.expected) == (inputs, expected)
    assert [e.id for e in datasets.example_page(workspace, version)] == [
        e.id for e in datasets.example_page(workspace, following)
    ][:-1]
    with pytest.raises(ConflictError, match="Somebody else has made version 2"):
        dataset_mending.publish_mended(workspace, version)


def test_what_cant_be_read_yet_stays_aside_as_it_was_written(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("q,a\nx,1\none\ntwo\n")
    version = imported(workspace, path)
    first, second = datasets.bad_row_page(workspace, version)
    dataset_mending.keep_text(workspace, first, "one,1")
    dataset_mending.keep_text(workspace, second, "two, still wrong, really")
    following = dataset_mending.publish_mended(workspace, version)
    (left,) = datasets.bad_row_page(workspace, following)
    assert (left.line, left.raw, left.mended) == (4, "two", "two, still wrong, really")
    assert following.note == "1 bad row mended"


def test_rows_kept_aside_outlast_an_edit_and_are_mended_in_the_newer_version(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("q,a,tags,split\nx,1,t,dev\ny,2,,gate\none\ntwo\n")
    version = imported(workspace, path)
    (first, _) = datasets.example_page(workspace, version)
    edited = dataset_editing.set_tags(workspace, version, [first.id], "u")
    again = dataset_editing.set_tags(workspace, edited.version, [first.id], "w")
    assert (again.version.number, again.version.bad_rows) == (3, 2)
    bad = datasets.bad_row_page(workspace, again.version)
    assert [row.raw for row in bad] == ["one", "two"]
    dataset_mending.keep_text(workspace, bad[0], "one,1,,")
    mended = dataset_mending.publish_mended(workspace, again.version)
    assert (mended.rows, mended.bad_rows) == (3, 1)
    assert [row.raw for row in datasets.bad_row_page(workspace, mended)] == ["two"]
    # The same rows with the same tags and splits are the same content, however they came about.
    rows = [
        ExampleDraft(e.inputs, e.expected, e.tags, e.split)
        for e in datasets.example_page(workspace, mended)
    ]
    other = datasets.add_examples(workspace, 1, "other", iter(rows), source="made")
    assert (other.splits, other.columns) == (mended.splits, mended.columns)
    hashes = workspace.db.rows(
        "SELECT DISTINCT content_hash FROM dataset_version WHERE id IN (?, ?)",
        (other.id, mended.id),
    )
    assert len(hashes) == 1


def test_an_export_leaves_files_that_are_there_alone(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("q,answer,split\nx,1,dev\ny,2,test\n")
    version = imported(workspace, path)
    target = tmp_path / "out.jsonl"
    target.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        dataset_export.export_dataset(workspace, version, ExportRequest(target))
    assert target.read_text() == "mine"
    request = ExportRequest(target, split="dev", overwrite=True)
    assert dataset_export.export_dataset(workspace, version, request).rows == 1
    assert json.loads(target.read_text())["inputs"] == {"q": "x"}
    with pytest.raises(InputError, match="no split “gate”"):
        dataset_export.export_dataset(
            workspace, version, ExportRequest(tmp_path / "x.csv", split="gate")
        )
    with pytest.raises(InputError, match="no format"):
        dataset_export.export_dataset(workspace, version, ExportRequest(tmp_path / "x.doc"))
    with pytest.raises(InputError, match="cancelled"):
        dataset_export.export_dataset(
            workspace, version, ExportRequest(tmp_path / "x.csv"), cancelled=lambda: True
        )
    assert sorted(p.name for p in tmp_path.glob("*.csv")) == ["rows.csv"]
