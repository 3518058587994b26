"""The one place that makes hostile text safe for a terminal, and measures it in cells.

Whatever a model, a data set or the network wrote may hold control characters, escape sequences,
bidirectional overrides and characters nobody can see. `visible()` shows each of them as an
escape; it leaves alone what people write: accents, CJK, emoji, Persian and Indic joiners.

Nothing here knows Rich or Textual. Cell widths follow the same rules as Rich's (checked by a
test), as that is what lays the screen out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

TAB: Final = "    "
"""What a tab becomes: tab stops mean nothing in a list or a pane."""
NEWLINE_SIGN: Final = "⏎"
ELLIPSIS: Final = "…"

# Pictographs that emoji sequences are made of: the neighbours that make a joiner harmless.
_EMOJI: Final = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_IDEOGRAPH: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Arabic, Syriac, Thaana, N'Ko … and the Indic scripts, in whose words joiners carry meaning.
_JOINING: Final = "\u0620-\u065f\u066e-\u06dc\u06fa-\u06ff\u0710-\u08c7\u0900-\u0dff\u1000-\u109f"
_MONGOLIAN: Final = "\u1820-\u18aa"

# Invisible or line-breaking characters outside ASCII that no context makes harmless: C1, format
# characters (bidi, tags, annotations), separators, fillers, noncharacters, lone surrogates.
_ALWAYS: Final = (
    "\u0080-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000110bd\U000110cd\U00013430-\U00013440\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_SELECTORS: Final = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"

# Lookarounds only ever name characters that are themselves kept, so a second pass changes nothing.
_MISPLACED: Final = (
    f"(?<![{_JOINING}])\u200c|\u200c(?![{_JOINING}])"
    f"|(?<![{_JOINING}])(?<![{_EMOJI}])(?<![{_EMOJI}]\ufe0f)\u200d"
    f"|(?<=[{_JOINING}])\u200d(?![{_JOINING}])"
    f"|(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?![{_EMOJI}])"
    f"|(?<![{_EMOJI}])(?<![0-9#*])[\ufe0e\ufe0f]"
    f"|(?<=[0-9#*])(?:\ufe0e|\ufe0f(?!\u20e3))"
    f"|(?<![{_IDEOGRAPH}])(?:[\ufe00-\ufe02]|[\U000e0100-\U000e01ef])"
    f"|[\ufe03-\ufe0d]"
    f"|(?<![{_MONGOLIAN}])[\u180b-\u180d\u180f]"
)
_C0: Final = r"\x00-\x09\x0b-\x1f\x7f"

# One character class each: only then does the regex engine skip ahead at full speed.
_SUSPECT_ASCII: Final = re.compile(f"[{_C0}]")
_SUSPECT: Final = re.compile(f"[{_C0}{_ALWAYS}{_SELECTORS}\u200c\u200d]")
_SUSPECT_LINE: Final = re.compile(f"[\n{_C0}{_ALWAYS}{_SELECTORS}\u200c\u200d]")


class _Escapes(dict[str, str]):
    """The visible form of each hostile character, filled as they turn up."""

    def __missing__(self, character: str) -> str:
        code = ord(character)
        if code < 0x20:
            shown = chr(0x2400 + code)
        elif code == 0x7F:
            shown = "\u2421"
        elif code < 0x100:
            shown = f"\\x{code:02x}"
        elif code < 0x10000:
            shown = f"\\u{code:04x}"
        else:
            shown = f"\\U{code:08x}"
        self[character] = shown
        return shown


# Joiners and selectors: harmless inside the sequences and words they are made for.
_CONTEXTUAL: Final = frozenset(
    [
        *"\u200c\u200d\u180b\u180c\u180d\u180f",
        *map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]),
    ]
)

_ESCAPES: Final = _Escapes({"\t": TAB, "\n": NEWLINE_SIGN})


def visible(text: str, *, newlines: bool = True, limit: int | None = None) -> str:
    r"""Make a text safe for a terminal: what can't be seen or would act becomes an escape.

    C0 controls and DEL become control pictures (`␛`), other characters `\x9b`, `\u202e` or
    `\U000e0041`; tabs become four spaces, CRLF becomes a newline. Doing it twice changes nothing.

    Args:
        text: Anything, lone surrogates included.
        newlines: Keep line ends; False gives one line with `⏎` in their place.
        limit: Look at this many characters at most; what was left out is said at the end.

    Returns:
        The same object where nothing had to change.
    """
    if limit is not None and len(text) > limit:
        rest = len(text) - limit
        return f"{visible(text[:limit], newlines=newlines)}{ELLIPSIS} (+{rest:,} characters)"
    if text.isascii():
        if text.isprintable():
            return text
        suspect = _SUSPECT_ASCII.search(text) is not None
    else:
        suspect = _SUSPECT.search(text) is not None
    if not suspect:
        # str.replace returns the same object where there is nothing to replace.
        return text if newlines else text.replace("\n", NEWLINE_SIGN)
    shown = text.replace("\r\n", "\n")
    shown = (_SUSPECT if newlines else _SUSPECT_LINE).sub(_show, shown)
    return text if shown == text else shown


def replace_hidden(text: str, replace: Callable[[str], str]) -> str:
    """Replace exactly the characters that `visible()` would escape, tabs and newlines excepted.

    For editors, which need one character for one: CRLF stays two characters.

    Returns:
        The same object where nothing is hidden.
    """
    if text.isprintable():
        suspects = None if text.isascii() else _SUSPECT.search(text)
    else:
        suspects = _SUSPECT.search(text)
    if suspects is None:
        return text

    def shown(match: re.Match[str]) -> str:
        character = match[0]
        if character == "\t" or (
            character in _CONTEXTUAL and not _misplaced()(match.string, match.start())
        ):
            return character
        return replace(character)

    return _SUSPECT.sub(shown, text)


@cache
def _misplaced() -> Callable[[str, int], object]:
    # Compiled on first use: 5 ms that the way to the first ink need not pay.
    return re.compile(_MISPLACED).match


def _show(match: re.Match[str]) -> str:
    character = match[0]
    if character in _CONTEXTUAL and not _misplaced()(match.string, match.start()):
        return character
    return _ESCAPES[character]


class _Widths(dict[str, int]):
    """Cells of each character, filled as they turn up and kept small."""

    def __missing__(self, character: str) -> int:
        if len(self) > 20_000:
            self.clear()
        width = self[character] = _width(character)
        return width


def _width(character: str) -> int:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return 0
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Mc", "Cs", "Zl", "Zp"} or _WIDTHLESS.match(character):
        return 0
    if category == "Cf":
        return 1 if code < 0x900 and code != 0xAD else 0
    if category == "Cn":
        # Younger than this Python's tables, whose east_asian_width() is of no use for them.
        wide = 0x1FA70 <= code < 0x1FB00 or 0x20000 <= code < 0x3FFFE
    else:
        wide = unicodedata.east_asian_width(character) in "WF" or _WIDE.match(character) is not None
    return 2 if wide else 1


# Hangul vowels and finals join the block before them; skin tones the emoji before them.
_WIDTHLESS: Final = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\U0001f3fb-\U0001f3ff]")
# Wide since Unicode 16.
_WIDE: Final = re.compile(
    "[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]"
)
_WIDTHS: Final = _Widths()

# Narrow by default, wide with the emoji selector behind: digits and symbols that have both forms.
_WIDENS: Final = (
    "[#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u2328\u23cf\u23ed-\u23ef"
    "\u23f1\u23f2\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb\u25fc\u2600-\u2604\u260e\u2611"
    "\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642\u265f\u2660"
    "\u2663\u2665\u2666\u2668\u267b\u267e\u2692\u2694-\u2697\u2699\u269b\u269c\u26a0\u26a7\u26b0"
    "\u26b1\u26c8\u26cf\u26d1\u26d3\u26e9\u26f0\u26f1\u26f4\u26f7-\u26f9\u2702\u2708\u2709\u270c"
    "\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2733\u2734\u2744\u2747\u2763\u2764\u27a1\u2934"
    "\u2935\u2b05-\u2b07\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f321\U0001f324-\U0001f32c"
    "\U0001f336\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f\U0001f3cb-"
    "\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7\U0001f43f\U0001f441\U0001f4fd"
    "\U0001f549\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587\U0001f58a-\U0001f58d"
    "\U0001f590\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4\U0001f5d1-"
    "\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa"
    "\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9\U0001f6f0\U0001f6f3]"
)


def cells(text: str) -> int:
    """Width of a safe text in terminal cells; a newline counts nothing."""
    if text.isascii() and text.isprintable():
        return len(text)
    if "\u200d" in text or "\ufe0f" in text:
        return sum(_advances(text))
    return sum(map(_WIDTHS.__getitem__, text))


@cache
def _widens() -> Callable[[str], object]:
    return re.compile(_WIDENS).match


def _advances(text: str) -> list[int]:
    """What each character adds to the width, emoji sequences taken together."""
    advances: list[int] = []
    base = ""
    joined = False
    for character in text:
        if joined:
            advances.append(0)
            joined = False
        elif character == "\u200d":
            advances.append(0)
            joined = True
        elif character == "\ufe0f":
            advances.append(1 if base and _widens()(base) else 0)
            base = ""
        else:
            width = _WIDTHS[character]
            advances.append(width)
            base = character if width else base
    return advances


def shorten(text: str, width: int) -> str:
    """Cut a safe one-line text to at most so many cells, with `…` where something was cut.

    Never cuts between a letter and its accents or inside an emoji sequence. Returns the same
    object where the text fits.
    """
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        return text if len(text) <= width else text[: width - 1] + ELLIPSIS
    # A longer text can't be told to fit by its beginning alone, save for zero-width characters,
    # of which nobody needs more than a few for each cell.
    head = text if len(text) <= 8 * width + 64 else text[: 8 * width + 64]
    advances = _advances(head)
    if head is text and sum(advances) <= width:
        return text
    cut = total = 0
    for index, advance in enumerate(advances):
        # Only a character that takes room of its own begins something that may be cut off.
        if advance and head[index] != "\ufe0f":
            cut = index
        total += advance
        if total > width - 1:
            break
    else:
        cut = len(head)
    return head[:cut] + ELLIPSIS


def one_line(text: str, width: int) -> str:
    """A hostile text as one safe line of at most so many cells, whatever its length.

    Looks at a beginning of the text only that is proportional to `width`.
    """
    bound = 8 * max(width, 0) + 64
    if len(text) <= bound:
        return shorten(visible(text, newlines=False), width)
    return shorten(visible(text[:bound], newlines=False) + ELLIPSIS, width)


_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def escape_formula(cell: str) -> str:
    """Keep a spreadsheet from running a CSV cell as a formula, by a leading apostrophe.

    Plain numbers such as `-5` or `+1.5e3` stay numbers. Leading spaces don't hide a formula.
    """
    start = cell.lstrip(" ")
    if start and _FORMULA.match(start) and not _NUMBER.fullmatch(start):
        return "'" + cell
    return cell


def decode(data: bytes) -> str:
    r"""Read bytes as UTF-8; each byte that isn't becomes `\xNN`, so nothing is lost from sight."""
    return data.decode("utf-8", errors="backslashreplace")
