"""A judge that errs: what its word is worth."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.judge import (
    JudgeLabels,
    cannot_certify,
    ppi,
    rogan_gladen,
    rogan_gladen_half_width,
)
from llmops_tui.core.tolerance.proportion import interval


def half_width(right_labels):
    return rogan_gladen_half_width(
        0.01, 0.9, 0.97, judged=100_000, wrong_labels=50, right_labels=right_labels
    )


@pytest.mark.parametrize(("right_labels", "points"), [(50, 4.5), (200, 2.3), (1000, 1.0)])
def test_false_alarms_on_right_answers_limit_what_a_judge_can_show(right_labels, points):
    assert 100 * half_width(right_labels) == pytest.approx(points, abs=0.05)


def test_labels_on_wrong_answers_hardly_help():
    many_wrong = rogan_gladen_half_width(
        0.01, 0.9, 0.97, judged=100_000, wrong_labels=5000, right_labels=50
    )
    assert many_wrong > 0.99 * half_width(50)


def test_the_screen_says_that_a_judge_cannot_certify_a_tight_tolerance():
    assert cannot_certify(half_width(50), 0.01, 0.02) == (
        "This judge cannot certify 2 %: its own errors leave 4.5 % of doubt. "
        "Label more answers that are right."
    )
    assert cannot_certify(0.005, 0.01, 0.02) == ""


def test_the_corrected_rate_is_the_true_one_where_the_shares_are():
    labels = JudgeLabels(
        wrong_called_wrong=90, wrong_called_right=10, right_called_wrong=30, right_called_right=970
    )
    observed = round(100_000 * (0.05 * 0.9 + 0.95 * 0.03))
    estimate = rogan_gladen(observed, 100_000, labels)
    assert estimate.point == pytest.approx(0.05, abs=1e-9)
    assert estimate.lower < 0.05 < estimate.upper
    assert estimate.can_certify(0.08)
    assert not estimate.can_certify(0.055)


def test_no_false_alarm_among_few_labels_is_not_taken_for_none():
    labels = JudgeLabels(20, 0, 0, 50)
    assert rogan_gladen(100, 10_000, labels).upper > 0.03


def test_the_corrected_bounds_cover_the_true_rate():
    rng = np.random.default_rng(17)
    rate, sens, spec = 0.08, 0.85, 0.93
    covered = []
    for _ in range(1500):
        caught, cleared = rng.binomial(100, sens), rng.binomial(300, spec)
        labels = JudgeLabels(int(caught), int(100 - caught), int(300 - cleared), int(cleared))
        said = rng.binomial(5000, rate * sens + (1 - rate) * (1 - spec))
        estimate = rogan_gladen(int(said), 5000, labels)
        covered.append((estimate.upper >= rate, estimate.lower <= rate))
    upper, lower = np.mean(covered, axis=0)
    assert upper >= 0.935
    assert lower >= 0.935


@pytest.mark.parametrize(
    "labels", [JudgeLabels(5, 5, 5, 5), JudgeLabels(1, 9, 3, 7), JudgeLabels(0, 10, 0, 10)]
)
def test_a_judge_no_better_than_a_coin_is_refused(labels):
    with pytest.raises(InputError, match="no better than a coin"):
        rogan_gladen(10, 100, labels)


def test_a_judge_without_labels_of_both_kinds_cannot_be_corrected():
    with pytest.raises(InputError, match="without labels"):
        rogan_gladen(10, 100, JudgeLabels(0, 0, 1, 40))
    with pytest.raises(InputError):
        rogan_gladen(11, 10, JudgeLabels(9, 1, 1, 40))
    with pytest.raises(InputError):
        JudgeLabels(-1, 0, 0, 0)


def drawn_labels(rng, rows, rate, sens, spec):
    counts = rng.multinomial(
        rows, [rate * sens, rate * (1 - sens), (1 - rate) * (1 - spec), (1 - rate) * spec]
    )
    return JudgeLabels(*(int(count) for count in counts))


def test_a_good_judge_sharpens_a_random_labelled_sample_without_bias():
    rng = np.random.default_rng(23)
    rate, sens, spec = 0.15, 0.9, 0.95
    estimates = []
    for _ in range(1500):
        labels = drawn_labels(rng, 300, rate, sens, spec)
        said = int(rng.binomial(20_000, rate * sens + (1 - rate) * (1 - spec)))
        estimates.append(ppi(said, 20_000, labels))
    points = np.array([each.point for each in estimates])
    errors = np.array([each.standard_error for each in estimates])
    assert points.mean() == pytest.approx(rate, abs=0.002)
    assert errors.mean() == pytest.approx(points.std(), rel=0.08)
    assert errors.mean() < 0.7 * np.sqrt(rate * (1 - rate) / 300)
    assert np.mean([each.upper >= rate for each in estimates]) >= 0.93
    assert np.mean([each.lower <= rate for each in estimates]) >= 0.93


def test_a_useless_judge_does_no_harm():
    labels = JudgeLabels(20, 20, 80, 80)
    estimate = ppi(5000, 10_000, labels)
    assert estimate.point == pytest.approx(0.2, abs=1e-9)
    assert estimate.upper == pytest.approx(interval(40, 200).upper, abs=0.01)


def test_few_wrong_labels_are_too_few_for_it():
    with pytest.raises(InputError, match="10 are needed"):
        ppi(500, 10_000, JudgeLabels(8, 1, 10, 281))
