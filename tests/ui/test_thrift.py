"""What the terminal is sent must leave it showing exactly what Textual painted."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from llmops_tui.ui.thrift import Canvas, change_pen

COLUMNS, LINES = 24, 5
STYLES = ("", "1", "7", "1;7;38;5;253;48;5;233", "38;5;253;48;5;233", "38;5;222;48;5;233", "31")
TEXTS = st.text(alphabet="ab c…日本▌", min_size=1, max_size=8)
PIECE = st.tuples(st.integers(0, LINES - 1), st.integers(0, 7), TEXTS, st.sampled_from(STYLES))
FRAMES = st.lists(st.lists(PIECE, min_size=1, max_size=6), min_size=1, max_size=6)
LINE = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=3)
WHOLE_LINES = st.lists(
    st.dictionaries(st.integers(0, LINES - 1), LINE, min_size=1), min_size=1, max_size=6
)


def frame_of(pieces: list[tuple[int, int, str, str]]) -> str:
    """A frame as Textual writes them: jump, colours, text, reset."""
    parts = []
    for line, column, text, style in pieces:
        text = text if not style else f"\x1b[{style}m{text}\x1b[0m"
        parts.append(f"\x1b[{line + 1};{column + 1}H{text}")
    return "".join(parts) + "\x1b[1;1H"


class Terminal:
    """An emulated terminal and what it shows."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self._stream = pyte.Stream(self.screen)

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    def cells(self) -> list[list[tuple[object, ...]]]:
        return [[tuple(self.screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(LINES)]


def blank(canvas: Canvas) -> str:
    """Both begin with a screen that was painted whole, as Textual begins."""
    whole = frame_of([(y, 0, " " * COLUMNS, STYLES[4]) for y in range(LINES)])
    assert canvas.draw(whole)
    return whole


def line_pieces(y: int, parts: list[tuple[str, str]]) -> list[tuple[int, int, str, str]]:
    """A line from its first to its last column, as Textual cuts wide characters cleanly."""
    pieces, x = [], 0
    for text, style in parts:
        while x + cell_len(text) > COLUMNS:
            text = text[:-1]
        pieces.append((y, x, text, style))
        x += cell_len(text)
    return [*pieces, (y, x, " " * (COLUMNS - x), "")]


@given(WHOLE_LINES)
def test_the_difference_leaves_the_terminal_as_the_whole_frames_would(
    frames: list[dict[int, list[tuple[str, str]]]],
) -> None:
    canvas, thrifty = Canvas(), Terminal()
    first = blank(canvas)
    lines: dict[int, list[tuple[str, str]]] = {}
    thrifty.feed(canvas.changes())
    for changed in frames:
        lines |= changed
        frame = frame_of([piece for y, parts in changed.items() for piece in line_pieces(y, parts)])
        assert canvas.draw(frame)
        thrifty.feed(canvas.changes())
        plain = Terminal()  # a fresh one: pyte keeps halves of wide characters that were covered
        plain.feed(first)
        plain.feed(frame_of([p for y, parts in lines.items() for p in line_pieces(y, parts)]))
        assert thrifty.cells() == plain.cells()


@given(FRAMES)
def test_dropped_frames_are_not_missed(frames: list[list[tuple[int, int, str, str]]]) -> None:
    canvas, plain, thrifty = Canvas(), Terminal(), Terminal()
    plain.feed(blank(canvas))
    thrifty.feed(canvas.changes())
    for pieces in frames:
        narrow = [(y, x, text.replace("日", "x").replace("本", "y"), s) for y, x, text, s in pieces]
        frame = frame_of([piece for piece in narrow if piece[2]])
        plain.feed(frame)
        assert canvas.draw(frame)
    thrifty.feed(canvas.changes())
    assert thrifty.cells() == plain.cells()


def test_an_equal_frame_costs_nothing() -> None:
    canvas = Canvas()
    frame = frame_of([(0, 0, "hello", "31"), (1, 0, "日本", "")])
    assert canvas.draw(frame)
    assert canvas.changes() != ""
    assert canvas.draw(frame)
    assert canvas.changes() == ""


def test_one_changed_character_costs_a_jump_and_that_character() -> None:
    canvas = Canvas()
    canvas.draw(frame_of([(0, 0, "hello world", "")]))
    canvas.changes()
    canvas.draw(frame_of([(0, 0, "hello xorld", "")]))
    assert canvas.changes() == "\x1b[1;7Hx\x1b[1;1H"


def test_colours_are_set_once_and_changed_by_their_difference() -> None:
    assert change_pen("38;5;253;48;5;233", "38;5;222;48;5;233") == "\x1b[38;5;222m"
    assert change_pen("1;38;5;253", "38;5;253") == "\x1b[0;38;5;253m"
    assert change_pen("", "7") == "\x1b[7m"
    assert change_pen("7", "") == "\x1b[m"


def test_text_of_uncertain_width_is_written_with_the_rest_of_its_line() -> None:
    canvas = Canvas()
    canvas.draw(frame_of([(0, 0, "👩‍👩‍👧 family", ""), (0, 20, "end", "")]))
    canvas.changes()
    canvas.draw(frame_of([(0, 20, "and", "")]))
    written = canvas.changes()
    assert "👩‍👩‍👧 family" in written
    assert "\x1b[1;21Hand" in written


def test_a_frame_that_is_more_than_text_and_colour_is_not_understood() -> None:
    assert not Canvas().draw("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\")
    assert not Canvas().draw("\x07")
    assert Canvas().draw("\x1b[2;3Hplain\x1b[0m\n")


def test_what_was_drawn_but_not_yet_written_survives_that_the_screen_is_unknown() -> None:
    canvas = Canvas()
    canvas.draw(frame_of([(0, 0, "first", ""), (1, 0, "second", "")]))
    canvas.forget()
    written = canvas.changes()
    assert "first" in written
    assert "second" in written


def test_a_smaller_terminal_is_sent_nothing_beyond_its_edges() -> None:
    canvas = Canvas()
    canvas.draw(frame_of([(0, 0, "abcdefgh", ""), (4, 0, "below", "")]))
    canvas.crop(5, 3)
    written = canvas.changes()
    assert "abcde" in written
    assert "f" not in written
    assert "below" not in written


def test_after_the_screen_became_unknown_everything_is_written_again() -> None:
    canvas = Canvas()
    frame = frame_of([(0, 0, "hello", "31")])
    canvas.draw(frame)
    canvas.changes()
    canvas.forget()
    canvas.draw(frame)
    assert "hello" in canvas.changes()
