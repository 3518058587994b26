"""One look at counts: state, bounds and how many more rows; errored rows already dealt with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llmops_tui.core.tolerance import anytime, planning
from llmops_tui.core.tolerance.betting import BettingTest, betting_interval
from llmops_tui.core.tolerance.clusters import (
    ClusterEstimate,
    Group,
    cluster_estimate,
    group_averages,
)
from llmops_tui.core.tolerance.proportion import Interval, interval, is_exceeded, is_within
from llmops_tui.core.tolerance.state import State
from llmops_tui.core.tolerance.tolerance import Tolerance


@dataclass(frozen=True, slots=True)
class Reading:
    """What one set of counts says, for itself.

    The numbers of more rows are to `within` (0 where it is that), and to `exceeded`.
    """

    state: State
    point: float | None
    lower: float
    upper: float
    more_if_none_wrong: int
    more_at_this_rate: int | None
    more_until_exceeded: int | None
    clusters: ClusterEstimate | None = None
    rate_so_far: float | None = None
    """Wrong rate to reckon with for rows to come; None before the first row."""


class Reader(Protocol):
    """Reads counts under one tolerance."""

    def __call__(
        self,
        wrong: int,
        rows: int,
        groups: Sequence[Group] | None,
        *,
        rate: float | None = None,
    ) -> Reading:
        """Read `wrong` of `rows`, or the groups where there are any.

        `rate` is the wrong rate of rows to come; that of the rows so far when left out.
        """
        ...


def reader(tolerance: Tolerance, stopped_early: bool) -> Reader:
    """The way to read counts under a tolerance."""

    def read(
        wrong: int,
        rows: int,
        groups: Sequence[Group] | None,
        *,
        rate: float | None = None,
    ) -> Reading:
        if rows == 0:
            return _nothing(tolerance, stopped_early)
        if groups is None:
            read_rows = _anytime if stopped_early else _fixed
            return read_rows(tolerance, wrong, rows, rate)
        read_groups = _anytime_groups if stopped_early else _fixed_groups
        return read_groups(tolerance, groups, rate)

    return read


def _nothing(tolerance: Tolerance, stopped_early: bool) -> Reading:
    needed = anytime.certifying_rows if stopped_early else planning.rows_needed
    more = needed(0, tolerance.max_wrong, tolerance.confidence)
    return Reading(State.UNDECIDED, None, 0.0, 1.0, more, None, None)


def _fixed(tolerance: Tolerance, wrong: float, rows: float, rate: float | None) -> Reading:
    limit, sure = tolerance.max_wrong, tolerance.confidence
    state = _state(is_within(wrong, rows, limit, sure), is_exceeded(wrong, rows, limit, sure))
    bounds = interval(wrong, rows, sure)
    if state is State.WITHIN:
        return _settled(wrong / rows, bounds, planning.rate_so_far(wrong, rows))
    return Reading(
        state=state,
        point=wrong / rows,
        lower=bounds.lower,
        upper=bounds.upper,
        more_if_none_wrong=planning.more_if_none_wrong(wrong, rows, limit, sure),
        more_at_this_rate=planning.more_at_this_rate(wrong, rows, limit, sure, rate=rate),
        more_until_exceeded=planning.more_until_exceeded(wrong, rows, limit, sure),
        rate_so_far=planning.rate_so_far(wrong, rows),
    )


def _anytime(tolerance: Tolerance, wrong: float, rows: float, rate: float | None) -> Reading:
    limit, sure = tolerance.max_wrong, tolerance.confidence
    prior, threshold = anytime.prior_for(limit), -math.log1p(-sure)
    state = _state(
        anytime.log_certify(wrong, rows, limit, prior) >= threshold,
        anytime.log_refute(wrong, rows, limit, prior) >= threshold,
    )
    bounds = anytime.anytime_interval(wrong, rows, sure, prior)
    if state is State.WITHIN:
        return _settled(wrong / rows, bounds, planning.rate_so_far(wrong, rows))
    return Reading(
        state=state,
        point=wrong / rows,
        lower=bounds.lower,
        upper=bounds.upper,
        more_if_none_wrong=anytime.more_if_none_wrong_anytime(wrong, rows, limit, sure),
        more_at_this_rate=anytime.more_at_this_rate_anytime(wrong, rows, limit, sure, rate=rate),
        more_until_exceeded=anytime.more_until_exceeded_anytime(wrong, rows, limit, sure),
        rate_so_far=planning.rate_so_far(wrong, rows),
    )


def _fixed_groups(tolerance: Tolerance, groups: Sequence[Group], rate: float | None) -> Reading:
    estimate = cluster_estimate(
        groups, tolerance.confidence, average_groups=not tolerance.is_clustered
    )
    state = _state(estimate.upper <= tolerance.max_wrong, estimate.lower > tolerance.max_wrong)
    effective = estimate.effective_rows
    # Looking ahead is done in effective rows, then said in rows (or clusters' rows) as they come.
    like = _fixed(tolerance, estimate.point * effective, effective, rate)
    units = estimate.rows if tolerance.is_clustered else estimate.groups
    return Reading(
        state=state,
        point=estimate.point,
        lower=estimate.lower,
        upper=estimate.upper,
        more_if_none_wrong=_scaled(like.more_if_none_wrong, units / effective, state) or 0,
        more_at_this_rate=_scaled(like.more_at_this_rate, units / effective, state),
        more_until_exceeded=_scaled(like.more_until_exceeded, units / effective, state),
        clusters=estimate,
        rate_so_far=like.rate_so_far,
    )


def _anytime_groups(tolerance: Tolerance, groups: Sequence[Group], rate: float | None) -> Reading:
    """Groups under watch: a bet on each group's average, so every group counts the same."""
    estimate = cluster_estimate(groups, tolerance.confidence, average_groups=True)
    averages = group_averages(groups)
    test = BettingTest(tolerance.max_wrong, tolerance.confidence)
    for average, times in Counter(averages).items():
        test.update(average, times)
    threshold = -math.log1p(-tolerance.confidence)
    state = _state(test.log_certify >= threshold, test.log_refute >= threshold)
    bounds = betting_interval(averages, tolerance.confidence)
    per_group = estimate.rows / estimate.groups if tolerance.is_clustered else 1.0
    at_rate = test.more_at_this_rate() if rate is None or rate < tolerance.max_wrong else None
    return Reading(
        state=state,
        point=estimate.point,
        lower=bounds.lower,
        upper=bounds.upper,
        more_if_none_wrong=_scaled(test.more_if_none_wrong(), per_group, state) or 0,
        more_at_this_rate=_scaled(at_rate, per_group, state),
        more_until_exceeded=_scaled(test.more_until_exceeded(), per_group, state),
        clusters=estimate,
        rate_so_far=(test.total + 0.5) / (test.rows + 1),
    )


def _state(within: bool, exceeded: bool) -> State:
    if within:
        return State.WITHIN
    return State.EXCEEDED if exceeded else State.UNDECIDED


def _settled(point: float, bounds: Interval, rate: float) -> Reading:
    return Reading(State.WITHIN, point, bounds.lower, bounds.upper, 0, 0, None, rate_so_far=rate)


def _scaled(more: int | None, factor: float, state: State) -> int | None:
    if state is State.WITHIN:
        return 0
    return None if more is None else max(1, math.ceil(more * factor - 1e-9))
