"""`language` and `similarity`: what a small model says of a text, computed here."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote, wanted
from llmops_tui.core.scorers.outside import LanguageParameters, SimilarityParameters
from llmops_tui.runner.scorers.extras import load

LONGEST = 20_000


def compile_language(parameters: LanguageParameters) -> Check:
    """The language as py3langid tells it (Lui & Baldwin 2012, "langid.py").

    Raises:
        UnavailableError: The library isn't installed.
    """
    classify = load("py3langid", "language", "scorers").classify
    fine = {name.lower() for name in parameters.languages}

    def check(given: ScoringInput) -> Finding:
        text = given.answer[:LONGEST]
        letters = sum(map(str.isalpha, text))
        if letters < parameters.shortest:
            return True, f"is too short for its language to be told ({letters} letters)"
        found = str(classify(text)[0])
        if found in fine:
            return True, f"is written in {found}"
        return False, f"is written in {found}, not {' or '.join(sorted(fine))}"

    return check


def compile_similarity(parameters: SimilarityParameters) -> Check:
    """Likeness of meaning: cosine of the texts' vectors. A negation changes it little.

    Raises:
        UnavailableError: The library isn't installed.
    """
    model = vectors()

    def check(given: ScoringInput) -> Finding:
        choices = wanted(parameters.texts, given)
        answer = given.answer[:LONGEST]
        if not answer.strip():
            return False, "is empty", 0.0
        value, nearest = max(
            ((float(model.similarity(answer, text[:LONGEST])), text) for text in choices),
            key=lambda pair: pair[0],
        )
        value = min(1.0, max(0.0, value))
        passed = value >= parameters.least
        sign = "≥" if passed else "<"
        shown = quote(nearest)
        return passed, f"is {value:.2f} {sign} {parameters.least:.2f} like {shown}", value

    return check


@cache
def vectors() -> Any:
    """The static vectors that come with the library; it is told not to ask any hub for more."""
    wordllama = load("wordllama", "similarity", "embedding")
    here = Path(str(wordllama.__file__)).parent
    return wordllama.WordLlama.load(cache_dir=here, disable_download=True)
