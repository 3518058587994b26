"""`composite` and `per_example`: several scorers as one.

`composite` holds its scorers; `per_example` finds them in a column of each example, which is how
test suites are brought in whose every row has checks of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, Judged, Score, ScoringInput

EXPLANATION: Final = "Several scorers as one: all or any must pass, or their weighted mean."
PER_EXAMPLE_EXPLANATION: Final = "The scorers that each example brings along in one of its columns."
MODES: Final = ("all", "any", "weighted")
COMPILED: Final = 1_000
DEEPEST: Final = 5

Builder: TypeAlias = Callable[[Mapping[str, Json]], Callable[[ScoringInput], Score]]
"""Makes a scorer from its specification."""


@dataclass(frozen=True, slots=True)
class CompositeParameters:
    """The scorers, and how they count together."""

    scorers: tuple[Mapping[str, Json], ...] = option((), "Specifications: name, parameters, negate")
    mode: str = option("all", "All must pass, any of them, or the weighted mean", choices=MODES)
    weights: tuple[float, ...] = option((), "For `weighted`: one number each; none: all count 1")
    least: float = option(0.5, "For `weighted`: pass from here, 0 to 1", least=0)

    def __post_init__(self) -> None:
        if not self.scorers:
            raise InputError("The scorer composite needs scorers.")
        if self.weights and len(self.weights) != len(self.scorers):
            raise InputError(
                f"There are {len(self.scorers)} scorers and {len(self.weights)} weights."
            )
        if any(weight < 0 for weight in self.weights) or (self.weights and not any(self.weights)):
            raise InputError("Weights are not negative, and one at least is above 0.")
        if _depth(self.scorers) > DEEPEST:
            raise InputError(f"Composite scorers nest at most {DEEPEST} deep.")


def _depth(scorers: Sequence[Mapping[str, Json]], seen: int = 0) -> int:
    deepest = 1
    for scorer in scorers:
        parameters = scorer.get("parameters")
        inner = parameters.get("scorers") if isinstance(parameters, dict) else None
        if isinstance(inner, list) and seen <= DEEPEST:
            parts = [part for part in inner if isinstance(part, dict)]
            deepest = max(deepest, 1 + _depth(parts, seen + 1))
    return deepest


def compile_composite(parameters: CompositeParameters, build: Builder) -> Check:
    """The check for these parameters."""
    parts = tuple(map(build, parameters.scorers))
    weights = parameters.weights or (1.0,) * len(parts)

    def check(given: ScoringInput) -> Finding:
        scores = [part(given) for part in parts]
        found = combine(scores, weights, parameters)
        judges = dict.fromkeys(score.judge for score in scores if score.judge)
        if not judges:
            return found
        value = float(found[0]) if len(found) == 2 else found[2]
        cost = sum(score.cost for score in scores)
        return Judged(found[0], found[1], value, "\n".join(judges), cost)

    return check


def combine(
    scores: Sequence[Score], weights: Sequence[float], parameters: CompositeParameters
) -> Finding:
    """What scores say together."""
    passed = [score for score in scores if score.passed]
    failed = [score for score in scores if not score.passed]
    total = sum(weights) or 1.0
    mean = sum(score.value * weight for score, weight in zip(scores, weights, strict=True)) / total
    if parameters.mode == "weighted":
        right = mean >= parameters.least - 1e-12
        sign = "≥" if right else "<"
        worst = f"; {_words(failed[0])}" if failed else ""
        reason = f"has {mean:.2f} {sign} {parameters.least:.2f} of {len(scores)} scorers{worst}"
        return right, reason, min(1.0, max(0.0, mean))
    if parameters.mode == "any":
        if passed:
            return True, _words(passed[0])
        return False, f"passes none of {len(scores)}: {'; '.join(map(_words, failed[:3]))}"
    if failed:
        return False, "; ".join(map(_words, failed[:3]))
    return True, f"passes all {len(scores)}: {'; '.join(map(_words, scores[:3]))}"


def _words(score: Score) -> str:
    return f"{score.scorer}: {score.reason}"


@dataclass(frozen=True, slots=True)
class PerExampleParameters:
    """Where the scorers are."""

    column: str = option(
        "scorers",
        "The column: a list of specifications (each may have a `weight`), or an object with "
        "`scorers`, `mode` and `least`",
    )
    missing: str = option(
        "error", "What an example without any is", choices=("error", "right", "wrong")
    )


def compile_per_example(parameters: PerExampleParameters, build: Builder) -> Check:
    """The check for these parameters. Scorers that many examples share are compiled once."""

    @lru_cache(maxsize=COMPILED)
    def compiled(text: str) -> Check:
        return compile_composite(_read_set(json.loads(text)), build)

    def check(given: ScoringInput) -> Finding:
        value = given.inputs.get(parameters.column)
        if isinstance(value, str) and value.strip():
            try:
                value = json.loads(value)
            except ValueError as error:
                raise InputError(f"The column {parameters.column!r} is no JSON.") from error
        if not value:
            if parameters.missing == "error":
                raise InputError(f"The example has no scorers in {parameters.column!r}.")
            return parameters.missing == "right", "has no scorers of its own"
        return compiled(json.dumps(value, sort_keys=True))(given)

    return check


def _read_set(value: Json) -> CompositeParameters:
    mode, least = "all", 0.5
    if isinstance(value, dict):
        mode = str(value.get("mode", "all"))
        threshold = value.get("least", 0.5)
        least = float(threshold) if isinstance(threshold, int | float) else 0.5
        value = value.get("scorers", [])
    if mode not in MODES or not isinstance(value, list):
        raise InputError("The example's scorers can't be read.")
    specs = [spec for spec in value if isinstance(spec, dict)]
    if len(specs) != len(value):
        raise InputError("The example's scorers can't be read: each is an object with a name.")
    weights = tuple(_weight(spec.get("weight", 1)) for spec in specs)
    plain = tuple({key: part for key, part in spec.items() if key != "weight"} for spec in specs)
    return CompositeParameters(plain, mode, weights, least)


def _weight(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("The weight of a scorer is a number.")
    return float(value)
