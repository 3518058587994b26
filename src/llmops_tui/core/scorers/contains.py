"""`contains`: the answer holds a text, or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, composed, quote, wanted

EXPLANATION: Final = "The answer holds the expected text, or any or all of several."


@dataclass(frozen=True, slots=True)
class ContainsParameters:
    """What the answer must hold."""

    texts: tuple[str, ...] = option((), "Texts to look for; none: what the example expects")
    mode: str = option("any", "Any of them will do, or all are needed", choices=("any", "all"))
    ignore_case: bool = option(False, "Upper and lower case are the same")


def compile_contains(parameters: ContainsParameters) -> Check:
    """The check for these parameters."""
    every = parameters.mode == "all"

    def normal(text: str) -> str:
        text = composed(text)
        return text.casefold() if parameters.ignore_case else text

    fixed = tuple((text, normal(text)) for text in parameters.texts)

    def check(given: ScoringInput) -> Finding:
        answer = normal(given.answer)
        pairs = fixed or tuple((text, normal(text)) for text in wanted((), given))
        for shown, text in pairs:
            if (text in answer) is not every:
                return not every, f"{'lacks' if every else 'contains'} {quote(shown)}"
        listed = ", ".join(quote(shown) for shown, _ in pairs[:3]) + (" …" if pairs[3:] else "")
        if every:
            return True, f"contains {listed}"
        return False, f"contains none of {listed}" if pairs[1:] else f"lacks {listed}"

    return check
