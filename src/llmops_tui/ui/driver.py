"""The terminal's driver: Textual's own, writing through a `Canvas`, never faster than the line."""

from __future__ import annotations

import asyncio
import queue
import re
import time

from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.drivers.linux_driver import LinuxDriver

from llmops_tui.ui.thrift import Canvas

LOOK_S = 0.1
"""Between two looks whether somebody still takes what is written."""
WAIT_S = 0.05
"""Until a terminal that hadn't taken the last frame is offered the newest one."""
FRAME_S = 1 / 15
SLOW_FRAME_S = 1 / 5
LOW_BANDWIDTH_FRAME_S = 1 / 4
"""Between two frames at least; the first after a rest is written at once."""
SLOW_AFTER_S, SLOW_FOR_S = 0.2, 10.0
"""A line that takes longer than the first for a frame is taken to be slow for the second."""
OUR_SCREEN, THEIR_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
"""Before the first and after the second the terminal belongs to others."""
POINTER_SHAPE = "\x1b]22;"
"""Asks for another mouse pointer: nothing that a line should carry, and unknown to many."""
_PAINTS = re.compile(r"\x1b\[[\d;]*[mH]")
"""How a frame begins; one that the canvas can't read leaves the screen unknown."""


class ThriftyDriver(LinuxDriver):
    """Frames are collected; what is written is the difference between the newest and the shown.

    While the terminal doesn't take what was written, frames are dropped, not queued: a line that is
    too slow sees fewer of them, each of them current.
    """

    canvas: Canvas | None = None
    _synchronised = False
    _waiting: asyncio.TimerHandle | None = None
    _written_at = 0.0
    _behind_since = 0.0
    _slow_until = 0.0
    _ours = False

    def write(self, data: str) -> None:
        """Take a frame, or write anything else through."""
        canvas = self.canvas
        if canvas is None:
            canvas = self.canvas = Canvas()
        if data == SYNC_START:
            self._synchronised = True
        elif data == SYNC_END or data.startswith(POINTER_SHAPE):
            return
        elif data.startswith("\x1b[?") or not canvas.draw(data):
            self._write_out()
            self._send(canvas.plain_pen() + data)
            if data in (OUR_SCREEN, THEIR_SCREEN):
                self._ours = data == OUR_SCREEN
                canvas.forget()
            elif _PAINTS.match(data):
                canvas.clear()

    def flush(self) -> None:
        """A frame is complete: write it if the terminal is ready for it."""
        now = time.monotonic()
        pause = self._written_at + self.frame_s - now
        if self._backlog():
            self._behind_since = self._behind_since or now
            if now - self._behind_since > SLOW_AFTER_S:
                self._slow_until = now + SLOW_FOR_S
            self._wait(WAIT_S)
        elif pause > 0:
            self._wait(pause)
        else:
            self._behind_since = 0.0
            self._write_out()
        super().flush()

    @property
    def frame_s(self) -> float:
        """Between two frames at least, in seconds."""
        if getattr(self._app, "low_bandwidth", False):
            return LOW_BANDWIDTH_FRAME_S
        return SLOW_FRAME_S if time.monotonic() < self._slow_until else FRAME_S

    def forget_screen(self, size: tuple[int, int] | None = None) -> None:
        """The terminal's content is unknown: the next frame is written whole.

        Args:
            size: Columns and lines of a terminal that was resized.
        """
        if self.canvas is not None and size is not None:
            self.canvas.crop(*size)
        elif self.canvas is not None:
            self.canvas.forget()

    def _backlog(self) -> int:
        writer = self._writer_thread
        return 0 if writer is None else writer._queue.qsize()

    def _wait(self, seconds: float) -> None:
        if self._waiting is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self._write_out()  # outside of the app's loop nobody would come back to it
                return
            self._waiting = loop.call_later(seconds, self._try_again)

    def _try_again(self) -> None:
        self._waiting = None
        if self.canvas is not None:
            self.flush()

    def _write_out(self) -> None:
        changes = self.canvas.changes() if self.canvas is not None and self._ours else ""
        if changes:
            self._written_at = time.monotonic()
            self._send(f"{SYNC_START}{changes}{SYNC_END}" if self._synchronised else changes)

    def _send(self, data: str) -> None:
        """Write, unless the line is gone: the thread that writes has ended then."""
        writer = self._writer_thread
        while writer is not None and writer.is_alive():
            try:
                writer._queue.put(data, timeout=LOOK_S)
            except queue.Full:
                continue
            return

    def close(self) -> None:
        """Wait until all is written; a thread that has ended can't be told to."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().close()

    def _sigcont_application(self, *_: object) -> None:
        """Go on after ctrl+z. A line that drops says so too, and nothing was left then."""
        if self._must_signal_resume:
            super()._sigcont_application()
