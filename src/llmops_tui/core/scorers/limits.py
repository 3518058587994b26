"""What an answer may measure: its length, its words, how long it took, what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote, words

NANO: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LengthParameters:
    """Bounds of a count."""

    least: int = option(0, "At least so many", least=0)
    most: int = option(-1, "At most so many; -1 for no bound", least=-1)

    def __post_init__(self) -> None:
        if self.least == 0 and self.most < 0:
            raise InputError("A limit needs `least` or `most`.")
        if 0 <= self.most < self.least:
            raise InputError("No answer could have at least more than it has at most.")


LENGTH_EXPLANATION: Final = "The answer has no fewer and no more characters than it may."
WORDS_EXPLANATION: Final = "The answer has no fewer and no more words than it may."


def compile_length(parameters: LengthParameters) -> Check:
    """Bounds on the number of characters, white space around the answer left out."""

    def check(given: ScoringInput) -> Finding:
        return _within(len(given.answer.strip()), parameters, "character")

    return check


def compile_words(parameters: LengthParameters) -> Check:
    """Bounds on the number of words."""

    def check(given: ScoringInput) -> Finding:
        return _within(len(words(given.answer)), parameters, "word")

    return check


def _within(count: int, bounds: LengthParameters, unit: str) -> Finding:
    has = f"has {count:,} {unit}{'' if count == 1 else 's'}"
    if count < bounds.least:
        return False, f"{has}, at least {bounds.least:,} are needed"
    if 0 <= bounds.most < count:
        return False, f"{has}, at most {bounds.most:,} are allowed"
    return True, f"{has}, within the limits"


LATENCY_EXPLANATION: Final = "The answer came within a time."


@dataclass(frozen=True, slots=True)
class LatencyParameters:
    """The time."""

    most_ms: float = option(0.0, "Milliseconds the answer may take", least=0)

    def __post_init__(self) -> None:
        if self.most_ms <= 0:
            raise InputError("The scorer latency needs `most_ms`.", "E.g. 2000 for two seconds.")


def compile_latency(parameters: LatencyParameters) -> Check:
    """The check for these parameters. An answer from the cache keeps the time it once took."""

    def check(given: ScoringInput) -> Finding:
        passed = given.latency_ms <= parameters.most_ms
        limit = f"{parameters.most_ms:,.0f} ms"
        took = f"took {given.latency_ms:,.0f} ms"
        return passed, f"{took}, {'within' if passed else 'more than'} {limit}"

    return check


COST_EXPLANATION: Final = "The answer cost no more than it may."


@dataclass(frozen=True, slots=True)
class CostParameters:
    """The price."""

    most: float = option(0.0, "What one answer may cost, in the model's currency", least=0)


def compile_cost(parameters: CostParameters) -> Check:
    """The check for these parameters; an answer from the cache costs nothing."""
    most = round(parameters.most * NANO)

    def check(given: ScoringInput) -> Finding:
        passed = given.cost <= most
        cost = f"cost {given.cost / NANO:.6f}"
        return passed, f"{cost}, {'within' if passed else 'more than'} {parameters.most:.6f}"

    return check


FINISH_EXPLANATION: Final = "The answer ended for the reason it should: stop, length, tool_calls, …"


@dataclass(frozen=True, slots=True)
class FinishReasonParameters:
    """Which ends are fine."""

    reasons: tuple[str, ...] = option(("stop",), "Finish reasons that are fine")


def compile_finish_reason(parameters: FinishReasonParameters) -> Check:
    """The check for these parameters."""

    def check(given: ScoringInput) -> Finding:
        passed = given.finish_reason in parameters.reasons
        wanted = "" if passed else f", not for {' or '.join(map(quote, parameters.reasons))}"
        return passed, f"ended for the reason {quote(given.finish_reason)}{wanted}"

    return check
