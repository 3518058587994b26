"""`refusal`: the answer declines to answer; negated, it must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.flags.base import FlagInput
from llmops_tui.core.flags.refusal import RefusalParameters, compile_refusal
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote

EXPLANATION: Final = "The answer is a refusal (negate it where refusing is wrong)."


@dataclass(frozen=True, slots=True)
class RefusalScorerParameters:
    """It needs none."""


def compile_refusal_scorer(_: RefusalScorerParameters) -> Check:
    """The same reading as the flag rule `refusal` has, so that tests and production agree."""
    rule = compile_refusal(RefusalParameters())

    def check(given: ScoringInput) -> Finding:
        if not given.answer.strip():
            return True, "is empty, which counts as a refusal"
        call = FlagInput(output=given.answer, finish_reason=given.finish_reason)
        found = rule(call)
        if found is None:
            return False, "is no refusal"
        if found.start is None:
            return True, f"was refused by the endpoint ({quote(given.finish_reason)})"
        return True, f"refuses: {quote(given.answer[found.start : found.stop])}"

    return check
