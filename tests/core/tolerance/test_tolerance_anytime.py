"""Watching a run row by row: decided as soon as possible, falsely no more often than said."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import State
from llmops_tui.core.tolerance.anytime import (
    AnytimeTest,
    Prior,
    anytime_interval,
    certifying_rows,
    log_certify,
    log_refute,
    more_at_this_rate_anytime,
    more_if_none_wrong_anytime,
    more_until_exceeded_anytime,
    prior_for,
    refuting_wrong,
)
from llmops_tui.core.tolerance.planning import rows_needed

THRESHOLD = math.log(20)


def chance_of_certifying(boundary, rate, rows):
    """Chance to reach `boundary[k]` rows with k wrong ones, looking after each row: exactly."""
    left = np.zeros(len(boundary))
    left[0] = 1.0
    reached = 0.0
    for row in range(1, rows + 1):
        left[1:] = left[1:] * (1 - rate) + left[:-1] * rate
        left[0] *= 1 - rate
        is_reached = boundary <= row
        reached += left[is_reached].sum()
        left[is_reached] = 0.0
    return reached


def chance_of_refuting(boundary, rate):
    """Chance to reach `boundary[n-1]` wrong ones of n rows, looking after each row: exactly."""
    left = np.zeros(int(min(boundary[boundary < 10**9].max() + 2, len(boundary) + 1)))
    left[0] = 1.0
    wrong = np.arange(len(left))
    reached = 0.0
    for needed in boundary:
        left[1:] = left[1:] * (1 - rate) + left[:-1] * rate
        left[0] *= 1 - rate
        is_reached = wrong >= needed
        reached += left[is_reached].sum()
        left[is_reached] = 0.0
    return reached


def certify_boundary(max_wrong, rows, confidence=0.95):
    boundary = []
    while not boundary or boundary[-1] <= rows:
        boundary.append(certifying_rows(len(boundary), max_wrong, confidence))
    # Room for paths that are far from certifying.
    return np.array(boundary + [10**9] * int(10 * math.sqrt(rows * max_wrong) + 20))


def test_a_fixed_size_bound_that_is_peeked_at_passes_falsely_far_too_often():
    fixed = np.array([rows_needed(wrong, 0.02) for wrong in range(150)])
    assert chance_of_certifying(fixed, 0.02, 2000) == pytest.approx(0.2166, abs=0.0005)


@pytest.mark.parametrize("max_wrong", [0.005, 0.02, 0.1, 0.3])
def test_a_watched_run_at_the_tolerance_is_falsely_certified_in_at_most_one_of_twenty(max_wrong):
    rows = 3000
    boundary = certify_boundary(max_wrong, rows)
    assert 0.01 < chance_of_certifying(boundary, max_wrong, rows) <= 0.05
    assert chance_of_certifying(boundary, 1.2 * max_wrong, rows) <= 0.05


@pytest.mark.parametrize("max_wrong", [0.005, 0.02, 0.1, 0.3])
def test_a_watched_run_at_the_tolerance_is_falsely_refuted_in_at_most_one_of_twenty(max_wrong):
    boundary = np.array([refuting_wrong(n, max_wrong) or 10**9 for n in range(1, 1501)])
    assert 0.005 < chance_of_refuting(boundary, max_wrong) <= 0.05
    assert chance_of_refuting(boundary, 0.8 * max_wrong) <= 0.05


def test_simulated_runs_agree_at_the_tolerance():
    rng = np.random.default_rng(20)
    wrong = np.cumsum(rng.random((4000, 2000)) < 0.02, axis=1, dtype=np.int16)
    rows = np.arange(1, 2001)
    certify = np.array([certifying_rows(k, 0.02) for k in range(int(wrong.max()) + 1)])
    refute = np.array([refuting_wrong(n, 0.02) or 10**6 for n in range(1, 2001)])
    assert (rows >= certify[wrong]).any(axis=1).mean() <= 0.05
    assert (wrong >= refute).any(axis=1).mean() <= 0.05
    fixed = np.array([rows_needed(k, 0.02) for k in range(int(wrong.max()) + 1)])
    assert 0.18 < (rows >= fixed[wrong]).any(axis=1).mean() < 0.25


def test_a_clean_run_is_certified_after_178_rows():
    assert prior_for(0.02) == Prior(0.5, 50.0)
    assert certifying_rows(0, 0.02) == 178
    test = AnytimeTest(0.02)
    assert test.extend([False] * 177) is State.UNDECIDED
    assert test.update(False) is State.WITHIN
    assert test.decided_at == (178, 0)


def test_at_a_true_half_per_cent_the_median_run_stops_at_about_325_rows():
    rng = np.random.default_rng(3)
    wrong = np.cumsum(rng.random((2000, 1500)) < 0.005, axis=1, dtype=np.int16)
    certify = np.array([certifying_rows(k, 0.02) for k in range(int(wrong.max()) + 1)])
    has_stopped = np.arange(1, 1501) >= certify[wrong]
    stops = np.where(has_stopped.any(axis=1), has_stopped.argmax(axis=1) + 1, 10**6)
    assert np.median(stops) == pytest.approx(325, abs=15)


@given(
    st.lists(st.booleans(), max_size=120),
    st.sampled_from([0.02, 0.1, 0.5]),
)
def test_counting_against_kept_boundaries_is_the_martingale_itself(outcomes, max_wrong):
    test = AnytimeTest(max_wrong)
    wrong, state = 0, State.UNDECIDED
    for rows, is_wrong in enumerate(outcomes, start=1):
        wrong += is_wrong
        if state is State.UNDECIDED:
            if log_certify(wrong, rows, max_wrong) >= THRESHOLD:
                state = State.WITHIN
            elif log_refute(wrong, rows, max_wrong) >= THRESHOLD:
                state = State.EXCEEDED
        assert test.update(is_wrong) is state
    assert (test.rows, test.wrong) == (len(outcomes), sum(outcomes))


@pytest.mark.parametrize("max_wrong", [0.02, 0.5])
def test_a_hundred_thousand_rows_need_few_looks_at_the_martingale(max_wrong, monkeypatch):
    looks = 0

    def counted(function):
        def call(*args):
            nonlocal looks
            looks += 1
            return function(*args)

        return call

    monkeypatch.setattr(
        "llmops_tui.core.tolerance.anytime.certifying_rows", counted(certifying_rows)
    )
    monkeypatch.setattr("llmops_tui.core.tolerance.anytime.refuting_wrong", counted(refuting_wrong))
    test = AnytimeTest(max_wrong, confidence=1 - 1e-9)
    test.extend((np.random.default_rng(1).random(100_000) < max_wrong).tolist())
    assert test.state is State.UNDECIDED
    assert looks < 2500


def test_a_decision_stands_whatever_comes_after():
    test = AnytimeTest(0.02)
    test.extend([False] * 178 + [True] * 50)
    assert test.state is State.WITHIN
    assert test.decided_at == (178, 0)
    assert (test.rows, test.wrong) == (228, 50)


def test_batches_of_unknown_order_are_looked_at_once():
    test = AnytimeTest(0.02)
    assert test.add(right=100, wrong=1) is State.UNDECIDED
    assert test.add(right=20, wrong=20) is State.EXCEEDED
    assert AnytimeTest(0.02).add(right=400, wrong=0) is State.WITHIN
    with pytest.raises(InputError):
        test.add(right=-1, wrong=0)


@given(st.integers(0, 3000), st.integers(0, 60), st.sampled_from([0.005, 0.02, 0.1, 0.4]))
def test_the_anytime_bounds_say_the_same_as_the_martingale(right, wrong, max_wrong):
    rows = right + wrong
    lower, upper = anytime_interval(wrong, rows, prior=prior_for(max_wrong))
    assert 0.0 <= lower <= (wrong / rows if rows else 0.0) <= upper <= 1.0
    if abs(upper - max_wrong) > 1e-8:
        assert (upper <= max_wrong) == (rows and log_certify(wrong, rows, max_wrong) >= THRESHOLD)
    if abs(lower - max_wrong) > 1e-8:
        assert (lower > max_wrong) == (rows and log_refute(wrong, rows, max_wrong) >= THRESHOLD)


@pytest.mark.parametrize(("wrong", "rows"), [(0, 178), (3, 400), (100, 5000), (5, 20), (30, 90)])
def test_the_martingales_grow_with_the_distance_from_what_was_seen(wrong, rows):
    prior = Prior()
    above = [
        log_certify(wrong, rows, p, prior) >= THRESHOLD
        for p in np.linspace(wrong / rows + 1e-4, 0.99, 300)
    ]
    below = [
        log_refute(wrong, rows, p, prior) >= THRESHOLD
        for p in np.linspace(wrong / rows + 1e-5, 1e-5, 300)
    ]
    assert all(later >= earlier for earlier, later in pairwise(above))
    assert all(later >= earlier for earlier, later in pairwise(below))


def test_the_martingales_stay_finite_where_probabilities_underflow():
    # Far above the tolerance only the prior next to it counts: its density over the slope there.
    special = pytest.importorskip("scipy.special")
    density = 0.02**-0.5 * 0.98**49 / special.beta(0.5, 50) / special.betainc(0.5, 50, 0.02)
    slope = 60_000 / 0.02 - 40_000 / 0.98
    expected = math.log(density / slope)
    assert log_certify(60_000, 100_000, 0.02) == pytest.approx(expected, abs=1e-3)
    assert -30 < log_refute(1, 10_000_000, 0.02) < 0
    assert log_refute(60_000, 100_000, 0.02) > 10_000


def test_the_martingale_has_mean_one_under_the_hypothesis_it_refutes():
    stats = pytest.importorskip("scipy.stats")
    wrong = np.arange(41)
    masses = stats.binom.pmf(wrong, 40, 0.1)
    for log in (log_certify, log_refute):
        values = np.exp([log(int(k), 40, 0.1) for k in wrong])
        assert float(masses @ values) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("wrong", "rows"), [(0, 50), (1, 100), (3, 300), (9, 900)])
def test_looking_ahead_leads_to_a_decision_and_not_a_row_sooner(wrong, rows):
    clean = more_if_none_wrong_anytime(wrong, rows, 0.02)
    assert log_certify(wrong, rows + clean, 0.02) >= THRESHOLD
    assert log_certify(wrong, rows + clean - 1, 0.02) < THRESHOLD
    at_rate = more_at_this_rate_anytime(wrong, rows, 0.02)
    assert at_rate is not None
    assert at_rate > clean
    assert more_until_exceeded_anytime(wrong, rows, 0.02) is None


def test_above_the_tolerated_rate_more_rows_refute():
    assert more_at_this_rate_anytime(30, 900, 0.02) is None
    more = more_until_exceeded_anytime(30, 900, 0.02)
    assert more is not None
    rate = 30.5 / 901
    assert log_refute(30 + rate * more, 900 + more, 0.02) >= THRESHOLD


@pytest.mark.slow
@pytest.mark.parametrize("max_wrong", [0.01, 0.05])
def test_false_verdicts_stay_rare_over_tens_of_thousands_of_rows(max_wrong):
    rows = 30_000
    boundary = certify_boundary(max_wrong, rows)
    assert chance_of_certifying(boundary, max_wrong, rows) <= 0.05
