"""Runs that stop once they are decided: calls saved, verdicts that are wrong, cost of looking.

Simulated models of known wrong rate answer data sets of two real sizes: 1,319 rows (grade school
sums) and 3,080 (intents of customer messages). Fixed seeds; no model and no clock but for the last
figure.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure
from llmops_tui.core.tolerance import State
from llmops_tui.core.tolerance.anytime import AnytimeTest
from llmops_tui.core.tolerance.planning import rows_for_power

SIZES = {"1,319 rows": 1319, "3,080 rows": 3080}
TOLERANCES = (0.02, 0.05)
TRUE_RATES = (0.002, 0.005, 0.01, 0.03, 0.05, 0.10)
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class _Outcome:
    calls: float
    decided: float
    false: float


def measure(*, quick: bool) -> Sequence[Figure]:
    """Mean calls until decided, false verdicts, cost of a look."""
    runs = 200 if quick else 2000
    figures: list[Figure] = []
    worst = 0.0
    for label, size in SIZES.items():
        for limit in TOLERANCES:
            for rate in TRUE_RATES:
                found = _simulate(size, limit, rate, runs)
                worst = max(worst, found.false)
                figures.append(_calls(label, size, limit, rate, found))
    figures.append(
        Figure("false verdicts at most, all of the above", worst, "", at_most=1 - CONFIDENCE)
    )
    figures.append(_at_the_limit(runs))
    figures.append(_cost_of_a_look())
    return figures


def _calls(label: str, size: int, limit: float, rate: float, found: _Outcome) -> Figure:
    fixed = rows_for_power(rate, limit, CONFIDENCE) if rate < limit else None
    return Figure(
        f"{label}, tolerance {limit:.0%}, really {rate:.1%}, decided {found.decided:.0%}",
        found.calls,
        "calls",
        "fixed run with 80 % power" if fixed and fixed <= size else "all rows",
        float(fixed if fixed and fixed <= size else size),
    )


def _simulate(size: int, limit: float, rate: float, runs: int) -> _Outcome:
    chance = random.Random(f"{size} {limit} {rate}")
    right_verdict = State.EXCEEDED if rate > limit else State.WITHIN
    calls, decided, false = [], 0, 0
    for _ in range(runs):
        test = AnytimeTest(limit, CONFIDENCE)
        while test.rows < size and test.state is State.UNDECIDED:
            test.update(chance.random() < rate)
        calls.append(test.rows)
        decided += test.state is not State.UNDECIDED
        false += test.state not in (State.UNDECIDED, right_verdict)
    return _Outcome(statistics.mean(calls), decided / runs, false / runs)


def _at_the_limit(runs: int) -> Figure:
    """The hardest case for honesty: the wrong rate is the tolerated one itself."""
    runs *= 10  # the rate is near its limit: fewer runs would leave it to chance
    chance = random.Random("at the limit")
    passed = 0
    for _ in range(runs):
        test = AnytimeTest(0.02, CONFIDENCE)
        while test.rows < 2000 and test.state is State.UNDECIDED:
            test.update(chance.random() < 0.02)
        passed += test.state is State.WITHIN
    return Figure(
        "false passes within 2,000 rows at exactly the tolerated 2 %",
        passed / runs,
        "",
        "peeking at a fixed bound (exact)",
        0.2166,
        at_most=1 - CONFIDENCE,
    )


def _cost_of_a_look() -> Figure:
    rows = 100_000
    chance = random.Random("look")
    outcomes = [chance.random() < 0.019 for _ in range(rows)]
    test = AnytimeTest(0.02, CONFIDENCE)
    test.update(False)  # SciPy loads with the first look
    test = AnytimeTest(0.02, CONFIDENCE)
    started = time.perf_counter()
    test.extend(outcomes)
    spent = (time.perf_counter() - started) / rows
    return Figure("a look after each of 100,000 rows", spent * 1e6, "µs", at_most=1.0)
