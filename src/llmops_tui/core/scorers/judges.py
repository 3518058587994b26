"""Judges: scorers for which a model reads the answer. What each is told; `runner` asks.

The names say what the judgement is about: a rubric, closed choices, a reference, two answers, or
steps (Liu et al. 2023, "G-Eval"). Until people's labels tell how often a judge errs, screens call
it unverified (`core/tolerance/judge.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option

_MODEL: Final = "The judging model's name, or endpoint/name"


def _need(value: object, judge: str, what: str, hint: str = "") -> None:
    if not value:
        raise InputError(f"The scorer {judge} needs {what}.", hint)


RUBRIC_EXPLANATION: Final = "A model judges the answer by a rubric that you write."


@dataclass(frozen=True, slots=True)
class RubricParameters:
    """The rubric."""

    rubric: str = option("", "What a right answer is like, in your words")
    model: str = option("", _MODEL)
    least: float = option(0.5, "Where the judge gives a score: pass from here, 0 to 1", least=0)

    def __post_init__(self) -> None:
        _need(self.rubric, "judge_rubric", "a rubric", "Say what a right answer is like.")
        _need(self.model, "judge_rubric", "the judging model")


CHOICE_EXPLANATION: Final = "A model chooses one of several statements about the answer."


@dataclass(frozen=True, slots=True)
class ChoiceParameters:
    """The question, and which choices are fine."""

    question: str = option("", "What the judge is asked about the answer")
    choices: tuple[str, ...] = option(("yes", "no"), "The only replies it may give")
    passing: tuple[str, ...] = option(("yes",), "Those with which the answer passes")
    model: str = option("", _MODEL)

    def __post_init__(self) -> None:
        _need(self.question, "judge_choice", "a question")
        _need(self.model, "judge_choice", "the judging model")
        if len(self.choices) < 2 or not set(self.passing) <= set(self.choices) or not self.passing:
            raise InputError(
                "The scorer judge_choice needs two choices at least, and passing ones among them."
            )


FACTUALITY_EXPLANATION: Final = "A model compares the answer's facts with the expected answer's."
FACT_WORDS: Final = ("subset", "superset", "same", "conflict", "irrelevant")


@dataclass(frozen=True, slots=True)
class FactualityParameters:
    """Which relations to the reference are fine."""

    passing: tuple[str, ...] = option(
        ("subset", "superset", "same", "irrelevant"),
        f"Relations with which the answer passes, of {', '.join(FACT_WORDS)}",
    )
    reference: str = option("", "What is true; none: what the example expects")
    model: str = option("", _MODEL)

    def __post_init__(self) -> None:
        _need(self.model, "judge_factuality", "the judging model")
        if not self.passing or not set(self.passing) <= set(FACT_WORDS):
            raise InputError(
                "The scorer judge_factuality doesn't know these relations.",
                f"They are {', '.join(FACT_WORDS)}.",
            )


PAIRWISE_EXPLANATION: Final = (
    "A model says which is better, the answer or the expected one; both orders are asked."
)


@dataclass(frozen=True, slots=True)
class PairwiseParameters:
    """By what to prefer."""

    criterion: str = option(
        "Which answer is more helpful, correct and to the point?", "By what one is better"
    )
    ties: bool = option(True, "An answer that is as good passes")
    model: str = option("", _MODEL)

    def __post_init__(self) -> None:
        _need(self.criterion, "judge_pairwise", "a criterion")
        _need(self.model, "judge_pairwise", "the judging model")


STEPS_EXPLANATION: Final = "A model scores the answer in steps that you write, as in G-Eval."


@dataclass(frozen=True, slots=True)
class StepsParameters:
    """The criterion, the steps, the scale."""

    criterion: str = option("", "What is measured, e.g. coherence")
    steps: tuple[str, ...] = option((), "What the judge is to do, one after the other")
    most: int = option(5, "The scale goes from 1 to this", least=2)
    least: float = option(0.7, "Pass from this share of the scale, 0 to 1", least=0)
    model: str = option("", _MODEL)

    def __post_init__(self) -> None:
        _need(self.criterion, "judge_steps", "a criterion")
        _need(self.model, "judge_steps", "the judging model")
