"""The verdict: what rows say of a tolerance. Live screen, command line and reports ask here.

What is not claimed: that the rows look like production. That is for people to see to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmops_tui.core.errors import ExitCode, InputError
from llmops_tui.core.tolerance import _sentence
from llmops_tui.core.tolerance.clusters import ClusterEstimate, Group
from llmops_tui.core.tolerance.state import Reason, State
from llmops_tui.core.tolerance.tolerance import Tolerance

if TYPE_CHECKING:
    from llmops_tui.core.tolerance._reading import Reader, Reading

_EXIT_CODES = {
    State.WITHIN: ExitCode.WITHIN,
    State.EXCEEDED: ExitCode.EXCEEDED,
    State.UNDECIDED: ExitCode.UNDECIDED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rows of a run say of its tolerance.

    The bounds are one-sided, each at the tolerance's confidence, with errored rows left out;
    `worst` is the same with each errored row counted as wrong.
    """

    state: State
    reason: Reason
    """Why it is undecided; empty when it isn't."""
    tolerance: Tolerance
    right: int
    wrong: int
    errored: int
    """Rows without an answer: never counted as right."""
    point: float | None
    """Wrong rate of the answered rows; None when there are none. Never a gate by itself."""
    lower: float
    upper: float
    worst: Reading
    more_if_none_wrong: int
    """More rows that decide for `within` if none of them is wrong; 0 when decided."""
    more_at_this_rate: int | None
    """More rows that decide for `within` at the rate so far; None for never. 0 when decided."""
    more_until_exceeded: int | None
    """More rows that decide for `exceeded` at the rate so far; None for never. 0 when decided."""
    anytime: bool
    """The bounds hold although the run was watched and could stop at any row."""
    clusters: ClusterEstimate | None = None
    """Where answers belong together: how many groups, and the design effect."""
    harmful: Verdict | None = None
    """The verdict on harmful answers, where the tolerance sets a rate for them."""

    @property
    def rows(self) -> int:
        """Answered rows: what the bounds rest on."""
        return self.right + self.wrong

    @property
    def is_decided(self) -> bool:
        """Whether it is `within` or `exceeded`."""
        return self.state is not State.UNDECIDED

    @property
    def exit_code(self) -> ExitCode:
        """What a script gets."""
        return _EXIT_CODES[self.state]

    def sentence(self) -> str:
        """The verdict in one plain sentence, without full stop."""
        return _sentence.sentence(self)


def decide(
    tolerance: Tolerance,
    *,
    right: int,
    wrong: int,
    errored: int = 0,
    harmful: int | None = None,
    stopped_early: bool = False,
    wrong_by_row: Sequence[Group] | None = None,
) -> Verdict:
    """Say whether a wrong rate is within a tolerance.

    Errored rows are kept apart: the question is asked with them left out and with each counted as
    wrong, and where the answers differ the verdict is undecided. Where the tolerance sets a rate
    for harmful answers, that is asked by itself; `within` needs both.

    Args:
        tolerance: what is tolerated.
        right: answers that were right.
        wrong: answers that were wrong.
        errored: rows without an answer.
        harmful: how many of the wrong ones are harmful; None where nobody said. Then any of them
            may be.
        stopped_early: True for whatever is looked at before its planned end: a run under way, and
            one that was stopped because it looked decided. The bounds are then the anytime ones.
        wrong_by_row: the same answers by row where rows were repeated, or by cluster where the
            tolerance has one as its unit. Repeats are averaged per row first.

    Raises:
        InputError: when the counts can't be, or `wrong_by_row` adds up to others.
    """
    _check(tolerance, right, wrong, errored, harmful, wrong_by_row)
    # The statistics are loaded by the first verdict, not on the way to first ink.
    from llmops_tui.core.tolerance._reading import reader

    groups = _worthwhile(wrong_by_row)
    read = reader(tolerance, stopped_early)
    left_out, worst = _read_twice(read, (right, wrong, errored), groups)
    harm = _decide_harmful(tolerance, right, wrong, errored, harmful, stopped_early, wrong_by_row)
    state, reason = _combine(left_out, worst, harm)
    more = _more(state, worst, harm)
    return Verdict(
        state=state,
        reason=reason,
        tolerance=tolerance,
        right=right,
        wrong=wrong,
        errored=errored,
        point=left_out.point,
        lower=left_out.lower,
        upper=left_out.upper,
        worst=worst,
        more_if_none_wrong=more[0],
        more_at_this_rate=more[1],
        more_until_exceeded=0 if state is not State.UNDECIDED else left_out.more_until_exceeded,
        anytime=stopped_early,
        clusters=left_out.clusters,
        harmful=harm,
    )


