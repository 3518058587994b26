"""Rules about how a call went: error, empty answer, truncated, slow."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.flags.base import Finding, FlagInput, Rule, brief
from llmops_tui.core.parameters import option


@dataclass(frozen=True, slots=True)
class NoParameters:
    """For rules without any."""


@dataclass(frozen=True, slots=True)
class SlowParameters:
    """From when on a call is slow."""

    seconds: float = option(30.0, "Calls that take longer are slow", least=0)


@dataclass(frozen=True, slots=True)
class EmptyParameters:
    """From when on an answer is empty."""

    characters: int = option(1, "Answers with fewer characters are empty", least=1)


def compile_error(parameters: NoParameters) -> Rule:
    """`error`: no answer came."""

    def rule(call: FlagInput) -> Finding | None:
        if not call.failed:
            return None
        said = brief(call.error)
        return Finding(f"The call failed: {said}" if said else "The call failed.")

    return rule


def compile_empty(parameters: EmptyParameters) -> Rule:
    """`empty answer`: the model said nothing. Failed calls and calls of tools are not meant."""
    least = parameters.characters

    def rule(call: FlagInput) -> Finding | None:
        if call.failed or call.calls_tools:
            return None
        # Most answers are longer by far than what white space could make up for.
        length = len(call.output.strip())
        if length >= least:
            return None
        if length == 0:
            return Finding("The answer is empty.")
        return Finding(f"The answer has {length} of at least {least} characters.")

    return rule


def compile_truncated(parameters: NoParameters) -> Rule:
    """`truncated`: the answer ended at its length limit."""

    def rule(call: FlagInput) -> Finding | None:
        if not call.truncated:
            return None
        tokens = f" after {call.output_tokens:,} tokens" if call.output_tokens else ""
        end = len(call.output)
        return Finding(
            f"The answer was cut off at its length limit{tokens}.", max(0, end - 40), end
        )

    return rule


def compile_slow(parameters: SlowParameters) -> Rule:
    """`slow`: the call took longer than it may."""
    threshold = parameters.seconds * 1000

    def rule(call: FlagInput) -> Finding | None:
        if call.duration_ms <= threshold:
            return None
        took = f"{call.duration_ms / 1000:,.1f} s"
        return Finding(f"The call took {took}; slow is over {parameters.seconds:g} s.")

    return rule
