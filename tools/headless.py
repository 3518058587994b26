"""Driving the real app without a terminal, and writing down what it shows.

The app is driven by keys only, over a workspace of its own, with the clock standing still. What a
capture holds is therefore what a person would see, and equal on every machine.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from unittest import mock

from rich.style import Style
from textual.events import Paste
from textual.pilot import Pilot

from llmops_tui.core.run import RunStatus
from llmops_tui.services import calls, projects
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.ui import app as app_module
from llmops_tui.ui import trouble
from llmops_tui.ui.app import LlmopsApp
from llmops_tui.ui.screens import base
from llmops_tui.ui.screens.base import Page
from tools import made as making
from tools.made import Made
from tools.steady import START_MS, Clock, standing_clock, steady_environment

SIZE = (80, 24)
QUIET_S = 0.02
QUIET_LOOKS = 4
"""The screen counts as settled when it was the same at so many looks, `QUIET_S` apart."""
LONGEST_S = 30.0
LOG_PATH = Path("~/.local/state/llmops-tui/log/app.log")
SILENT = logging.Logger("silent", level=logging.CRITICAL + 1)

NEW, BARE, MADE, LIVE, INTERRUPTED = "new", "bare", "made", "live", "interrupted"
"""Workspaces: without a project, with an empty one, worked in, with a run under way, with one
whose worker went away."""
_LAST_RUN = {MADE: RunStatus.PAUSED, LIVE: RunStatus.RUNNING, INTERRUPTED: RunStatus.INTERRUPTED}


class NotSettledError(Exception):
    """The app went on changing what it shows, or went on working."""


@dataclass
class Session:
    """The app as it runs, and the hands on it."""

    app: LlmopsApp
    pilot: Pilot[None]
    clock: Clock
    other: Workspace | None = None
    """The same workspace as another process would have it open."""
    made: Made | None = field(default=None)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, waiting for what each does."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """Put a text where the cursor is, as a terminal does that pastes it."""
        self.app.post_message(Paste(text))
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way and the screen stays the same.

        Raises:
            NotSettledError: it did not come to that.
        """
        deadline = time.monotonic() + LONGEST_S
        before, quiet = "", 0
        while quiet < QUIET_LOOKS:
            if not self.app.is_running:
                raise NotSettledError("the app ended by itself")
            if time.monotonic() > deadline:
                raise NotSettledError(f"{self._busy() or 'the screen changes'}\n{before}")
            await asyncio.sleep(QUIET_S)
            shown = screen_text(self.app)
            quiet = 0 if self._busy() or shown != before else quiet + 1
            before = shown

    def text(self) -> str:
        """What is shown."""
        return screen_text(self.app)

    def go_on(self, batches: int) -> None:
        """Let the run that is under way finish some more batches, in another process as it were."""
        assert self.made is not None
        making.go_on(self.made, batches, self.clock.pass_ms)

    def arrive(self, number: int) -> None:
        """Let some production calls arrive."""
        assert self.made is not None
        making.arrive(self.made, number, self.clock.pass_ms)

    def _busy(self) -> str:
        """What is still under way; empty for nothing."""
        app = self.app
        working = [worker.group for worker in app.workers if not worker.is_finished]
        if working:
            return f"workers {working}"
        if any(screen.is_behind for screen in app.screen_stack if isinstance(screen, Page)):
            return "loading"
        if app._data_version != app.workspace.db.data_version():
            return "news"
        return ""


