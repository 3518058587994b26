"""Progress of a run on the command line: a bar that moves, or plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from llmops_tui.core.clock import duration
from llmops_tui.core.run import Outcome

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_EVERY_S = 10.0
REDRAWS_PER_SECOND = 4


class ProgressLine:
    """Counts finished samples and shows how far the run is.

    Args:
        total: samples of the run.
        done: samples that were there before.
        stream: where to write; a terminal gets a bar that is redrawn, anything else a plain line
            every ten seconds.
        quiet: show nothing.
    """

    def __init__(self, total: int, done: int, stream: TextIO, *, quiet: bool = False) -> None:
        self._total = total
        self._done = self._before = done
        self._wrong = self._errored = 0
        self._stream = stream
        self._quiet = quiet
        self._began = time.monotonic()
        self._drawn = self._began
        self._bar = _open_bar(stream, total, done) if stream.isatty() and not quiet else None

    def count(self, outcome: Outcome) -> None:
        """Take notice of a finished sample."""
        self._done += 1
        self._wrong += outcome is Outcome.WRONG
        self._errored += outcome is Outcome.ERRORED
        if self._bar is not None:
            self._move(self._bar)
            return
        now = time.monotonic()
        if now - self._drawn >= PLAIN_EVERY_S:
            self._drawn = now
            self._draw()

    def close(self) -> None:
        """Leave the line as it is at the end."""
        if self._bar is not None:
            self._move(self._bar)
            self._bar.stop()
        else:
            self._draw()

    def _move(self, bar: Progress) -> None:
        # Only counts: the bar draws itself, four times a second, from a thread of its own.
        bar.update(
            bar.task_ids[0],
            completed=self._done,
            counts=f"{self._wrong:,} wrong, {self._errored:,} errored",
        )

    def _draw(self) -> None:
        if self._quiet:
            return
        elapsed = max(time.monotonic() - self._began, 1e-6)
        rate = (self._done - self._before) / elapsed
        left = duration((self._total - self._done) / rate) if rate else "unknown"
        self._stream.write(
            f"{self._done:,} of {self._total:,}, {self._wrong:,} wrong, "
            f"{self._errored:,} errored, {rate:.1f}/s, {left} left\n"
        )
        self._stream.flush()


def _open_bar(stream: TextIO, total: int, done: int) -> Progress:
    # Rich costs 50 ms that only a terminal's reader needs.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        MofNCompleteColumn(),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=Console(file=stream, highlight=False, markup=False),
        refresh_per_second=REDRAWS_PER_SECOND,
        expand=True,
    )
    bar.add_task("", total=total, completed=done, counts="0 wrong, 0 errored")
    bar.start()
    return bar
