"""What goes over the line: every byte that the app writes to a terminal, counted and read."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ui.conftest import add_examples
from tests.ui.terminals import Pty, terminal

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.project import Project
from llmops_tui.services import datasets, places
from llmops_tui.services.workspace import Workspace

pytestmark = pytest.mark.slow

ROW_MOVE = 500
PAGE = 10_000
START = 60_000
UNDERSTOOD = re.compile(
    rb"\x1b\[[\d;]*[mH]|\x1b\[[<>?=]?[\d;]*\$?[a-zA-Z]|\x1b\[<u|[^\x00-\x1f\x7f]"
)
"""Colours, jumps and modes, and text that moves nothing."""


@pytest.fixture
def filled(workspace: Workspace, project: Project) -> Path:
    """A workspace left at a list of 300 examples' data set."""
    add_examples(workspace, project, "sums", 300)
    for number in range(40):
        add_examples(workspace, project, f"small {number:02}", 2)
    places.remember(workspace, "area", "datasets")
    workspace.db.close()
    return workspace.path


@pytest.fixture
def line(filled: Path) -> Iterator[Pty]:
    """The app over it, come to rest."""
    with terminal(filled) as pty:
        pty.until(lambda text: "small 00" in text and "enter Open" in text)
        pty.read(quiet=1.0)
        yield pty


def test_starting_is_cheap_and_idling_costs_nothing(line: Pty) -> None:
    assert len(line.written) < START
    assert line.read(quiet=3.0) == b""


def test_moving_and_scrolling_stay_within_their_budgets(line: Pty) -> None:
    for key in (b"j", b"j", b"k", b"\x1b[B"):
        line.press(key)
        assert 0 < len(line.read()) < ROW_MOVE
    for key in (b"\x1b[6~", b"\x1b[6~", b"\x1b[5~", b"G", b"g"):
        line.press(key)
        assert 0 < len(line.read()) < PAGE


def test_other_screens_and_dialogs_cost_less_than_a_full_screen_of_colours(line: Pty) -> None:
    for key in (b"7", b"2", b"?", b"q", b"\x10", b"\x1b", b"i", b"\x1b"):
        line.press(key)
        assert len(line.read(quiet=0.6)) < PAGE, key


