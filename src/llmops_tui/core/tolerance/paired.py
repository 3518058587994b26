"""Two versions on the same rows: what changed, and whether the new one is worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance._search import crossing
from llmops_tui.core.tolerance._special import binomial_cdf, binomial_pmf, normal_quantile
from llmops_tui.core.tolerance.proportion import Interval
from llmops_tui.core.tolerance.words import percent


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Rows that two versions both answered, by who was right.

    Raises:
        InputError: when a count is negative.
    """

    both_right: int
    only_old_right: int
    """b: what the new version broke."""
    only_new_right: int
    """c: what the new version mended."""
    both_wrong: int

    def __post_init__(self) -> None:
        if min(self.both_right, self.only_old_right, self.only_new_right, self.both_wrong) < 0:
            raise InputError("A number of rows can't be negative.")

    @property
    def rows(self) -> int:
        """Rows that both answered."""
        return self.both_right + self.only_old_right + self.only_new_right + self.both_wrong

    @property
    def discordant(self) -> int:
        """Rows on which the versions differ: all that a comparison rests on."""
        return self.only_old_right + self.only_new_right

    @property
    def difference(self) -> float:
        """Share right of the new version less that of the old: (c − b)/n, 0 without rows."""
        return (self.only_new_right - self.only_old_right) / self.rows if self.rows else 0.0


def pair(old_right: Sequence[bool | None], new_right: Sequence[bool | None]) -> PairedCounts:
    """Count two versions' answers to the same rows; rows that either didn't answer (None) drop out.

    Raises:
        InputError: when the versions have different numbers of rows.
    """
    if len(old_right) != len(new_right):
        raise InputError("The two versions have different numbers of rows.")
    counts = {(old, new): 0 for old in (True, False) for new in (True, False)}
    for old, new in zip(old_right, new_right, strict=True):
        if old is not None and new is not None:
            counts[old, new] += 1
    return PairedCounts(
        both_right=counts[True, True],
        only_old_right=counts[True, False],
        only_new_right=counts[False, True],
        both_wrong=counts[False, False],
    )


def mcnemar_p(counts: PairedCounts) -> float:
    """Exact two-sided p value of "neither version is better".

    Twice the smaller tail of binomial(b + c, ½). Source: McNemar, Psychometrika 12 (1947).
    """
    fewer = min(counts.only_old_right, counts.only_new_right)
    return min(1.0, 2.0 * binomial_cdf(fewer, counts.discordant, 0.5))


def mcnemar_mid_p(counts: PairedCounts) -> float:
    """Two-sided mid-p value: the exact one less the chance of exactly what was seen.

    Closer to the nominal level than the exact one, which is too careful with few pairs.
    Source: Fagerland, Lydersen & Laake, BMC Med. Res. Methodol. 13:91 (2013).
    """
    if counts.only_old_right == counts.only_new_right:
        return 1.0
    fewer = min(counts.only_old_right, counts.only_new_right)
    tail = binomial_cdf(fewer, counts.discordant, 0.5)
    return 2.0 * tail - binomial_pmf(fewer, counts.discordant, 0.5)


def difference_interval(counts: PairedCounts, confidence: float = 0.95) -> Interval:
    """One-sided bounds, each at `confidence`, of the difference in the share right (new − old).

    The paired score interval, which stands few or no discordant pairs.
    Source: Tango, Statistics in Medicine 17 (1998).
    """
    if counts.rows == 0:
        return Interval(-1.0, 1.0)
    z = normal_quantile(confidence)
    seen = counts.difference
    lower, upper = -1.0, 1.0
    if seen > -1.0:
        lower = crossing(lambda delta: _tango_score(counts, delta) - z, seen, -1.0)
    if seen < 1.0:
        upper = crossing(lambda delta: -_tango_score(counts, delta) - z, seen, 1.0)
    return Interval(lower, upper)


def _tango_score(counts: PairedCounts, delta: float) -> float:
    """Tango's score statistic of "the true difference is delta"; falls as delta grows."""
    n, gained, lost = counts.rows, counts.only_new_right, counts.only_old_right
    b = -gained - lost + (2 * n - gained + lost) * delta
    c = -lost * delta * (1.0 - delta)
    # Share of rows that only the old version gets right, most likely given delta.
    q = (math.sqrt(max(0.0, b * b - 8.0 * n * c)) - b) / (4.0 * n)
    variance = n * (2.0 * q + delta * (1.0 - delta))
    distance = gained - lost - n * delta
    if variance <= 0.0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


class Comparison(StrEnum):
    """Whether a new version is worse than the old one. The names appear on screens."""

    NOT_WORSE = "not worse"
    """The lower bound of the difference is above minus the margin."""
    WORSE = "worse"
    """The upper bound of the difference is below minus the margin."""
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """The regression gate's answer."""

    state: Comparison
    difference: float
    """Share right of the new version less that of the old."""
    lower: float
    upper: float
    margin: float
    p_value: float
    """Exact McNemar: shown beside it, never the gate."""
    counts: PairedCounts

    def sentence(self) -> str:
        """The comparison in plain words, without full stop."""
        broke, mended = self.counts.only_old_right, self.counts.only_new_right
        changed = f"{mended} mended, {broke} broken of {self.counts.rows} rows"
        margin = percent(self.margin)
        if self.state is Comparison.NOT_WORSE:
            return f"The new version is not worse by {margin} or more ({changed})"
        if self.state is Comparison.WORSE:
            return f"The new version is worse by more than {margin} ({changed})"
        return f"undecided: it may be worse by more than {margin} or not ({changed})"


def non_inferiority(
    counts: PairedCounts, margin: float, confidence: float = 0.95
) -> NonInferiority:
    """The regression gate: is the new version at most `margin` worse than the old?

    "No significant difference" is not "the same", so it is the bound of the difference that has
    to clear the margin. Source: Tango, Statistics in Medicine 17 (1998).

    Raises:
        InputError: when the margin isn't between 0 and 1.
    """
    if not 0.0 < margin < 1.0:
        raise InputError(
            f"A margin of {margin:g} can't be used.",
            "Give more than 0 % and less than 100 %: that nothing at all got worse can't be shown.",
        )
    bounds = difference_interval(counts, confidence)
    state = Comparison.UNDECIDED
    if bounds.lower > -margin:
        state = Comparison.NOT_WORSE
    elif bounds.upper < -margin:
        state = Comparison.WORSE
    return NonInferiority(
        state=state,
        difference=counts.difference,
        lower=bounds.lower,
        upper=bounds.upper,
        margin=margin,
        p_value=mcnemar_p(counts),
        counts=counts,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P values of several candidates, adjusted for having asked several times.

    Each stays at its place. Source: Holm, Scand. J. Stat. 6 (1979).

    Raises:
        InputError: when one isn't from 0 to 1.
    """
    if not all(0.0 <= p <= 1.0 for p in p_values):
        raise InputError("A p value isn't from 0 to 1.")
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for passed, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - passed) * p_values[place]))
        adjusted[place] = highest
    return adjusted
