"""Searching instead of counting up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.tolerance._search import crossing, smallest


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_smallest_number_is_found_from_any_guess(answer, guess, start):
    found = smallest(lambda n: n >= answer, at_least=start, guess=guess, limit=1000)
    assert found == max(answer, start)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_up_to_the_limit_and_not_beyond(answer, guess, limit):
    found = smallest(lambda n: n >= answer, at_least=0, guess=min(guess, limit), limit=limit)
    assert found == (answer if answer <= limit else None)


@pytest.mark.parametrize(("below", "above"), [(0.0, 1.0), (0.2, 0.9)])
def test_a_crossing_is_found_on_its_positive_side(below, above):
    point = crossing(lambda x: x**3 - 0.1, below, above)
    assert 0 <= point - 0.1 ** (1 / 3) < 2e-10
    down = crossing(lambda x: 0.1 - x**3, above, below)
    assert 0 <= 0.1 ** (1 / 3) - down < 2e-10


def test_a_crossing_before_an_infinite_end_is_found():
    point = crossing(lambda x: -math.log1p(-x) - 3.0, 0.0, 1.0)
    assert point == pytest.approx(1 - math.exp(-3), abs=1e-9)
