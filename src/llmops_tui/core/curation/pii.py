"""Personal and secret things in text: what they are, where they stand, and masking them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LONGEST = 20_000
"""Characters of one text that are looked at."""

EMAIL, PHONE, CARD, IBAN, SECRET = "email", "phone", "card", "IBAN", "key or token"
NAME = "name"

NameFinder = Callable[[str], Iterator[tuple[int, int]]]
"""Where the names of people stand in a text."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24}(?![\w-])")
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b")
_PHONE_HINT = re.compile(r"\+?\d[\d\s().\-/]{5,}\d")
_SECRET = re.compile(
    r"""(?x)
    \bsk-(?:ant-|proj-)?[A-Za-z0-9_\-]{20,}            # OpenAI, Anthropic
    | \b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{30,}        # GitHub
    | \bgithub_pat_[A-Za-z0-9_]{40,}
    | \bglpat-[A-Za-z0-9_\-]{20,}
    | \bAKIA[0-9A-Z]{16}\b                              # AWS
    | \bAIza[0-9A-Za-z_\-]{35}\b                        # Google
    | \bxox[abprs]-[A-Za-z0-9\-]{10,}                   # Slack
    | \bhf_[A-Za-z0-9]{30,}
    | \b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}     # Stripe
    | \beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}   # JSON Web Token
    | -----BEGIN[ ](?:[A-Z]+[ ])?PRIVATE[ ]KEY-----
    """
)


@dataclass(frozen=True, slots=True)
class Personal:
    """One such thing in a text."""

    kind: str
    start: int
    stop: int


def find_personal(text: str, names: NameFinder | None = None) -> list[Personal]:
    """All of them, in the order of the text, none overlapping another.

    Names of people only where something is given that knows them.
    """
    looked = text[:LONGEST]
    found: list[Personal] = []
    finders: list[Callable[[str], Iterator[Personal]]] = [
        _secrets,
        _emails,
        _ibans,
        _cards,
        _phones,
    ]
    if names is not None:
        finders.append(lambda looked: (Personal(NAME, *place) for place in names(looked)))
    for finder in finders:
        for one in finder(looked):
            if not any(one.start < other.stop and other.start < one.stop for other in found):
                found.append(one)
    return sorted(found, key=lambda one: one.start)


def mask(text: str, names: NameFinder | None = None) -> str:
    """The text with a name for the kind in place of each: `[email]`."""
    parts: list[str] = []
    at = 0
    for one in find_personal(text, names):
        parts += [text[at : one.start], f"[{one.kind}]"]
        at = one.stop
    return "".join([*parts, text[at:]])


def _secrets(text: str) -> Iterator[Personal]:
    return _matches(SECRET, _SECRET, text)


def _emails(text: str) -> Iterator[Personal]:
    return _matches(EMAIL, _EMAIL, text) if "@" in text else iter(())


def _cards(text: str) -> Iterator[Personal]:
    from stdnum import luhn  # check digits are rarely needed: not on the way to first ink

    return _matches(CARD, _CARD, text, lambda found: luhn.is_valid(re.sub(r"[ -]", "", found)))


def _ibans(text: str) -> Iterator[Personal]:
    for match in _IBAN.finditer(text):
        from stdnum import iban  # reads its table of countries: only where something looks so

        words = match[0].split(" ")
        while words:  # a word of capitals behind it looks like its end
            candidate = " ".join(words)
            if iban.is_valid(candidate, check_country=False):
                yield Personal(IBAN, match.start(), match.start() + len(candidate))
                break
            words.pop()


def _phones(text: str) -> Iterator[Personal]:
    if _PHONE_HINT.search(text) is None:
        return
    import phonenumbers  # 130 ms

    for match in phonenumbers.PhoneNumberMatcher(text, None):
        yield Personal(PHONE, match.start, match.end)
    for found in _NATIONAL.finditer(text):
        digits = sum(character.isdigit() for character in found[0])
        if 7 <= digits <= 15:
            yield Personal(PHONE, found.start(1), found.end(1))


_NATIONAL = re.compile(
    r"(?i)\b(?:tel|phone|call|mobile|cell|fax|telefon|handy|tél)\b[^\d+\n]{0,12}?"
    r"(\(?\d[\d\s().\-/]{5,}\d)"
)
"""Without a country code a number is one only where the text says so."""


def _matches(
    kind: str,
    pattern: re.Pattern[str],
    text: str,
    valid: Callable[[str], bool] = lambda _: True,
) -> Iterator[Personal]:
    for match in pattern.finditer(text):
        if valid(match[0]):
            yield Personal(kind, match.start(), match.end())
