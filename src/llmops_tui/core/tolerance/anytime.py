"""Watching a run row by row and stopping when it is decided, without fooling oneself.

A bound made for a fixed number of rows lies when it is looked at after each row. A test martingale
doesn't: under the hypothesis it is to refute, its chance of ever reaching 1/α is at most α,
however often one looks (Ville 1939).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._search import NEVER, crossing, smallest
from llmops_tui.core.tolerance._special import log_beta, log_beta_cdf
from llmops_tui.core.tolerance.planning import rate_so_far, rows_needed
from llmops_tui.core.tolerance.proportion import Interval, check_counts
from llmops_tui.core.tolerance.state import State


@dataclass(frozen=True, slots=True)
class Prior:
    """Beta distribution that says where the bets of the martingale are laid."""

    a: float = 0.5
    b: float = 50.0


def prior_for(max_wrong: float) -> Prior:
    """The prior for a tolerated rate: Beta(½, 1/τ), so Beta(½, 50) at 2 %.

    Its mean is about half the tolerated rate, where systems worth certifying are. Any prior that
    was fixed beforehand is valid; this only decides how soon a verdict comes.
    """
    return Prior(0.5, 1.0 / max_wrong)


def log_certify(wrong: float, rows: float, max_wrong: float, prior: Prior | None = None) -> float:
    """Logarithm of the martingale against "at least `max_wrong` is wrong".

    The mean likelihood over rates from 0 to τ, divided by the likelihood at τ. `within` from
    log(1/α) on. Sources: Ville (1939); Robbins, Ann. Math. Stat. 41 (1970); Howard et al.,
    Ann. Stat. 49 (2021).
    """
    check_counts(wrong, rows)
    a, b = _parameters(max_wrong, prior)
    right = rows - wrong
    mean = log_beta(a + wrong, b + right) + log_beta_cdf(max_wrong, a + wrong, b + right)
    mass = log_beta(a, b) + log_beta_cdf(max_wrong, a, b)
    return mean - mass - wrong * math.log(max_wrong) - right * math.log1p(-max_wrong)


def log_refute(wrong: float, rows: float, max_wrong: float, prior: Prior | None = None) -> float:
    """Logarithm of the martingale against "at most `max_wrong` is wrong".

    As `log_certify`, over rates from τ to 1. `exceeded` from log(1/α) on. Sources: Ville (1939);
    Robbins, Ann. Math. Stat. 41 (1970); Howard et al., Ann. Stat. 49 (2021).
    """
    check_counts(wrong, rows)
    a, b = _parameters(max_wrong, prior)
    right = rows - wrong
    rest = 1.0 - max_wrong
    mean = log_beta(a + wrong, b + right) + log_beta_cdf(rest, b + right, a + wrong)
    mass = log_beta(a, b) + log_beta_cdf(rest, b, a)
    return mean - mass - wrong * math.log(max_wrong) - right * math.log1p(-max_wrong)


def anytime_interval(
    wrong: float, rows: float, confidence: float = 0.95, prior: Prior | None = None
) -> Interval:
    """Bounds that hold however often one looked before stopping, each at `confidence`.

    The martingales turned around: the upper bound is the smallest rate that `log_certify`
    rejects, the lower bound the largest that `log_refute` rejects. So a run is `within` exactly
    when its upper bound is at most τ, given the prior of τ. Source: Howard et al. (2021).
    """
    check_counts(wrong, rows)
    if rows == 0:
        return Interval(0.0, 1.0)
    threshold = -math.log1p(-confidence)
    rate = wrong / rows
    upper, lower = 1.0, 0.0
    if wrong < rows:
        upper = crossing(lambda p: log_certify(wrong, rows, p, prior) - threshold, rate, 1.0)
    if wrong > 0:
        lower = crossing(lambda p: log_refute(wrong, rows, p, prior) - threshold, rate, 0.0)
    return Interval(lower, upper)


def certifying_rows(
    wrong: float, max_wrong: float, confidence: float = 0.95, prior: Prior | None = None
) -> int:
    """Smallest number of rows at which `wrong` wrong ones certify `within`, looking at each row.

    178 for a clean run at 2 %, where a number of rows fixed beforehand needs 149. Never falls
    when `wrong` grows.
    """
    threshold = -math.log1p(-confidence)
    found = smallest(
        lambda rows: log_certify(wrong, rows, max_wrong, prior) >= threshold,
        at_least=math.ceil(wrong),
        guess=int(1.2 * rows_needed(wrong, max_wrong, confidence)),
        limit=NEVER * NEVER,
    )
    if found is None:  # each right row multiplies the martingale by more than 1
        raise AssertionError("no number of rows suffices")
    return found


def refuting_wrong(
    rows: int, max_wrong: float, confidence: float = 0.95, prior: Prior | None = None
) -> int | None:
    """Smallest number of wrong rows of `rows` that refutes: `exceeded`, looking at each row.

    None when not even `rows` wrong ones do. Never falls when `rows` grows.
    """
    threshold = -math.log1p(-confidence)
    expected = rows * max_wrong
    return smallest(
        lambda wrong: wrong <= rows and log_refute(wrong, rows, max_wrong, prior) >= threshold,
        at_least=1,
        guess=int(min(rows, expected + 3.0 * math.sqrt(expected) + 1)),
        limit=rows,
    )


def more_if_none_wrong_anytime(
    wrong: float, rows: float, max_wrong: float, confidence: float = 0.95
) -> int:
    """How many more rows certify `within` if none of them is wrong, looking at each row."""
    needed = certifying_rows(wrong, max_wrong, confidence, prior_for(max_wrong))
    return max(0, math.ceil(needed - rows))


def more_at_this_rate_anytime(
    wrong: float,
    rows: float,
    max_wrong: float,
    confidence: float = 0.95,
    *,
    rate: float | None = None,
) -> int | None:
    """How many more rows certify `within` at the rate so far; None for "never at this rate"."""
    rate = rate_so_far(wrong, rows) if rate is None else rate
    if rate >= max_wrong:
        return None
    prior, threshold = prior_for(max_wrong), -math.log1p(-confidence)
    gap = max_wrong - rate
    return smallest(
        lambda more: log_certify(wrong + rate * more, rows + more, max_wrong, prior) >= threshold,
        at_least=0,
        guess=int(min(4.0 * max_wrong / (gap * gap), NEVER)),
    )


def more_until_exceeded_anytime(
    wrong: float, rows: float, max_wrong: float, confidence: float = 0.95
) -> int | None:
    """How many more rows refute at the rate so far; None when it isn't above the tolerated one."""
    rate = rate_so_far(wrong, rows)
    if rate <= max_wrong:
        return None
    prior, threshold = prior_for(max_wrong), -math.log1p(-confidence)
    return smallest(
        lambda more: log_refute(wrong + rate * more, rows + more, max_wrong, prior) >= threshold,
        at_least=0,
        guess=0,
    )


