"""What is written reads back the same, byte for byte."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import (
    Overrides,
    Row,
    Source,
    Written,
    json_bytes,
    read_rows,
    sniff,
    write_csv,
    write_jsonl,
)

LINE_ENDS = ["\r", "\n", "\r\n", "\u2028", "\x85", "\x0b", "\x0c", "\x1c"]
MARKS = ['"', '""', ",", ";", "\t", "|", "\\", "'", " ", "#", "=", "\ufeff", "\x00", "\x1b[2J"]
SCRIPTS = ["é", "😀", "👩\u200d👩\u200d👧", "\u202eevil\u202c", "עברית"]
NASTY = st.sampled_from([*LINE_ENDS, *MARKS, *SCRIPTS])
TEXT = st.one_of(st.text(), st.lists(st.one_of(NASTY, st.text(max_size=3))).map("".join))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def read(data: bytes, name: str, overrides: Overrides) -> list[dict[str, Json]]:
    with Source.from_bytes(data, name) as source:
        rows = list(read_rows(source, sniff(source, overrides)))
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.values for row in rows if isinstance(row, Row)]


@given(st.lists(st.dictionaries(TEXT, VALUES, max_size=4), min_size=1, max_size=6))
def test_json_lines_read_back_the_same(rows: list[dict[str, Json]]) -> None:
    stream = io.BytesIO()
    assert write_jsonl(rows, stream) == Written(len(rows))
    again = read(stream.getvalue(), "x.jsonl", Overrides())
    assert again == rows
    # True equals 1 and 1 equals 1.0 in Python; the bytes tell them apart.
    second = io.BytesIO()
    write_jsonl(again, second)
    assert second.getvalue() == stream.getvalue()


OURS = Overrides(kind="csv", encoding="utf-8", header=True)
"""What a tiny file doesn't tell by itself."""


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[dict[str, str]]]:
    names = draw(st.lists(TEXT.filter(str.strip), min_size=1, max_size=4, unique=True))
    rows = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, TEXT)), min_size=1, max_size=6))
    return names, rows


@given(tables())
def test_csv_reads_back_the_same_texts(table: tuple[list[str], list[dict[str, str]]]) -> None:
    names, rows = table
    stream = io.BytesIO()
    write_csv(rows, stream, names)
    data = stream.getvalue()
    assert read(data, "x.csv", OURS) == rows


def test_a_megabyte_in_a_cell_reads_back() -> None:
    rows: list[dict[str, Json]] = [{"a": 'é"\n' * 400_000, "b": "x"}]
    stream = io.BytesIO()
    write_csv(rows, stream, ["a", "b"])
    assert read(stream.getvalue(), "x.csv", Overrides()) == rows


def test_values_that_are_no_text_stand_in_csv_as_json() -> None:
    stream = io.BytesIO()
    write_csv([{"a": None, "b": 1.5, "c": [1, "x"], "d": True}, {"a": "z"}], stream, list("abcd"))
    assert stream.getvalue() == b'a,b,c,d\n,1.5,"[1,""x""]",true\nz,,,\n'


def test_formulas_are_written_as_they_are_unless_a_spreadsheet_shall_read_them() -> None:
    formulas = ["=1+1", "@SUM(1)", "+cmd", "-x", "\tx", "=HYPERLINK(“x”)", " =1", "＝1"]
    rows: list[dict[str, Json]] = [{"a": text} for text in formulas]
    plain, safe = io.BytesIO(), io.BytesIO()
    write_csv(rows, plain, ["a"])
    write_csv(rows, safe, ["a"], spreadsheet_safe=True)
    assert [row["a"] for row in read(plain.getvalue(), "x.csv", Overrides(header=True))] == formulas
    assert [row["a"] for row in read(safe.getvalue(), "x.csv", Overrides(header=True))] == [
        "'" + text for text in formulas
    ]


def test_numbers_are_no_formulas() -> None:
    stream = io.BytesIO()
    write_csv([{"a": "-1.5"}, {"a": -2}, {"a": "+3e7"}], stream, ["a"], spreadsheet_safe=True)
    assert stream.getvalue() == b"a\n-1.5\n-2\n+3e7\n"


def test_a_column_that_the_header_lacks_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")
    with pytest.raises(InputError, match="column “b”"):
        write_csv([{"a": "1"}, {"b": "2"}], path, ["a"])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    def rows() -> Iterator[dict[str, Json]]:
        for number in range(5000):
            assert not path.exists()
            yield {"n": number}

    assert write_jsonl(rows(), path).rows == 5000
    assert len(path.read_bytes().splitlines()) == 5000


def test_a_place_that_cant_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be written"):
        write_jsonl([{"a": 1}], tmp_path / "absent" / "x.jsonl")


def test_half_characters_are_escaped_in_json_and_replaced_and_counted_in_csv() -> None:
    stream = io.BytesIO()
    assert write_csv([{"a": "x\ud800y", "b": "z"}], stream, ["a", "b"]) == Written(1, 1)
    assert stream.getvalue().decode() == "a,b\nx�y,z\n"
    assert json_bytes("x\ud800y") == b'"x\\ud800y"'


def test_json_beyond_what_the_fast_writer_bears_is_written() -> None:
    deep: Json = 1
    for _ in range(400):
        deep = [deep]
    assert json_bytes(deep) == b"[" * 400 + b"1" + b"]" * 400
    assert json_bytes({"n": 2**70, "é": "ü"}) == '{"n":1180591620717411303424,"é":"ü"}'.encode()
