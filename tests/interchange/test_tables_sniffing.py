"""What is handed in is recognised by its content, or refused in a sentence that helps."""

from __future__ import annotations

import gzip
import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables import (
    BadRow,
    Kind,
    Overrides,
    Progress,
    Row,
    Source,
    read_rows,
    sniff,
)

TABLE = "id,input\n1,café à la crème\n2,naïve — “quoted”\n"


def values(source: Source | Path, overrides: Overrides | None = None) -> list[dict[str, object]]:
    rows = read_rows(source, sniff(source, overrides))
    return [dict(row.values) for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize(
    ("encoded", "encoding", "bom"),
    [
        (TABLE.encode(), "utf-8", False),
        (TABLE.encode("utf-8-sig"), "utf-8", True),
        (b"\xff\xfe" + TABLE.encode("utf-16-le"), "utf-16-le", True),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), "utf-16-be", True),
        (TABLE.encode("utf-16-le"), "utf-16-le", False),
        (b"\xff\xfe\x00\x00" + TABLE.encode("utf-32-le"), "utf-32-le", True),
        (TABLE.encode("cp1252"), "cp1252", False),
    ],
)
def test_encodings_are_found(encoded: bytes, encoding: str, bom: bool) -> None:
    with Source.from_bytes(encoded, "x.csv") as source:
        fmt = sniff(source)
        assert (fmt.encoding, fmt.bom) == (encoding, bom)
        assert values(source)[1]["input"] == "naïve — “quoted”"
        assert list(values(source)[0]) == ["id", "input"]


def test_bytes_that_cp1252_has_not_are_read_as_latin_1_and_said() -> None:
    with Source.from_bytes(b"id,input\n1,\xe9\x81\n", "x.csv") as source:
        fmt = sniff(source)
        assert fmt.encoding == "latin-1"
        assert "Read as latin-1: the bytes are no UTF-8." in fmt.notes


def test_a_latin_1_byte_far_into_the_file_still_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,input\n" + b"1,plain\n" * 400_000 + b"2,caf\xe9\n")
    assert sniff(path).encoding == "cp1252"


def test_a_person_knows_better_about_the_encoding() -> None:
    with Source.from_bytes("id,input\n1,日本語\n".encode("shift_jis"), "x.csv") as source:
        assert values(source, Overrides(encoding="Shift-JIS"))[0]["input"] == "日本語"
        for name in ("klingon", "rot13", "idna", "unicode_escape"):
            with pytest.raises(InputError, match="encoding"):
                sniff(source, Overrides(encoding=name))


def test_a_wrong_word_about_the_encoding_sets_rows_aside() -> None:
    with Source.from_bytes(b"id,input\n1,caf\xe9\n2,x\n", "x.csv") as source:
        rows = list(read_rows(source, sniff(source, Overrides(encoding="ascii"))))
    assert [isinstance(row, Row) for row in rows] == [False, True]


def test_an_odd_byte_at_the_end_of_utf16_costs_one_row() -> None:
    data = b"\xff\xfe" + "a,b\n1,2\n3,4".encode("utf-16-le") + b"\x00"
    with Source.from_bytes(data, "x.csv") as source:
        rows = list(read_rows(source, sniff(source)))
    assert [isinstance(row, Row) for row in rows] == [True, False]


