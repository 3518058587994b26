"""What the app writes to the line, in bytes at 80×24: they don't depend on how fast a machine is.

The limits are for lines as slow as a phone's. None of them is near what the app writes now; what
fails here is a widget that repaints more than what changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint
from tests.terminal.conftest import worker
from tests.terminal.console import CTRL_Q, ENTER, ESCAPE, Console
from tests.workspaces import make_bench
from tools import made
from tools.steady import steady_environment

from llmops_tui.services.workspace import open_workspace

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terminal")]

START = 60_000
ROW_MOVE = 500
PAGE = 10_000
LIVE_A_SECOND = 21_000
PAUSED_A_SECOND = 1_000
"""Held still, the list writes nothing; the figures above it go on."""
PAGE_DOWN = b"\x1b[6~"
OpenApp = Callable[[Path], Console]


def moved(console: Console, key: bytes) -> int:
    """Bytes that one key costs."""
    console.press(key)
    return console.quiet(0.3)


def test_it_opens_on_the_overview_within_60_kb_and_then_says_nothing(
    open_app: OpenApp, workspace_file: Path
):
    console = open_app(workspace_file)
    console.until("data gathering")
    assert "[1 Overview]" in console.text
    console.quiet(1.0)
    assert len(console.raw) < START
    assert console.watch(3.0) == 0


def test_digits_change_screens_and_no_screen_writes_while_nothing_happens(
    open_app: OpenApp, workspace_file: Path
):
    console = open_app(workspace_file)
    console.until("data gathering")
    titles = ("Overview", "Datasets", "Prompts", "Runs", "Monitor", "Triage", "Models")
    for digit, title in enumerate(titles, start=1):
        console.press(str(digit))
        console.until(f"[{digit} {title}]")
        console.quiet(0.7)
        assert console.watch(0.7) == 0, title
    console.press(CTRL_Q)
    assert console.ended() == 0


@pytest.mark.parametrize(
    ("keys", "opened"),
    [
        ((b"2", ENTER), "264 examples"),
        ((b"4", b"j", b"j", ENTER), "392/392"),
        ((b"5",), "[5 Monitor]"),
    ],
    ids=["examples", "samples", "calls"],
)
def test_a_row_move_costs_less_than_500_bytes_and_a_page_less_than_10_kb(
    open_app: OpenApp, workspace_file: Path, keys: tuple[bytes, ...], opened: str
):
    console = open_app(workspace_file)
    console.until("data gathering")
    for key in keys:
        console.press(key)
        console.quiet(0.5)
    console.until(opened)
    down, down_again, up = moved(console, b"j"), moved(console, b"j"), moved(console, b"k")
    assert 0 < down < ROW_MOVE
    assert 0 < down_again < ROW_MOVE
    assert 0 < up < ROW_MOVE
    assert 0 < moved(console, PAGE_DOWN) < PAGE
    assert moved(console, PAGE_DOWN) < PAGE


def test_following_a_run_stays_under_21_kb_a_second_and_looking_back_under_1(
    open_app: OpenApp, endpoint: MockEndpoint, tmp_path: Path
):
    endpoint.configure(latency_ms=40, wrong=0.1)
    bench = make_bench(tmp_path / "run.db", endpoint.base_url, rows=6000, concurrency=16)
    run_id = bench.plan()
    with worker(bench.workspace, run_id):
        console = open_app(bench.workspace.path)
        console.until("data gathering")
        console.press(b"4")
        console.until("● running")
        console.press(ENTER)
        console.until("FOLLOWING")
        console.until(lambda text: "✓ right" in text and "/s" in text)
        done, seconds = bench.view(run_id).run.done, 5.0
        written = console.watch(seconds)
        assert bench.view(run_id).run.done > done + 100
        assert 0 < written / seconds <= LIVE_A_SECOND

        console.press(b"vjjj")  # without the plot, which goes on with the figures
        console.until("new")
        console.watch(1.0)
        assert console.watch(3.0) / 3.0 <= PAUSED_A_SECOND
    console.press(CTRL_Q)
    assert console.ended() == 0
    bench.workspace.db.close()


def test_calls_as_they_arrive_stay_under_21_kb_a_second_and_held_still_under_1(
    open_app: OpenApp, workspace_file: Path
):
    with steady_environment(workspace_file.parent):
        there = made.found(open_workspace(workspace_file))

    def arrive(seconds: float, first: int) -> None:
        """A hundred calls a second, in batches."""
        until, count = time.monotonic() + seconds, first
        while time.monotonic() < until:
            count += made.arrive(there, 10, lambda _: None, first=count)
            console.watch(0.1)

    console = open_app(workspace_file)
    console.until("data gathering")
    console.press(b"5")
    console.until("FOLLOWING")
    console.quiet(1.0)
    before, began = len(console.raw), time.monotonic()
    arrive(4.0, 10_000)
    assert 0 < (len(console.raw) - before) / (time.monotonic() - began) <= LIVE_A_SECOND

    console.press(b"p")
    console.until("PAUSED")
    console.watch(1.0)
    before, began = len(console.raw), time.monotonic()
    arrive(3.0, 20_000)
    assert (len(console.raw) - before) / (time.monotonic() - began) <= PAUSED_A_SECOND
    there.workspace.db.close()


def test_typing_in_a_prompt_costs_less_than_a_page(open_app: OpenApp, workspace_file: Path):
    console = open_app(workspace_file)
    console.until("data gathering")
    console.press(b"3")
    console.until("staging")
    console.press(ENTER)
    console.until("--- user ---")
    console.quiet(0.7)
    for letter in b"ab":
        console.press(bytes([letter]))
        assert 0 < console.quiet(0.7) < PAGE
    console.press(ESCAPE)
    console.until("[3 Prompts]")