@asynccontextmanager
async def session(
    kind: str = MADE, *, size: tuple[int, int] = SIZE, theme: str | None = None, hold: bool = False
) -> AsyncIterator[Session]:
    """Run the app on a workspace of this kind.

    Args:
        kind: Which workspace, see `NEW` and its neighbours.
        size: Columns and lines.
        theme: Another theme than the usual one.
        hold: Never let a page read anything, to see it while it does.
    """
    with ExitStack() as stack:
        # A thread of the app that is still reading may open the file once more as it goes.
        place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        directory = Path(stack.enter_context(place))
        stack.enter_context(steady_environment(directory))
        clock = stack.enter_context(standing_clock())
        clock.at_ms = _copy(kind, directory)
        # Nobody reads along here: news may come at once.
        stack.enter_context(mock.patch.object(app_module, "POLL_S", 0.05))
        stack.enter_context(mock.patch.object(base, "SLOWEST_RELOAD_S", 0.0))
        # Whether a gateway happens to run on this machine isn't part of a screen.
        stack.enter_context(mock.patch.object(calls, "gateway_answers", return_value=False))
        # Where a log lies differs from person to person, and nobody would read this one.
        stack.enter_context(mock.patch.object(trouble, "log", return_value=SILENT))
        stack.enter_context(mock.patch.object(trouble, "log_path", return_value=LOG_PATH))
        if hold:
            stack.enter_context(mock.patch.object(Page, "_start_load", return_value=None))
        app = LlmopsApp(open_workspace(), theme=theme)
        other = open_workspace()
        stack.callback(other.db.close)
        stack.callback(app.workspace.db.close)
        async with app.run_test(size=size, notifications=True) as pilot:
            running = Session(app, pilot, clock, other, _made(other, kind))
            if hold:
                await pilot.pause(0.4)
            else:
                await running.settle()
            yield running
            if app.unforeseen:
                raise app.unforeseen[0]


def screen_text(app: LlmopsApp) -> str:
    """The screen in front as text: a line for each line, without blanks at the ends."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def screen_marks(app: LlmopsApp) -> str:
    """The screen as text, then the style of each cell as a letter, then what the letters mean."""
    strips = app.screen._compositor.render_strips()
    letters: dict[str, str] = {}
    rows = []
    for strip in strips:
        row = ""
        for segment in strip:
            style = _style_words(segment.style or Style())
            letter = letters.setdefault(style, _letter(len(letters))) if style else "."
            row += letter * segment.cell_length
        rows.append(row)
    legend = [f"{letter}  {style}" for style, letter in letters.items()]
    return "\n".join([screen_text(app), "", *rows, "", *legend])


def _letter(number: int) -> str:
    return "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[number]


def _style_words(style: Style) -> str:
    """What of a style reaches a terminal, in words."""
    flags = ("bold", "dim", "italic", "underline", "reverse", "strike")
    words = [flag for flag in flags if getattr(style, flag)]
    for colour, where in ((style.color, ""), (style.bgcolor, "on ")):
        if colour is not None and not colour.is_default:
            words.append(f"{where}{colour.name}")
    return " ".join(words)


def _copy(kind: str, directory: Path) -> int:
    """Put a workspace of this kind into a directory; the time when it was left."""
    if kind == NEW:
        return START_MS
    source, left_at = _original(kind)
    for path in Path(source).iterdir():
        shutil.copy(path, directory / path.name)
    return left_at


@cache
def _original(kind: str) -> tuple[str, int]:
    """A workspace of this kind, made once, and the time when it was left."""
    directory = Path(_keep().name) / kind
    directory.mkdir()
    with steady_environment(directory), standing_clock() as clock:
        path = directory / "workspace.db"
        if kind == BARE:
            workspace = open_workspace(path)
            projects.create_project(workspace, "support-topic")
        else:
            left = _LAST_RUN[kind]
            workspace = making.make(path, last_run=left, let_pass=clock.pass_ms).workspace
        workspace.db.close()
        return str(directory), clock.at_ms


@cache
def _keep() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="llmops-tui-screens-")


def _made(workspace: Workspace, kind: str) -> Made | None:
    return making.found(workspace) if kind in _LAST_RUN else None


@contextmanager
def failing(owner: object, name: str, error: Exception) -> Iterator[None]:
    """Let a function of a service fail."""
    with mock.patch.object(owner, name, side_effect=error):
        yield
