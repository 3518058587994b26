"""Whether this terminal can be trusted with more than ASCII."""

from __future__ import annotations

import locale
import os
from functools import cache

ASCII_VARIABLE = "LLMOPS_TUI_ASCII"
POOR_TERMINALS = ("linux", "vt100", "vt220", "ansi")
"""Their fonts have no braille."""


@cache
def ascii_only() -> bool:
    """True where plots and bars are better drawn with ASCII. `LLMOPS_TUI_ASCII=1` forces it."""
    wanted = os.environ.get(ASCII_VARIABLE, "")
    if wanted:
        return wanted != "0"
    if os.environ.get("TERM", "") in POOR_TERMINALS:
        return True
    return locale.getpreferredencoding(False).replace("-", "").casefold() not in ("utf8", "ascii")