class AnytimeTest:
    """The two martingales of one tolerance, fed row by row; decided at most once.

    A row costs an integer comparison. The number of rows that would certify (it never falls when
    a row is wrong) and the number of wrong ones that would refute (it never falls when a row is
    right) are kept, and computed anew only when the old value is reached.

    Source: Ville (1939); Howard et al., Ann. Stat. 49 (2021).
    """

    __slots__ = (
        "_certify_at",
        "_refute_at",
        "confidence",
        "decided_at",
        "max_wrong",
        "prior",
        "rows",
        "state",
        "wrong",
    )

    def __init__(
        self, max_wrong: float, confidence: float = 0.95, prior: Prior | None = None
    ) -> None:
        self.max_wrong = max_wrong
        self.confidence = confidence
        self.prior = prior or prior_for(max_wrong)
        self.rows = 0
        self.wrong = 0
        self.state = State.UNDECIDED
        self.decided_at: tuple[int, int] | None = None
        """Rows and wrong rows at the moment of the decision, which stands from then on."""
        self._certify_at = certifying_rows(0, max_wrong, confidence, self.prior)
        self._refute_at = 1

    def update(self, is_wrong: bool) -> State:
        """Count one row and say what is decided by now."""
        self.rows += 1
        if is_wrong:
            self.wrong += 1
            if self.wrong >= self._refute_at:
                self._look_at_refuting()
        elif self.rows >= self._certify_at:
            self._look_at_certifying()
        return self.state

    def extend(self, outcomes: Iterable[bool]) -> State:
        """Count many rows, looking after each of them."""
        for is_wrong in outcomes:
            self.update(is_wrong)
        return self.state

    def add(self, *, right: int, wrong: int) -> State:
        """Count rows whose order isn't known, looking once after all of them.

        Raises:
            InputError: when a count is negative.
        """
        if right < 0 or wrong < 0:
            raise InputError("A number of rows can't be negative.")
        self.rows += right + wrong
        self.wrong += wrong
        if self.wrong >= self._refute_at:
            self._look_at_refuting()
        if self.rows >= self._certify_at:
            self._look_at_certifying()
        return self.state

    def interval(self) -> Interval:
        """Bounds of the wrong rate that hold although every row was looked at."""
        return anytime_interval(self.wrong, self.rows, self.confidence, self.prior)

    def _look_at_certifying(self) -> None:
        self._certify_at = certifying_rows(self.wrong, self.max_wrong, self.confidence, self.prior)
        if self.rows >= self._certify_at:
            self._decide(State.WITHIN)

    def _look_at_refuting(self) -> None:
        found = refuting_wrong(self.rows, self.max_wrong, self.confidence, self.prior)
        # Where not even all rows being wrong refutes, one more wrong row is the least it takes.
        self._refute_at = self.rows + 1 if found is None else found
        if self.wrong >= self._refute_at:
            self._decide(State.EXCEEDED)

    def _decide(self, state: State) -> None:
        self.state = state
        self.decided_at = (self.rows, self.wrong)
        self._certify_at = self._refute_at = NEVER


def _parameters(max_wrong: float, prior: Prior | None) -> tuple[float, float]:
    prior = prior or prior_for(max_wrong)
    return prior.a, prior.b
