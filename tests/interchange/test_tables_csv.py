"""CSV and its kin: what is in the cells comes in as it is, and one bad record costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import (
    BadRow,
    Cause,
    Kind,
    Overrides,
    Row,
    Source,
    SourceFormat,
    read_rows,
    sniff,
)


def read(data: bytes, name: str = "x.csv", **said: object) -> list[Row | BadRow]:
    with Source.from_bytes(data, name) as source:
        return list(read_rows(source, sniff(source, Overrides(**said))))  # type: ignore[arg-type]


def good(data: bytes, name: str = "x.csv", **said: object) -> list[dict[str, object]]:
    rows = read(data, name, **said)
    assert all(isinstance(row, Row) for row in rows), rows
    return [dict(row.values) for row in rows if isinstance(row, Row)]


def sniffed(data: bytes, name: str = "x.csv") -> SourceFormat:
    with Source.from_bytes(data, name) as source:
        return sniff(source)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_kind_of_line_end_is_one(newline: str) -> None:
    data = newline.join(["a,b", "1,2", '"x', 'y",3', "4,5", ""]).encode()
    rows = read(data)
    assert [row.line for row in rows] == [2, 3, 5]
    assert isinstance(rows[1], Row)
    assert rows[1].values == {"a": f"x{newline}y", "b": "3"}


def test_line_numbers_count_lines_of_the_file_not_records() -> None:
    rows = read(b'id,input\n\n1,"one\ntwo\n\nfour"\n\n2,x\n')
    assert [(row.line, row.values["id"]) for row in rows if isinstance(row, Row)] == [
        (3, "1"),
        (8, "2"),
    ]


@pytest.mark.parametrize(
    ("data", "delimiter"),
    [
        (b"a,b\n1,2\n", ","),
        (b"a;b\n1,5;2,5\n", ";"),
        (b"a\tb\nhello, you\tthere, you\n", "\t"),
        (b"a|b\nx,y|z\n", "|"),
        (b'id,labels\n1,"a;b"\n2,"c;d"\n', ","),
        (b"question\nWhat?\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_fits_the_header(data: bytes, delimiter: str) -> None:
    assert sniffed(data).dialect.delimiter == delimiter


def test_a_record_of_another_width_is_bad_and_says_both_counts() -> None:
    rows = read(b"id,input,expected\n1,a,b,c,d\n2,a\n3,x,y\n")
    assert [type(row) for row in rows] == [BadRow, BadRow, Row]
    first, second, _ = rows
    assert isinstance(first, BadRow)
    assert isinstance(second, BadRow)
    assert (first.line, first.reason) == (2, "5 cells where 3 are expected")
    assert (first.raw, first.cause) == ("1,a,b,c,d", Cause.WIDTH)
    assert (second.line, second.reason) == (3, "2 cells where 3 are expected")


def test_empty_cells_beyond_the_header_are_no_fault() -> None:
    assert good(b"a,b\n1,2,,\n") == [{"a": "1", "b": "2"}]


def test_unnamed_columns_at_the_end_may_be_missing() -> None:
    assert good(b"a,b,,\n1,2,,\n3,4\n")[1] == {"a": "3", "b": "4", "column_3": "", "column_4": ""}


def test_a_quote_that_is_never_closed_costs_only_its_own_line() -> None:
    rows = read(b'id,input\n1,"a"\n2,"open\n3,b\n4,c\n')
    assert [(row.line, isinstance(row, Row)) for row in rows] == [
        (2, True),
        (3, False),
        (4, True),
        (5, True),
    ]
    assert isinstance(rows[1], BadRow)
    assert (rows[1].cause, rows[1].raw) == (Cause.QUOTE, '2,"open')


def test_a_quote_that_would_swallow_the_file_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("llmops_tui.interchange.tables.dialect.MAX_CELL", 1000)
    lines = [b"id,input", b'1,"open', *(b"%d,some text" % n for n in range(500))]
    with Source.from_bytes(b"\n".join(lines), "x.csv") as source:
        rows = list(read_rows(source, SourceFormat(Kind.CSV)))
    assert isinstance(rows[0], BadRow)
    assert (rows[0].line, rows[0].cause) == (2, Cause.SIZE)
    assert len(rows) == 501
    assert all(isinstance(row, Row) for row in rows[1:])
    assert [row.line for row in rows] == list(range(2, 503))


def test_quotes_that_never_pair_are_refused_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmops_tui.interchange.tables.dialect.MAX_CELL", 2000)
    monkeypatch.setattr("llmops_tui.interchange.tables.delimited._MAX_LONG_SEARCHES", 3)
    data = b"id,input\n" + (b'1,"open\n' + b"2,some text\n" * 300) * 9
    with (
        Source.from_bytes(data, "x.csv") as source,
        pytest.raises(InputError, match="more than 3 quotes that are never closed"),
    ):
        list(read_rows(source, SourceFormat(Kind.CSV)))


def test_a_stray_quote_never_glues_lines_together() -> None:
    data = b'id,input\n1,"open\n2,"x" he said\n3,"fine, ""really"""\n4,"open again\n5,"z"\n'
    rows = read(data)
    assert [(row.line, isinstance(row, Row)) for row in rows] == [
        (2, False),
        (3, False),
        (4, True),
        (5, False),
        (6, True),
    ]
    assert [row.raw for row in rows if isinstance(row, BadRow)] == [
        '1,"open',
        '2,"x" he said',
        '4,"open again',
    ]


