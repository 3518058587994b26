"""In which language a text is written, where the library that tells it is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

SHORTEST = 12
"""Letters below which a language is a guess."""
LONGEST = 2000
"""Characters of a text that are looked at."""

LanguageOf = Callable[[str], str]


def language_of() -> LanguageOf | None:
    """Tells a text's language as `de`, empty for too short a text; None without the library."""
    try:
        import py3langid  # 350 ms, an extra
    except ImportError:
        return None
    return partial(_language, py3langid.classify)


def _language(classify: Callable[[str], tuple[str, float]], text: str) -> str:
    looked = text[:LONGEST]
    return str(classify(looked)[0]) if sum(map(str.isalpha, looked)) >= SHORTEST else ""
