"""`judge`: a model reads a share of the answers, behind ingestion and within what it may cost."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.core.flags.base import FlagInput, Rule
from llmops_tui.core.parameters import option


@dataclass(frozen=True, slots=True)
class JudgeParameters:
    """Which model looks for what, at how many answers, for how much money."""

    model: str = option("", "The judging model, by name or as endpoint/model")
    rubric: str = option("", "What a right answer is like")
    share: float = option(0.05, "Share of the calls that it reads, from 0 to 1", least=0)
    most_a_day: int = option(500, "Calls that it reads a day at most (UTC)", least=0)
    cost_a_day: float = option(
        1.0, "What it may cost a day, in the model's currency; for models with a price", least=0
    )

    def __post_init__(self) -> None:
        if self.share > 1:
            raise InputError("A judge can't read a larger share than 1 of the calls.")

    @property
    def is_complete(self) -> bool:
        """Whether it says whom to ask for what."""
        return bool(self.model and self.rubric)

    def draws(self, call_id: int) -> bool:
        """Whether the judge is to read this call: by chance, and the same whoever asks."""
        drawn = zlib.crc32(b"judge %d" % (call_id * 2_654_435_761 % 2**64))
        return drawn < self.share * 2**32


def compile_judge(parameters: JudgeParameters) -> Rule:
    """`judge`: nothing on arrival, for a model's answer takes its time.

    Raises:
        InputError: It isn't said whom to ask, or for what.
    """
    if not parameters.is_complete:
        raise InputError(
            "A judge needs a model and a rubric.", "Set both: `model`, and what a right answer is."
        )
    return _silent


def _silent(call: FlagInput) -> None:
    return None