def test_an_editor_gets_the_terminal_and_gives_it_back(filled: Path, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf 'this is the editor'\nsleep 2\n")
    editor.chmod(0o755)
    with terminal(filled, EDITOR=str(editor)) as pty:
        pty.until(lambda text: "enter Open" in text)
        pty.press(b"\r")
        pty.until(lambda text: "e Edit " in text)
        pty.press(b"e")
        pty.until(lambda text: "this is the editor" in text)
        pty.until(lambda text: "e Edit " in text and "this is the editor" not in text)
        pty.press(b"j")
        pty.until(lambda text: "▌" in text)


def test_low_bandwidth_writes_fewer_frames(filled: Path) -> None:
    frames = {}
    for low in ("", "1"):
        with terminal(filled, LOW=low) as pty:
            pty.until(lambda text: "enter Open" in text)
            pty.press(b"g")
            pty.read(quiet=1.0)
            began = len(pty.written)
            for _ in range(30):
                pty.press(b"j")
                pty.read(quiet=0.03)
            pty.until(lambda text: "▌ small 30" in text)
            frames[low] = len(pty.written) - began
    assert frames["1"] < 0.6 * frames[""]


def test_an_open_form_is_silent_too(line: Pty) -> None:
    line.press(b"i")
    line.until(lambda text: "Import a data set" in text)
    line.read(quiet=1.0)
    assert line.read(quiet=3.0) == b""


def test_the_terminal_shows_what_the_app_shows_after_many_changes(line: Pty) -> None:
    for key in (b"7", b"2", b"j", b"\x1b[6~", b"?", b"G", b"q", b"G", b"\x10", b"\x1b", b"g"):
        line.press(key)
        line.read(quiet=0.3)
    line.read(quiet=0.6)
    before = line.text
    line.screen.reset()
    line.press(b"\x0c")  # paints everything again
    line.until(lambda text: "enter Open" in text)
    line.read(quiet=0.6)
    assert line.text == before


def test_a_terminal_that_is_not_read_misses_frames_but_not_the_last_one(line: Pty) -> None:
    for _ in range(60):
        line.press(b"\x1b[6~")
        line.press(b"\x1b[5~")
    line.press(b"G")
    time.sleep(1.0)  # nobody reads
    line.until(lambda text: "▌ sums" in text)
    line.press(b"g")
    line.until(lambda text: "▌ small 00" in text)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_leaves_the_terminal_as_it_was(
    line: Pty, ending: signal.Signals
) -> None:
    line.press(b"7")
    line.until(lambda text: "[7 Models]" in text)
    line.process.send_signal(ending)
    assert line.ended() == 0
    assert b"\x1b[?1049l" in line.written
    assert b"\x1b[?25h" in line.written


def test_a_dropped_line_ends_the_app_and_it_opens_at_the_same_place(filled: Path) -> None:
    with terminal(filled) as pty:
        pty.until(lambda text: "enter Open" in text)
        pty.press(b"7")
        pty.until(lambda text: "[7 Models]" in text)
        pty.read(quiet=0.8)
        pty.hang_up()
        deadline = time.monotonic() + 10
        while pty.process.poll() is None:
            assert time.monotonic() < deadline, "the app outlives its line"
            time.sleep(0.05)
    with terminal(filled) as again:
        again.until(lambda text: "[7 Models]" in text)


def test_suspended_and_resumed_it_paints_everything_again(line: Pty) -> None:
    line.press(b"\x1a")
    deadline = time.monotonic() + 10
    while not os.WIFSTOPPED(_status(line)):
        assert time.monotonic() < deadline
        line.read(quiet=0.05, longest=0.2)
    line.read(quiet=0.3)
    line.screen.reset()
    line.process.send_signal(signal.SIGCONT)
    line.until(lambda text: "[2 Datasets]" in text and "small 00" in text)
    line.press(b"j")
    line.until(lambda text: "▌ small 01" in text)


def _status(line: Pty) -> int:
    pid, status = os.waitpid(line.process.pid, os.WUNTRACED | os.WNOHANG)
    return status if pid else 0


def test_a_storm_of_resizes_is_survived(line: Pty) -> None:
    for columns in (*range(80, 30, -5), *range(30, 200, 17), 80):
        line.resize(columns, 24)
        time.sleep(0.02)
    line.until(lambda text: "[2 Datasets]" in text and "enter Open" in text)
    line.press(b"j")
    line.until(lambda text: "▌ small 01" in text)


def test_no_colour_is_no_colour_and_the_cursor_is_still_seen(filled: Path) -> None:
    with terminal(filled, NO_COLOR="1") as pty:
        pty.until(lambda text: "▌ small 00" in text)
        pty.read(quiet=0.6)
        shades = {
            (triple[:2], triple[2:4], triple[4:])
            for triple in re.findall(r"[0-9a-f]{6}", " ".join(_colours(pty)))
        }
        assert all(red == green == blue for red, green, blue in shades)


def _colours(pty: Pty) -> set[str]:
    cells = [cell for line in pty.screen.buffer.values() for cell in line.values()]
    return {cell.fg for cell in cells} | {cell.bg for cell in cells}


def test_hostile_text_never_reaches_the_terminal_as_anything_but_text(
    workspace: Workspace, project: Project, shared_data: Path
) -> None:
    texts = [
        "\x1b]0;owned\x07",
        "\x1b[2J\x1b[1;1H",
        "\x9b31m",
        "\x1bPq\x1b\\",
        "a\u202eb",
        "\u200b",
    ]
    texts += [
        "\x1b[?1049l",
        "\x07" * 5,
        "x" * 100_000,
        "line\r\nline\rline",
        "[@click=app.quit]q[/]",
    ]
    for path in sorted((shared_data / "hostile").rglob("*")):
        if path.is_file() and path.stat().st_size < 200_000 and len(texts) < 120:
            texts.append(path.read_bytes().decode("utf-8", "replace")[:5000])
    drafts = [
        ExampleDraft({text[:20] or "in": text}, text, (text[:30],), text[:9]) for text in texts
    ]
    datasets.add_examples(
        workspace, project.id, "\x1b]0;owned\x07[b]bad", iter(drafts), source="\x1b[2J"
    )
    places.remember(workspace, "area", "datasets")
    workspace.db.close()
    with terminal(workspace.path, size=(130, 40)) as pty:
        pty.until(lambda text: "enter Open" in text)
        began = len(pty.written)
        pty.read(quiet=1.0)
        pty.press(b"\r")
        pty.read(quiet=0.6)
        for _ in range(len(texts)):
            pty.press(b"j")
            pty.read(quiet=0.07)
        pty.read(quiet=0.6)
        rest = UNDERSTOOD.sub(b"", pty.written[began:])
        assert rest == b""
        modes = re.findall(rb"\x1b\[(?![\d;]*[mH])[^a-zA-Z]*[a-zA-Z]", pty.written[began:])
        assert set(modes) <= {b"\x1b[?2026h", b"\x1b[?2026l"}
        assert pty.process.poll() is None
