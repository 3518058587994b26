"""What a project tolerates: how wrong its answers may be, and how sure we want to be of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.words import percent, times_in, wrong_in

ROW = "row"
"""The unit of a tolerance whose rows have nothing to do with each other."""

_ONE_IN = re.compile(r"^(\d+)\s*(?:in|/|of)\s*(\d+)$")


class Evidence(StrEnum):
    """Whose word counts when an answer is called wrong."""

    SCORER = "deterministic scorer"
    JUDGE = "judge"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How wrong a project may be.

    Raises:
        InputError: on creation, when a value can't be used.
    """

    max_wrong: float
    """Highest tolerated share of wrong answers, e.g. 0.02."""
    confidence: float = 0.95
    """How sure a verdict has to be, e.g. 0.95."""
    unit: str = ROW
    """`row`, or the key that says which rows belong together, e.g. `conversation_id`."""
    harmful_max_wrong: float | None = None
    """Highest tolerated share of harmful answers, held to by itself; None where none is set."""
    window_days: int = 30
    """Days over which the error budget runs."""
    owner: str = ""
    evidence: frozenset[Evidence] = frozenset(Evidence)
    """Whose word is accepted."""
    on_breach: str = ""
    """What is to happen when the tolerance is exceeded, in the owner's words."""

    def __post_init__(self) -> None:
        _check_rate(self.max_wrong, "tolerated wrong rate")
        if not (math.isfinite(self.confidence) and 0.5 <= self.confidence < 1.0):
            raise InputError(
                f"A confidence of {self.confidence:g} can't be used.",
                "Give at least 50 % and less than 100 %; 95 % is usual.",
            )
        if self.harmful_max_wrong is not None:
            _check_rate(self.harmful_max_wrong, "tolerated harmful rate")
            if self.harmful_max_wrong > self.max_wrong:
                raise InputError(
                    "More harmful answers are tolerated than wrong ones.",
                    f"Give at most {percent(self.max_wrong)}: each harmful answer is a wrong one.",
                )
        if not self.unit.strip():
            raise InputError("The tolerance has no unit.", "Say `row` or the key of a cluster.")
        if self.window_days < 1:
            raise InputError(
                f"A window of {self.window_days} days can't be used.", "Give at least one day."
            )
        if not self.evidence:
            raise InputError(
                "The tolerance accepts no evidence.",
                "Name at least one of deterministic scorer, judge and human.",
            )

    @property
    def alpha(self) -> float:
        """Tolerated chance that a verdict is wrong: 1 − confidence."""
        return 1.0 - self.confidence

    @property
    def is_clustered(self) -> bool:
        """Whether rows belong together (conversations, documents) and are no independent rows."""
        return self.unit != ROW

    def words(self) -> str:
        """The tolerance in plain words."""
        harmful = (
            ""
            if self.harmful_max_wrong is None
            else f", at most {wrong_in(self.harmful_max_wrong, 'harmful')}"
        )
        return (
            f"at most {wrong_in(self.max_wrong)}{harmful}, "
            f"and {times_in(self.confidence)} we want to be right about that"
        )


def parse_share(text: str) -> float:
    """A share of 1 from what a person typed: "2%", "0.02", "2 in 100", "1/50".

    A bare number above 1 is refused, because "2" may mean 2 % or a slip of the keyboard.

    Raises:
        InputError: when it isn't a share between 0 and 1.
    """
    cleaned = text.strip().replace(",", ".")
    hint = "Write 2%, 0.02 or 2 in 100."
    if match := _ONE_IN.match(cleaned):
        part, whole = int(match[1]), int(match[2])
        if whole == 0 or part > whole:
            raise InputError(f"“{text.strip()}” is no share.", hint)
        return part / whole
    is_percent = cleaned.endswith("%")
    try:
        number = Decimal(cleaned.removesuffix("%").strip())
    except InvalidOperation:
        raise InputError(f"“{text.strip()}” is no share.", hint) from None
    share = number / 100 if is_percent else number
    if not share.is_finite() or not 0 <= share <= 1:
        raise InputError(f"“{text.strip()}” isn't between 0 % and 100 %.", hint)
    return float(share)


def parse_max_wrong(text: str) -> float:
    """A tolerated wrong rate from what a person typed: "2%", "0.02", "2 in 100".

    Raises:
        InputError: when it can't be read or no number of rows could ever show it.
    """
    share = parse_share(text)
    _check_rate(share, "tolerated wrong rate")
    return share


def parse_confidence(text: str) -> float:
    """A confidence from what a person typed: "95%", "0.95", "19 in 20".

    Raises:
        InputError: when it can't be read or isn't from 50 % to less than 100 %.
    """
    share = parse_share(text)
    if not 0.5 <= share < 1.0:
        raise InputError(
            f"A confidence of {percent(share)} can't be used.",
            "Give at least 50 % and less than 100 %; 95 % is usual.",
        )
    return share


def _check_rate(rate: float, name: str) -> None:
    if not (math.isfinite(rate) and 0.0 < rate < 1.0):
        raise InputError(
            f"A {name} of {rate:g} can't be used.",
            "Give more than 0 % and less than 100 %: that nothing at all is wrong "
            "can't be shown by any number of rows.",
        )
