"""All scorers by name, and how one is built from its specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from llmops_tui.core import parameters as params
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers import (
    contains,
    equals,
    is_json,
    json_field,
    label,
    numeric,
    regex,
    starts_with,
)
from llmops_tui.core.scorers.base import Check, Score, ScoringInput
from llmops_tui.core.template import misspelled


@dataclass(frozen=True, slots=True)
class ScorerKind:
    """A scorer that can be chosen."""

    name: str
    explanation: str
    """One line for people."""
    parameters: type[params.Parameters]
    compile: Callable[[Any], Check]

    def fields(self) -> tuple[params.ParameterField, ...]:
        """Its parameters, for a form."""
        return params.describe(self.parameters)


SCORERS: Final[Mapping[str, ScorerKind]] = {
    kind.name: kind
    for kind in (
        ScorerKind("equals", equals.EXPLANATION, equals.EqualsParameters, equals.compile_equals),
        ScorerKind(
            "contains", contains.EXPLANATION, contains.ContainsParameters, contains.compile_contains
        ),
        ScorerKind(
            "starts_with",
            starts_with.EXPLANATION,
            starts_with.StartsWithParameters,
            starts_with.compile_starts_with,
        ),
        ScorerKind("regex", regex.EXPLANATION, regex.RegexParameters, regex.compile_regex),
        ScorerKind(
            "is_json", is_json.EXPLANATION, is_json.IsJsonParameters, is_json.compile_is_json
        ),
        ScorerKind(
            "json_field",
            json_field.EXPLANATION,
            json_field.JsonFieldParameters,
            json_field.compile_json_field,
        ),
        ScorerKind(
            "numeric", numeric.EXPLANATION, numeric.NumericParameters, numeric.compile_numeric
        ),
        ScorerKind("label", label.EXPLANATION, label.LabelParameters, label.compile_label),
    )
}


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """Which scorer, with which parameters: what a project or a run keeps."""

    name: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    negate: bool = False
    """Pass where the scorer fails, and the other way round."""

    def to_json(self) -> dict[str, Json]:
        """As JSON; `from_json()` reads it back."""
        return {"name": self.name, "parameters": dict(self.parameters), "negate": self.negate}

    @classmethod
    def from_json(cls, value: Json | Mapping[str, Json]) -> ScorerSpec:
        """Read what `to_json()` wrote; parameters and negation may be absent.

        Raises:
            InputError: It isn't a scorer's specification.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise InputError("A scorer needs a name.", f"Scorers are {', '.join(SCORERS)}.")
        parameters, negate = value.get("parameters", {}), value.get("negate", False)
        if not isinstance(parameters, Mapping) or not isinstance(negate, bool):
            raise InputError(f"The specification of the scorer {value['name']} can't be read.")
        spec = cls(str(value["name"]), dict(parameters), negate)
        spec.check()
        return spec

    def check(self) -> params.Parameters:
        """Its parameters as the scorer takes them.

        Raises:
            InputError: There is no such scorer, or a parameter doesn't fit.
        """
        return params.read(self._kind().parameters, self.parameters, f"scorer {self.name}")

    def _kind(self) -> ScorerKind:
        kind = SCORERS.get(self.name)
        if kind is None:
            meant = misspelled(self.name, SCORERS)
            raise InputError(
                f"There is no scorer {self.name!r}.",
                f"Did you mean {meant!r}?" if meant else f"Scorers are {', '.join(SCORERS)}.",
            )
        return kind


def build(spec: ScorerSpec) -> Callable[[ScoringInput], Score]:
    """Compile a scorer once, for many answers.

    The scorer raises `InputError` for an example it can't judge, such as an unlabelled one.

    Raises:
        InputError: The specification can't be used.
    """
    parameters = spec.check()
    check = SCORERS[spec.name].compile(parameters)
    if not spec.negate:
        name = spec.name

        def score(given: ScoringInput) -> Score:
            passed, reason = check(given)
            return Score(name, 1.0 if passed else 0.0, passed, reason)

        return score
    negated = f"not {spec.name}"

    def negated_score(given: ScoringInput) -> Score:
        found, reason = check(given)
        if found:
            return Score(negated, 0.0, False, f"{reason}; it must not")
        return Score(negated, 1.0, True, reason)

    return negated_score
