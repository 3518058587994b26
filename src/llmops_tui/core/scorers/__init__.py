"""Scorers: each says of an answer whether it is right, and why.

One module for each scorer; `registry` names them all and builds them from their specifications.
A scorer that can't judge (the example has no expected answer, say) raises: its sample counts as
errored, never as wrong.
"""

from llmops_tui.core.scorers.base import Score, ScoringInput
from llmops_tui.core.scorers.kinds import ScorerKind
from llmops_tui.core.scorers.registry import SCORERS, ScorerSpec, build

__all__ = ["SCORERS", "Score", "ScorerKind", "ScorerSpec", "ScoringInput", "build"]
