"""Copying over any line: by the terminal's own clipboard sequence, or to a file that is named.

OSC 52 gets no reply, so nobody can know whether the terminal took it: the word is sent, not copied.
"""

from __future__ import annotations

import base64
import os
import tempfile
from typing import TYPE_CHECKING

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


def send(app: App[None], text: str, what: str) -> str:
    """Send a text to the terminal's clipboard, or write it to a file where it is too large.

    Args:
        app: The running app.
        text: What to copy, as it is: escapes are for screens, not for clipboards.
        what: How to call it: `example 17`.

    Returns:
        A sentence that says what was done.
    """
    size = len(text.encode("utf-8", errors="replace"))
    driver = app._driver
    if size <= LARGEST and driver is not None:
        driver.write(osc52(text, in_tmux=bool(os.environ.get("TMUX"))))
        return f"Sent {what} to the terminal's clipboard ({size:,} bytes)."
    handle, name = tempfile.mkstemp(prefix="llmops-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
    return f"{what[:1].upper()}{what[1:]} is too large for the clipboard; it is in {name}."
