"""Distances between two collections, against independent implementations and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from llmops_tui.core import drift
from llmops_tui.core.drift import Distance


@pytest.mark.parametrize(("sizes", "shift"), [((200, 300), 0.0), ((400, 150), 0.4), ((60, 50), 1)])
def test_lengths_are_compared_as_kolmogorov_and_smirnov_do(
    sizes: tuple[int, int], shift: float
) -> None:
    chance = np.random.default_rng(7)
    before = list(chance.normal(0, 1, sizes[0]))
    now = list(chance.normal(shift, 1, sizes[1]))
    found = drift.of_values(before, now)
    known = stats.ks_2samp(before, now, method="exact")
    assert found.value == pytest.approx(known.statistic)
    assert found.p == pytest.approx(known.pvalue, rel=0.15, abs=1e-6)


def test_mixes_are_compared_by_the_share_that_would_have_to_move() -> None:
    before = {"delivery": 50, "payment": 30, "login": 20}
    now = {"delivery": 20, "payment": 50, "login": 30}
    found = drift.of_mixes(before, now)
    assert found.value == pytest.approx(0.3)
    known = stats.chi2_contingency([[50, 30, 20], [20, 50, 30]], correction=False)
    assert found.p == pytest.approx(known.pvalue)
    assert drift.of_mixes(before, before) == Distance(0.0, 1.0)


def test_rare_categories_are_taken_together() -> None:
    before = {"a": 100, **{f"b{n}": 1 for n in range(20)}}
    now = {"a": 100, **{f"c{n}": 1 for n in range(20)}}
    assert drift.of_mixes(before, now).p == pytest.approx(1.0)
    assert drift.of_mixes({"a": 3}, {"b": 3}).p == 1.0, "nothing but rare ones says nothing"


@pytest.mark.parametrize(
    ("before", "now"),
    [((3, 50), (12, 60)), ((0, 30), (0, 40)), ((5, 5), (0, 9)), ((40, 900), (38, 850))],
)
def test_shares_are_compared_as_fisher_does(before: tuple[int, int], now: tuple[int, int]) -> None:
    found = drift.of_rates(before, now)
    table = [[before[0], before[1] - before[0]], [now[0], now[1] - now[0]]]
    assert found.p == pytest.approx(stats.fisher_exact(table).pvalue)
    assert found.value == pytest.approx(abs(before[0] / before[1] - now[0] / now[1]))


def test_meanings_that_differ_are_told_from_those_that_do_not() -> None:
    chance = np.random.default_rng(3)
    one, same = chance.normal(0, 1, (80, 16)) + 1, chance.normal(0, 1, (90, 16)) + 1
    other = same + np.r_[np.full(8, 2.0), np.zeros(8)]
    assert drift.of_meanings(one, same).p > 0.01
    moved = drift.of_meanings(one, other)
    assert moved.p < 0.005
    assert 0.02 < moved.value < 1
    assert drift.of_meanings(one, one).value == pytest.approx(0.0, abs=1e-12)


def counts(labels: list[str]) -> dict[str, int]:
    return {label: labels.count(label) for label in set(labels)}


def test_nothing_changed_is_rarely_called_a_change() -> None:
    chance = np.random.default_rng(11)
    alarms = 0
    for _ in range(300):
        lengths = chance.lognormal(5, 1, 500)
        labels = chance.choice(["a", "b", "c", "d"], 500, p=[0.6, 0.2, 0.15, 0.05])
        first, second = (counts(list(part)) for part in (labels[:250], labels[250:]))
        found = [
            drift.of_values(list(lengths[:250]), list(lengths[250:])),
            drift.of_mixes(first, second),
        ]
        alarms += any(one.is_change(len(found)) for one in found)
    assert alarms <= 8, "at most one in a hundred, with room for chance"


def test_a_sure_but_tiny_difference_is_no_change() -> None:
    assert not Distance(0.03, 1e-12).is_change(5)
    assert not Distance(0.4, 0.004).is_change(5), "five looks, so each has to be surer"
    assert Distance(0.4, 0.001).is_change(5)


def test_nothing_can_be_compared_with_nothing() -> None:
    for call in (
        lambda: drift.of_values([], [1.0]),
        lambda: drift.of_mixes({}, {"a": 1}),
        lambda: drift.of_rates((0, 0), (1, 2)),
        lambda: drift.of_rates((3, 2), (1, 2)),
        lambda: drift.of_meanings(np.zeros((0, 2)), np.zeros((1, 2))),
    ):
        with pytest.raises(ValueError, match=r"nothing to compare|no shares"):
            call()
