"""How many rows a verdict needs, before a run and while it is under way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmops_tui.core.tolerance._search import NEVER, smallest
from llmops_tui.core.tolerance._special import binomial_cdf, gamma_quantile
from llmops_tui.core.tolerance.proportion import is_exceeded, is_within

_LOOK_BACK = 8  # neighbouring teeth of the power's saw that rounding may put out of order


@lru_cache(maxsize=4096)
def rows_needed(wrong: float, max_wrong: float, confidence: float = 0.95) -> int:
    """Smallest number of rows at which `wrong` wrong ones are still within the tolerance.

    The search starts at the Poisson answer q/τ − (q−k)/2, which is off by a row or two.
    Source: inverse of Clopper & Pearson's upper bound (1934).
    """
    quantile = gamma_quantile(confidence, wrong + 1.0)
    guess = round(quantile / max_wrong - (quantile - wrong) / 2)
    found = smallest(
        lambda rows: is_within(wrong, rows, max_wrong, confidence),
        at_least=math.ceil(wrong),
        guess=guess,
        limit=max(NEVER, 2 * guess),
    )
    if found is None:  # the bound falls to k/n, so some number of rows always suffices
        raise AssertionError("no number of rows suffices")
    return found


@lru_cache(maxsize=4096)
def allowed_wrong(rows: int, max_wrong: float, confidence: float = 0.95) -> int | None:
    """Largest number of wrong rows of `rows` that is within the tolerance; None if not even 0.

    Source: inverse of Clopper & Pearson's upper bound (1934).
    """
    if not is_within(0, rows, max_wrong, confidence):
        return None
    first_too_many = smallest(
        lambda wrong: not is_within(wrong, rows, max_wrong, confidence),
        at_least=1,
        guess=max(1, int(rows * max_wrong - 1.6 * math.sqrt(rows * max_wrong))),
        limit=rows + 1,
    )
    return None if first_too_many is None else first_too_many - 1


def rate_so_far(wrong: float, rows: float) -> float:
    """Wrong rate to reckon with when looking ahead: (k+½)/(n+1), never quite 0 or 1.

    Source: posterior mean under Jeffreys' prior.
    """
    return (wrong + 0.5) / (rows + 1.0)


def more_if_none_wrong(
    wrong: float, rows: float, max_wrong: float, confidence: float = 0.95
) -> int:
    """How many more rows decide for `within` if none of them is wrong; 0 if it is already."""
    return max(0, math.ceil(rows_needed(wrong, max_wrong, confidence) - rows))


def more_at_this_rate(
    wrong: float,
    rows: float,
    max_wrong: float,
    confidence: float = 0.95,
    *,
    rate: float | None = None,
) -> int | None:
    """How many more rows decide for `within` if the wrong rate stays as it is.

    Args:
        wrong: wrong rows so far.
        rows: rows so far.
        max_wrong: the tolerated rate.
        confidence: of the bound.
        rate: wrong rate of the rows to come; the rate so far when left out.

    Returns:
        A number of rows, or None for "never at this rate": it isn't below the tolerated one.
    """
    rate = rate_so_far(wrong, rows) if rate is None else rate
    if rate >= max_wrong:
        return None
    gap = max_wrong - rate
    normal_guess = 2.71 * max_wrong * (1 - max_wrong) / (gap * gap) - rows
    return smallest(
        lambda more: is_within(wrong + rate * more, rows + more, max_wrong, confidence),
        at_least=0,
        guess=int(min(max(normal_guess, 0.0), NEVER)),
    )


def more_until_exceeded(
    wrong: float, rows: float, max_wrong: float, confidence: float = 0.95
) -> int | None:
    """How many more rows decide for `exceeded` if the wrong rate stays as it is.

    Returns:
        A number of rows, or None when the rate so far isn't above the tolerated one.
    """
    rate = rate_so_far(wrong, rows)
    if rate <= max_wrong:
        return None
    return smallest(
        lambda more: is_exceeded(wrong + rate * more, rows + more, max_wrong, confidence),
        at_least=0,
        guess=0,
    )


def power(rows: int, true_rate: float, max_wrong: float, confidence: float = 0.95) -> float:
    """Chance that `rows` rows end `within` when `true_rate` of all answers is wrong.

    Source: binomial tail at the largest number of wrong rows that is still within.
    """
    allowed = allowed_wrong(rows, max_wrong, confidence)
    return 0.0 if allowed is None else binomial_cdf(allowed, rows, true_rate)


@lru_cache(maxsize=1024)
def rows_for_power(
    true_rate: float, max_wrong: float, confidence: float = 0.95, wanted: float = 0.8
) -> int | None:
    """Smallest number of rows whose chance to end `within` reaches `wanted`.

    The chance saws up and down with the number of rows: it jumps up where one more wrong row
    becomes allowed, and falls from there on. So only those tips are looked at.

    Returns:
        A number of rows, or None when the true rate isn't below the tolerated one.
    """
    if true_rate >= max_wrong:
        return None

    def reaches(allowed: int) -> bool:
        rows = rows_needed(allowed, max_wrong, confidence)
        return binomial_cdf(allowed, rows, true_rate) >= wanted

    gap = (max_wrong - true_rate) / max_wrong
    found = smallest(reaches, at_least=0, guess=int(6.2 * (1 - gap) / (gap * gap)), limit=10**8)
    if found is None:
        return None
    earlier = (k for k in range(max(0, found - _LOOK_BACK), found) if reaches(k))
    return rows_needed(next(earlier, found), max_wrong, confidence)


@dataclass(frozen=True, slots=True)
class CostOfProof:
    """One point of the planning screen's curve."""

    true_rate: float
    """Share of all answers that is really wrong."""
    rows: int | None
    """Rows needed to be `within` with the wanted chance; None when no number suffices."""


def cost_curve(
    max_wrong: float,
    confidence: float = 0.95,
    *,
    true_rates: Sequence[float] | None = None,
    wanted: float = 0.8,
) -> tuple[CostOfProof, ...]:
    """What proof costs as the true rate nears the tolerated one: the planning screen's curve.

    Without `true_rates`, from 0 to nine tenths of the tolerated rate in ten steps.
    """
    rates = [max_wrong * step / 10 for step in range(10)] if true_rates is None else true_rates
    return tuple(
        CostOfProof(rate, rows_for_power(rate, max_wrong, confidence, wanted)) for rate in rates
    )


def passes_by_luck(rows: int, max_wrong: float, true_rate: float) -> float:
    """Chance that a bare "k/n ≤ tolerated" lets a system of this true wrong rate pass.

    Why a point estimate is no gate. Source: binomial distribution.
    """
    # A count that should be whole (5 % of 20) must not fall under it by the float's rounding.
    return binomial_cdf(math.floor(rows * max_wrong + 1e-9), rows, true_rate)
