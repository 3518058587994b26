"""In which script a text is written, by its letters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

SCRIPTS = {
    "LATIN": "Latin",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "CJK": "Han",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "DEVANAGARI": "Devanagari",
    "THAI": "Thai",
    "BENGALI": "Bengali",
    "TAMIL": "Tamil",
    "ARMENIAN": "Armenian",
    "GEORGIAN": "Georgian",
    "ETHIOPIC": "Ethiopic",
}
LOOKED_AT = 400
NO_LETTERS = "no letters"


def script_of(text: str) -> str:
    """The script of most of its first letters; `Japanese` wherever there are kana."""
    head = text[:LOOKED_AT]
    if head.isascii():
        return "Latin" if any(character.isalpha() for character in head) else NO_LETTERS
    counts = Counter(_script(character) for character in head if character.isalpha())
    if "Japanese" in counts:
        return "Japanese"
    return counts.most_common(1)[0][0] if counts else NO_LETTERS


@lru_cache(maxsize=8192)
def _script(character: str) -> str:
    first = unicodedata.name(character, "").partition(" ")[0]
    return SCRIPTS.get(first, "other")
