"""The error budget of production, how fast it burns, and when that is worth an alert."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.anytime import AnytimeTest
from llmops_tui.core.tolerance.lanes import LaneEstimate
from llmops_tui.core.tolerance.proportion import Interval
from llmops_tui.core.tolerance.state import State

HOUR_S = 3600
DAY_S = 24 * HOUR_S


def burn_rate(wrong_rate: float, max_wrong: float) -> float:
    """How many times faster than tolerated the budget is spent; 1 spends it in just the window.

    Source: Google, The Site Reliability Workbook (2018), ch. 5.
    """
    return wrong_rate / max_wrong


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """How many wrong answers a window bears, and how many there were; all in calls.

    What people have seen, what the audit tells of the rest, and what nobody knows are kept apart.
    """

    calls: int
    allowed: float
    """τ·N."""
    reviewed: int
    """Wrong calls that a person has seen."""
    estimated: float
    """Further wrong calls that the audit tells of."""
    unknown: float
    """Further wrong calls there may be, up to the upper bound."""
    lower: float
    """Wrong calls there are at least."""

    @property
    def spent(self) -> float:
        """Best estimate of all wrong calls."""
        return self.reviewed + self.estimated

    @property
    def spent_at_most(self) -> float:
        """Upper bound of all wrong calls."""
        return self.spent + self.unknown

    @property
    def share_spent(self) -> float:
        """Best estimate of the spent share of the budget; above 1 it is overdrawn."""
        return self.spent / self.allowed if self.allowed else 0.0

    @property
    def state(self) -> State:
        """Whether the window is within its budget."""
        if self.calls == 0:
            return State.UNDECIDED
        if self.spent_at_most <= self.allowed:
            return State.WITHIN
        return State.EXCEEDED if self.lower > self.allowed else State.UNDECIDED


def error_budget(calls: int, max_wrong: float, estimate: LaneEstimate | None) -> ErrorBudget:
    """The budget of a window with so many calls, from what triage tells of it.

    Without an estimate everything is unknown.
    """
    if estimate is None or calls == 0:
        return ErrorBudget(calls, max_wrong * calls, 0, 0.0, float(calls), 0.0)
    reviewed = estimate.seen_wrong
    likely = float(reviewed) if estimate.point is None else estimate.point * calls
    estimated = max(0.0, likely - reviewed)
    return ErrorBudget(
        calls=calls,
        allowed=max_wrong * calls,
        reviewed=reviewed,
        estimated=estimated,
        unknown=max(0.0, estimate.upper * calls - reviewed - estimated),
        lower=max(float(reviewed), estimate.lower * calls),
    )


@dataclass(frozen=True, slots=True)
class BurnThreshold:
    """An alert: the burn rate is above `factor` in a long and in a short window."""

    factor: float
    long_s: float
    short_s: float
    budget_share: float
    """Share of the budget that is spent when the long window burns at this factor."""
    is_reachable: bool
    """False where even nothing but wrong answers couldn't burn so fast."""

    def fires(self, long_burn_rate: float, short_burn_rate: float) -> bool:
        """Whether both windows burn fast enough."""
        return min(long_burn_rate, short_burn_rate) > self.factor


_USUAL = ((0.02, 1 * HOUR_S), (0.05, 6 * HOUR_S), (0.10, 3 * DAY_S))
_SHORT_SHARE = 12  # the short window is a twelfth of the long one


def highest_burn_rate(max_wrong: float) -> float:
    """The burn rate when everything is wrong: 1/τ. No threshold from there on can ever fire."""
    return 1.0 / max_wrong


