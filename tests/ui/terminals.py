"""The real app in a real pseudo-terminal, and every byte that it writes there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyte

LONGEST_WAIT_S = 30.0
APP = """
import os, sys
from pathlib import Path
from llmops_tui.services.workspace import open_workspace
from llmops_tui.ui.app import LlmopsApp
LlmopsApp(open_workspace(Path(sys.argv[1])), low_bandwidth=bool(os.environ.get("LOW"))).run()
"""


class Pty:
    """The app's terminal as seen from the other end of the line."""

    def __init__(self, workspace: Path, environment: Mapping[str, str], size: tuple[int, int]):
        self._end, theirs = os.openpty()
        self.written = b""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._set_size(size)
        self.process = subprocess.Popen(
            [sys.executable, "-c", APP, str(workspace)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def _set_size(self, size: tuple[int, int]) -> None:
        columns, lines = size
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        """As a terminal's window is dragged."""
        self._set_size((columns, lines))
        self.screen.resize(lines, columns)

    def press(self, keys: bytes) -> None:
        os.write(self._end, keys)

    def read(self, *, quiet: float = 0.4, longest: float = LONGEST_WAIT_S) -> bytes:
        """What is written until nothing more comes for so long."""
        found = b""
        last = began = time.monotonic()
        while time.monotonic() - last < quiet and time.monotonic() - began < longest:
            if select.select([self._end], [], [], 0.02)[0]:
                try:
                    piece = os.read(self._end, 65536)
                except OSError:
                    break  # the other end is closed
                found += piece
                self._stream.feed(piece)
                last = time.monotonic()
        self.written += found
        return found

    def until(self, condition: Callable[[str], object]) -> None:
        """Read until the screen says something."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not condition(self.text):
            assert time.monotonic() < deadline, f"it never came to that:\n{self.text}"
            self.read(quiet=0.05, longest=0.5)

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def ended(self, within_s: float = 10.0) -> int:
        """Wait for the app's end, reading on as a terminal does; its exit code."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "the app goes on"
            self.read(quiet=0.05, longest=0.2)
        self.read(quiet=0.1, longest=0.5)
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the line, as a dropped connection does."""
        os.close(self._end)
        self._end = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self._end >= 0:
            os.close(self._end)


@contextlib.contextmanager
def terminal(
    workspace: Path, size: tuple[int, int] = (80, 24), **environment: str
) -> Iterator[Pty]:
    """The app over a workspace, ended whatever happens."""
    base = {k: v for k, v in os.environ.items() if k not in ("COLORTERM", "NO_COLOR", "TMUX")}
    pty = Pty(workspace, {**base, "TERM": "xterm-256color", **environment}, size)
    try:
        yield pty
    finally:
        pty.close()
