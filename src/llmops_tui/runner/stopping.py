"""Stopping a run once it is decided, by a test that may be looked at after every row."""

from __future__ import annotations

from llmops_tui.core.plan import Plan
from llmops_tui.core.run import Outcome, RunSpec
from llmops_tui.core.tolerance import Group, State, Tolerance, decide
from llmops_tui.core.tolerance.anytime import AnytimeTest
from llmops_tui.core.tolerance.betting import BettingTest

_MISSING = 0
_RIGHT = 1
_WRONG = 2
_NO_EVIDENCE = 3
_CODES = {Outcome.RIGHT: _RIGHT, Outcome.WRONG: _WRONG, Outcome.ERRORED: _NO_EVIDENCE}
_PATIENCE = 100
"""A verdict that was still open is asked for again after one row in so many more."""


def can_stop(spec: RunSpec) -> bool:
    """Whether a run of this kind may stop itself.

    Where rows belong together (conversations), they come in random order, so that most clusters
    are incomplete at any moment: no verdict on them is safe before the end.
    """
    return not spec.tolerance.is_clustered


class Decider:
    """Holds each cell's counts against the bounds that may be looked at after every row.

    Answers come in the order in which the endpoint gives them, and slow answers may well be the
    wrong ones; so an outcome counts only when all before it in the plan are known. Answers that
    are under way when a cell is decided still count when they come: what is said in the end is
    said of all rows that were paid for, and where they undo the decision the run goes on.
    """

    def __init__(self, spec: RunSpec, plan: Plan) -> None:
        self._plan = plan
        self._outcomes = bytearray(plan.total)
        self._next = 0
        self._cells = [_CellCounts(spec.tolerance, spec.repeats) for _ in spec.cells]

    def add(self, ordinal: int, outcome: Outcome) -> None:
        """Take an outcome."""
        self._outcomes[ordinal] = _CODES[outcome]
        while self._next < self._plan.total and self._outcomes[self._next] != _MISSING:
            self._cells[self._plan[self._next].cell].add(self._outcomes[self._next])
            self._next += 1

    @property
    def decided(self) -> bool:
        """Whether every cell is decided as things stand."""
        return all(cell.is_decided for cell in self._cells)


class _CellCounts:
    """Counts of one cell. Errored rows must not be able to change the verdict.

    The answers to one repeated row are averaged first: they are one row, not several.
    """

    def __init__(self, tolerance: Tolerance, repeats: int) -> None:
        self._tolerance = tolerance
        self._repeats = repeats
        limit, sure = tolerance.max_wrong, tolerance.confidence
        self._rows = AnytimeTest(limit, sure)
        self._averages = BettingTest(limit, sure) if repeats > 1 else None
        self._counts = {_RIGHT: 0, _WRONG: 0, _NO_EVIDENCE: 0}
        self._of_row = dict(self._counts)
        self._groups: list[Group] = []
        self._asked_at = -1
        self._answer = False

    def add(self, code: int) -> None:
        self._counts[code] += 1
        if self._averages is None:
            if code != _NO_EVIDENCE:
                self._rows.update(code == _WRONG)
            return
        self._of_row[code] += 1
        if sum(self._of_row.values()) == self._repeats:
            self._end_row(self._averages)

    def _end_row(self, averages: BettingTest) -> None:
        group = Group(self._of_row[_WRONG], self._of_row[_RIGHT], self._of_row[_NO_EVIDENCE])
        self._of_row = dict.fromkeys(self._of_row, 0)
        self._groups.append(group)
        if group.answered:
            averages.update(group.wrong / group.answered)

    @property
    def is_decided(self) -> bool:
        # The running test costs an integer comparison a row; the verdict proper, which counts
        # errored rows and the limit for harmful ones in too, is only asked for once that test has
        # spoken.
        test = self._rows if self._averages is None else self._averages
        if test.state is State.UNDECIDED:
            return False
        done = sum(self._counts.values())
        patience = 0 if self._answer else done // _PATIENCE
        if done > self._asked_at + patience or self._asked_at < 0:
            self._asked_at = done
            self._answer = self._ask()
        return self._answer

    def _ask(self) -> bool:
        if self._averages is None:
            right, wrong, errored = self._counts.values()
            groups = None
        else:
            groups = self._groups
            wrong, right, errored = (sum(group[place] for group in groups) for place in range(3))
        return decide(
            self._tolerance,
            right=right,
            wrong=wrong,
            errored=errored,
            stopped_early=True,
            wrong_by_row=groups,
        ).is_decided
