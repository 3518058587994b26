"""The error budget, how fast it burns, and alerts that can fire."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import State
from llmops_tui.core.tolerance.budget import (
    HOUR_S,
    SlowAlarm,
    burn_rate,
    error_budget,
    flag_band,
    highest_burn_rate,
    thresholds,
    usual_thresholds,
)
from llmops_tui.core.tolerance.lanes import LaneCounts, two_lanes


def test_the_budget_keeps_seen_estimated_and_unknown_apart():
    counts = LaneCounts(10_000, 387, 387, 90, 450, 1)
    estimate = two_lanes(counts)
    budget = error_budget(10_000, 0.02, estimate)
    assert budget.allowed == pytest.approx(200)
    assert budget.reviewed == 91
    assert budget.spent == pytest.approx(estimate.point * 10_000)
    assert budget.spent_at_most == pytest.approx(estimate.upper * 10_000)
    assert budget.estimated > 0
    assert budget.unknown > 0
    assert budget.share_spent == pytest.approx(budget.spent / 200)
    assert budget.state is State.WITHIN


def test_a_budget_that_nobody_looked_at_is_unknown_not_unspent():
    budget = error_budget(5000, 0.02, None)
    assert (budget.spent, budget.unknown) == (0, 5000)
    assert budget.state is State.UNDECIDED
    assert error_budget(0, 0.02, None).state is State.UNDECIDED


def test_more_wrong_ones_than_allowed_overdraw_the_budget():
    budget = error_budget(1000, 0.02, two_lanes(LaneCounts(1000, 60, 60, 40, 0, 0)))
    assert budget.state is State.EXCEEDED
    assert budget.share_spent >= 2


def test_burning_at_one_spends_the_budget_in_just_the_window():
    assert burn_rate(0.02, 0.02) == 1.0
    assert burn_rate(0.05, 0.02) == pytest.approx(2.5)
    assert highest_burn_rate(0.02) == pytest.approx(50)


def test_the_usual_alerts_are_those_of_the_workbook():
    alerts = usual_thresholds(0.001)
    assert [alert.factor for alert in alerts] == pytest.approx([14.4, 6.0, 1.0])
    assert [alert.long_s / HOUR_S for alert in alerts] == [1, 6, 72]
    assert [alert.short_s / 60 for alert in alerts] == pytest.approx([5, 30, 360])


@pytest.mark.parametrize(
    ("max_wrong", "reachable"),
    [
        (0.069, [True, True, True]),
        (0.070, [False, True, True]),
        (0.166, [False, True, True]),
        (0.168, [False, False, True]),
    ],
)
def test_loose_tolerances_put_the_fast_alerts_out_of_reach(max_wrong, reachable):
    assert [alert.is_reachable for alert in usual_thresholds(max_wrong)] == reachable


@pytest.mark.parametrize("max_wrong", [0.001, 0.02, 0.07, 0.2, 0.45])
def test_the_chosen_alerts_can_all_fire(max_wrong):
    for alert in thresholds(max_wrong):
        assert alert.is_reachable
        assert alert.fires(highest_burn_rate(max_wrong), highest_burn_rate(max_wrong))
        assert not alert.fires(highest_burn_rate(max_wrong), 0.0)
        spent = alert.factor * alert.long_s / (30 * 24 * HOUR_S)
        assert spent == pytest.approx(alert.budget_share)


def test_tight_tolerances_keep_the_usual_alerts():
    assert [a.factor for a in thresholds(0.02)] == [a.factor for a in usual_thresholds(0.02)]


def test_another_window_has_other_factors():
    assert [alert.factor for alert in usual_thresholds(0.001, 7)] == pytest.approx(
        [3.36, 1.4, 7 / 30]
    )


def test_flags_are_news_only_beyond_their_own_noise():
    low, high = flag_band([30, 34, 28, 31], [1000] * 4, 1000)
    mean = 30.75
    assert (low, high) == pytest.approx((mean - 3 * mean**0.5, mean + 3 * mean**0.5))
    wild = flag_band([10, 60, 5, 48], [1000] * 4, 1000)
    spread = float(np.std([10, 60, 5, 48], ddof=1))
    assert wild.upper == pytest.approx(mean + 3 * spread)
    assert flag_band([0, 0, 0], [1000] * 3, 1000).upper == pytest.approx(3.0)


def test_flags_are_compared_at_the_same_number_of_calls():
    assert flag_band([30, 300], [1000, 10_000], 100) == pytest.approx((0.0, 3 + 3 * 3**0.5))
    with pytest.raises(InputError):
        flag_band([], [], 100)
    with pytest.raises(InputError):
        flag_band([1], [1, 2], 100)


def test_the_slow_alarm_speaks_once_labels_prove_it_and_starts_anew_with_each_version():
    alarm = SlowAlarm(0.02)
    fired = [alarm.observe("v1", is_wrong) for is_wrong in [True, True, False, True, True, True]]
    assert not fired[0]
    assert fired[-1]
    assert not alarm.observe("v2", True)
    assert alarm.test.rows == 1
    assert alarm.version == "v2"
