"""When a run may stop itself: only where looking at it after every row does no harm."""

from __future__ import annotations

import random

from llmops_tui.core.plan import Plan
from llmops_tui.core.run import Cell, Outcome, RunSpec
from llmops_tui.core.tolerance import State, decide
from llmops_tui.runner.stopping import Decider, can_stop

R, W, E = Outcome.RIGHT, Outcome.WRONG, Outcome.ERRORED


def spec(**changes: object) -> RunSpec:
    asked = {"cells": (Cell(1, 1),), "scorers": (), "seed": 7, "stop_when_decided": True}
    return RunSpec(**{**asked, **changes})


def decider(rows: int, **changes: object) -> Decider:
    of = spec(**changes)
    return Decider(of, Plan(rows, len(of.cells), of.repeats, of.seed))


def asked_until_decided(test: Decider, outcomes: list[Outcome]) -> int | None:
    for ordinal, outcome in enumerate(outcomes):
        test.add(ordinal, outcome)
        if test.decided:
            return ordinal + 1
    return None


def test_a_clean_run_is_decided_at_the_row_that_the_test_asks_for() -> None:
    assert asked_until_decided(decider(1000), [R] * 1000) == 178


def test_nothing_is_decided_past_an_answer_that_is_still_missing() -> None:
    test = decider(1000)
    for ordinal in range(1, 1000):
        test.add(ordinal, R)
    assert not test.decided, "the first row may be a slow, wrong one"
    test.add(0, R)
    assert test.decided


def test_errored_rows_hold_a_decision_back() -> None:
    clean = asked_until_decided(decider(1000), [R] * 1000)
    held = asked_until_decided(decider(1000), [E, *[R] * 999])
    assert clean is not None
    assert held is not None
    assert held > clean + 1, "the errored row may be wrong"


def test_every_cell_has_to_be_decided() -> None:
    test = decider(400, cells=(Cell(1, 1), Cell(2, 1)))
    for row in range(200):
        test.add(2 * row, R)
        test.add(2 * row + 1, W if row % 50 == 0 else R)
    assert not test.decided


def test_repeats_of_a_row_are_no_further_rows() -> None:
    asked = asked_until_decided(decider(1000, repeats=3), [R] * 3000)
    assert asked is not None
    assert asked % 3 == 0
    assert asked >= 3 * 178


def test_a_limit_for_harmful_answers_takes_more_rows_to_be_decided() -> None:
    plain = asked_until_decided(decider(9000, max_wrong=0.05), [R] * 9000)
    strict = asked_until_decided(decider(9000, max_wrong=0.05, harmful_max_wrong=0.005), [R] * 9000)
    assert plain is not None
    assert strict is not None
    assert strict > 5 * plain
    one_wrong = [W, *[R] * 8999]
    assert asked_until_decided(decider(1000, max_wrong=0.05), one_wrong[:1000]) is not None
    held = asked_until_decided(
        decider(1000, max_wrong=0.05, harmful_max_wrong=0.005), one_wrong[:1000]
    )
    assert held is None, "nobody said that the wrong one is not harmful"


def test_when_it_stops_the_verdict_says_the_same() -> None:
    for seed in range(5):
        chance = random.Random(seed)
        outcomes = [
            E if (x := chance.random()) < 0.003 else W if x < 0.008 else R for _ in range(4000)
        ]
        asked = asked_until_decided(decider(4000), outcomes)
        if asked is None:
            continue
        seen = outcomes[:asked]
        verdict = decide(
            spec().tolerance,
            right=seen.count(R),
            wrong=seen.count(W),
            errored=seen.count(E),
            stopped_early=True,
        )
        assert verdict.state is not State.UNDECIDED


def test_runs_counted_in_clusters_ask_every_row() -> None:
    assert can_stop(spec())
    assert not can_stop(spec(unit="conversation"))


def test_a_plan_of_an_older_version_reads_as_it_was() -> None:
    stored = spec().to_json()
    del stored["unit"], stored["harmful_max_wrong"]
    assert RunSpec.from_json(dict(stored)) == spec()
