"""`expensive` and `unusual length`: more, or less, than calls usually are."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.core.flags.base import Finding, FlagInput, Rule
from llmops_tui.core.parameters import option

_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ExpensiveParameters:
    """From when on a call is expensive."""

    cost: float = option(
        0.1, "Calls that cost more are expensive, in the model's currency", least=0
    )
    tokens: int = option(0, "So are calls of more tokens; 0 for no limit", least=0)


@dataclass(frozen=True, slots=True)
class LengthParameters:
    """Which lengths of questions are usual."""

    least: int = option(0, "Shorter questions are unusual, in characters", least=0)
    most: int = option(20_000, "Longer questions are unusual, in characters", least=1)

    def __post_init__(self) -> None:
        if self.least >= self.most:
            raise InputError("The least length of a question must be below the most.")


def compile_expensive(parameters: ExpensiveParameters) -> Rule:
    """`expensive`: the call cost more than it may. Without a price, only tokens count."""
    most = round(parameters.cost * _NANO)

    def rule(call: FlagInput) -> Finding | None:
        if call.cost is not None and call.cost > most:
            cost = f"{call.cost / _NANO:.4g}"
            return Finding(f"The call cost {cost}; expensive is over {parameters.cost:g}.")
        tokens = (call.input_tokens or 0) + (call.output_tokens or 0)
        if parameters.tokens and tokens > parameters.tokens:
            return Finding(f"The call took {tokens:,} tokens; at most {parameters.tokens:,}.")
        return None

    return rule


def compile_length(parameters: LengthParameters) -> Rule:
    """`unusual length`: the question is shorter or longer than those that were tested."""

    def rule(call: FlagInput) -> Finding | None:
        length = len(call.input)
        if not length or parameters.least <= length <= parameters.most:
            return None
        usual = f"{parameters.least:,} to {parameters.most:,}"
        return Finding(f"The question has {length:,} characters; usual are {usual}.")

    return rule
