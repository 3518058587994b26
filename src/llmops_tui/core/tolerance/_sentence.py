"""A verdict in one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.tolerance.state import Reason, State
from llmops_tui.core.tolerance.words import about, bound_percent, count, percent

if TYPE_CHECKING:
    from llmops_tui.core.tolerance.verdict import Verdict


def sentence(verdict: Verdict) -> str:
    """What a verdict says, in words a person without statistics reads."""
    if verdict.state is State.WITHIN:
        return _within(verdict)
    if verdict.state is State.EXCEEDED:
        return _exceeded(verdict)
    return _undecided(verdict)


def _within(verdict: Verdict) -> str:
    text = f"We can say at most {_upper(verdict)} are wrong"
    if verdict.harmful is not None:
        text += f" and at most {_upper(verdict.harmful)} harmful"
    text += f" ({_basis(verdict)})"
    if verdict.errored:
        text += f", even if {_the_errored(verdict)} were wrong"
    return text


def _exceeded(verdict: Verdict) -> str:
    harm = verdict.harmful
    if harm is not None and harm.state is State.EXCEEDED:
        limit = percent(harm.tolerance.max_wrong)
        return (
            f"At least {_lower(harm)} are harmful, more than the {limit} tolerated "
            f"({_basis(verdict)})"
        )
    limit = percent(verdict.tolerance.max_wrong)
    return (
        f"At least {_lower(verdict)} are wrong, more than the {limit} tolerated ({_basis(verdict)})"
    )


def _undecided(verdict: Verdict) -> str:
    more = f"{_outlook(verdict)}"
    if verdict.reason is Reason.NO_ROWS:
        errored = f", {count(verdict.errored, 'row')} errored" if verdict.errored else ""
        return f"undecided: no row was answered yet{errored}; {more}"
    if verdict.reason is Reason.ERRORED:
        return (
            f"undecided: {count(verdict.errored, 'row')} errored; {_without_errored(verdict)} "
            f"without them, {verdict.worst.state} if each counts as wrong; "
            f"run them again, or {more}"
        )
    if verdict.reason is Reason.HARMFUL and verdict.harmful is not None:
        if verdict.harmful.reason is Reason.HARMFUL:
            which = (
                "whether the wrong one is harmful; review it"
                if verdict.wrong == 1
                else f"how many of the {verdict.wrong} wrong ones are harmful; review them"
            )
            return f"undecided: within for wrong answers, but nobody said {which}, or {more}"
        return f"undecided: within for wrong answers, not yet for harmful ones; {more}"
    return f"undecided: {more}"


def _outlook(verdict: Verdict) -> str:
    """How many more rows would decide it, said twice."""
    approximate = verdict.clusters is not None
    clean = verdict.more_if_none_wrong
    amount = about(clean) if approximate else str(clean)
    text = f"{amount} more {'row' if clean == 1 else 'rows'} if none are wrong"
    if verdict.point is None:
        return text
    if verdict.more_at_this_rate is not None:
        return f"{text}, {about(verdict.more_at_this_rate)} at the rate so far"
    if verdict.wrong == 0 and verdict.worst.point == 0.0:
        # Nothing was wrong yet: too few rows for a rate, which is not "never".
        return text
    if verdict.more_until_exceeded:
        return (
            f"{text}, never at this rate "
            f"({about(verdict.more_until_exceeded)} more would show it is exceeded)"
        )
    return f"{text}, never at this rate"


def _basis(verdict: Verdict) -> str:
    sure = percent(verdict.tolerance.confidence)
    clusters = verdict.clusters
    if clusters is None:
        rows = count(verdict.rows, "row")
    elif verdict.tolerance.is_clustered:
        rows = f"{count(clusters.rows, 'row')} in {count(clusters.groups, 'cluster')}"
    else:
        rows = f"{count(clusters.rows, 'answer')} to {count(clusters.groups, 'row')}"
    watched = ", watched as they came" if verdict.anytime else ""
    return f"{sure} sure, {rows}{watched}"


def _the_errored(verdict: Verdict) -> str:
    if verdict.errored == 1:
        return "the errored row"
    return f"all {verdict.errored} errored rows"


def _without_errored(verdict: Verdict) -> str:
    limit = verdict.tolerance.max_wrong
    if verdict.rows and verdict.upper <= limit:
        return State.WITHIN
    if verdict.rows and verdict.lower > limit:
        return State.EXCEEDED
    return State.UNDECIDED


def _upper(verdict: Verdict) -> str:
    return bound_percent(verdict.upper, "upper", verdict.tolerance.max_wrong)


def _lower(verdict: Verdict) -> str:
    return bound_percent(verdict.lower, "lower", verdict.tolerance.max_wrong)
