"""The same on every machine: a clock that stands still and an environment without surprises."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from llmops_tui.core import clock
from llmops_tui.ui import glyphs

START_MS = 1_772_442_000_000
"""2 March 2026, 09:00 UTC, a Monday."""
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
PERSON = "ana"
UNWANTED = (
    "LLMOPS_TUI_",
    "TEXTUAL_",
    "NO_COLOR",
    "SSH_",
    "TMUX",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "OFFICE_KEY",
)
"""Beginnings of names of variables that change what the app shows."""


class Clock:
    """Shows the time that it was given until it is moved on."""

    def __init__(self, at_ms: int = START_MS) -> None:
        self.at_ms = at_ms

    def pass_ms(self, span_ms: int) -> None:
        """Let time pass."""
        self.at_ms += span_ms

    def time_ns(self) -> int:
        """As `time.time_ns` says it."""
        return self.at_ms * 1_000_000


@contextmanager
def standing_clock(at_ms: int = START_MS) -> Iterator[Clock]:
    """Give the product a clock that stands still; timers and waits go on as ever."""
    standing = Clock(at_ms)
    real = clock.__dict__["time"]
    vars(clock)["time"] = SimpleNamespace(time_ns=standing.time_ns)
    try:
        yield standing
    finally:
        vars(clock)["time"] = real


@contextmanager
def steady_environment(directory: Path) -> Iterator[None]:
    """A person, a terminal and a place for files that don't depend on the machine.

    Args:
        directory: Where the default workspace lies, and what relative paths are relative to.
    """
    before, where = dict(os.environ), Path.cwd()
    for name in before:
        if name.startswith(UNWANTED):
            del os.environ[name]
    os.environ |= {
        "LLMOPS_TUI_USER": PERSON,
        "LLMOPS_TUI_DB": str(directory / "workspace.db"),
        "LLMOPS_TUI_KEYMAP": str(directory / "no-keymap.toml"),
        "LLMOPS_TUI_STATE": str(directory / "state"),
        "LLMOPS_TUI_ASCII": "0",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TZ": "UTC",
    }
    _environment_changed()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(where)
        os.environ.clear()
        os.environ.update(before)
        _environment_changed()


def _environment_changed() -> None:
    time.tzset()
    glyphs.ascii_only.cache_clear()
