"""`rouge_n`: how many runs of n words the answer shares with the expected one.

Lin (2004), "ROUGE: A package for automatic evaluation of summaries". Words are folded, nothing
is stemmed. Where several answers are accepted, the best counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, wanted, words

EXPLANATION: Final = "The answer shares enough runs of n words with the expected one."


@dataclass(frozen=True, slots=True)
class RougeParameters:
    """How much must be shared."""

    n: int = option(1, "Words in a run", least=1)
    measure: str = option(
        "f1",
        "Share of the expected runs found (recall), of the answer's own (precision), or both",
        choices=("recall", "precision", "f1"),
    )
    least: float = option(0.5, "Pass from here, 0 to 1", least=0)
    texts: tuple[str, ...] = option((), "Reference texts; none: what the example expects")


def compile_rouge(parameters: RougeParameters) -> Check:
    """The check for these parameters."""
    n = parameters.n
    fixed = tuple(_runs(text, n) for text in parameters.texts)

    def check(given: ScoringInput) -> Finding:
        references = fixed or tuple(_runs(text, n) for text in wanted((), given))
        if not any(references):
            raise InputError(f"The expected answer has fewer than {n} words.")
        said = _runs(given.answer, n)
        value = max(_measure(said, runs, parameters.measure) for runs in references)
        passed = value >= parameters.least
        sign = "≥" if passed else "<"
        return passed, f"has ROUGE-{n} {value:.2f} {sign} {parameters.least:.2f}", value

    return check


def _runs(text: str, n: int) -> Counter[tuple[str, ...]]:
    found = words(text)
    return Counter(zip(*(found[start:] for start in range(n)), strict=False))


def _measure(
    said: Counter[tuple[str, ...]], reference: Counter[tuple[str, ...]], measure: str
) -> float:
    shared = (said & reference).total()
    if not shared:
        return 0.0
    recall, precision = shared / reference.total(), shared / said.total()
    if measure == "recall":
        return recall
    return precision if measure == "precision" else 2 * recall * precision / (recall + precision)
