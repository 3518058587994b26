"""JSON Lines and JSON: exact values, and each line or element that is none kept aside."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import (
    BadRow,
    Cause,
    Kind,
    Layout,
    Overrides,
    Row,
    Source,
    SourceFormat,
    read_rows,
    sniff,
)


def read(data: bytes | str, name: str = "x.jsonl", **said: object) -> list[Row | BadRow]:
    raw = data.encode() if isinstance(data, str) else data
    with Source.from_bytes(raw, name) as source:
        return list(read_rows(source, sniff(source, Overrides(**said))))  # type: ignore[arg-type]


def sniffed(data: str, name: str = "x.jsonl") -> SourceFormat:
    with Source.from_bytes(data.encode(), name) as source:
        return sniff(source)


def bad_after_good(line: str) -> BadRow:
    rows = read('{"a": 1}\n' + line + '\n{"a": 2}\n')
    assert [type(row) for row in rows] == [Row, BadRow, Row]
    bad = rows[1]
    assert isinstance(bad, BadRow)
    assert bad.line == 2
    return bad


@pytest.mark.parametrize(
    ("line", "cause", "words"),
    [
        ('{"a": }', Cause.SYNTAX, "a value is missing"),
        ('{"a": 1', Cause.SYNTAX, "cut short"),
        ('{"a": "x', Cause.SYNTAX, "cut short"),
        ('{"a": 1} x', Cause.SYNTAX, "more follows"),
        ("{'a': 1}", Cause.SYNTAX, "double quotes"),
        ('{"a": NaN}', Cause.VALUE, "NaN is no JSON value"),
        ('{"a": -Infinity}', Cause.VALUE, "-Infinity is no JSON value"),
        ('{"a": 1e999}', Cause.VALUE, "1e999 is too large"),
        ('{"a": "\\ud800 x"}', Cause.VALUE, "half of a surrogate pair: \\ud800"),
        ('{"\\udfaa": 1}', Cause.VALUE, "half of a surrogate pair"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", Cause.VALUE, "nested deeper than 200"),
        ("[" * 100_000, Cause.SYNTAX, "nested deeper than 200"),
        ('{"a": ' + "9" * 5000 + "}", Cause.SYNTAX, "more than 4,300 digits"),
        ("[1, 2]", Cause.SHAPE, "a list where an object is expected"),
        ('"text"', Cause.SHAPE, "a text where"),
        ("42", Cause.SHAPE, "a number where"),
        ("null", Cause.SHAPE, "null where"),
        ("true", Cause.SHAPE, "true or false where"),
    ],
)
def test_a_bad_line_is_kept_with_the_reason(line: str, cause: Cause, words: str) -> None:
    bad = bad_after_good(line)
    assert bad.cause is cause
    assert words in bad.reason
    assert bad.raw == line[:10_000]
    assert bad.length == len(line)


def test_blank_lines_are_skipped_and_counted() -> None:
    assert [row.line for row in read('\n  \n{"a": 1}\r\n\r\n{"a": 2}')] == [3, 5]


def test_whole_numbers_of_any_size_are_exact() -> None:
    values = [2**63, -(2**63) - 1, 2**64, 10**40, 1234567890123456789]
    rows = read("".join(json.dumps({"n": value}) + "\n" for value in values))
    assert [row.values["n"] for row in rows if isinstance(row, Row)] == values
    rows = read(json.dumps([{"n": value} for value in values]), "x.json")
    assert [row.values["n"] for row in rows if isinstance(row, Row)] == values


def test_control_and_direction_characters_come_as_they_are() -> None:
    text = "\u202eevil\u202c \u0000\u0007\u001b[31m\u200b\ufeff 😀"
    (row,) = read(json.dumps({"input": text}))
    assert isinstance(row, Row)
    assert row.values == {"input": text}


def test_bare_values_are_wrapped_where_there_is_nothing_else() -> None:
    assert [row.values for row in read('"a"\n"b"\n', "x.jsonl") if isinstance(row, Row)] == [
        {"value": "a"},
        {"value": "b"},
    ]
    rows = read('["a", 1, null]', "x.json")
    assert [row.values["value"] for row in rows if isinstance(row, Row)] == ["a", 1, None]


def test_lines_across_pieces_of_the_file_come_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    random_ = random.Random(4)
    sizes = [random_.choice([5, 300, 70_000, 1_100_000]) for _ in range(60)]
    texts = [chr(0xE9) * size for size in sizes]
    path.write_text(
        "".join(json.dumps({"t": text}, ensure_ascii=False) + "\n" for text in texts),
        encoding="utf-8",
    )
    rows = list(read_rows(path, sniff(path)))
    assert [row.values["t"] for row in rows if isinstance(row, Row)] == texts
    assert [row.line for row in rows] == list(range(1, 61))


def test_an_endless_line_is_one_bad_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmops_tui.interchange.tables.lines.MAX_VALUE", 2_000_000)
    data = b'{"a": 1}\n{"a": "' + b"x" * 5_000_000 + b'"}\n{"a": 2}\n'
    with Source.from_bytes(data, "x.jsonl") as source:
        rows = list(read_rows(source, SourceFormat(Kind.JSONL)))
    assert [row.line for row in rows] == [1, 2, 3]
    bad = rows[1]
    assert isinstance(bad, BadRow)
    assert (bad.cause, bad.length) == (Cause.SIZE, 5_000_009)
    assert bad.raw.startswith('{"a": "xxx')


def test_a_big_array_is_read_element_by_element(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    rows = [{"id": n, "text": "é" * (n % 50), "x": [n, {"y": n / 7}]} for n in range(40_000)]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    found = list(read_rows(path, sniff(path)))
    assert [row.values for row in found if isinstance(row, Row)] == rows
    lines = path.read_text("utf-8").splitlines()
    assert [lines[row.line].strip() for row in found] == [f'"id": {n},' for n in range(40_000)]


def test_an_element_larger_than_a_piece_comes_whole() -> None:
    big = [{"t": "x" * 3_000_000}, {"t": "y" * 2_500_000}, {"n": 1}]
    assert [row.values for row in read(json.dumps(big), "x.json") if isinstance(row, Row)] == big


def test_a_bad_value_in_an_array_costs_one_row() -> None:
    rows = read('[{"a": 1},\n{"a": NaN},\n{"a": "\\ud800"},\n7,\n{"a": 2}]', "x.json")
    assert [(row.line, type(row)) for row in rows] == [
        (1, Row),
        (2, BadRow),
        (3, BadRow),
        (4, BadRow),
        (5, Row),
    ]


def test_where_a_document_breaks_the_rows_before_it_are_kept() -> None:
    rows = read('[{"a": 1},\n {"a": 2},\n {"a": ', "x.json")
    assert [type(row) for row in rows] == [Row, Row, BadRow]
    bad = rows[2]
    assert isinstance(bad, BadRow)
    assert bad.line == 3
    assert "cut short" in bad.reason
    assert "can't be read" in bad.reason
    assert bad.raw == '{"a": '


def test_a_document_that_breaks_at_once_is_refused_with_the_place() -> None:
    with pytest.raises(InputError, match=r"“x.json” is not valid JSON: .* \(line 2, column 3\)"):
        read("[\n  oops]", "x.json")


@pytest.mark.parametrize(
    ("document", "member"),
    [
        ({"name": "t", "keywords": ["a", "b"], "examples": [{"input": 1}]}, "examples"),
        ({"version": 1, "data": [{"x": 1}], "other": [{"y": 1}, {"y": 2}]}, "data"),
        ({"short": [{"x": 1}], "long": [{"y": 1}, {"y": 2}]}, "long"),
        ({"words": ["a", "b", "c", "d", "e"]}, "words"),
    ],
)
def test_the_list_in_an_object_is_found_and_named(document: object, member: str) -> None:
    fmt = sniffed(json.dumps(document), "x.json")
    assert (fmt.layout, fmt.member) == (Layout.MEMBER, member)
    assert f"The rows are the list “{member}”." in fmt.notes[0]


def test_a_person_may_name_the_list() -> None:
    document = json.dumps({"data": [{"x": 1}], "other": [{"y": 1}, {"y": 2}]})
    assert [row.values for row in read(document, "x.json", member="other")] == [  # type: ignore[union-attr]
        {"y": 1},
        {"y": 2},
    ]
    with pytest.raises(InputError, match="no list “nope”"):
        read(document, "x.json", member="nope")


def test_one_object_is_one_row() -> None:
    (row,) = read('{"input": "a",\n "tags": ["x", "y"]}', "x.json")
    assert isinstance(row, Row)
    assert row.values == {"input": "a", "tags": ["x", "y"]}


def test_documents_one_after_the_other_are_rows() -> None:
    rows = read('{\n "a": 1\n}\n{\n "a": 2\n}\n', "x.json")
    assert [(row.line, row.values) for row in rows if isinstance(row, Row)] == [
        (1, {"a": 1}),
        (4, {"a": 2}),
    ]


def test_json_lines_under_another_name_are_recognised() -> None:
    data = '{"a": 1}\n{"a": 2}\n'
    assert sniffed(data, "x.json").kind is Kind.JSONL
    assert sniffed(data, "x.csv").kind is Kind.JSONL
    assert sniffed(data, "clipboard").kind is Kind.JSONL
    assert sniffed('[{"a": 1}]', "x.jsonl").kind is Kind.JSONL
    assert sniffed('[\n{"a": 1}\n]', "x.jsonl").kind is Kind.JSON
    assert "Named .csv, but is JSON Lines." in sniffed(data, "x.csv").notes


def test_a_csv_that_begins_with_a_bracket_stays_a_csv() -> None:
    assert sniffed("[id],text\n1,a\n", "x.csv").kind is Kind.CSV
    assert sniffed("{{name}},text\n1,a\n", "x.csv").kind is Kind.CSV


def test_broken_bytes_in_an_array_cost_one_row() -> None:
    data = '[{"a": "é"}, {"a": "ü"}, {"a": "'.encode() + b'\xe9"}, {"a": "x"}]'
    rows = read(data, "x.json")
    assert [type(row) for row in rows] == [Row, Row, BadRow, Row]
    bad = rows[2]
    assert isinstance(bad, BadRow)
    assert (bad.cause, bad.raw) == (Cause.ENCODING, '{"a": "\\xe9"}')


def test_gzip_is_seen_by_its_bytes_not_its_name() -> None:
    data = gzip.compress(b'{"a": 1}\n{"a": 2}\n')
    for name in ("x.jsonl.gz", "x.jsonl", "x"):
        rows = read(data, name)
        assert [row.values for row in rows if isinstance(row, Row)] == [{"a": 1}, {"a": 2}]