def test_thousands_of_stray_quotes_only_cost_their_lines() -> None:
    data = b"id,input\n" + b'1,"ok"\n' * 40_000 + b'2,"a" b\n' * 20_000 + b'3,"open\n' * 3000
    rows = read(data)
    assert sum(isinstance(row, Row) for row in rows) == 40_000
    assert [row.line for row in rows] == list(range(2, 63_002))


def test_stray_quotes_in_a_tsv_are_ordinary_characters() -> None:
    data = b'label\ttext\nham\t"Hello\nspam\tWin!\nham\tshe said "no"\nspam\t" \n'
    fmt = sniffed(data, "x.tsv")
    assert fmt.dialect.quote == ""
    assert any("Quotes are ordinary" in note for note in fmt.notes)
    assert [row["text"] for row in good(data, "x.tsv")] == [
        '"Hello',
        "Win!",
        'she said "no"',
        '" ',
    ]


def test_backslashes_before_quotes_are_understood() -> None:
    data = b'a,b\n1,"say \\"hi, you\\" now"\n2,"x"\n'
    assert good(data)[0] == {"a": "1", "b": 'say "hi, you" now'}


def test_blanks_after_delimiters_are_layout() -> None:
    data = b'id, input, expected\n1, "a, b", yes\n2, c, no\n'
    assert good(data)[0] == {"id": "1", "input": "a, b", "expected": "yes"}
    assert any("blank follows" in note for note in sniffed(data).notes)


def test_columns_without_a_name_of_their_own_get_one_visibly() -> None:
    data = b"input,input,,expected,other\na,b,c,d,e\n"
    assert list(good(data)[0]) == ["input", "input_2", "column_3", "expected", "other"]
    assert sniffed(data).notes == (
        "Column 2 is another “input”: called “input_2”.",
        "Column 3 has no name: called “column_3”.",
    )


def test_made_up_names_never_meet_given_ones() -> None:
    assert list(good(b"a,a,a_2,,column_4\n1,2,3,4,5\n")[0]) == [
        "a",
        "a_3",
        "a_2",
        "column_4_",
        "column_4",
    ]


def test_a_header_alone_holds_no_rows() -> None:
    assert read(b"id,input,expected\n") == []
    assert "There are no rows in it." in sniffed(b"id,input,expected\n").notes


def test_a_first_line_of_data_is_no_header() -> None:
    data = b"1\t2.7\tsome text\n2\t1.4\tother text\n3\t-2\tmore\n"
    assert sniffed(data, "x.txt").dialect.header is False
    assert list(good(data, "x.txt")[0]) == ["c1", "c2", "c3"]
    labels = b"ham\thello\nspam\twin\nham\tyo\nham\tx\nham\ty\n"
    assert sniffed(labels, "x.tsv").dialect.header is False


