"""Copying over any line: by the terminal's own clipboard sequence, to a file, or to a pager.

OSC 52 gets no reply, so nobody can know whether the terminal took it: the word is sent, not copied,
and what was sent can still be had as a file whose path is said, or be read in `$PAGER`.
"""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.text import visible

if TYPE_CHECKING:
    from textual.app import App

LARGEST = 74_994
"""Bytes of text whose base64 fits the 100,000 bytes that common terminals accept."""


def osc52(text: str, *, in_tmux: bool) -> str:
    """The sequence that asks a terminal to take a text; inside tmux it is passed through."""
    encoded = base64.b64encode(text.encode("utf-8", errors="replace")).decode("ascii")
    sequence = f"\x1b]52;c;{encoded}\x07"
    if not in_tmux:
        return sequence
    escaped = sequence.replace("\x1b", "\x1b\x1b")
    # tmux takes the bare sequence with `set-clipboard on`, the wrapped one with passthrough on.
    return f"{sequence}\x1bPtmux;{escaped}\x1b\\"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was copied last."""

    text: str
    what: str


_LAST: WeakKeyDictionary[App[None], Sent] = WeakKeyDictionary()


def send(app: App[None], text: str, what: str) -> str:
    """Send a text to the terminal's clipboard, or write it to a file where it is too large.

    Args:
        app: The running app.
        text: What to copy, as it is: escapes are for screens, not for clipboards.
        what: How to call it: `example 17`.

    Returns:
        A sentence that says what was done, and how else the text can be had.
    """
    _LAST[app] = Sent(text, what)
    size = len(text.encode("utf-8", errors="replace"))
    driver = app._driver
    if size <= LARGEST and driver is not None:
        driver.write(osc52(text, in_tmux=bool(os.environ.get("TMUX"))))
        return (
            f"Sent {what} to the terminal's clipboard ({size:,} bytes). "
            "Y writes it to a file, | shows it in a pager."
        )
    name = _write(text)
    return f"{what[:1].upper()}{what[1:]} is too large for the clipboard; it is in {name}."


def to_file(app: App[None]) -> str:
    """Write what was copied last to a file; a sentence with its path.

    Raises:
        InputError: nothing was copied yet.
    """
    sent = _last(app)
    return f"Wrote {sent.what} to {_write(sent.text)}."


def in_pager(app: App[None]) -> None:
    """Show what was copied last in `$PAGER`, control characters as visible escapes.

    Raises:
        InputError: nothing was copied yet.
        LlmopsError: the pager can't be started; the error names a file with the text.
    """
    sent = _last(app)
    command = shlex.split(os.environ.get("PAGER") or "less") or ["less"]
    try:
        with app.suspend():
            subprocess.run(command, input=visible(sent.text), text=True, check=False)
    except OSError as error:
        raise LlmopsError(
            f"The pager {command[0]!r} can't be started: {error.strerror or error}.",
            f"Set PAGER to one that is installed. The text is in {_write(sent.text)}.",
        ) from error
    app.refresh(layout=True)


def _last(app: App[None]) -> Sent:
    sent = _LAST.get(app)
    if sent is None:
        raise InputError("Nothing was copied yet.", "y copies what the cursor is on.")
    return sent


def _write(text: str) -> str:
    handle, name = tempfile.mkstemp(prefix="llmops-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
    return name
