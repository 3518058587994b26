"""One wrong rate from rows fixed beforehand: the bounds hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, xlog1py, xlogy

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.proportion import (
    interval,
    is_exceeded,
    is_within,
    lower_bound,
    lower_bounds,
    upper_bound,
    upper_bounds,
    wilson,
)

COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def binomial_masses(n: int, p: float) -> np.ndarray:
    k = np.arange(n + 1)
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.exp(logs + xlogy(k, p) + xlog1py(n - k, -p))


@pytest.mark.parametrize("n", [20, 50, 149, 412, 1000, 5000])
@pytest.mark.parametrize("p", [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3])
def test_each_exact_bound_covers_the_true_rate_at_least_as_often_as_it_says(n, p):
    masses = binomial_masses(n, p)
    k = np.arange(n + 1)
    assert masses.sum() == pytest.approx(1.0, abs=1e-9)
    assert masses[upper_bounds(k, n) >= p].sum() >= 0.95 - 1e-9
    assert masses[lower_bounds(k, n) <= p].sum() >= 0.95 - 1e-9


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_bounds_enclose_the_point_and_agree_with_their_vectorised_form(counts, confidence):
    wrong, rows = counts
    lower, upper = interval(wrong, rows, confidence)
    assert 0.0 <= lower <= wrong / rows <= upper <= 1.0
    assert float(upper_bounds(wrong, rows, confidence)) == pytest.approx(upper, rel=1e-9)
    assert float(lower_bounds(wrong, rows, confidence)) == pytest.approx(lower, rel=1e-9)


@given(COUNTS, st.floats(0.001, 0.9))
def test_asking_for_the_verdict_alone_agrees_with_the_bounds(counts, max_wrong):
    wrong, rows = counts
    lower, upper = interval(wrong, rows)
    if abs(upper - max_wrong) > 1e-9:
        assert is_within(wrong, rows, max_wrong) == (upper <= max_wrong)
    if abs(lower - max_wrong) > 1e-9:
        assert is_exceeded(wrong, rows, max_wrong) == (lower > max_wrong)


def test_no_wrong_row_gives_about_three_in_n():
    assert upper_bound(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert upper_bound(0, 300) == pytest.approx(3 / 300, rel=0.01)


def test_without_rows_nothing_is_known():
    assert interval(0, 0) == (0.0, 1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_all_rows_wrong_leaves_no_room_above():
    assert upper_bound(7, 7) == 1.0
    assert lower_bound(7, 7) == pytest.approx(0.05 ** (1 / 7))


@pytest.mark.parametrize(("wrong", "rows"), [(-1, 5), (6, 5), (0, float("inf")), (0, -1)])
def test_counts_that_cannot_be_are_refused(wrong, rows):
    with pytest.raises(InputError, match="can't be"):
        upper_bound(wrong, rows)


@pytest.mark.parametrize(("wrong", "rows"), [(0, 50), (1, 20), (7, 412), (50, 60), (9, 9)])
def test_bounds_and_bars_agree_with_statsmodels(wrong, rows):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    # Its two-sided interval at 90 % consists of the two one-sided bounds at 95 %.
    exact = proportion.proportion_confint(wrong, rows, alpha=0.1, method="beta")
    assert interval(wrong, rows) == pytest.approx(exact, abs=1e-10)
    bars = proportion.proportion_confint(wrong, rows, alpha=0.05, method="wilson")
    assert wilson(wrong, rows) == pytest.approx(bars, abs=1e-10)
