"""Running a program in a terminal of 80×24 and seeing what it writes, and when.

Bytes are only collected with their arrival times while the program runs. What they paint is worked
out afterwards, so that emulating a terminal does not compete with what is measured.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

COLUMNS, LINES = 80, 24
QUIET_S = 1.0
QUIET_BYTES = 1000  # in QUIET_S: a blinking cursor writes some hundred, a painted screen thousands
LONGEST_START_S = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes and the moment they came, in seconds since the program was started."""

    at: float
    data: bytes


class Terminal:
    """A program in its own pseudo-terminal; a context manager that ends it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.chunks: list[Chunk] = []
        self.command = tuple(command)
        self._hung_up = False
        self._terminal, theirs = os.openpty()
        _set_size(theirs)
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        deadline = time.monotonic() + 3
        while self._process.poll() is None:
            self._read(0.05)
            if time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
        os.close(self._terminal)

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def watch(self, seconds: float) -> int:
        """Collect for a while; how many bytes came."""
        before = len(self.chunks)
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._read(left)
        return sum(len(chunk.data) for chunk in self.chunks[before:])

    def settle(self) -> None:
        """Collect until something was painted and hardly anything came for `QUIET_S`.

        Raises:
            RuntimeError: the program ended by itself, or painted nothing.
        """
        deadline = time.perf_counter() + LONGEST_START_S
        while time.perf_counter() < deadline:
            came = self.watch(QUIET_S)
            if self._hung_up:
                said = "\n".join(line for line in self.display() if line.strip())
                raise RuntimeError(f"{self.command[0]} ended at once and said:\n{said}")
            if came < QUIET_BYTES and self.first_ink() is not None:
                return
        raise RuntimeError(f"{self.command[0]} did not settle in {LONGEST_START_S:.0f} s")

    def until(self, text: str) -> None:
        """Collect until a text stands on the screen.

        Raises:
            RuntimeError: it never came.
        """
        deadline = time.perf_counter() + LONGEST_START_S
        while not any(text in line for line in self.display()):
            if time.perf_counter() > deadline or self._hung_up:
                raise RuntimeError(f"“{text}” never came:\n" + "\n".join(self.display()))
            self.watch(0.1)

    def press(self, keys: bytes) -> None:
        """Type into the program."""
        os.write(self._terminal, keys)

    def first_ink(self) -> float | None:
        """When the first visible character stood on the screen, in seconds."""
        screen = pyte.Screen(COLUMNS, LINES)
        stream = pyte.ByteStream(screen)
        for chunk in self.chunks:
            stream.feed(chunk.data)
            if any(line.strip() for line in screen.display):
                return chunk.at
        return None

    def display(self) -> list[str]:
        """What stands on the screen."""
        screen = pyte.Screen(COLUMNS, LINES)
        stream = pyte.ByteStream(screen)
        for chunk in self.chunks:
            stream.feed(chunk.data)
        return list(screen.display)

    @property
    def written(self) -> int:
        """Bytes that the program wrote so far."""
        return sum(len(chunk.data) for chunk in self.chunks)

    @property
    def settled_at(self) -> float:
        """When all but the last `QUIET_BYTES` had come, in seconds."""
        left = 0
        for chunk in reversed(self.chunks):
            left += len(chunk.data)
            if left > QUIET_BYTES:
                return chunk.at
        return self.chunks[-1].at if self.chunks else 0.0

    def cpu_seconds(self) -> float:
        """User and system time of the program so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self) -> float:
        """Memory that the program holds."""
        for line in Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # how Linux says that nobody holds the other side any more
            self._hung_up = True
            time.sleep(min(timeout, 0.01))
            return False
        self.chunks.append(Chunk(time.perf_counter() - self.started, data))
        return bool(data)


def environment(**more: str) -> dict[str, str]:
    """The environment of a common terminal: 256 colours announced, true colour supported."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _set_size(terminal: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
