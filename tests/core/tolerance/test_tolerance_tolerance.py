"""What a project tolerates, as typed, checked and said."""

from __future__ import annotations

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import (
    Evidence,
    Tolerance,
    parse_confidence,
    parse_max_wrong,
    parse_share,
    percent,
)
from llmops_tui.core.tolerance.words import about, bound_percent


@pytest.mark.parametrize(
    ("tolerance", "words"),
    [
        (
            Tolerance(0.02),
            "at most 2 wrong in 100, and 19 times in 20 we want to be right about that",
        ),
        (
            Tolerance(0.005, 0.9),
            "at most 5 wrong in 1,000, and 9 times in 10 we want to be right about that",
        ),
        (
            Tolerance(0.1, 0.8, harmful_max_wrong=0.001),
            "at most 10 wrong in 100, at most 1 harmful in 1,000, "
            "and 8 times in 10 we want to be right about that",
        ),
        (
            Tolerance(0.015, 0.99),
            "at most 15 wrong in 1,000, and 99 times in 100 we want to be right about that",
        ),
    ],
)
def test_a_tolerance_is_said_in_plain_words(tolerance, words):
    assert tolerance.words() == words


def test_what_is_left_out_has_the_usual_values():
    tolerance = Tolerance(0.02)
    assert tolerance.confidence == 0.95
    assert tolerance.alpha == pytest.approx(0.05)
    assert tolerance.window_days == 30
    assert tolerance.evidence == frozenset(Evidence)
    assert not tolerance.is_clustered
    assert Tolerance(0.02, unit="conversation_id").is_clustered


@pytest.mark.parametrize(
    "values",
    [
        {"max_wrong": 0.0},
        {"max_wrong": 1.0},
        {"max_wrong": float("nan")},
        {"max_wrong": 0.02, "confidence": 1.0},
        {"max_wrong": 0.02, "confidence": 0.3},
        {"max_wrong": 0.02, "harmful_max_wrong": 0.03},
        {"max_wrong": 0.02, "harmful_max_wrong": 0.0},
        {"max_wrong": 0.02, "window_days": 0},
        {"max_wrong": 0.02, "unit": " "},
        {"max_wrong": 0.02, "evidence": frozenset()},
    ],
)
def test_values_that_cannot_be_held_to_are_refused_with_a_hint(values):
    with pytest.raises(InputError) as caught:
        Tolerance(**values)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("2%", 0.02),
        (" 2 % ", 0.02),
        ("0.02", 0.02),
        ("0,5 %", 0.005),
        ("2 in 100", 0.02),
        ("1/50", 0.02),
        ("0", 0.0),
        ("100%", 1.0),
    ],
)
def test_a_share_is_read_as_people_write_it(text, share):
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["2", "", "two", "-1%", "101%", "3 in 2", "1/0", "nan", "inf%"])
def test_a_share_that_is_unclear_is_refused(text):
    with pytest.raises(InputError) as caught:
        parse_share(text)
    assert "2%" in caught.value.hint


def test_confidences_and_tolerated_rates_have_their_own_limits():
    assert parse_confidence("95%") == 0.95
    assert parse_confidence("19 in 20") == 0.95
    assert parse_max_wrong("2%") == 0.02
    for unusable in ("100%", "20%"):
        with pytest.raises(InputError):
            parse_confidence(unusable)
    with pytest.raises(InputError, match="0 can't be used"):
        parse_max_wrong("0%")


@pytest.mark.parametrize(
    ("share", "rounding", "text"),
    [
        (0.0169, "nearest", "1.7 %"),
        (0.02, "nearest", "2 %"),
        (0.0, "nearest", "0 %"),
        (1.0, "up", "100 %"),
        (0.0161, "up", "1.7 %"),
        (0.0169, "down", "1.6 %"),
        (0.000501, "up", "0.051 %"),
        (0.07 + 1e-17, "up", "7 %"),
        (0.30000000000000004, "up", "30 %"),
    ],
)
def test_rates_are_rounded_so_that_the_sentence_stays_true(share, rounding, text):
    assert percent(share, rounding) == text


def test_a_bound_never_reads_as_if_it_were_on_the_other_side_of_the_limit():
    assert bound_percent(0.01241, "upper", 0.0125) == "1.25 %"
    assert bound_percent(0.02004, "lower", 0.02) == "2.004 %"
    assert bound_percent(0.0161, "upper", 0.02) == "1.7 %"
    assert bound_percent(0.0201, "upper", 0.02) == "2.1 %"


def test_a_forecast_has_two_figures_and_no_more():
    assert [about(n) for n in (7, 99, 314, 5491)] == [
        "about 7",
        "about 99",
        "about 310",
        "about 5500",
    ]
