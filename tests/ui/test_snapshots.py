"""Screens as they look, colours included, in files that a person can read and compare.

Each snapshot is the screen's text, then a letter for the style of each cell, then what the letters
mean. SVG snapshots would also show fonts and geometry, which are the terminal's affair here: they
differ with each release of the drawing library, and nobody reads their difference. The captures
are taken at a fixed size, with the clock standing still, no cursor that blinks, and once nothing
is under way any more.

`make snapshots` accepts what is shown now.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.headless import LIVE
from tools.scenes import State, calls_arrive, capture, live_run, type_unknown
from tools.screens import difference

from llmops_tui.ui import themes

SNAPSHOTS = Path(__file__).with_name("snapshots")
USUAL, WIDE = (80, 24), (140, 40)


CASES = [
    pytest.param("overview", State("", "1"), USUAL, themes.DARK, id="overview"),
    pytest.param("overview-light", State("", "1"), USUAL, themes.LIGHT, id="overview, light"),
    pytest.param("form", State("", "1 n"), USUAL, themes.DARK, id="a form"),
    pytest.param("examples", State("", "2 enter j j"), USUAL, themes.DARK, id="a list"),
    pytest.param(
        "editor",
        State("", "3 enter", act=type_unknown),
        USUAL,
        themes.DARK,
        id="an unknown variable in a prompt",
    ),
    pytest.param("differences", State("", "3 v d"), USUAL, themes.DARK, id="differences"),
    pytest.param(
        "run-live", State("", "4 enter", LIVE, live_run), USUAL, themes.DARK, id="a run, live"
    ),
    pytest.param(
        "run-wide", State("", "4 j j enter"), WIDE, themes.DARK, id="a run on a wide terminal"
    ),
    pytest.param("run-ansi", State("", "4 j enter"), USUAL, themes.ANSI, id="a run in 16 colours"),
    pytest.param(
        "monitor", State("", "5", act=calls_arrive), USUAL, themes.DARK, id="calls as they arrive"
    ),
    pytest.param("triage", State("", "6"), USUAL, themes.DARK, id="triage"),
    pytest.param("models-wide", State("", "7 j"), WIDE, themes.LIGHT, id="models, wide, light"),
]


@pytest.mark.parametrize(("name", "state", "size", "theme"), CASES)
async def test_a_screen_looks_as_it_did(
    name: str, state: State, size: tuple[int, int], theme: str, request: pytest.FixtureRequest
):
    path = SNAPSHOTS / f"{name}.txt"
    shown = await capture(state, size=size, theme=theme, marks=True) + "\n"
    if request.config.getoption("--snapshot-update"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    kept = path.read_text("utf-8") if path.exists() else ""
    differs = difference(kept, shown)
    assert not differs, f"{path.name} looks otherwise; `make snapshots` accepts it.\n{differs}"


def test_no_snapshot_is_left_over():
    names = {case.values[0] for case in CASES}
    assert {path.stem for path in SNAPSHOTS.glob("*")} == names
