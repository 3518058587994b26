"""Two versions on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.paired import (
    Comparison,
    PairedCounts,
    difference_interval,
    holm,
    mcnemar_mid_p,
    mcnemar_p,
    non_inferiority,
    pair,
)

EIGHTY_AND_NINETY = PairedCounts(both_right=75, only_old_right=5, only_new_right=15, both_wrong=5)


def test_pairing_sees_a_difference_that_unpaired_counts_miss():
    stats = pytest.importorskip("scipy.stats")
    assert mcnemar_p(EIGHTY_AND_NINETY) == pytest.approx(0.041, abs=0.0005)
    unpaired = stats.fisher_exact([[80, 20], [90, 10]]).pvalue
    assert unpaired == pytest.approx(0.073, abs=0.0005)
    assert EIGHTY_AND_NINETY.difference == pytest.approx(0.10)


@pytest.mark.parametrize(("b", "c"), [(5, 15), (0, 3), (7, 7), (0, 0), (120, 90)])
def test_mcnemar_agrees_with_statsmodels(b, c):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    counts = PairedCounts(50, b, c, 50)
    reference = min(1.0, tables.mcnemar([[50, b], [c, 50]], exact=True).pvalue)
    assert mcnemar_p(counts) == pytest.approx(reference, abs=1e-10)


def test_the_mid_p_takes_half_of_what_was_seen_off_each_tail():
    stats = pytest.importorskip("scipy.stats")
    expected = 2 * stats.binom.cdf(5, 20, 0.5) - stats.binom.pmf(5, 20, 0.5)
    assert mcnemar_mid_p(EIGHTY_AND_NINETY) == pytest.approx(expected)
    assert mcnemar_mid_p(PairedCounts(1, 4, 4, 1)) == 1.0


@pytest.mark.parametrize(
    ("counts", "confidence", "expected"),
    [
        # 90 % interval of Tango's own example (1998), given there from the other side.
        (PairedCounts(43, 1, 0, 0), 0.95, (-0.096, 0.037)),
        # 95 % interval of Bentur et al.'s children, in Fagerland, Lydersen & Laake (2014).
        (PairedCounts(1, 7, 1, 12), 0.975, (-0.517, -0.026)),
    ],
)
def test_the_interval_of_the_difference_is_tangos(counts, confidence, expected):
    assert difference_interval(counts, confidence) == pytest.approx(expected, abs=0.0006)


@given(*[st.integers(0, 60)] * 4)
def test_the_interval_encloses_the_difference_and_turns_round_with_the_versions(a, b, c, d):
    counts, turned = PairedCounts(a, b, c, d), PairedCounts(a, c, b, d)
    lower, upper = difference_interval(counts)
    assert -1 <= lower <= counts.difference <= upper <= 1
    assert difference_interval(turned) == pytest.approx((-upper, -lower), abs=1e-8)


@pytest.mark.parametrize(("lost", "gained"), [(0.05, 0.05), (0.02, 0.10), (0.30, 0.20)])
def test_each_bound_of_the_difference_covers(lost, gained):
    rng = np.random.default_rng(8)
    draws = rng.multinomial(150, [0.5, lost, gained, 0.5 - lost - gained], size=2000)
    distinct, times = np.unique(draws[:, 1:3], axis=0, return_counts=True)
    bounds = [difference_interval(PairedCounts(150 - b - c, b, c, 0)) for b, c in distinct]
    true = gained - lost
    assert np.average([each.upper >= true for each in bounds], weights=times) >= 0.93
    assert np.average([each.lower <= true for each in bounds], weights=times) >= 0.93


def test_no_significant_difference_is_not_the_same():
    few = PairedCounts(both_right=18, only_old_right=1, only_new_right=1, both_wrong=0)
    assert mcnemar_p(few) == 1.0
    assert non_inferiority(few, margin=0.02).state is Comparison.UNDECIDED
    many = PairedCounts(both_right=1960, only_old_right=10, only_new_right=10, both_wrong=20)
    answer = non_inferiority(many, margin=0.02)
    assert answer.state is Comparison.NOT_WORSE
    assert answer.sentence() == (
        "The new version is not worse by 2 % or more (10 mended, 10 broken of 2000 rows)"
    )


def test_a_clearly_worse_version_is_called_worse():
    answer = non_inferiority(PairedCounts(300, 60, 5, 35), margin=0.02)
    assert answer.state is Comparison.WORSE
    assert answer.upper < -0.02
    assert "worse by more than 2 %" in answer.sentence()


def test_a_margin_of_nothing_cannot_be_shown():
    with pytest.raises(InputError):
        non_inferiority(EIGHTY_AND_NINETY, margin=0.0)


def test_rows_are_paired_one_by_one_and_unanswered_ones_drop_out():
    old = [True, True, False, False, None, True]
    new = [True, False, True, False, True, None]
    assert pair(old, new) == PairedCounts(1, 1, 1, 1)
    with pytest.raises(InputError):
        pair([True], [])
    with pytest.raises(InputError):
        PairedCounts(1, -1, 0, 0)


def test_several_candidates_are_adjusted_as_holm_says():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p_values = [0.04, 0.01, 0.03, 0.005, 0.9]
    assert holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])
    assert holm([]) == []
    with pytest.raises(InputError):
        holm([1.2])
