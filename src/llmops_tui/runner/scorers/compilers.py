"""How each scorer outside of core is compiled, and `build_scorer`, which compiles any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.scorers.base import Score, ScoringInput
from llmops_tui.core.scorers.registry import Compilers, ScorerSpec, build
from llmops_tui.runner.scorers.json_schema import compile_json_schema
from llmops_tui.runner.scorers.judging import Jury, judge_compilers
from llmops_tui.runner.scorers.likeness import (
    compile_bleu,
    compile_chrf,
    compile_levenshtein,
    compile_token_overlap,
)
from llmops_tui.runner.scorers.meaning import compile_language, compile_similarity
from llmops_tui.runner.scorers.own_function import compile_own_part, compile_python
from llmops_tui.runner.scorers.sql import compile_is_sql

COMPILERS: Final[Compilers] = {
    "json_schema": compile_json_schema,
    "levenshtein": compile_levenshtein,
    "token_overlap": compile_token_overlap,
    "bleu": compile_bleu,
    "chrf": compile_chrf,
    "is_sql": compile_is_sql,
    "language": compile_language,
    "similarity": compile_similarity,
    "python": compile_python,
}
HOLDS_OTHERS = "own_part"
"""Compiled together with the scorers that it holds, of whatever kind they are."""


def waits(spec: ScorerSpec) -> bool:
    """Whether a scorer, or one within it, asks another process or a model."""
    if spec.kind.waits or spec.name == "per_example":
        return True
    return any(map(waits, spec.inner(spec.check())))


def build_scorer(spec: ScorerSpec, jury: Jury | None = None) -> Callable[[ScoringInput], Score]:
    """Compile a scorer, wherever it lives.

    Args:
        spec: which scorer.
        jury: who asks judging models; without one, judges can't be used.

    Raises:
        InputError: The specification can't be used.
        UnavailableError: What it needs isn't installed.
    """
    compilers = {**COMPILERS, **(judge_compilers(jury) if jury is not None else {})}

    def within(inner: Mapping[str, Json]) -> Callable[[ScoringInput], Score]:
        return build(ScorerSpec.from_json(inner), compilers)

    compilers[HOLDS_OTHERS] = lambda parameters: compile_own_part(parameters, within)
    return build(spec, compilers)
