r"""Hidden characters in the editor: each stands there as a sign of one cell, and none is lost.

A prompt may hold characters that would act on the terminal or that nobody could see: escape
sequences, bidirectional overrides, zero-width spaces from a web page. `core.text.visible()` shows
them as escapes, but several characters for one can't be edited as one. So the editor holds a
private character in the place of each hidden one, shown as a sign; what is kept, saved, copied
and handed to `$EDITOR` has the original back. That also keeps the editor from breaking lines at
characters (`\x85`, `\u2028`, a lone `\r`) that are content here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

from llmops_tui.core.text import replace_hidden

_PLANE = 0xF0000
"""Private use: hidden characters of the first 65,536 go here by their code …"""
_PLANE_ABOVE = 0x100000
"""… and those above (tags, musical and shorthand controls) here by their lower 16 bits."""
_ABOVE_RANGES = ((0xE0000, 0xE0FFF), (0x110BD, 0x110CD), (0x13430, 0x13440), (0x1BCA0, 0x1BCA3))
_MUSIC = (0x1D173, 0x1D17A)
_PRIVATE = re.compile(f"[{chr(_PLANE)}-{chr(0x10FFFF)}]")
OTHER_SIGN = "¤"
"""For hidden characters without a picture of their own."""


def can_hide(text: str) -> bool:
    """Whether every character survives the editor: not where private ones are used already."""
    return text.isascii() or _PRIVATE.search(text) is None


def hide(text: str) -> str:
    """The text as the editor holds it; as long as the original."""
    return replace_hidden(text, _private)


def reveal(text: str) -> str:
    """The original of what the editor holds."""
    if text.isascii():
        return text
    return _PRIVATE.sub(lambda match: _original(match[0]), text)


def shown(line: str) -> str:
    """A line of the editor as the terminal gets it: every character takes its own cells."""
    if line.isascii():
        return line
    return _PRIVATE.sub(lambda match: _sign(match[0]), line)


def positions(line: str) -> list[int]:
    """Where signs stand in a line of the editor."""
    return [] if line.isascii() else [match.start() for match in _PRIVATE.finditer(line)]


def hidden_words(text: str) -> str:
    """What is hidden in an editor's text: `3 hidden characters: ESC, U+200B`; empty for none."""
    if text.isascii():
        return ""
    found = Counter(_original(match[0]) for match in _PRIVATE.finditer(text))
    if not found:
        return ""
    names = [_name(character) for character in sorted(found)]
    total = found.total()
    more = f" and {len(names) - 3} more kinds" if len(names) > 3 else ""
    plural = "s" if total > 1 else ""
    return f"{total} hidden character{plural}: {', '.join(names[:3])}{more}"


def _private(character: str) -> str:
    code = ord(character)
    return chr(_PLANE + code if code < 0x10000 else _PLANE_ABOVE + (code & 0xFFFF))


@cache
def _above() -> dict[str, str]:
    ranges = (*_ABOVE_RANGES, _MUSIC)
    return {_private(chr(code)): chr(code) for a, b in ranges for code in range(a, b + 1)}


def _original(private: str) -> str:
    code = ord(private)
    return chr(code - _PLANE) if code < _PLANE_ABOVE else _above().get(private, private)


def _sign(private: str) -> str:
    code = ord(private) - _PLANE
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else OTHER_SIGN


def _name(character: str) -> str:
    short = {"\x1b": "ESC", "\r": "CR", "\x00": "NUL", "\x07": "BEL"}.get(character)
    if short:
        return short
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X} {name}".strip()
