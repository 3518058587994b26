"""Likeness of letters and words: `levenshtein`, `token_overlap`, `bleu`, `chrf`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, composed, quote, wanted
from llmops_tui.core.scorers.outside import (
    BleuParameters,
    LevenshteinParameters,
    TokenOverlapParameters,
)
from llmops_tui.runner.scorers.extras import load

LONGEST = 20_000
"""Characters that are compared: the time for edits grows with the product of both lengths."""


def compile_levenshtein(parameters: LevenshteinParameters) -> Check:
    """The answer is a few edits away (Levenshtein 1966), counted by rapidfuzz."""
    # 60 ms to load, for this scorer alone.
    from rapidfuzz.distance import Levenshtein

    def normal(text: str) -> str:
        text = composed(text.strip())[:LONGEST]
        return text.casefold() if parameters.ignore_case else text

    def check(given: ScoringInput) -> Finding:
        answer = normal(given.answer)
        choices = wanted(parameters.texts, given)
        edits, choice = min(
            ((Levenshtein.distance(answer, normal(text)), text) for text in choices),
            key=lambda pair: pair[0],
        )
        likeness = 1 - edits / max(len(answer), len(normal(choice)), 1)
        if parameters.most_edits >= 0:
            passed = edits <= parameters.most_edits
        else:
            passed = likeness >= parameters.least
        letters = "1 letter" if edits == 1 else f"{edits:,} letters"
        return passed, f"is {letters} from {quote(choice)} (likeness {likeness:.2f})", likeness

    return check


def compile_token_overlap(parameters: TokenOverlapParameters) -> Check:
    """The words that are shared, as rapidfuzz measures them."""
    from rapidfuzz import fuzz, utils  # as above

    ratio = {
        "sort": fuzz.token_sort_ratio,
        "set": fuzz.token_set_ratio,
        "plain": fuzz.ratio,
    }[parameters.measure]

    def check(given: ScoringInput) -> Finding:
        answer = given.answer[:LONGEST]
        choices = wanted(parameters.texts, given)
        value = max(
            ratio(answer, text[:LONGEST], processor=utils.default_process) / 100 for text in choices
        )
        passed = value >= parameters.least
        sign = "≥" if passed else "<"
        shown = quote(choices[0])
        return passed, f"shares {value:.2f} {sign} {parameters.least:.2f} with {shown}", value

    return check


def compile_bleu(parameters: BleuParameters) -> Check:
    """BLEU of one sentence (Papineni et al. 2002), smoothed, by sacrebleu (Post 2018)."""
    sacrebleu = load("sacrebleu", "bleu", "scorers")

    def measure(answer: str, references: Sequence[str]) -> float:
        return float(sacrebleu.sentence_bleu(answer, list(references)).score)

    return _compared("BLEU", measure, parameters)


def compile_chrf(parameters: BleuParameters) -> Check:
    """ChrF: runs of characters (Popović 2015), by sacrebleu."""
    sacrebleu = load("sacrebleu", "chrf", "scorers")

    def measure(answer: str, references: Sequence[str]) -> float:
        return float(sacrebleu.sentence_chrf(answer, list(references)).score)

    return _compared("chrF", measure, parameters)


def _compared(
    name: str, measure: Callable[[str, Sequence[str]], float], parameters: BleuParameters
) -> Check:
    def check(given: ScoringInput) -> Finding:
        references = wanted(parameters.texts, given)
        score = measure(given.answer[:LONGEST].strip(), references)
        value = min(1.0, max(0.0, score / 100))
        passed = value >= parameters.least
        sign = "≥" if passed else "<"
        return passed, f"has {name} {value:.2f} {sign} {parameters.least:.2f}", value

    return check
