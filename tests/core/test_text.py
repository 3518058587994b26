"""Hostile text on a terminal: everything is seen, nothing acts."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from llmops_tui.core.text import (
    cells,
    decode,
    escape_formula,
    one_line,
    replace_hidden,
    shorten,
    visible,
)

JOINERS = "\u200c\u200d"
# Format characters of Arabic and Syriac that are printed signs, such as the end of a verse.
PRINTED_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"

hostile_text = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Mn"]),
        st.sampled_from(
            "\n\r\t\x1b\x9b\u202e\u200c\u200d\ufe0f\ufe0e\ufe00\U000e0100👩💻❤🏽م#1\u20e3中"
        ),
    )
)


def acts_or_hides(text: str) -> list[str]:
    """Characters of a shown text that a terminal would act on or that nobody could see."""
    return [
        character
        for character in text
        if character not in "\n" + JOINERS + PRINTED_FORMATS
        and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ]


@given(hostile_text)
def test_nothing_that_acts_or_hides_gets_through(text: str) -> None:
    assert acts_or_hides(visible(text)) == []
    line = visible(text, newlines=False)
    assert acts_or_hides(line) == []
    assert "\n" not in line
    visible(text).encode("utf-8")


@given(hostile_text)
def test_making_visible_twice_changes_nothing(text: str) -> None:
    once = visible(text)
    assert visible(once) is once
    line = visible(text, newlines=False)
    assert visible(line, newlines=False) is line


def test_every_control_format_and_separator_character_of_unicode_is_shown() -> None:
    unseen = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and visible(chr(code)) == chr(code)
        and chr(code) not in "\n" + PRINTED_FORMATS
    ]
    assert unseen == []


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "␛[2J␛]0;owned␇"),
        ("a\x00b\x7f", "a␀b␡"),
        ("\x9b31m", "\\x9b31m"),
        ("admin\u202etxt.exe", "admin\\u202etxt.exe"),
        ("pass\u200bword", "pass\\u200bword"),
        ("\ufefftext", "\\ufefftext"),
        ("one\u2028two", "one\\u2028two"),
        ("half \ud83d", "half \\ud83d"),
        ("hidden\U000e0041\U000e0042", "hidden\\U000e0041\\U000e0042"),
        ("blank\u3164name", "blank\\u3164name"),
        ("col\tumn", "col    umn"),
        ("over\rwrite", "over␍write"),
        ("dos\r\nline", "dos\nline"),
        ("a\ufe0fb\U000e0100", "a\\ufe0fb\\U000e0100"),
    ],
)
def test_hostile_characters_are_shown_as_escapes(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "plain",
        "two\nlines",
        "naïve, Straße, Ünïcödé, ﷽",
        "日本語と한국어",
        "👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 ❤️‍🔥 👍🏽 1️⃣ #️⃣ 🇩🇪",
        "می‌خواهم",
        "क्‍ष",
        "葛\U000e0100飾",
        "[bold]no markup here[/bold]",
    ],
)
def test_what_people_write_is_left_alone(harmless: str) -> None:
    assert visible(harmless) is harmless


def test_one_line_mode_marks_where_lines_ended() -> None:
    assert visible("a\nb\r\nc", newlines=False) == "a⏎b⏎c"


def test_joiners_outside_their_words_are_shown() -> None:
    assert visible("a\u200db") == "a\\u200db"
    assert visible("👩\u200d") == "👩\\u200d"
    assert visible("م\u200c") == "م\\u200c"


def test_a_limit_bounds_the_work_and_says_what_was_left_out() -> None:
    assert visible("x" * 1_000_010, limit=10) == "x" * 10 + "… (+1,000,000 characters)"
    assert visible("\x1b" * 20, limit=3) == "␛␛␛… (+17 characters)"
    text = "short"
    assert visible(text, limit=10) is text


@given(hostile_text)
def test_widths_agree_with_what_lays_the_screen_out(text: str) -> None:
    shown = "".join(
        character
        for character in visible(text, newlines=False)
        if unicodedata.category(character) not in {"Cn", "Co"}
    )
    shown = visible(shown)
    assert cells(shown) == cell_len(shown)


@given(hostile_text, st.integers(0, 30))
def test_shortened_text_fits(text: str, width: int) -> None:
    shown = visible(text, newlines=False)
    short = shorten(shown, width)
    assert cells(short) <= width
    if width and cells(shown) <= width and len(shown) <= 8 * width:
        assert short is shown


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("sentence", 8, "sentence"),
        ("sentence", 5, "sent…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("👩‍💻👩‍💻", 3, "👩‍💻…"),
        ("❤️❤️", 2, "…"),
        ("anything", 0, ""),
    ],
)
def test_cutting_never_splits_what_is_seen_as_one(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short


def test_one_line_of_ten_megabytes_is_made_from_its_beginning() -> None:
    huge = "\x1b[31mred\n" * 1_200_000
    line = one_line(huge, 20)
    assert line == "␛[31mred⏎␛[31mred⏎␛…"
    assert cells(line) == 20


@given(hostile_text, st.integers(0, 40))
def test_one_line_is_safe_and_fits(text: str, width: int) -> None:
    line = one_line(text, width)
    assert acts_or_hides(line) == []
    assert "\n" not in line
    assert cells(line) <= width


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1"]
)
def test_spreadsheet_formulas_are_defused(cell: str) -> None:
    assert escape_formula(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "text", "a=1", "-5", "+1.5e3", "-1,5", "-.5", "3-2"])
def test_ordinary_cells_and_numbers_stay_as_they_are(cell: str) -> None:
    assert escape_formula(cell) is cell


def test_bytes_that_are_no_utf8_stay_in_sight() -> None:
    assert decode(b"caf\xe9 \xe2\x82\xac \xff") == "caf\\xe9 € \\xff"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf8_is_read_as_it_was_written(text: str) -> None:
    assert decode(text.encode()) == text


def corpus(folder: Path) -> Iterator[tuple[str, str]]:
    """Each hostile file as text, and the strings inside those that are JSON."""
    for name in ("ansi", "strings", "injection"):
        for path in sorted((folder / "hostile" / name).iterdir()):
            yield path.name, decode(path.read_bytes())
    for path in sorted((folder / "made").glob("*prompts.txt")):
        yield path.name, decode(path.read_bytes())
    for number, text in enumerate(json.loads((folder / "hostile/strings/blns.json").read_bytes())):
        yield f"blns {number}", text


def test_the_hostile_collections_come_out_safe(shared_data: Path) -> None:
    seen = 0
    for name, text in corpus(shared_data):
        shown = visible(text)
        assert acts_or_hides(shown) == [], name
        assert visible(shown) is shown, name
        assert cells(one_line(text, 80)) <= 80, name
        seen += "␛" in shown
    assert seen > 40


def test_no_escape_sequence_survives_in_the_terminal_recordings(shared_data: Path) -> None:
    for path in (shared_data / "hostile/ansi").glob("*.in"):
        text = path.read_bytes().decode("latin-1")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", visible(text)), path.name


@given(hostile_text)
def test_an_editor_gets_one_sign_for_each_hidden_character(text: str) -> None:
    shown = replace_hidden(text, lambda _: "¤")
    assert len(shown) == len(text)
    assert acts_or_hides(shown.replace("\t", "")) == []
    assert (shown == text) == (visible(text.replace("\t", " ")) == text.replace("\t", " "))