def zipped(member: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words", "hint"),
    [
        ("x.csv", b"", "is empty", "rows"),
        ("x.csv", b" \n\n\t\n", "nothing but blanks", "rows"),
        ("x.csv", b"\xef\xbb\xbf", "nothing but blanks", "rows"),
        ("x.csv", b"PAR1\x15\x04\x15" * 9, "damaged Parquet", "again"),
        ("x.csv", zipped("xl/workbook.xml"), "as a workbook", "CSV"),
        ("x.jsonl", zipped("other/1.json"), "zip archive", "Unpack"),
        ("x.csv", b"SQLite format 3\x00" + bytes(100), "SQLite database", "Export"),
        ("x.csv", b"\xd0\xcf\x11\xe0" + bytes(100), "as a workbook", "CSV"),
        ("x.csv", b"\x28\xb5\x2f\xfd" + bytes(100), "zstd", "Unpack"),
        ("x.csv", bytes(range(256)) * 40, "no text", "CSV"),
        ("x.json", b"<!DOCTYPE html><html></html>", "HTML", "login page"),
        ("x.csv", b"<html>\n<body>a,b</body></html>", "HTML", "login page"),
        ("x.jsonl", b"hello\nworld\n", "is not JSON Lines: line 1: no JSON", "format"),
        ("x.json", b"hello", "not valid JSON", "Correct"),
        ("x.md", b"# Title\n\nSome words, and more.\n", "no table that we know", "lines"),
        ("x.gz", gzip.compress(gzip.compress(b"a,b\n1,2\n")), "packed twice", "once"),
        ("x.csv.gz", gzip.compress(TABLE.encode() * 900)[:-9], "cut short", "again"),
        ("x.csv.gz", gzip.compress(TABLE.encode())[:40], "cut short", "again"),
        ("x.csv.gz", b"\x1f\x8b" + b"garbage" * 5, "gzip", "again"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(
    name: str, data: bytes, words: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught, Source.from_bytes(data, name) as source:
        list(read_rows(source, sniff(source)))
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint


def test_files_that_cant_be_opened_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        sniff(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="directory without files"):
        sniff(tmp_path)
    with pytest.raises(InputError, match="is no file"):
        sniff("/dev/zero")
    with pytest.raises(InputError, match="can't be read"):
        sniff("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n")
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        sniff(path)


def test_a_file_that_goes_away_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    source = Source.from_path(path)
    fmt = sniff(source)
    path.unlink()
    with pytest.raises(InputError, match="There is no file"):
        list(read_rows(source, fmt))


def test_a_gzip_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmops_tui.interchange.tables.source._BOMB_BYTES", 4 << 20)
    with (
        Source.from_bytes(gzip.compress(b"a,b\n" + bytes(32 << 20)), "x.csv.gz") as source,
        pytest.raises(InputError, match="trap"),
    ):
        sniff(source)


def test_what_comes_through_a_pipe_is_read_like_a_file() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as stream:
        stream.write(TABLE.encode())
    with os.fdopen(reader, "rb") as stream, Source.from_stream(stream) as source:
        assert source.name == "stdin"
        assert sniff(source).kind is Kind.CSV
        assert len(values(source)) == 2


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n")
    with pytest.raises(InputError, match="no format of tables"):
        sniff(path, Overrides(kind="xls"))


def test_a_person_knows_better_about_the_format(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# Title\nwords\n")
    assert values(path, Overrides(kind="lines")) == [{"text": "# Title"}, {"text": "words"}]


def test_progress_reaches_the_end_and_tells_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(os.urandom(1).hex().encode() + b",b\n" + b"1,2\n" * 600_000))
    fmt = sniff(path)
    progress = Progress()
    seen = []
    for _ in read_rows(path, fmt, progress):
        if not seen or seen[-1] != progress.fraction:
            seen.append(progress.fraction)
    assert progress.total == path.stat().st_size
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert Progress(25, 100).remaining_s(2.0) == 6.0
    assert Progress(0, 100).remaining_s(2.0) is None


def test_reading_can_be_stopped_at_any_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "1,2\n" * 10)
    rows = read_rows(path, sniff(path))
    next(rows)
    rows.close()
    assert list(rows) == []


PIECES = st.sampled_from(
    [b"a,b\n1,2\n", b'{"a": 1}\n', b"[", b"]", b"{", b"}", b'"', b"\\", b"\\ud800", b"\n", b"\r",
     b"\x00", b"\xff", b"\xe9", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"NaN", b"9" * 30]
)  # fmt: skip


@given(
    st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join),
    st.sampled_from(["x", "x.csv", "x.tsv", "x.txt", "x.json", "x.jsonl", "x.csv.gz"]),
    st.booleans(),
)
def test_no_bytes_at_all_make_us_stumble(data: bytes, name: str, packed: bool) -> None:
    said: list[str] = []
    rows: list[Row | BadRow] = []
    with Source.from_bytes(gzip.compress(data) if packed else data, name) as source:
        try:
            rows = list(read_rows(source, sniff(source)))
        except InputError as error:
            said = [str(error), error.hint]
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in said)
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    for row in rows:
        # What comes out can be stored: text that has an encoding.
        json.dumps(row.values if isinstance(row, Row) else row.raw, ensure_ascii=False).encode()


def test_memory_stays_flat_while_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("w") as stream:
        stream.write("id,input\n")
        for number in range(150_000):
            stream.write(f"{number},some text that is quite ordinary and long enough\n")
    fmt = sniff(path)
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_rows(path, fmt))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 150_000
    assert peak < 12 << 20


def test_a_prompt_is_told_where_prompts_come_in(tmp_path: Path) -> None:
    path = tmp_path / "greet.prompt"
    path.write_text("---\nmodel: m\n---\nHello {{name}}!\n")
    with pytest.raises(InputError, match="is a prompt, no data set") as caught:
        sniff(Source.from_path(path))
    assert "llmops-tui prompts import" in caught.value.hint
