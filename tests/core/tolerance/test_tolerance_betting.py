"""Graded scores, repeats and clusters under watch: bounds by betting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import State
from llmops_tui.core.tolerance.betting import (
    CERTIFY_SHARES,
    REFUTE_SHARES,
    BettingTest,
    betting_interval,
)


def ever_rejects(bets, gains):
    """Share of runs whose averaged capital ever reaches 20; gains are runs × rows."""
    capital = sum(np.exp(np.cumsum(np.log1p(share * gains), axis=1)) for share in bets)
    return float((capital / len(bets) >= 20).any(axis=1).mean())


@pytest.mark.parametrize("shape", ["graded", "binary"])
def test_a_watched_mean_at_the_tolerance_is_falsely_decided_in_at_most_one_of_twenty(shape):
    rng = np.random.default_rng(11)
    size = (1500, 800)
    mean = 0.1
    values = rng.beta(0.5, 4.5, size) if shape == "graded" else (rng.random(size) < mean) * 1.0
    assert ever_rejects(CERTIFY_SHARES, (mean - values) / (1 - mean)) <= 0.05
    assert ever_rejects(REFUTE_SHARES, values / mean - 1) <= 0.05


def test_clean_scores_are_certified_nearly_as_soon_as_clean_rows():
    test = BettingTest(0.02)
    assert test.more_if_none_wrong() == 207
    while test.update(0.0) is State.UNDECIDED:
        pass
    assert test.decided_at == 207


def test_bad_scores_are_refuted():
    test = BettingTest(0.02)
    for _ in range(200):
        test.update(0.3)
    assert test.state is State.EXCEEDED
    assert test.decided_at is not None
    assert test.decided_at < 10


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.sampled_from([0.05, 0.3]))
def test_the_bounds_say_the_same_as_the_bets(values, max_wrong):
    lower, upper = betting_interval(values)
    assert lower <= np.mean(values) + 1e-9
    assert upper >= np.mean(values) - 1e-9
    test = BettingTest(max_wrong)
    for value in values:
        test.update(value)
    if abs(upper - max_wrong) > 1e-8:
        assert (upper <= max_wrong) == (test.log_certify >= math.log(20))
    if abs(lower - max_wrong) > 1e-8:
        assert (lower > max_wrong) == (test.log_refute >= math.log(20))


def test_the_order_of_the_values_does_not_matter():
    values = np.random.default_rng(2).beta(1, 20, 300)
    assert betting_interval(values) == pytest.approx(betting_interval(np.sort(values)))
    together, apart = BettingTest(0.1), BettingTest(0.1)
    together.update(0.05, 40)
    for _ in range(40):
        apart.update(0.05)
    assert together.log_certify == pytest.approx(apart.log_certify)


def test_less_spread_proves_more_than_right_and_wrong():
    rng = np.random.default_rng(4)
    graded = betting_interval(np.full(500, 0.05))
    binary = betting_interval(rng.permutation([1.0] * 25 + [0.0] * 475))
    assert graded.upper < binary.upper


def test_looking_ahead_tells_when_it_will_be_decided():
    test = BettingTest(0.1)
    for value in [0.0, 0.05, 0.2, 0.0] * 10:
        test.update(value)
    clean, alike = test.more_if_none_wrong(), test.more_at_this_rate()
    assert alike is not None
    assert 0 < clean < alike
    test.update(0.0, clean)
    assert test.state is State.WITHIN
    worse = BettingTest(0.1)
    worse.update(0.0, 25)
    worse.update(0.24, 25)
    assert worse.more_at_this_rate() is None
    assert worse.more_until_exceeded()


def test_scores_outside_zero_to_one_are_refused():
    with pytest.raises(InputError):
        BettingTest(0.1).update(1.5)
    with pytest.raises(InputError):
        betting_interval([0.1, -0.2])
    assert betting_interval([]) == (0.0, 1.0)
