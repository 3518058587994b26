"""Anytime-valid bounds for values in [0, 1]: graded scores, and averages of repeats or clusters.

One bets against "the mean is at least m", a share c of one's capital on each value; nobody can
count on getting rich if it is true, so a capital of 1/α refutes it. Several shares are kept side
by side and their capitals averaged, so none has to be chosen beforehand. Since each share stays
the same from value to value, the order of the values doesn't matter.

Source: Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting",
J. R. Stat. Soc. B 86 (2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._search import NEVER, crossing, smallest
from llmops_tui.core.tolerance.proportion import Interval
from llmops_tui.core.tolerance.state import State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

CERTIFY_SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Shares of the capital laid on "less than m"; the best one is 1 − (true mean)/m."""
REFUTE_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
"""Shares laid on "more than m"; the best one for 0/1 values is (true mean − m)/(1 − m)."""


class BettingTest:
    """Both bets against one tolerated mean, fed value by value; decided at most once.

    A value is how wrong an answer is, from 0 (right) to 1 (wrong).
    Source: Waudby-Smith & Ramdas (2024).
    """

    __slots__ = (
        "_certify",
        "_refute",
        "_threshold",
        "confidence",
        "decided_at",
        "max_wrong",
        "rows",
        "state",
        "total",
    )

    def __init__(self, max_wrong: float, confidence: float = 0.95) -> None:
        self.max_wrong = max_wrong
        self.confidence = confidence
        self.rows = 0
        self.total = 0.0
        self.state = State.UNDECIDED
        self.decided_at: int | None = None
        """Rows at the moment of the decision, which stands from then on."""
        self._threshold = -math.log1p(-confidence)
        self._certify = [0.0] * len(CERTIFY_SHARES)
        self._refute = [0.0] * len(REFUTE_SHARES)

    def update(self, value: float, times: int = 1) -> State:
        """Count one value, or the same one several times, and say what is decided by now.

        Raises:
            InputError: when the value isn't from 0 to 1.
        """
        if not 0.0 <= value <= 1.0:
            raise InputError(f"A score of {value:g} isn't from 0 to 1.")
        self.rows += times
        self.total += value * times
        less = (self.max_wrong - value) / (1.0 - self.max_wrong)
        more = value / self.max_wrong - 1.0
        self._certify = [
            capital + times * math.log1p(share * less)
            for capital, share in zip(self._certify, CERTIFY_SHARES, strict=True)
        ]
        self._refute = [
            capital + times * math.log1p(share * more)
            for capital, share in zip(self._refute, REFUTE_SHARES, strict=True)
        ]
        if self.state is State.UNDECIDED:
            if self.log_certify >= self._threshold:
                self.state, self.decided_at = State.WITHIN, self.rows
            elif self.log_refute >= self._threshold:
                self.state, self.decided_at = State.EXCEEDED, self.rows
        return self.state

    @property
    def log_certify(self) -> float:
        """Logarithm of the capital won against "the mean is at least the tolerated one"."""
        return _log_mean_exp(self._certify)

    @property
    def log_refute(self) -> float:
        """Logarithm of the capital won against "the mean is at most the tolerated one"."""
        return _log_mean_exp(self._refute)

    def more_if_none_wrong(self) -> int:
        """How many more values decide for `within` if each of them is 0."""
        less = self.max_wrong / (1.0 - self.max_wrong)
        gains = [math.log1p(share * less) for share in CERTIFY_SHARES]
        found = smallest(
            lambda more: (
                _log_mean_exp(
                    [c + more * gain for c, gain in zip(self._certify, gains, strict=True)]
                )
                >= self._threshold
            ),
            at_least=0,
            guess=0,
            limit=NEVER * NEVER,
        )
        if found is None:  # each right row wins
            raise AssertionError("no number of rows suffices")
        return found

    def more_at_this_rate(self) -> int | None:
        """How many more values decide for `within` if they go on like those so far.

        Returns:
            A number of values, or None for "never at this rate".
        """
        if not self.rows or (self.total + 0.5) / (self.rows + 1) >= self.max_wrong:
            return None
        return self._more_like_these(self._certify)

    def more_until_exceeded(self) -> int | None:
        """How many more values decide for `exceeded` if they go on like those so far.

        Returns:
            A number of values, or None when the mean so far isn't above the tolerated one.
        """
        if not self.rows or self.total / self.rows <= self.max_wrong:
            return None
        return self._more_like_these(self._refute)

    def _more_like_these(self, capitals: Sequence[float]) -> int | None:
        return smallest(
            lambda more: (
                _log_mean_exp([c * (self.rows + more) / self.rows for c in capitals])
                >= self._threshold
            ),
            at_least=0,
            guess=0,
        )


def betting_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Bounds of the mean of values in [0, 1] that hold however often one looked.

    The upper bound is the smallest mean against which the bet has won 1/α, the lower bound the
    largest. The capital grows with the distance of m from the mean of the values, so both are
    found by root search. Source: Waudby-Smith & Ramdas (2024).

    Raises:
        InputError: when a value isn't from 0 to 1.
    """
    import numpy as np  # on first use: the app starts without NumPy and SciPy

    distinct, counts = np.unique(np.asarray(values, float), return_counts=True)
    if not distinct.size:
        return Interval(0.0, 1.0)
    if not (distinct[0] >= 0.0 and distinct[-1] <= 1.0):
        raise InputError("A score isn't from 0 to 1.")
    mean = float(np.average(distinct, weights=counts))
    threshold = -math.log1p(-confidence)
    certify, refute = np.asarray(CERTIFY_SHARES), np.asarray(REFUTE_SHARES)

    def capital(bets: NDArray[np.float64], gains: NDArray[np.float64]) -> float:
        logs = counts @ np.log1p(np.multiply.outer(gains, bets))
        return _log_mean_exp([float(log) for log in logs]) - threshold

    upper, lower = 1.0, 0.0
    if mean < 1.0:
        upper = crossing(lambda m: capital(certify, (m - distinct) / (1.0 - m)), mean, 1.0)
    if mean > 0.0:
        lower = crossing(lambda m: capital(refute, distinct / m - 1.0), mean, 0.0)
    return Interval(lower, upper)


def _log_mean_exp(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(log - top) for log in logs) / len(logs))
