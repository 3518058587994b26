"""`schema`, `scorer` and `thumbs down`: what a project expects, and what users say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from llmops_tui.core.errors import InputError
from llmops_tui.core.flags.base import LONGEST_TEXT, Finding, FlagInput, Rule, brief
from llmops_tui.core.flags.outcome import NoParameters
from llmops_tui.core.json_text import read_json
from llmops_tui.core.parameters import option

if TYPE_CHECKING:
    from llmops_tui.core.scorers import ScorerSpec


@dataclass(frozen=True, slots=True)
class SchemaParameters:
    """What an answer must look like."""

    schema: str = option("", "JSON Schema; empty for the project's answer schema")
    fenced: bool = option(False, "A Markdown code block around it is fine")

    def __post_init__(self) -> None:
        if self.schema:
            validator(self.schema)


@dataclass(frozen=True, slots=True)
class ScorerParameters:
    """A scorer that needs no expected answer."""

    scorer: str = option("", "Its name: contains, starts_with, regex, is_json, …")
    parameters: str = option("{}", "Its parameters, as JSON")
    negate: bool = option(False, "Flag where it passes")

    def __post_init__(self) -> None:
        if self.scorer:
            spec_of(self).check()


def compile_schema(parameters: SchemaParameters) -> Rule:
    """`schema`: the answer is JSON of another shape than the project's."""
    if not parameters.schema:
        return _silent
    check = validator(parameters.schema)

    def rule(call: FlagInput) -> Finding | None:
        if call.failed or call.calls_tools or not call.output.strip():
            return None
        if len(call.output) > 10 * LONGEST_TEXT:
            return None
        try:
            value = read_json(call.output, fenced=parameters.fenced)
        except ValueError:
            return Finding("The answer is no JSON, so it can't fit the schema.")
        problem = check(value)
        return (
            Finding(f"The answer doesn't fit the schema: {brief(problem, 120)}.")
            if problem
            else None
        )

    return rule


def compile_scorer(parameters: ScorerParameters) -> Rule:
    """`scorer`: a scorer that the project tests with finds fault."""
    if not parameters.scorer:
        return _silent
    from llmops_tui.core.scorers import ScoringInput, build  # which themselves use flags

    score = build(spec_of(parameters))

    def rule(call: FlagInput) -> Finding | None:
        if call.failed or call.calls_tools:
            return None
        given = ScoringInput(
            answer=call.output,
            latency_ms=call.duration_ms,
            cost=call.cost or 0,
            finish_reason=call.finish_reason or "stop",
        )
        try:
            found = score(given)
        except InputError:
            return None  # it needs an expected answer, which production has none of
        return None if found.passed else Finding(f"{found.scorer}: {brief(found.reason, 120)}.")

    return rule


def compile_thumbs_down(parameters: NoParameters) -> Rule:
    """`thumbs down`: a user says that the answer is no good; it comes later than the call."""
    return _silent


def spec_of(parameters: ScorerParameters) -> ScorerSpec:
    """The scorer that parameters name.

    Raises:
        InputError: There is none such, or its parameters don't fit.
    """
    from llmops_tui.core.scorers import ScorerSpec

    try:
        told = json.loads(parameters.parameters or "{}")
    except ValueError as error:
        raise InputError(f"The scorer's parameters are no JSON: {error}.") from error
    made = {"name": parameters.scorer, "parameters": told, "negate": parameters.negate}
    return ScorerSpec.from_json(made)


def validator(schema: str) -> Callable[[object], str]:
    """A check of values against a JSON Schema; it says what is wrong, or nothing.

    Raises:
        InputError: It is no schema.
    """
    import jsonschema_rs  # 10 ms that only a project with a schema spends

    def refuse(uri: str) -> NoReturn:
        raise InputError(f"The schema refers to {uri}, and nothing is fetched for a check.")

    try:
        check = jsonschema_rs.validator_for(json.loads(schema), retriever=refuse)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise InputError(
            f"The JSON Schema can't be used: {str(error).splitlines()[0][:200]}.",
            "Check it with a validator.",
        ) from error

    def problem(value: object) -> str:
        try:
            check.validate(value)
        except jsonschema_rs.ValidationError as error:
            return str(error.message)
        except (ValueError, RecursionError):
            return "it is nested too deeply"
        return ""

    return problem


def _silent(call: FlagInput) -> None:
    return None
