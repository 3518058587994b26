"""`personal data` and `secret`: what an answer shouldn't give away.

Numbers that carry a check digit (cards, IBANs) are counted only where it is right, so that order
numbers and the like are no hits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.flags.base import LONGEST_TEXT, Finding, FlagInput, Rule
from llmops_tui.core.parameters import option

_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[A-Za-z]{2,24}\b")
_CARD: Final = re.compile(r"(?<![\d.,])(?:\d[ -]?){12,18}\d(?![\d.,]\d)")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SSN: Final = re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b")
_PHONE: Final = re.compile(r"(?<![\w+])\+\d{1,3}[ ./-]?(?:\(?\d{1,5}\)?[ ./-]?){2,6}\d{2,}\b")
_FEWEST_DIGITS: Final = 5
"""Any of these numbers has at least as many."""
_SSN_DIGITS, _CARD_DIGITS = 9, 13
_KINDS: Final = ("email", "card", "iban", "ssn", "phone")
_SAMPLES: Final = ("example.com", "example.org", "example.net", ".example", ".test", ".invalid")

# What it is; a mark that each such secret holds and few texts do; what it looks like.
_SECRETS: Final[tuple[tuple[str, str, re.Pattern[str]], ...]] = (
    ("a private key", "PRIVATE KEY", re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")),
    ("an AWS key", "AKIA", re.compile(r"\bAKIA[A-Z0-9]{16}\b")),
    ("an AWS key", "ASIA", re.compile(r"\bASIA[A-Z0-9]{16}\b")),
    *(
        ("a GitHub token", mark, re.compile(rf"\b{mark}[A-Za-z0-9]{{36,}}\b"))
        for mark in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")
    ),
    ("a GitHub token", "_pat_", re.compile(r"\bgithub_pat_\w{22,}\b")),
    ("a Slack token", "xox", re.compile(r"\bxox[abprs]-[\w-]{10,}")),
    ("an API key", "sk-", re.compile(r"\bsk-(?:[a-z]+-){0,3}[\w-]{20,}")),
    ("a Google API key", "AIza", re.compile(r"\bAIza[\w-]{35}\b")),
    ("a token", "eyJ", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
    ("a password", "://", re.compile(r"\b[a-z][a-z0-9+]{2,12}://[^\s:/@]{1,60}:[^\s:/@]{3,60}@")),
)
_RARE: Final = "_JK/"
"""Letters that few texts hold: looking for one costs a tenth of looking for a whole mark."""
_MARKED: Final = tuple(
    (next((letter for letter in _RARE if letter in mark), mark), what, mark, pattern)
    for what, mark, pattern in _SECRETS
)


@dataclass(frozen=True, slots=True)
class PersonalParameters:
    """Which kinds are looked for."""

    kinds: tuple[str, ...] = option(("email", "card", "iban", "ssn"), f"Any of {', '.join(_KINDS)}")
    given: bool = option(True, "What the question holds already may be in the answer")

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in _KINDS]
        if unknown:
            raise InputError(
                f"There is no kind of personal data {unknown[0]!r}.", f"It is {', '.join(_KINDS)}."
            )


@dataclass(frozen=True, slots=True)
class SecretParameters:
    """For secrets."""

    given: bool = option(False, "What the question holds already may be in the answer")


def compile_personal(parameters: PersonalParameters) -> Rule:
    """`personal data`: an address, a card, a bank account, a social security number, a phone."""
    kinds = frozenset(parameters.kinds)

    def rule(call: FlagInput) -> Finding | None:
        text = call.output[:LONGEST_TEXT]
        for kind, found in _personal(text, kinds):
            if not (parameters.given and found.group() in call.input):
                return Finding(f"The answer holds {kind}.", *found.span())
        return None

    return rule


def compile_secret(parameters: SecretParameters) -> Rule:
    """`secret`: a key, a token or a password."""

    def rule(call: FlagInput) -> Finding | None:
        text = call.output[:LONGEST_TEXT]
        for rare, what, mark, pattern in _MARKED:
            if rare in text and mark in text and (found := pattern.search(text)):
                if parameters.given and found.group() in call.input:
                    continue
                return Finding(f"The answer holds what looks like {what}.", *found.span())
        return None

    return rule


def _personal(text: str, kinds: frozenset[str]) -> list[tuple[str, re.Match[str]]]:
    hits: list[tuple[str, re.Match[str]]] = []
    if "email" in kinds and "@" in text:
        hits += [
            ("an e-mail address", found)
            for found in _EMAIL.finditer(text)
            if not found.group().lower().endswith(_SAMPLES)
        ]
    digits = sum(map(text.count, "0123456789"))
    if digits >= _FEWEST_DIGITS:
        if "card" in kinds and digits >= _CARD_DIGITS:
            hits += [("a card number", found) for found in _CARD.finditer(text) if _luhn(found)]
        if "iban" in kinds:
            hits += [("a bank account", found) for found in _IBAN.finditer(text) if _iban(found)]
        if "ssn" in kinds and digits >= _SSN_DIGITS:
            hits += [("a social security number", found) for found in _SSN.finditer(text)]
        if "phone" in kinds and "+" in text:
            hits += [("a phone number", found) for found in _PHONE.finditer(text)]
    return hits


def _luhn(found: re.Match[str]) -> bool:
    """Whether a card number's check digit is right (ISO/IEC 7812)."""
    digits = [int(letter) for letter in found.group() if letter.isdigit()]
    if len(set(digits)) < 3 or digits[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(found: re.Match[str]) -> bool:
    """Whether an account number's check digits are right (ISO 13616)."""
    number = found.group().replace(" ", "")
    moved = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
