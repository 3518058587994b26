"""The three verdicts: within, exceeded, undecided."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.errors import ExitCode, InputError
from llmops_tui.core.tolerance import Group, Reason, State, Tolerance, decide
from llmops_tui.core.tolerance.proportion import interval

TWO = Tolerance(0.02)
HARM = Tolerance(0.02, harmful_max_wrong=0.002)
BY_CONVERSATION = Tolerance(0.02, unit="conversation_id")


def test_importing_the_package_loads_neither_numpy_nor_scipy():
    code = (
        "import pkgutil, sys\n"
        "from llmops_tui.core import tolerance\n"
        "for module in pkgutil.iter_modules(tolerance.__path__, tolerance.__name__ + '.'):\n"
        "    __import__(module.name)\n"
        "assert not {'numpy', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("right", "wrong", "state", "exit_code"),
    [
        (149, 0, State.WITHIN, ExitCode.WITHIN),
        (148, 0, State.UNDECIDED, ExitCode.UNDECIDED),
        (235, 1, State.WITHIN, ExitCode.WITHIN),
        (300, 20, State.EXCEEDED, ExitCode.EXCEEDED),
        (0, 0, State.UNDECIDED, ExitCode.UNDECIDED),
    ],
)
def test_the_bounds_decide_and_the_exit_code_says_so(right, wrong, state, exit_code):
    verdict = decide(TWO, right=right, wrong=wrong)
    assert verdict.state is state
    assert verdict.exit_code is exit_code
    assert verdict.is_decided == (state is not State.UNDECIDED)


@given(st.integers(0, 800), st.integers(0, 60))
def test_a_verdict_is_its_bounds_against_the_tolerance(right, wrong):
    verdict = decide(TWO, right=right, wrong=wrong)
    assert (verdict.lower, verdict.upper) == pytest.approx(interval(wrong, right + wrong))
    if verdict.state is State.WITHIN:
        assert verdict.upper <= 0.02
    elif verdict.state is State.EXCEEDED:
        assert verdict.lower > 0.02
    else:
        assert verdict.lower <= 0.02 < verdict.upper
        assert verdict.more_if_none_wrong > 0
    assert verdict.sentence()


@given(st.integers(0, 500), st.integers(0, 20), st.integers(0, 50), st.booleans())
def test_errored_rows_can_only_make_a_verdict_undecided(right, wrong, errored, stopped_early):
    clean = decide(TWO, right=right, wrong=wrong, stopped_early=stopped_early)
    verdict = decide(TWO, right=right, wrong=wrong, errored=errored, stopped_early=stopped_early)
    assert verdict.state in (clean.state, State.UNDECIDED)
    assert (verdict.lower, verdict.upper) == (clean.lower, clean.upper)
    assert verdict.worst.upper >= verdict.upper
    if verdict.reason is Reason.ERRORED:
        assert verdict.more_if_none_wrong > 0


def test_where_errored_rows_would_change_the_answer_it_is_undecided_and_says_why():
    verdict = decide(TWO, right=410, wrong=2, errored=5)
    assert verdict.state is State.UNDECIDED
    assert verdict.reason is Reason.ERRORED
    assert verdict.upper < 0.02 < verdict.worst.upper
    assert verdict.sentence() == (
        "undecided: 5 rows errored; within without them, undecided if each counts as wrong; "
        "run them again, or 238 more rows if none are wrong, about 390 at the rate so far"
    )


def test_many_errored_rows_never_pass():
    verdict = decide(TWO, right=10_000, wrong=0, errored=1_000)
    assert verdict.state is State.UNDECIDED
    assert verdict.worst.state is State.EXCEEDED
    assert decide(TWO, right=0, wrong=0, errored=500).state is State.UNDECIDED


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            {"right": 410, "wrong": 2},
            "We can say at most 1.6 % are wrong (95 % sure, 412 rows)",
        ),
        (
            {"right": 410, "wrong": 2, "errored": 1},
            "We can say at most 1.6 % are wrong (95 % sure, 412 rows), "
            "even if the errored row were wrong",
        ),
        (
            {"right": 300, "wrong": 20},
            "At least 4.1 % are wrong, more than the 2 % tolerated (95 % sure, 320 rows)",
        ),
        (
            {"right": 300, "wrong": 3},
            "undecided: 83 more rows if none are wrong, about 360 at the rate so far",
        ),
        (
            {"right": 300, "wrong": 7},
            "undecided: 348 more rows if none are wrong, never at this rate "
            "(about 3000 more would show it is exceeded)",
        ),
        ({"right": 10, "wrong": 0}, "undecided: 139 more rows if none are wrong"),
        (
            {"right": 0, "wrong": 0},
            "undecided: no row was answered yet; 149 more rows if none are wrong",
        ),
        (
            {"right": 178, "wrong": 0, "stopped_early": True},
            "We can say at most 2 % are wrong (95 % sure, 178 rows, watched as they came)",
        ),
    ],
)
def test_a_verdict_is_said_in_words_first(counts, sentence):
    assert decide(TWO, **counts).sentence() == sentence


@pytest.mark.parametrize(
    ("counts", "part"),
    [
        ({"right": 0, "wrong": 0, "errored": 9}, "no row was answered yet, 9 rows errored"),
        ({"right": 100, "wrong": 9, "errored": 0}, "wrong, more than the 2 % tolerated"),
        ({"right": 1000, "wrong": 4, "errored": 3}, "even if all 3 errored rows were wrong"),
        ({"right": 59, "wrong": 1}, "more rows if none are wrong, never at this rate"),
        ({"right": 150, "wrong": 0, "errored": 2}, "within without them, undecided if each"),
        ({"right": 100, "wrong": 3, "errored": 5}, "undecided without them, exceeded if each"),
    ],
)
def test_the_sentence_names_what_stands_in_the_way(counts, part):
    assert part in decide(TWO, **counts).sentence()


def test_not_enough_rows_for_harm_are_said_to_be_too_few():
    verdict = decide(HARM, right=2000, wrong=4, harmful=1)
    assert verdict.sentence().startswith(
        "undecided: within for wrong answers, not yet for harmful ones; 367 more rows"
    )
    never = decide(HARM, right=800, wrong=4, harmful=3)
    assert "never at this rate" in never.sentence()


def test_a_run_that_stopped_early_reports_the_wider_anytime_bound():
    fixed = decide(TWO, right=149, wrong=0)
    watched = decide(TWO, right=149, wrong=0, stopped_early=True)
    assert fixed.state is State.WITHIN
    assert watched.state is State.UNDECIDED
    assert watched.anytime
    assert watched.upper > fixed.upper
    assert watched.more_if_none_wrong == 178 - 149


def test_repeats_of_a_row_are_not_more_rows():
    by_row = [Group(wrong=0, right=5)] * 100
    verdict = decide(TWO, right=500, wrong=0, wrong_by_row=by_row)
    assert verdict.state is State.UNDECIDED
    assert verdict.upper == pytest.approx(decide(TWO, right=100, wrong=0).upper)
    assert verdict.more_if_none_wrong == 49
    assert verdict.clusters is not None
    assert verdict.clusters.design_effect == pytest.approx(5.0)


def test_single_answers_by_row_are_just_rows():
    by_row = [Group(0, 1)] * 200 + [Group(1, 0)] + [Group(0, 0, errored=1)]
    plain = decide(TWO, right=200, wrong=1, errored=1)
    assert decide(TWO, right=200, wrong=1, errored=1, wrong_by_row=by_row) == plain


def test_wrong_answers_that_come_in_conversations_weigh_less_as_proof():
    bunched = [Group(5, 0)] * 2 + [Group(0, 5)] * 398
    spread = [Group(1, 4)] * 10 + [Group(0, 5)] * 390
    tight, wide = (
        decide(BY_CONVERSATION, right=1990, wrong=10, wrong_by_row=groups)
        for groups in (spread, bunched)
    )
    assert tight.upper < wide.upper
    assert wide.clusters is not None
    assert wide.clusters.design_effect > 4
    assert "2000 rows in 400 clusters" in wide.sentence()


def test_watched_repeats_use_a_bound_that_holds_while_watched():
    groups = [Group(0, 3)] * 206
    assert (
        decide(TWO, right=618, wrong=0, wrong_by_row=groups, stopped_early=True).state
        is State.UNDECIDED
    )
    groups.append(Group(0, 3))
    verdict = decide(TWO, right=621, wrong=0, wrong_by_row=groups, stopped_early=True)
    assert verdict.state is State.WITHIN
    assert "621 answers to 207 rows, watched as they came" in verdict.sentence()


def test_errored_repeats_are_counted_as_wrong_in_the_worst_case():
    groups = [Group(0, 3)] * 160 + [Group(0, 0, errored=3)] * 5
    verdict = decide(TWO, right=480, wrong=0, errored=15, wrong_by_row=groups)
    assert verdict.reason is Reason.ERRORED
    assert verdict.upper < 0.02 < verdict.worst.upper


def test_harmful_answers_are_held_to_their_own_rate():
    exceeded = decide(HARM, right=2000, wrong=14, harmful=14)
    assert exceeded.state is State.EXCEEDED
    assert exceeded.upper < 0.02
    assert "are harmful, more than the 0.2 % tolerated" in exceeded.sentence()
    within = decide(HARM, right=4000, wrong=4, harmful=1)
    assert within.state is State.WITHIN
    assert "and at most 0.12 % harmful" in within.sentence()
    undecided = decide(HARM, right=2000, wrong=4, harmful=1)
    assert undecided.reason is Reason.HARMFUL
    assert undecided.more_if_none_wrong == 367


def test_where_nobody_said_how_many_are_harmful_each_wrong_one_may_be():
    unknown = decide(HARM, right=2000, wrong=3)
    assert unknown.state is State.UNDECIDED
    assert unknown.reason is Reason.HARMFUL
    assert "nobody said how many of the 3 wrong ones are harmful" in unknown.sentence()
    assert decide(HARM, right=2000, wrong=0).state is State.WITHIN
    assert decide(HARM, right=20_000, wrong=3).state is State.WITHIN


@pytest.mark.parametrize(
    ("tolerance", "counts"),
    [
        (TWO, {"right": -1, "wrong": 0}),
        (TWO, {"right": 1, "wrong": 1, "harmful": 2}),
        (TWO, {"right": 5, "wrong": 0, "wrong_by_row": [Group(0, 4)]}),
        (BY_CONVERSATION, {"right": 5, "wrong": 0}),
    ],
)
def test_counts_that_contradict_each_other_are_refused(tolerance, counts):
    with pytest.raises(InputError):
        decide(tolerance, **counts)
