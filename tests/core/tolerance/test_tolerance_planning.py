"""How many rows a verdict needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.tolerance.planning import (
    allowed_wrong,
    cost_curve,
    more_at_this_rate,
    more_if_none_wrong,
    more_until_exceeded,
    passes_by_luck,
    power,
    rate_so_far,
    rows_for_power,
    rows_needed,
)
from llmops_tui.core.tolerance.proportion import is_exceeded, is_within, upper_bound

NEEDED = {
    0.005: (598, 947, 1258, 1549, 1829, 2100),
    0.01: (299, 473, 628, 773, 913, 1049),
    0.02: (149, 236, 313, 386, 456, 523),
    0.05: (59, 93, 124, 153, 181, 208),
    0.10: (29, 46, 61, 76, 89, 103),
}


@pytest.mark.parametrize("max_wrong", NEEDED)
def test_rows_needed_for_each_number_of_wrong_ones(max_wrong):
    assert tuple(rows_needed(wrong, max_wrong) for wrong in range(6)) == NEEDED[max_wrong]


@pytest.mark.parametrize(
    ("true_rate", "rows"),
    [(0.0, 149), (0.0025, 236), (0.005, 386), (0.0075, 590), (0.01, 969), (0.015, 4318)],
)
def test_the_nearer_the_true_rate_to_the_tolerance_the_dearer_the_proof(true_rate, rows):
    assert rows_for_power(true_rate, 0.02) == rows
    assert power(rows, true_rate, 0.02) >= 0.8


@pytest.mark.parametrize("true_rate", [0.0, 0.0031, 0.0075, 0.0112])
def test_no_smaller_number_of_rows_has_the_power(true_rate):
    rows = rows_for_power(true_rate, 0.02)
    assert all(power(fewer, true_rate, 0.02) < 0.8 for fewer in range(1, rows))


def test_power_is_the_chance_of_the_allowed_numbers_of_wrong_rows():
    stats = pytest.importorskip("scipy.stats")
    assert allowed_wrong(400, 0.02) == 3
    assert power(400, 0.01, 0.02) == pytest.approx(stats.binom.cdf(3, 400, 0.01))
    assert allowed_wrong(148, 0.02) is None
    assert power(148, 0.0, 0.02) == 0.0


def test_a_bare_point_estimate_lets_bad_systems_pass():
    assert passes_by_luck(50, 0.02, 0.05) == pytest.approx(0.28, abs=0.005)
    assert passes_by_luck(20, 0.05, 0.10) == pytest.approx(0.39, abs=0.005)


@given(st.integers(0, 60), st.floats(0.002, 0.5), st.sampled_from([0.9, 0.95, 0.99]))
def test_rows_needed_is_the_first_number_that_suffices(wrong, max_wrong, confidence):
    rows = rows_needed(wrong, max_wrong, confidence)
    assert is_within(wrong, rows, max_wrong, confidence)
    assert rows - 1 <= wrong or not is_within(wrong, rows - 1, max_wrong, confidence)


@given(st.integers(0, 40), st.integers(1, 3000), st.floats(0.005, 0.3))
def test_more_rows_lead_to_within_and_not_a_row_sooner(wrong, rows, max_wrong):
    wrong = min(wrong, rows)
    more = more_if_none_wrong(wrong, rows, max_wrong)
    assert upper_bound(wrong, rows + more) <= max_wrong + 1e-12
    assert more == 0 or upper_bound(wrong, rows + more - 1) > max_wrong


@given(st.integers(0, 40), st.integers(50, 3000), st.floats(0.005, 0.3))
def test_at_the_rate_so_far_it_is_within_exceeded_or_never_either(wrong, rows, max_wrong):
    rate = rate_so_far(wrong, rows)
    to_within = more_at_this_rate(wrong, rows, max_wrong)
    to_exceeded = more_until_exceeded(wrong, rows, max_wrong)
    if rate >= max_wrong:
        assert to_within is None
    elif to_within is not None:
        assert is_within(wrong + rate * to_within, rows + to_within, max_wrong)
        assert to_within >= more_if_none_wrong(wrong, rows, max_wrong)
    if rate <= max_wrong:
        assert to_exceeded is None
    elif to_exceeded is not None:
        assert is_exceeded(wrong + rate * to_exceeded, rows + to_exceeded, max_wrong)


def test_at_or_above_the_tolerated_rate_more_rows_never_help():
    assert more_at_this_rate(10, 400, 0.02) is None
    assert rows_for_power(0.02, 0.02) is None


def test_the_curve_of_the_planning_screen_climbs_towards_the_tolerance():
    curve = cost_curve(0.02)
    assert [point.true_rate for point in curve][:2] == [0.0, 0.002]
    rows = [point.rows for point in curve]
    assert rows[0] == 149
    assert rows == sorted(rows)
    assert cost_curve(0.02, true_rates=[0.02, 0.03])[0].rows is None


@pytest.mark.parametrize(("wrong", "rows"), [(0, 10), (3, 301), (37, 1503), (900, 40_000)])
def test_looking_ahead_searches_instead_of_counting_up(wrong, rows, monkeypatch):
    asked = 0

    def counted(*args):
        nonlocal asked
        asked += 1
        return is_within(*args)

    monkeypatch.setattr("llmops_tui.core.tolerance.planning.is_within", counted)
    rows_needed.cache_clear()
    more_if_none_wrong(wrong, rows, 0.0249)
    more_at_this_rate(wrong, rows, 0.0249)
    assert asked <= 60
