"""All flag rules by name, and how a set of them looks at a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from llmops_tui.core import parameters as params
from llmops_tui.core.call import CallFlag
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.flags import (
    amounts,
    checks,
    invalid_json,
    judged,
    language,
    leaks,
    outcome,
    refusal,
    repetition,
    wording,
)
from llmops_tui.core.flags.base import SEVERITIES, FlagInput, Rule
from llmops_tui.core.template import misspelled


@dataclass(frozen=True, slots=True)
class FlagRuleKind:
    """A rule that can be switched on."""

    name: str
    explanation: str
    """One line for people."""
    severity: str
    """Of its flags, unless a project says otherwise."""
    parameters: type[params.Parameters]
    compile: Callable[[Any], Rule]
    on: bool = True
    """Whether it is on where a project says nothing."""

    def fields(self) -> tuple[params.ParameterField, ...]:
        """Its parameters, for a form."""
        return params.describe(self.parameters)


RULES: Final[Mapping[str, FlagRuleKind]] = {
    kind.name: kind
    for kind in (
        FlagRuleKind(
            "error", "No answer came.", "high", outcome.NoParameters, outcome.compile_error
        ),
        FlagRuleKind(
            "empty answer",
            "The model said nothing.",
            "high",
            outcome.EmptyParameters,
            outcome.compile_empty,
        ),
        FlagRuleKind(
            "truncated",
            "The answer was cut off at its length limit.",
            "medium",
            outcome.NoParameters,
            outcome.compile_truncated,
        ),
        FlagRuleKind(
            "refusal",
            "The model declined to answer, or a filter stopped it.",
            "medium",
            refusal.RefusalParameters,
            refusal.compile_refusal,
        ),
        FlagRuleKind(
            "invalid json",
            "JSON was asked for, and something else came.",
            "high",
            invalid_json.InvalidJsonParameters,
            invalid_json.compile_invalid_json,
        ),
        FlagRuleKind(
            "repetition",
            "The model got caught in a loop.",
            "medium",
            repetition.RepetitionParameters,
            repetition.compile_repetition,
        ),
        FlagRuleKind(
            "slow",
            "The call took longer than it may.",
            "low",
            outcome.SlowParameters,
            outcome.compile_slow,
        ),
        FlagRuleKind(
            "secret",
            "The answer holds a key, a token or a password.",
            "high",
            leaks.SecretParameters,
            leaks.compile_secret,
        ),
        FlagRuleKind(
            "thumbs down",
            "A user says that the answer is no good.",
            "high",
            outcome.NoParameters,
            checks.compile_thumbs_down,
        ),
        FlagRuleKind(
            "known wrong",
            "The answer is like one that was judged wrong.",
            "high",
            wording.KnownWrongParameters,
            wording.compile_known_wrong,
        ),
        FlagRuleKind(
            "personal data",
            "The answer holds an address, a card or an account.",
            "high",
            leaks.PersonalParameters,
            leaks.compile_personal,
            on=False,
        ),
        FlagRuleKind(
            "injection marks",
            "The question tries to give the model orders.",
            "medium",
            wording.WordsParameters,
            wording.compile_injection,
            on=False,
        ),
        FlagRuleKind(
            "profanity",
            "The answer swears.",
            "medium",
            wording.WordsParameters,
            wording.compile_profanity,
            on=False,
        ),
        FlagRuleKind(
            "language",
            "The answer is in another language than the question.",
            "medium",
            language.LanguageParameters,
            language.compile_language,
            on=False,
        ),
        FlagRuleKind(
            "expensive",
            "The call cost more than it may.",
            "low",
            amounts.ExpensiveParameters,
            amounts.compile_expensive,
            on=False,
        ),
        FlagRuleKind(
            "unusual length",
            "The question is shorter or longer than usual.",
            "low",
            amounts.LengthParameters,
            amounts.compile_length,
            on=False,
        ),
        FlagRuleKind(
            "schema",
            "The answer has another shape than it should.",
            "high",
            checks.SchemaParameters,
            checks.compile_schema,
            on=False,
        ),
        FlagRuleKind(
            "scorer",
            "A scorer finds fault with the answer.",
            "high",
            checks.ScorerParameters,
            checks.compile_scorer,
            on=False,
        ),
        FlagRuleKind(
            "judge",
            "A model that reads a share of the answers finds one wrong.",
            "medium",
            judged.JudgeParameters,
            judged.compile_judge,
            on=False,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class FlagRule:
    """A rule with its parameters, on or off: what a project keeps."""

    name: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    enabled: bool = True
    severity: str = ""
    """Of its flags; empty for the rule's own."""

    def to_json(self) -> dict[str, Json]:
        """As JSON; `from_json()` reads it back."""
        return {
            "name": self.name,
            "parameters": dict(self.parameters),
            "enabled": self.enabled,
            "severity": self.severity,
        }

    @classmethod
    def from_json(cls, value: Json | Mapping[str, Json]) -> FlagRule:
        """Read what `to_json()` wrote; all but the name may be absent.

        Raises:
            InputError: It isn't a rule.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise InputError("A flag rule needs a name.", f"Rules are {', '.join(RULES)}.")
        parameters, enabled = value.get("parameters", {}), value.get("enabled", True)
        severity = value.get("severity", "")
        if not (isinstance(parameters, Mapping) and isinstance(enabled, bool)):
            raise InputError(f"The flag rule {value['name']!r} can't be read.")
        rule = cls(str(value["name"]), dict(parameters), enabled, str(severity))
        rule.check()
        return rule

    def check(self) -> params.Parameters:
        """Its parameters as the rule takes them.

        Raises:
            InputError: There is no such rule, or a value doesn't fit.
        """
        kind = RULES.get(self.name)
        if kind is None:
            meant = misspelled(self.name, RULES)
            raise InputError(
                f"There is no flag rule {self.name!r}.",
                f"Did you mean {meant!r}?" if meant else f"Rules are {', '.join(RULES)}.",
            )
        if self.severity and self.severity not in SEVERITIES:
            raise InputError(
                f"A flag can't have the severity {self.severity!r}.",
                f"It can be {', '.join(SEVERITIES)}.",
            )
        return params.read(kind.parameters, self.parameters, f"flag rule {self.name!r}")


DEFAULT_RULES: Final = tuple(FlagRule(name, enabled=kind.on) for name, kind in RULES.items())
"""Every rule, as it is when a project says nothing."""

CompiledRules: TypeAlias = tuple[tuple[str, str, Rule], ...]
"""(name, severity, rule) of each rule that is on."""


def compile_rules(rules: Iterable[FlagRule] = DEFAULT_RULES) -> CompiledRules:
    """Make rules ready for many calls.

    Raises:
        InputError: A rule can't be used.
    """
    compiled = []
    for rule in rules:
        parameters, kind = rule.check(), RULES[rule.name]
        if rule.enabled:
            compiled.append((rule.name, rule.severity or kind.severity, kind.compile(parameters)))
    return tuple(compiled)


def evaluate(rules: CompiledRules, call: FlagInput) -> tuple[CallFlag, ...]:
    """Why a call needs a look, in the order of the rules; empty where it doesn't."""
    flags = []
    for name, severity, rule in rules:
        found = rule(call)
        if found is not None:
            flags.append(CallFlag(name, severity, found.reason, found.start, found.stop))
    return tuple(flags)


def rules_from_json(value: Json) -> tuple[FlagRule, ...]:
    """A project's rules; the defaults for those that it doesn't speak of.

    Raises:
        InputError: A rule can't be used.
    """
    if not isinstance(value, list):
        return DEFAULT_RULES
    told = {rule.name: rule for rule in map(FlagRule.from_json, value)}
    return tuple(told.get(rule.name, rule) for rule in DEFAULT_RULES)
