"""Driving the app in tests: what the screen says, and waiting for it without naps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens.base import Page

LONGEST_WAIT_S = 20.0


def shown(app: LlmopsApp) -> str:
    """The whole screen as text."""
    return "\n".join(
        "".join(segment.text for segment in line).rstrip()
        for line in app.screen._compositor.render_strips()
    )


def footer(app: LlmopsApp) -> str:
    """The last line of the screen."""
    return shown(app).splitlines()[-1].strip()


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait until something is so, and is painted."""
    await _wait(pilot, condition)
    await _painted(pilot)


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until nothing is being read or done, and all is painted."""

    def at_rest() -> bool:
        app = pilot.app
        loading = any(isinstance(s, Page) and s.is_behind for s in app.screen_stack)
        return not loading and not any(worker.is_running for worker in app.workers)

    await pilot.pause()
    for _ in range(3):  # what is done may set off the next thing
        await _wait(pilot, at_rest)
    await _painted(pilot)


async def _wait(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"it never came to that:\n{shown(pilot.app)}"
        await pilot.pause(0.01)
    await pilot.pause()


async def _painted(pilot: Pilot[Any]) -> None:
    """A class that changes asks for styles, those for a layout, that for a paint: one by one.

    Beside load a process that waits for the processor looks idle to Textual, so look at what is
    shown instead.
    """
    before = ""
    for _ in range(6):
        now = shown(pilot.app)
        if now == before:
            return
        before = now
        await pilot.pause()


async def enter(pilot: Pilot[Any], text: str) -> None:
    """Put a text into the field that has the focus, at once."""
    field = pilot.app.focused
    assert isinstance(field, Input)
    field.clear()
    field.insert_text_at_cursor(text)
    await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys and wait until what they set off is done."""
    await pilot.press(*keys)
    await settle(pilot)
