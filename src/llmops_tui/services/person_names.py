"""Names of people in texts, where lists of them are installed (extra `names`)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from functools import cache

from llmops_tui.core.curation.pii import NameFinder

LOCALES = (
    "cs_CZ", "da_DK", "de_DE", "en_GB", "en_IN", "en_US", "es_ES", "es_MX", "fi_FI", "fr_FR",
    "hu_HU", "it_IT", "nl_NL", "no_NO", "pl_PL", "pt_BR", "pt_PT", "ro_RO", "sv_SE", "tr_TR",
)  # fmt: skip
"""Whose lists are read: those in Latin letters, in which a name begins with a capital."""

_PAIR = re.compile(
    r"\b([^\W\d_][^\W\d_'’]+(?:-[^\W\d_]+)?)((?:\s[A-Z]\.)?)\s+"
    r"(?=((?:(?:van|von|de|der|da|di|la)\s){0,2}[^\W\d_][^\W\d_'’]+(?:-[^\W\d_]+)?))"
)
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Señora?|Madame|Monsieur|Signora?)\b\.?\s+"
    r"([A-ZÀ-Þ][^\W\d_'’]+(?:[ -][A-ZÀ-Þ][^\W\d_'’]+)?)"
)


@cache
def name_finder() -> NameFinder | None:
    """Finds a known first name before a known last name, and what follows `Mr`, `Dr` and the like.

    A name that stands alone isn't found: most first names are words too. None without the lists.
    """
    try:
        import faker  # half a second for the lists, an extra
    except ImportError:
        return None
    assert faker.VERSION
    first, last = _lists()

    def find(text: str) -> Iterator[tuple[int, int]]:
        for match in _TITLED.finditer(text):
            yield match.span(1)
        for match in _PAIR.finditer(text):
            given, family = match[1], match[3]
            if given[0].isupper() and given in first and family.split()[-1] in last:
                yield match.start(1), match.end(3)

    return find


def _lists() -> tuple[frozenset[str], frozenset[str]]:
    first: set[str] = set()
    last: set[str] = set()
    for locale in LOCALES:
        lists = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for name, values in vars(lists).items():
            if name.startswith("first_names"):
                first |= _words(values)
            elif name.startswith("last_names"):
                last |= _words(values)
    return frozenset(first), frozenset(last)


def _words(values: object) -> set[str]:
    found = values if isinstance(values, Iterable) else ()
    return {word for word in found if isinstance(word, str) and word[:1].isupper()}
