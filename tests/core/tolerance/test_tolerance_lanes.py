"""The live wrong rate from two lanes: all flagged calls, and an audit of the others."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.lanes import (
    LaneCounts,
    ReviewedCall,
    audits_needed,
    horvitz_thompson,
    plan_lanes,
    two_lanes,
)
from llmops_tui.core.tolerance.planning import rows_for_power
from llmops_tui.core.tolerance.proportion import upper_bound

CALLS, RATE, SENS, SPEC = 10_000, 0.01, 0.9, 0.97


def drawn_lanes(rng, audits, reviewed_share=1.0):
    bad = rng.binomial(CALLS, RATE)
    caught, alarms = rng.binomial(bad, SENS), rng.binomial(CALLS - bad, 1 - SPEC)
    flagged = caught + alarms
    reviewed = round(flagged * reviewed_share)
    seen_wrong = rng.hypergeometric(caught, alarms, reviewed)
    audit_wrong = rng.hypergeometric(bad - caught, CALLS - flagged - bad + caught, audits)
    counts = (flagged, reviewed, seen_wrong, audits, audit_wrong)
    return LaneCounts(CALLS, *(int(each) for each in counts)), bad / CALLS


def test_two_lanes_certify_with_fewer_labels_than_random_ones():
    plan = plan_lanes(CALLS, RATE, SENS, SPEC, audits=450, max_wrong=0.02)
    assert plan.flagged == 387
    assert plan.power == pytest.approx(0.88, abs=0.01)
    assert rows_for_power(RATE, 0.02) == 969
    assert plan.flagged + plan.audits < 969


def test_simulated_triage_has_the_planned_power():
    rng = np.random.default_rng(31)
    within = [two_lanes(drawn_lanes(rng, 450)[0]).upper <= 0.02 for _ in range(2000)]
    assert np.mean(within) == pytest.approx(0.88, abs=0.02)


@pytest.mark.parametrize("reviewed_share", [1.0, 0.5])
def test_the_bound_covers_the_true_rate(reviewed_share):
    rng = np.random.default_rng(37)
    drawn = [drawn_lanes(rng, 450, reviewed_share) for _ in range(800)]
    estimates = [(two_lanes(counts), truth) for counts, truth in drawn]
    assert np.mean([each.upper >= truth for each, truth in estimates]) >= 0.95
    assert np.mean([each.lower <= truth for each, truth in estimates]) >= 0.95
    points = np.mean([each.point for each, _ in estimates])
    assert points == pytest.approx(RATE, abs=0.0004)


def test_the_upper_bound_is_the_wrong_flagged_ones_and_the_audits_bound():
    estimate = two_lanes(LaneCounts(10_000, 387, 387, 90, 450, 1))
    assert estimate.upper == pytest.approx(90 / 10_000 + 9613 / 10_000 * upper_bound(1, 450))
    assert estimate.point == pytest.approx(0.009 + 0.9613 / 450)
    assert estimate.seen_wrong == 91
    assert estimate.note == ""


def test_flagged_calls_alone_say_nothing_about_the_others():
    estimate = two_lanes(LaneCounts(10_000, 387, 387, 90, 0, 0))
    assert estimate.point is None
    assert estimate.upper == pytest.approx((90 + 9613) / 10_000)


def test_unreviewed_flagged_calls_are_a_stratum_of_their_own_and_it_says_so():
    full = two_lanes(LaneCounts(10_000, 387, 387, 90, 450, 1))
    half = two_lanes(LaneCounts(10_000, 387, 194, 45, 450, 1))
    none = two_lanes(LaneCounts(10_000, 387, 0, 0, 450, 1))
    assert half.assumes_random_reviews
    assert "not all flagged calls are reviewed" in half.note
    assert full.upper < half.upper < none.upper
    assert half.upper == pytest.approx(
        (45 + 193 * upper_bound(45, 194, 0.975) + 9613 * upper_bound(1, 450, 0.975)) / 10_000
    )
    assert none.point is None


def test_an_audit_as_large_as_needed_and_no_larger():
    plan = audits_needed(CALLS, RATE, SENS, SPEC, max_wrong=0.02)
    assert plan is not None
    assert plan.power >= 0.8
    smaller = [
        plan_lanes(CALLS, RATE, SENS, SPEC, audits=n, max_wrong=0.02).power
        for n in range(100, plan.audits, 7)
    ]
    assert max(smaller) < 0.8
    assert audits_needed(CALLS, 0.03, SENS, SPEC, max_wrong=0.02) is None


@pytest.mark.parametrize(
    "counts",
    [(100, 101, 0, 0, 0, 0), (100, 10, 11, 0, 0, 0), (100, 10, 5, 6, 0, 0), (100, 10, 5, 1, 91, 0)],
)
def test_counts_that_contradict_each_other_are_refused(counts):
    with pytest.raises(InputError):
        LaneCounts(*counts)


def test_without_calls_there_is_no_rate():
    with pytest.raises(InputError):
        two_lanes(LaneCounts(0, 0, 0, 0, 0, 0))


def test_reviews_drawn_with_different_chances_are_weighed_by_them():
    rng = np.random.default_rng(41)
    calls = 8000
    risky = np.arange(calls) < 1600
    chance = np.where(risky, 0.5, 0.05)
    is_wrong = rng.random(calls) < np.where(risky, 0.10, 0.01)
    estimates = []
    for _ in range(300):
        picked = np.flatnonzero(rng.random(calls) < chance)
        reviews = [ReviewedCall(bool(is_wrong[i]), float(chance[i])) for i in picked]
        estimates.append(horvitz_thompson(reviews, calls))
    truth = is_wrong.mean()
    assert np.mean([each.point for each in estimates]) == pytest.approx(truth, rel=0.04)
    assert np.mean([each.upper >= truth for each in estimates]) >= 0.94
    assert np.mean([each.lower <= truth for each in estimates]) >= 0.94


def test_having_seen_nothing_wrong_is_about_three_of_the_largest_weight():
    reviews = [ReviewedCall(False, 0.1)] * 300 + [ReviewedCall(False, 1.0)] * 50
    estimate = horvitz_thompson(reviews, 3050)
    assert estimate.point == 0.0
    assert estimate.upper == pytest.approx(3.0 * 10 / 3050, rel=0.01)


def test_certain_reviews_alone_leave_the_rest_unknown():
    estimate = horvitz_thompson([ReviewedCall(True, 1.0)] * 5, 100)
    assert (estimate.point, estimate.lower, estimate.upper) == (None, 0.05, 1.0)
    everything = horvitz_thompson([ReviewedCall(True, 1.0), ReviewedCall(False, 1.0)], 2)
    assert (everything.lower, everything.upper) == (0.5, 0.5)
    with pytest.raises(InputError):
        horvitz_thompson([ReviewedCall(True, 0.0)], 10)
    with pytest.raises(InputError):
        horvitz_thompson([ReviewedCall(True, 0.5)] * 3, 2)
