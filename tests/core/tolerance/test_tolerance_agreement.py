"""People err too: how far two labels on one answer agree."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.agreement import (
    cohen_kappa,
    gwet_ac1,
    krippendorff_alpha,
    measure_agreement,
)

PAIRS = [("right", "right")] * 118 + [("wrong", "wrong")] * 2 + [("right", "wrong")] * 5


def test_where_wrong_answers_are_rare_only_ac1_shows_that_people_agree():
    result = measure_agreement(PAIRS)
    assert result.observed == pytest.approx(0.96)
    assert result.cohen_kappa == pytest.approx(0.4303, abs=1e-4)
    assert result.krippendorff_alpha == pytest.approx(0.4260, abs=1e-4)
    assert result.gwet_ac1 == pytest.approx(0.9570, abs=1e-4)
    assert result.base_rates == pytest.approx({"right": 0.964, "wrong": 0.036})
    assert (result.items, result.labels) == (125, 250)


def test_kappa_agrees_with_statsmodels():
    rater = pytest.importorskip("statsmodels.stats.inter_rater")
    table = [[118, 5], [0, 2]]
    reference = rater.cohens_kappa(table, return_results=False)
    first, second = zip(*PAIRS, strict=True)
    assert cohen_kappa(first, second) == pytest.approx(float(reference))


def alpha_by_definition(ratings):
    """Observed over expected disagreement, pair by pair of labels."""
    items = [[label for label in row if label is not None] for row in ratings]
    items = [item for item in items if len(item) >= 2]
    pooled = [label for item in items for label in item]
    if not pooled:
        return None
    seen = sum(
        sum(a != b for a, b in permutations(item, 2)) / (len(item) - 1) for item in items
    ) / len(pooled)
    by_chance = sum(a != b for a, b in permutations(pooled, 2)) / (len(pooled) * (len(pooled) - 1))
    return None if by_chance == 0 else 1 - seen / by_chance


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=3, max_size=3), max_size=12)
)
def test_alpha_bears_gaps_and_any_number_of_people(ratings):
    expected = alpha_by_definition(ratings)
    assert krippendorff_alpha(ratings) == (
        None if expected is None else pytest.approx(expected, abs=1e-9)
    )


def test_items_labelled_once_are_left_out_of_the_agreement():
    result = measure_agreement([("a", "a", None), ("a", "b", "a"), (None, None, "b")])
    assert (result.items, result.labels) == (2, 5)
    assert result.observed == pytest.approx((1 + 1 / 3) / 2)
    assert result.cohen_kappa is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_full_agreement_is_one_and_nothing_exceeds_it(pairs):
    result = measure_agreement(pairs)
    for value in (result.cohen_kappa, result.krippendorff_alpha, result.gwet_ac1):
        assert value is None or value <= 1.0 + 1e-12
    if len(result.base_rates) == 2 and result.observed == 1.0:
        assert result.cohen_kappa == pytest.approx(1.0)
        assert result.krippendorff_alpha == pytest.approx(1.0)
        assert result.gwet_ac1 == pytest.approx(1.0)


def test_one_label_all_over_leaves_nothing_to_agree_about():
    result = measure_agreement([("right", "right")] * 20)
    assert result.observed == 1.0
    assert (result.cohen_kappa, result.krippendorff_alpha, result.gwet_ac1) == (None, None, None)


def test_by_chance_the_coefficients_are_near_nothing():
    rows = [(i % 2, (i // 2) % 2) for i in range(400)]
    assert cohen_kappa(*zip(*rows, strict=True)) == pytest.approx(0.0)
    assert krippendorff_alpha(rows) == pytest.approx(0.0, abs=0.01)
    assert gwet_ac1(rows) == pytest.approx(0.0)


def test_what_was_labelled_once_shows_no_agreement():
    with pytest.raises(InputError, match="two people"):
        measure_agreement([("right", None), (None, "wrong")])
    with pytest.raises(InputError):
        measure_agreement([("right",), ("right", "wrong")])
    with pytest.raises(InputError):
        cohen_kappa(["right"], [])
