"""A program in a terminal of its own: keys go in, raw bytes come out, a screen is made of them."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyte

COLUMNS, LINES = 80, 24
LONGEST_WAIT_S = 20.0
UNWANTED = ("LLMOPS_TUI_", "TEXTUAL_", "NO_COLOR", "SSH_", "TMUX", "LC_")
ENTER, ESCAPE, CTRL_C, CTRL_Q, CTRL_Z = b"\r", b"\x1b", b"\x03", b"\x11", b"\x1a"


def environment(**more: str) -> dict[str, str]:
    """What a common terminal announces, without this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(UNWANTED)}
    announced = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return {**kept, **announced, **more}


def product(*arguments: str | Path) -> list[str]:
    """The command line of the program."""
    return [sys.executable, "-m", "llmops_tui", *map(str, arguments)]


class Console:
    """A context manager; what still runs at its end is killed."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.raw = bytearray()
        """Everything that was written to the terminal."""
        self.read_at = 0.0
        """When the last of it came, on `time.perf_counter`."""
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, self._theirs = os.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.modes = termios.tcgetattr(self._theirs)
        """How the terminal was set before the program began."""
        self.process = subprocess.Popen(
            command,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for handle in (self._ours, self._theirs):
            with suppress(OSError):
                os.close(handle)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, keys: bytes | str) -> None:
        """Type."""
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)

    def watch(self, seconds: float) -> int:
        """Read for a while; how many bytes came."""
        before = len(self.raw)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)
        return len(self.raw) - before

    def quiet(self, seconds: float = 0.5) -> int:
        """Read until nothing came for so long; how many bytes came before."""
        before = len(self.raw)
        deadline = time.monotonic() + LONGEST_WAIT_S
        while self.watch(seconds):
            assert time.monotonic() < deadline, f"it never fell quiet:\n{self.text}"
        return len(self.raw) - before

    def until(self, wanted: str | Callable[[str], object], seconds: float = LONGEST_WAIT_S) -> str:
        """Read until a text, or a condition on the screen, is there; the screen."""
        deadline = time.monotonic() + seconds
        while not (wanted in self.text if isinstance(wanted, str) else wanted(self.text)):
            assert time.monotonic() < deadline, f"{wanted!r} never came:\n{self.text}"
            self._read(0.05)
        return self.text

    def ended(self, seconds: float = 10.0) -> int:
        """Wait for the end of the program, reading what it says; its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end:\n{self.text}"
            self._read(0.02)
        while self._read(0.05):
            pass
        return int(self.process.returncode)

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; what is drawn on is as large as before."""
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, size)

    def hang_up(self) -> None:
        """Close the terminal, as a line does that drops."""
        os.close(self._theirs)
        os.close(self._ours)

    def terminal_is_as_before(self) -> bool:
        """Whether line editing, echo and signals of the terminal are as they were."""
        return termios.tcgetattr(self._theirs) == self.modes

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], timeout)
        if not ready:
            return False
        data = os.read(self._ours, 65536)
        self.read_at = time.perf_counter()
        self.raw += data
        self._stream.feed(data)
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