def _read_twice(
    read: Reader, counts: tuple[int, int, int], groups: Sequence[Group] | None
) -> tuple[Reading, Reading]:
    """Errored rows left out, and each counted as wrong."""
    right, wrong, errored = counts
    left_out = read(wrong, right + wrong, groups)
    if not errored:
        return left_out, left_out
    pessimistic = groups and [group.counting_errored_as_wrong() for group in groups]
    rows = right + wrong + errored
    return left_out, read(wrong + errored, rows, pessimistic, rate=left_out.rate_so_far)


def _combine(left_out: Reading, worst: Reading, harm: Verdict | None) -> tuple[State, Reason]:
    if harm is not None and harm.state is State.EXCEEDED:
        return State.EXCEEDED, Reason.NONE
    if left_out.point is None:
        return State.UNDECIDED, Reason.NO_ROWS
    if left_out.state is not worst.state:
        return State.UNDECIDED, Reason.ERRORED
    if left_out.state is State.UNDECIDED:
        return State.UNDECIDED, Reason.TOO_FEW_ROWS
    if left_out.state is State.WITHIN and harm is not None and harm.state is State.UNDECIDED:
        return State.UNDECIDED, Reason.HARMFUL
    return left_out.state, Reason.NONE


def _more(state: State, worst: Reading, harm: Verdict | None) -> tuple[int, int | None]:
    """More rows if none is wrong, and at the rate so far: for everything that must be within."""
    if state is not State.UNDECIDED:
        return 0, 0
    clean, at_rate = worst.more_if_none_wrong, worst.more_at_this_rate
    if harm is not None:
        clean = max(clean, harm.more_if_none_wrong)
        if at_rate is not None and harm.more_at_this_rate is not None:
            at_rate = max(at_rate, harm.more_at_this_rate)
        else:
            at_rate = None
    return clean, at_rate


def _decide_harmful(
    tolerance: Tolerance,
    right: int,
    wrong: int,
    errored: int,
    harmful: int | None,
    stopped_early: bool,
    wrong_by_row: Sequence[Group] | None,
) -> Verdict | None:
    """The verdict on harmful answers; None where the tolerance sets no rate for them."""
    limit = tolerance.harmful_max_wrong
    if limit is None:
        return None
    own = replace(tolerance, max_wrong=limit, harmful_max_wrong=None)
    if harmful is not None or wrong == 0:
        count = harmful or 0
        by_row = wrong_by_row and [
            Group(group.harmful, group.answered - group.harmful, group.errored)
            for group in wrong_by_row
        ]
        return decide(
            own,
            right=right + wrong - count,
            wrong=count,
            errored=errored,
            stopped_early=stopped_early,
            wrong_by_row=by_row,
        )
    # Nobody said which wrong answers are harmful: each of them may be, as an errored one may.
    by_row = wrong_by_row and [
        Group(0, group.right, group.wrong + group.errored) for group in wrong_by_row
    ]
    verdict = decide(
        own,
        right=right,
        wrong=0,
        errored=wrong + errored,
        stopped_early=stopped_early,
        wrong_by_row=by_row,
    )
    reason = Reason.HARMFUL if verdict.reason is Reason.ERRORED else verdict.reason
    return replace(verdict, reason=reason)


def _worthwhile(wrong_by_row: Sequence[Group] | None) -> Sequence[Group] | None:
    """The groups, or None where each holds a single answer and rows are just rows."""
    if wrong_by_row is None:
        return None
    if all(group.answered + group.errored <= 1 for group in wrong_by_row):
        return None
    return wrong_by_row


def _check(
    tolerance: Tolerance,
    right: int,
    wrong: int,
    errored: int,
    harmful: int | None,
    wrong_by_row: Sequence[Group] | None,
) -> None:
    if min(right, wrong, errored) < 0:
        raise InputError("A number of rows can't be negative.")
    if harmful is not None and not 0 <= harmful <= wrong:
        raise InputError(f"{harmful} harmful of {wrong} wrong rows can't be.")
    if wrong_by_row is None:
        if tolerance.is_clustered and right + wrong > 0:
            raise InputError(
                f"The tolerance counts rows by {tolerance.unit}, and nothing says which belong "
                "together.",
                "Hand in the counts of each cluster, or set the tolerance's unit to row.",
            )
        return
    by_row = [sum(column) for column in zip(*wrong_by_row, strict=True)] or [0, 0, 0, 0]
    if by_row[:3] != [wrong, right, errored] or (harmful is not None and by_row[3] != harmful):
        raise InputError(
            "The counts by row don't add up to the counts of the run.",
            "Count right, wrong, errored and harmful answers from the same samples.",
        )