def test_years_may_name_columns() -> None:
    assert sniffed(b"country,2019,2020\nFR,1,2\nDE,3,4\n").dialect.header is True


def test_a_person_knows_better_about_the_header() -> None:
    data = b"ham\thello\nspam\twin\n"
    assert good(data, "x.tsv", header=False)[0] == {"c1": "ham", "c2": "hello"}
    assert good(data, "x.tsv", header=True) == [{"ham": "spam", "hello": "win"}]


def test_a_person_knows_better_about_delimiter_quote_and_start() -> None:
    data = b"made by me\na:b\n1:'x:y'\n"
    assert good(data, delimiter=":", quote="'", skip_lines=1) == [{"a": "1", "b": "x:y"}]


@pytest.mark.parametrize(
    "said", [{"delimiter": "ab"}, {"delimiter": ""}, {"quote": '""'}, {"delimiter": '"'}]
)
def test_an_impossible_dialect_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(InputError):
        read(b"a,b\n1,2\n", **said)


def test_lines_above_the_table_are_left_out_and_said() -> None:
    data = b"# it's a comment!\nid,name\n1,english\n2,x\n"
    assert good(data)[0] == {"id": "1", "name": "english"}
    rows = read(data)
    assert rows[0].line == 3
    assert any("first line is no part" in note for note in sniffed(data).notes)


def test_nul_bytes_are_characters_like_others() -> None:
    assert good(b"id,input\n1,a\x00b\n2,\x00\n") == [
        {"id": "1", "input": "a\x00b"},
        {"id": "2", "input": "\x00"},
    ]


def test_thousands_of_columns_and_a_megabyte_in_a_cell_are_fine() -> None:
    names = [f"n{place}" for place in range(5000)]
    big = "x" * 1_500_000
    data = ",".join(names) + "\n" + ",".join([big, *names[1:]]) + "\n"
    row = good(data.encode())[0]
    assert len(row) == 5000
    assert row["n0"] == big


def test_records_across_pieces_of_the_file_come_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    cell = "line\r\n" * 9
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("id,input\r\n")
        for number in range(60_000):
            stream.write(f'{number},"é {cell}"\r\n')
    line = 2
    for number, row in enumerate(read_rows(path, sniff(path))):
        assert isinstance(row, Row)
        assert row.line == line
        assert row.values == {"id": str(number), "input": f"é {cell}"}
        line += 10
    assert line == 2 + 600_000


def test_raw_text_of_a_huge_bad_row_is_cut_but_its_length_known() -> None:
    (row,) = read(b"a,b\n" + b"x" * 50_000 + b"\n")
    assert isinstance(row, BadRow)
    assert (len(row.raw), row.length, row.cut) == (10_000, 50_000, True)


def test_bytes_that_are_no_text_make_one_bad_row_in_a_file_of_utf8() -> None:
    data = "id,input\n1,café\n2,naïve\n3,ok\n".encode() + b"4,caf\xe9\n5,last\n"
    fmt = sniffed(data)
    assert fmt.encoding == "utf-8"
    assert "1 broken byte" in " ".join(fmt.notes)
    rows = read(data)
    assert [isinstance(row, Row) for row in rows] == [True, True, True, False, True]
    bad = rows[3]
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.cause, bad.raw) == (5, Cause.ENCODING, "4,caf\\xe9")
    assert "0xE9 in “input”" in bad.reason


def test_text_without_structure_is_read_line_by_line() -> None:
    data = b"Tell me a joke.\n\n[bold]hi[/bold]\nWhy, though?\n"
    assert sniffed(data, "x.txt").kind is Kind.LINES
    rows = read(data, "x.txt")
    assert [(row.line, row.values) for row in rows if isinstance(row, Row)] == [
        (1, {"text": "Tell me a joke."}),
        (3, {"text": "[bold]hi[/bold]"}),
        (4, {"text": "Why, though?"}),
    ]
