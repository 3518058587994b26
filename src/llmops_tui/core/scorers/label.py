"""`label`: the answer names the expected one of a set of labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, accepted, quote

EXPLANATION: Final = "The answer names the expected one of a set of labels, and no other."
_SEPARATORS: Final = re.compile(r"[\s_-]+")
_NEED_EXPECTED: Final = "The example has no expected answer."


@dataclass(frozen=True, slots=True)
class LabelParameters:
    """The labels, and what happens where an answer names several."""

    labels: tuple[str, ...] = option((), "All labels an answer may name")
    which: str = option(
        "only",
        "Where an answer names several: wrong, or the first or last counts",
        choices=("only", "first", "last"),
    )
    ignore_case: bool = option(True, "Upper and lower case are the same")

    def __post_init__(self) -> None:
        if not self.labels or not all(_SEPARATORS.sub("", label) for label in self.labels):
            raise InputError("The scorer label needs the labels.", "None of them may be empty.")


def label_reader(parameters: LabelParameters) -> Callable[[str], str | None]:
    """What reads the label that a text names; None for none, or several where only one may be."""
    normal = _normalizer(parameters)
    labels = {normal(label): label for label in parameters.labels}
    pattern = _pattern(parameters)

    def read(text: str) -> str | None:
        named = list(dict.fromkeys(normal(match[0]) for match in pattern.finditer(text)))
        if not named or (len(named) > 1 and parameters.which == "only"):
            return None
        said = named[-1] if parameters.which == "last" else named[0]
        return labels.get(said, said)

    return read


def _normalizer(parameters: LabelParameters) -> Callable[[str], str]:
    def normal(text: str) -> str:
        text = _SEPARATORS.sub(" ", text).strip()
        return text.casefold() if parameters.ignore_case else text

    return normal


def _pattern(parameters: LabelParameters) -> re.Pattern[str]:
    # Longest first: `card arrival` is not `card`. Blanks, dashes and underscores are the same.
    words = sorted(parameters.labels, key=len, reverse=True)
    pieces = (r"[\s_-]+".join(map(re.escape, filter(None, _SEPARATORS.split(w)))) for w in words)
    return re.compile(
        rf"(?<!\w)(?:{'|'.join(pieces)})(?!\w)", re.IGNORECASE if parameters.ignore_case else 0
    )


def compile_label(parameters: LabelParameters) -> Check:
    """The check for these parameters."""
    normal = _normalizer(parameters)
    labels = {normal(label): label for label in parameters.labels}
    pattern = _pattern(parameters)

    def check(given: ScoringInput) -> Finding:
        if given.expected is None:
            raise InputError(_NEED_EXPECTED, "Label it, or use a scorer that needs none.")
        right = {normal(text) for text in accepted(given.expected)} & labels.keys()
        if not right:
            raise InputError(f"The expected answer {given.expected[:60]!r} is none of the labels.")
        named = list(dict.fromkeys(normal(match[0]) for match in pattern.finditer(given.answer)))
        if not named:
            return False, "names none of the labels"
        if len(named) > 1 and parameters.which == "only":
            shown = " and ".join(quote(labels.get(name, name)) for name in named[:3])
            return False, f"names several labels: {shown}"
        said = named[-1] if parameters.which == "last" else named[0]
        if said in right:
            return True, f"names {quote(labels[said])}, as expected"
        wanted = quote(labels[next(iter(right))])
        return False, f"names {quote(labels.get(said, said))}, not {wanted}"

    return check
