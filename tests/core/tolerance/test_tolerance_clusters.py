"""Rows that belong together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import Group
from llmops_tui.core.tolerance.clusters import cluster_estimate
from llmops_tui.core.tolerance.proportion import interval


def drawn_groups(rng, groups, size, rate, likeness):
    """Groups whose own wrong rates differ: beta-binomial with this intraclass correlation."""
    shape = 1 / likeness - 1
    own = rng.beta(rate * shape, (1 - rate) * shape, groups)
    return [Group(int(wrong), size - int(wrong)) for wrong in rng.binomial(size, own)]


def test_the_standard_error_is_the_cluster_robust_one():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(7)
    groups = [
        Group(int(w), int(n - w))
        for n, w in ((n, rng.binomial(n, 0.3)) for n in rng.integers(1, 9, 40))
    ]
    outcomes = np.concatenate([[1.0] * g.wrong + [0.0] * g.right for g in groups])
    names = np.concatenate([[i] * g.answered for i, g in enumerate(groups)])
    fit = sm.OLS(outcomes, np.ones_like(outcomes)).fit(
        cov_type="cluster",
        cov_kwds={"groups": names, "use_correction": False, "df_correction": False},
    )
    expected = float(fit.bse[0]) * math.sqrt(len(groups) / (len(groups) - 1))
    estimate = cluster_estimate(groups, average_groups=False)
    assert estimate.point == pytest.approx(outcomes.mean())
    assert estimate.standard_error == pytest.approx(expected, rel=1e-9)
    assert (estimate.groups, estimate.rows) == (40, len(outcomes))


def test_repeats_are_averaged_per_row_first():
    groups = [Group(3, 0), Group(0, 1), Group(0, 1), Group(0, 1)]
    assert cluster_estimate(groups, average_groups=True).point == pytest.approx(1 / 4)
    assert cluster_estimate(groups, average_groups=False).point == pytest.approx(3 / 6)


def test_before_anything_was_wrong_each_group_counts_as_one_row():
    estimate = cluster_estimate([Group(0, 5)] * 60, average_groups=True)
    assert estimate.upper == pytest.approx(interval(0, 60).upper)
    assert estimate.design_effect == pytest.approx(5.0)


def test_a_wrong_answer_more_never_lowers_the_bound():
    bounds = [
        cluster_estimate([Group(1, 4)] * k + [Group(0, 5)] * (200 - k), average_groups=False).upper
        for k in range(12)
    ]
    assert bounds == sorted(bounds)


def test_answers_that_are_alike_in_a_group_are_worth_less():
    rng = np.random.default_rng(5)
    alike = cluster_estimate(drawn_groups(rng, 300, 5, 0.1, 0.8), average_groups=False)
    unlike = cluster_estimate(drawn_groups(rng, 300, 5, 0.1, 0.01), average_groups=False)
    assert alike.design_effect > 3
    assert unlike.design_effect < 1.3
    assert alike.effective_rows < 500 < 1000 < unlike.effective_rows


@pytest.mark.parametrize("likeness", [0.05, 0.4])
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_the_bounds_cover_where_the_plain_standard_error_does_not(rate, likeness):
    rng = np.random.default_rng(13)
    estimates = [
        cluster_estimate(drawn_groups(rng, 60, 5, rate, likeness), average_groups=False)
        for _ in range(250)
    ]
    assert np.mean([each.upper >= rate for each in estimates]) >= 0.93
    assert np.mean([each.lower <= rate for each in estimates]) >= 0.93
    if rate == 0.01:
        by_error = np.mean([e.point + 1.67 * e.standard_error >= rate for e in estimates])
        assert by_error < 0.85


def test_one_group_alone_proves_next_to_nothing():
    estimate = cluster_estimate([Group(0, 500)], average_groups=False)
    assert estimate.upper == pytest.approx(0.95)


def test_everything_wrong_is_no_division_by_zero():
    estimate = cluster_estimate([Group(5, 0)] * 30, average_groups=False)
    assert estimate.upper == 1.0
    assert 0.8 < estimate.lower < 1.0


def test_without_an_answer_there_is_no_estimate():
    with pytest.raises(InputError, match="No row was answered"):
        cluster_estimate([Group(0, 0, errored=4)], average_groups=True)
