"""All scorers by name, and how one is built from its specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from llmops_tui.core import parameters as params
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers.base import Check, Judged, Score, ScoringInput
from llmops_tui.core.scorers.kinds import KINDS, ScorerKind
from llmops_tui.core.template import misspelled

SCORERS: Final[Mapping[str, ScorerKind]] = {kind.name: kind for kind in KINDS}
Compilers = Mapping[str, Callable[[Any], Check]]
"""How scorers are compiled that core can't compile, by name."""


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
        """Its parameters as the scorer takes them; those of scorers within it are checked too.

        Raises:
            InputError: There is no such scorer, or a parameter doesn't fit.
        """
        parameters = params.read(self.kind.parameters, self.parameters, f"scorer {self.name}")
        for inner in self.inner(parameters):
            inner.check()
        return parameters

    def inner(self, parameters: params.Parameters) -> tuple[ScorerSpec, ...]:
        """The scorers within this one, for the same parameters."""
        found = getattr(parameters, "scorers", ())
        return tuple(ScorerSpec.from_json(spec) for spec in found)

    @property
    def title(self) -> str:
        """Its name as scores bear it: `not contains`."""
        return f"not {self.name}" if self.negate else self.name

    @property
    def kind(self) -> ScorerKind:
        """What is known of scorers of this name.

        Raises:
            InputError: There is no such scorer.
        """
        kind = SCORERS.get(self.name)
        if kind is None:
            meant = misspelled(self.name, SCORERS)
            raise InputError(
                f"There is no scorer {self.name!r}.",
                f"Did you mean {meant!r}?" if meant else f"Scorers are {', '.join(SCORERS)}.",
            )
        return kind


def build(spec: ScorerSpec, compilers: Compilers | None = None) -> Callable[[ScoringInput], Score]:
    """Compile a scorer once, for many answers.

    The scorer raises `InputError` for an example it can't judge, such as an unlabelled one.

    Args:
        spec: which scorer.
        compilers: for the scorers that need what core may not load (`runner/scorers`).

    Raises:
        InputError: The specification can't be used.
        UnavailableError: What the scorer needs isn't installed.
    """
    check = _compiled(spec, compilers or {})
    title, negate = spec.title, spec.negate

    def score(given: ScoringInput) -> Score:
        found = check(given)
        passed, reason = found[0], found[1]
        value = float(passed) if len(found) == 2 else found[2]
        if negate:
            reason, value = f"{reason}; it must not" if passed else reason, 1.0 - value
        if isinstance(found, Judged):
            return Score(title, value, passed is not negate, reason, found.judge, found.cost)
        return Score(title, value, passed is not negate, reason)

    return score


def _compiled(spec: ScorerSpec, compilers: Compilers) -> Check:
    parameters, kind = spec.check(), spec.kind
    if kind.compile is not None:
        return kind.compile(parameters)
    if kind.compile_with is not None:
        return kind.compile_with(
            parameters, lambda inner: build(ScorerSpec.from_json(inner), compilers)
        )
    if spec.name not in compilers:
        raise InputError(
            f"The scorer {spec.name} can't be used here: it is no plain reading of the answer.",
            "Use it in a test run.",
        )
    return compilers[spec.name](parameters)
