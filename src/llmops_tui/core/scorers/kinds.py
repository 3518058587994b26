"""The table of all scorers: name, explanation, parameters, and how each is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from llmops_tui.core import parameters as params
from llmops_tui.core.scorers import (
    composite,
    contains,
    equals,
    is_json,
    is_xml,
    json_field,
    judges,
    label,
    limits,
    numeric,
    outside,
    part,
    refusal,
    regex,
    rouge,
    script,
    starts_with,
    tool_call,
)
from llmops_tui.core.scorers.base import Check


@dataclass(frozen=True, slots=True)
class ScorerKind:
    """A scorer that can be chosen."""

    name: str
    explanation: str
    """One line for people."""
    parameters: type[params.Parameters]
    compile: Callable[[Any], Check] | None = None
    """None where core can't: it needs a library, a process, a model or other scorers."""
    compile_with: Callable[[Any, composite.Builder], Check] | None = None
    """For scorers made of other scorers."""
    extra: str = ""
    """The optional part of the installation that it needs."""
    waits: bool = False
    """It asks another process or a model, so that it must not hold up whoever uses it."""

    def fields(self) -> tuple[params.ParameterField, ...]:
        """Its parameters, for a form."""
        return params.describe(self.parameters)


_PLAIN: Final = (
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
    ScorerKind("is_json", is_json.EXPLANATION, is_json.IsJsonParameters, is_json.compile_is_json),
    ScorerKind(
        "json_field",
        json_field.EXPLANATION,
        json_field.JsonFieldParameters,
        json_field.compile_json_field,
    ),
    ScorerKind("numeric", numeric.EXPLANATION, numeric.NumericParameters, numeric.compile_numeric),
    ScorerKind("label", label.EXPLANATION, label.LabelParameters, label.compile_label),
    ScorerKind("rouge_n", rouge.EXPLANATION, rouge.RougeParameters, rouge.compile_rouge),
    ScorerKind("is_xml", is_xml.EXPLANATION, is_xml.IsXmlParameters, is_xml.compile_is_xml),
    ScorerKind(
        "refusal",
        refusal.EXPLANATION,
        refusal.RefusalScorerParameters,
        refusal.compile_refusal_scorer,
    ),
    ScorerKind("script", script.EXPLANATION, script.ScriptParameters, script.compile_script),
    ScorerKind("length", limits.LENGTH_EXPLANATION, limits.LengthParameters, limits.compile_length),
    ScorerKind(
        "word_count", limits.WORDS_EXPLANATION, limits.LengthParameters, limits.compile_words
    ),
    ScorerKind(
        "latency", limits.LATENCY_EXPLANATION, limits.LatencyParameters, limits.compile_latency
    ),
    ScorerKind("cost", limits.COST_EXPLANATION, limits.CostParameters, limits.compile_cost),
    ScorerKind(
        "finish_reason",
        limits.FINISH_EXPLANATION,
        limits.FinishReasonParameters,
        limits.compile_finish_reason,
    ),
    ScorerKind(
        "tool_call",
        tool_call.EXPLANATION,
        tool_call.ToolCallParameters,
        tool_call.compile_tool_call,
    ),
)
_WITH_LIBRARIES: Final = (
    ScorerKind("json_schema", outside.JSON_SCHEMA_EXPLANATION, outside.JsonSchemaParameters),
    ScorerKind("levenshtein", outside.LEVENSHTEIN_EXPLANATION, outside.LevenshteinParameters),
    ScorerKind("token_overlap", outside.TOKEN_OVERLAP_EXPLANATION, outside.TokenOverlapParameters),
    ScorerKind("bleu", outside.BLEU_EXPLANATION, outside.BleuParameters, extra="scorers"),
    ScorerKind("chrf", outside.CHRF_EXPLANATION, outside.BleuParameters, extra="scorers"),
    ScorerKind("is_sql", outside.IS_SQL_EXPLANATION, outside.IsSqlParameters, extra="scorers"),
    ScorerKind(
        "language", outside.LANGUAGE_EXPLANATION, outside.LanguageParameters, extra="scorers"
    ),
    ScorerKind(
        "similarity",
        outside.SIMILARITY_EXPLANATION,
        outside.SimilarityParameters,
        extra="embedding",
    ),
)
_OF_OTHERS: Final = (
    ScorerKind(
        "composite",
        composite.EXPLANATION,
        composite.CompositeParameters,
        compile_with=composite.compile_composite,
    ),
    ScorerKind("part", part.EXPLANATION, part.PartParameters, compile_with=part.compile_part),
    ScorerKind(
        "per_example",
        composite.PER_EXAMPLE_EXPLANATION,
        composite.PerExampleParameters,
        compile_with=composite.compile_per_example,
    ),
)
_WAITING: Final = (
    ScorerKind("python", outside.PYTHON_EXPLANATION, outside.PythonParameters, waits=True),
    ScorerKind("own_part", part.OWN_EXPLANATION, part.OwnPartParameters, waits=True),
    ScorerKind("judge_rubric", judges.RUBRIC_EXPLANATION, judges.RubricParameters, waits=True),
    ScorerKind("judge_choice", judges.CHOICE_EXPLANATION, judges.ChoiceParameters, waits=True),
    ScorerKind(
        "judge_factuality", judges.FACTUALITY_EXPLANATION, judges.FactualityParameters, waits=True
    ),
    ScorerKind(
        "judge_pairwise", judges.PAIRWISE_EXPLANATION, judges.PairwiseParameters, waits=True
    ),
    ScorerKind("judge_steps", judges.STEPS_EXPLANATION, judges.StepsParameters, waits=True),
)
KINDS: Final = (*_PLAIN, *_WITH_LIBRARIES, *_OF_OTHERS, *_WAITING)
