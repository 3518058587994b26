"""`equals`: the answer is the expected one."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, composed, quote, wanted

EXPLANATION: Final = "The answer is the expected one, whole."
_PUNCTUATION: Final = string.punctuation + "…“”„‘’«»‹›¡¿。、，．！？：；「」『』（）"


@dataclass(frozen=True, slots=True)
class EqualsParameters:
    """How exactly the answer must be the expected one."""

    texts: tuple[str, ...] = option((), "Accepted answers; none: those the example expects")
    ignore_case: bool = option(False, "Upper and lower case are the same")
    trim: bool = option(True, "Leave out white space around the answer")
    strip_punctuation: bool = option(False, "Leave out punctuation around the answer")


def normalizer(parameters: EqualsParameters) -> Callable[[str], str]:
    """What makes texts that count as equal the same."""

    def normal(text: str) -> str:
        text = composed(text)
        if parameters.trim:
            text = text.strip()
        if parameters.strip_punctuation:
            text = text.strip(_PUNCTUATION)
            text = text.strip() if parameters.trim else text
        return text.casefold() if parameters.ignore_case else text

    return normal


def compile_equals(parameters: EqualsParameters) -> Check:
    """The check for these parameters."""
    normal = normalizer(parameters)
    fixed = frozenset(map(normal, parameters.texts))

    def check(given: ScoringInput) -> Finding:
        answer = normal(given.answer)
        if fixed:
            if answer in fixed:
                return True, f"is {quote(given.answer)}, as expected"
            return False, f"is {quote(given.answer)}, not {quote(parameters.texts[0])}"
        choices = wanted((), given)
        # An answer may itself look like a list: the text as a whole is accepted too.
        if any(answer == normal(choice) for choice in (*choices, given.expected or "")):
            return True, f"is {quote(given.answer)}, as expected"
        return False, f"is {quote(given.answer)}, not {quote(choices[0])}"

    return check
