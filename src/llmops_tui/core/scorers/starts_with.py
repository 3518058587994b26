"""`starts_with`: the answer begins with a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, composed, quote, wanted

EXPLANATION: Final = "The answer begins with the expected text."


@dataclass(frozen=True, slots=True)
class StartsWithParameters:
    """What the answer must begin with."""

    texts: tuple[str, ...] = option((), "Possible beginnings; none: what the example expects")
    ignore_case: bool = option(False, "Upper and lower case are the same")
    trim: bool = option(True, "Leave out white space at the beginning")


def compile_starts_with(parameters: StartsWithParameters) -> Check:
    """The check for these parameters."""

    def normal(text: str) -> str:
        text = composed(text.lstrip() if parameters.trim else text)
        return text.casefold() if parameters.ignore_case else text

    def check(given: ScoringInput) -> Finding:
        answer = given.answer.lstrip() if parameters.trim else given.answer
        texts = wanted(parameters.texts, given)
        # More is kept than is compared, as joining accents and folding case change lengths.
        head = normal(answer[: 4 * max(map(len, texts)) + 16])
        for text in texts:
            if head.startswith(normal(text)):
                return True, f"starts with {quote(text)}"
        return False, f"starts with {quote(answer)}, not {quote(texts[0])}"

    return check
