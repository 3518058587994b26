"""The benchmarks' own frame: what counts as met, and whether the terminal is read right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.figures import Figure, table
from benchmarks.registry import BENCHMARKS
from benchmarks.terminal.pseudo import Terminal, environment

ROOT = Path(__file__).parents[1]

GREETING = """
import sys, time
sys.stdout.write("\\x1b[?1049h\\x1b[2J"); sys.stdout.flush(); time.sleep(0.3)
sys.stdout.write("\\x1b[5;3Hhello"); sys.stdout.flush(); time.sleep(30)
"""


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_a_name_all_benchmarks_are_listed() -> None:
    assert set(json.loads(benchmarks("--json").stdout)) == set(BENCHMARKS)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    done = benchmarks("nonsense")
    assert done.returncode == 2
    assert all(name in done.stderr for name in BENCHMARKS)


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("told", 3, "s"), None),
        (Figure("under", 3, "s", at_most=3), True),
        (Figure("over", 3.1, "s", at_most=3), False),
        (Figure("enough", 3, "rows/s", at_least=3), True),
        (Figure("too few", 2.9, "rows/s", at_least=3), False),
    ],
)
def test_a_figure_knows_whether_its_limit_is_kept(figure: Figure, met: bool | None) -> None:
    assert figure.met is met


def test_the_table_says_what_a_figure_is_compared_with() -> None:
    shown = table([Figure("first ink", 0.3, "s", "bare app", 0.25, at_most=0.375)])
    assert shown == "  first ink  0.3 s  bare app 0.25 s, so 1.20× · at most 0.375 s · met"


@pytest.mark.slow
def test_first_ink_is_the_first_visible_character_not_the_first_byte() -> None:
    with Terminal([sys.executable, "-c", GREETING], environment()) as terminal:
        terminal.settle()
        first = terminal.first_ink()
        assert first is not None
        assert first - terminal.chunks[0].at > 0.2
        assert terminal.display()[4].strip() == "hello"
        assert terminal.watch(0.3) == 0
        assert terminal.resident_mib() > 1


@pytest.mark.slow
def test_a_program_that_ends_by_itself_is_no_measurement() -> None:
    command = [sys.executable, "-c", "print('no such file'); raise SystemExit(1)"]
    with (
        Terminal(command, environment()) as terminal,
        pytest.raises(RuntimeError, match="no such file"),
    ):
        terminal.settle()