def usual_thresholds(max_wrong: float, window_days: float = 30) -> tuple[BurnThreshold, ...]:
    """The usual three alerts, each with whether it can fire at this tolerance at all.

    14.4 × on 1 h and 5 min, 6 × on 6 h and 30 min, 1 × on 3 d and 6 h, for 30 days. They were made
    for tiny tolerances: above 6.9 % the first can never fire, above 16.7 % nor the second.

    Source: Google, The Site Reliability Workbook (2018), ch. 5.
    """
    return tuple(
        _threshold(share, share * window_days * DAY_S / long_s, long_s, max_wrong)
        for share, long_s in _USUAL
    )


def thresholds(max_wrong: float, window_days: float = 30) -> tuple[BurnThreshold, ...]:
    """Three alerts that can all fire at this tolerance.

    Each keeps the share of the budget that the usual one lets go before it speaks. Where the usual
    factor is out of reach, or nearly, the long window grows until half of all answers being wrong
    is enough. Alerts that come out alike are given once.
    """
    highest = highest_burn_rate(max_wrong) / 2
    chosen: list[BurnThreshold] = []
    for usual in usual_thresholds(max_wrong, window_days):
        factor = min(usual.factor, max(1.0, highest))
        long_s = usual.budget_share * window_days * DAY_S / factor
        alert = _threshold(usual.budget_share, factor, long_s, max_wrong)
        if alert.is_reachable and alert not in chosen:
            chosen.append(alert)
    return tuple(chosen)


def _threshold(share: float, factor: float, long_s: float, max_wrong: float) -> BurnThreshold:
    return BurnThreshold(
        factor=factor,
        long_s=long_s,
        short_s=long_s / _SHORT_SHARE,
        budget_share=share,
        is_reachable=factor < highest_burn_rate(max_wrong),
    )


def flag_band(
    flags: Sequence[int], calls: Sequence[int], now_calls: int, *, width: float = 3.0
) -> Interval:
    """How many flags `now_calls` calls may bring before that is news: the fast signal.

    Earlier windows, scaled to as many calls, give mean and spread; the band reaches
    k·max(sd, √μ, 1) to either side. √μ is the noise of counting, which a short or lucky baseline
    understates; 1 keeps a single flag from being news.

    Args:
        flags: flagged calls in each earlier window.
        calls: calls in each earlier window.
        now_calls: calls in the window in question.
        width: k.

    Returns:
        Numbers of flags, not rates; the lower one is at least 0.

    Raises:
        InputError: when there is no earlier window with calls, or the lists differ in length.
    """
    if len(flags) != len(calls):
        raise InputError("Flags and calls are of different numbers of windows.")
    scaled = [
        flagged * now_calls / total for flagged, total in zip(flags, calls, strict=True) if total
    ]
    if not scaled:
        raise InputError("There is no earlier window to compare with.")
    mean = sum(flags) * now_calls / sum(calls)
    spread = 0.0
    if len(scaled) > 1:
        centre = sum(scaled) / len(scaled)
        spread = math.sqrt(sum((count - centre) ** 2 for count in scaled) / (len(scaled) - 1))
    reach = width * max(spread, math.sqrt(mean), 1.0)
    return Interval(max(0.0, mean - reach), mean + reach)


class SlowAlarm:
    """The slow, honest signal: audited labels against the tolerance, for each prompt version anew.

    People label too few calls for short windows, so their labels are watched one by one with the
    refuting martingale, whose chance of a false alarm for a version is at most α however long it
    is watched. Source: Ville (1939); Howard et al., Ann. Stat. 49 (2021).
    """

    def __init__(self, max_wrong: float, confidence: float = 0.95) -> None:
        self._max_wrong = max_wrong
        self._confidence = confidence
        self.version: str | None = None
        """The prompt version whose labels are being watched."""
        self.test = AnytimeTest(max_wrong, confidence)

    def observe(self, version: str, is_wrong: bool) -> bool:
        """Count one audited label; True when the version is known to exceed its tolerance."""
        if version != self.version:
            self.version = version
            self.test = AnytimeTest(self._max_wrong, self._confidence)
        return self.test.update(is_wrong) is State.EXCEEDED
