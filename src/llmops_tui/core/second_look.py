"""What several people's verdicts on one call come to, and who is asked next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from llmops_tui.core.call import Lane, ReviewVerdict
from llmops_tui.core.queue_order import chance

_SEED: Final = 0x5EC0D100C
"""Of the draw; the same call is drawn again whoever judges it, however often it is taken back."""


class Stage(StrEnum):
    """Who is asked next."""

    SECOND = "second"
    """Somebody who doesn't know what the first said."""
    RESOLVE = "resolve"
    """A third person, as two differ."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict that stands."""

    reviewer: str
    verdict: str


def in_force(standing: Sequence[Opinion]) -> str:
    """The verdict that counts; empty where there is none.

    Each person's last one counts. Where two differ the answer counts as wrong until a third has
    decided: a call in dispute never makes production look better than it may be. The last word is
    that of whoever came last. `unsure` counts where nobody could tell.

    Args:
        standing: Verdicts that were not taken back, the oldest first.
    """
    decided = _decided(standing)
    if _differ(decided):
        return ReviewVerdict.WRONG.value
    if decided:
        return decided[-1]
    return standing[-1].verdict if standing else ""


def next_stage(
    standing: Sequence[Opinion], was_asked: Stage | None, *, is_drawn: bool
) -> Stage | None:
    """Who is asked next about a call; None where nobody is.

    Args:
        standing: Verdicts that were not taken back, the oldest first.
        was_asked: Where the call stands now.
        is_drawn: Whether a second person is to see it.
    """
    decided = _decided(standing)
    if not decided:
        return None
    if len(decided) == 1:
        return Stage.SECOND if is_drawn else None
    if _differ(decided):
        return Stage.RESOLVE
    return Stage.DONE if was_asked is not None else None


def is_drawn(call_id: int, share: float) -> bool:
    """Whether a call is one of the share that a second person judges."""
    return chance(call_id, _SEED) < share * 2**64


def asks_again(lane: Lane, verdict: ReviewVerdict) -> bool:
    """Whether a second person is asked in any case: a wrong one of the audit weighs most."""
    return lane is Lane.AUDIT and verdict is ReviewVerdict.WRONG


def _decided(standing: Sequence[Opinion]) -> list[str]:
    """Right or wrong of each person, by when they last said so."""
    last: dict[str, str] = {}
    for opinion in standing:
        last.pop(opinion.reviewer, None)
        last[opinion.reviewer] = opinion.verdict
    return [verdict for verdict in last.values() if verdict != ReviewVerdict.UNSURE]


def _differ(decided: Sequence[str]) -> bool:
    return len(decided) == 2 and decided[0] != decided[1]
