"""Progress of a run on the command line: one line that changes, or plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

from llmops_tui.core.clock import duration
from llmops_tui.core.run import Outcome

REDRAW_S = 0.25
PLAIN_EVERY_S = 10.0


class ProgressLine:
    """Counts finished samples and shows how far the run is.

    Args:
        total: samples of the run.
        done: samples that were there before.
        stream: where to write; a terminal gets one line that is redrawn, anything else a plain
            line every ten seconds.
        quiet: show nothing.
    """

    def __init__(self, total: int, done: int, stream: TextIO, *, quiet: bool = False) -> None:
        self._total = total
        self._done = self._before = done
        self._wrong = self._errored = 0
        self._stream = stream
        self._terminal = stream.isatty()
        self._quiet = quiet
        self._began = time.monotonic()
        self._drawn = self._began if not self._terminal else 0.0

    def count(self, outcome: Outcome) -> None:
        """Take notice of a finished sample."""
        self._done += 1
        self._wrong += outcome is Outcome.WRONG
        self._errored += outcome is Outcome.ERRORED
        now = time.monotonic()
        if now - self._drawn >= (REDRAW_S if self._terminal else PLAIN_EVERY_S):
            self._drawn = now
            self._draw()

    def close(self) -> None:
        """Leave the line as it is at the end."""
        self._draw()
        if self._terminal and not self._quiet:
            self._stream.write("\n")
            self._stream.flush()

    def _draw(self) -> None:
        if self._quiet:
            return
        elapsed = max(time.monotonic() - self._began, 1e-6)
        rate = (self._done - self._before) / elapsed
        left = duration((self._total - self._done) / rate) if rate else "unknown"
        text = (
            f"{self._done:,} of {self._total:,}, {self._wrong:,} wrong, "
            f"{self._errored:,} errored, {rate:.1f}/s, {left} left"
        )
        self._stream.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
        self._stream.flush()
