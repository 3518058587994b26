"""What the Triage screen says, from values alone."""

from __future__ import annotations

from llmops_tui.core.call import CallDetail, Lane
from llmops_tui.core.tolerance import State, Tolerance, percent
from llmops_tui.core.tolerance.words import count
from llmops_tui.services.triage import CLAIM_MS, LiveEstimate, budget_words
from llmops_tui.ui.screens.monitor.texts import flags_text
from llmops_tui.ui.widgets.text_pane import Section

WORKING_OUT = "Working out what the verdicts prove…"
NO_PROJECT = (
    "There is no project yet, and production calls belong to one.\n\n"
    "Press 1 for the Overview, where n makes a project."
)
HIDDEN = "Why it is here: not shown while you judge; v shows it, b always."
NONE_FOUND = (
    "Nothing that waits in this lane looks so; esc clears the filter.\n\n"
    "It takes words of question and answer (a star behind one stands for any ending), and "
    "tag:refund, assignee:me (or a name, or none), rule:refusal."
)
NAMES = {
    Lane.FLAGGED: ("f", "flagged"),
    Lane.AUDIT: ("a", "audit"),
    Lane.MIXED: ("i", "both, mixed"),
    Lane.SECOND: ("l", "second look"),
    Lane.RESOLVE: ("R", "resolve"),
}
"""Key and name of each lane."""
PICKED = "Why it is here: you opened it."


def lanes_line(lane: Lane, waiting: dict[Lane, int], estimate: LiveEstimate | None) -> str:
    """The lanes with what waits and what was judged; the current one in brackets.

    Where there are more than the usual two, of the others only how many wait.
    """
    shown = [Lane.MIXED] if lane is Lane.MIXED else [Lane.FLAGGED, Lane.AUDIT]
    asked = (Lane.SECOND, Lane.RESOLVE)
    shown += [each for each in asked if each is lane or waiting.get(each, 0)]
    short = len(shown) > 2
    return "  ".join(
        _lane_text(each, waiting.get(each, 0), estimate, here=each is lane, short=short)
        for each in shown
    )


def _lane_text(
    lane: Lane, waits: int, estimate: LiveEstimate | None, *, here: bool, short: bool
) -> str:
    text = f"{NAMES[lane][1]}: {waits:,}"
    if short and not here:
        return f" {text} "
    text += " wait"
    if estimate is not None and lane in (Lane.FLAGGED, Lane.AUDIT):
        lanes = estimate.lanes
        judged = lanes.flagged_reviewed if lane is Lane.FLAGGED else lanes.audited
        text += f", {judged:,} judged"
    return f"[{text}]" if here else f" {text} "


def why_text(detail: CallDetail, lane: Lane) -> str:
    """Why a call is in the queue."""
    told = [opinions_text(detail)] if lane is Lane.RESOLVE else []
    probability = detail.row.audit_probability
    if detail.flags:
        told.append(flags_text(detail))
    elif probability is not None:
        told.append(
            "Why it is here: no rule flagged it; drawn at random with a chance of "
            f"{percent(probability)}."
        )
    elif not told:
        told.append(PICKED)
    return "\n".join(told)


def opinions_text(detail: CallDetail) -> str:
    """What two who differ said, and why; not who they are, as a name sways too."""
    last = {one.reviewer: one for one in detail.reviews if one.undone_at is None}
    said = []
    for review in last.values():
        severity = f" ({review.severity})" if review.severity not in ("", review.verdict) else ""
        why = ", ".join(filter(None, (review.reason, review.note)))
        said.append(f"{review.verdict}{severity}{f', “{why}”' if why else ''}")
    return f"Two differ. One says {'; another '.join(said)}. Your word decides."


def estimate_text(estimate: LiveEstimate | None, tolerance: Tolerance | None) -> str:
    """What the verdicts so far say, and how it lies to the tolerance."""
    if estimate is None or tolerance is None:
        return WORKING_OUT
    if estimate.upper is None:
        return estimate.sentence
    return f"Tolerance {percent(tolerance.max_wrong)}: {estimate.state}. {estimate.sentence}"


def nothing_waits(
    lane: Lane,
    waiting: dict[Lane, int],
    estimate: LiveEstimate | None,
    tolerance: Tolerance | None,
) -> list[Section]:
    """In place of a call, when there is none: what is proven, what isn't, what can be done."""
    here = (Lane.FLAGGED, Lane.AUDIT) if lane is Lane.MIXED else (lane,)
    others = [
        f"In the {name} lane {waiting[other]:,} do: press {key}."
        for other, (key, name) in NAMES.items()
        if other not in here and other is not Lane.MIXED and waiting.get(other)
    ]
    with_others = sum(waiting.get(each, 0) for each in here)
    if with_others:
        verb = "is" if with_others == 1 else "are"
        others.insert(
            0,
            f"{with_others:,} {verb} in front of somebody else at this moment; what they leave "
            f"comes here within {CLAIM_MS // 60_000} minutes.",
        )
    first = (
        f"Nothing waits in this lane. {' '.join(others)}"
        if others
        else "Nothing waits. New calls appear here by themselves; 5 shows all as they arrive."
    )
    sections = [Section("", first)]
    if estimate is not None and tolerance is not None and estimate.lanes.calls:
        sections += [
            Section("What the verdicts say", proven_text(estimate, tolerance)),
            Section("What is not known", unknown_text(estimate)),
        ]
    return sections


def proven_text(estimate: LiveEstimate, tolerance: Tolerance) -> str:
    """The statement with its bounds and the tolerance."""
    lines = [f"In the last {tolerance.window_days} days: {estimate.sentence}"]
    if estimate.upper is not None and estimate.lower is not None:
        best = "" if estimate.point is None else f"best guess {percent(estimate.point)}, "
        lines.append(
            f"Wrong: {best}between {percent(estimate.lower, 'down')} and "
            f"{percent(estimate.upper, 'up')}. Tolerance {percent(tolerance.max_wrong)}: "
            f"{estimate.state}."
        )
        budget = budget_words(estimate, tolerance)
        if budget:
            lines.append(f"{budget[0].upper()}{budget[1:]}.")
        if estimate.state is State.EXCEEDED:
            agreed = f": {tolerance.on_breach.rstrip('.')}" if tolerance.on_breach else ""
            lines.append(f"{tolerance.owner or 'Nobody'} answers for the tolerance{agreed}.")
    return "\n".join(lines)


def unknown_text(estimate: LiveEstimate) -> str:
    """What nobody can say from these verdicts."""
    lanes = estimate.lanes
    lines = []
    if not lanes.audited and lanes.flagged < lanes.calls:
        lines.append(
            "What the flags miss. Flagged calls alone say nothing of the others: judge calls of "
            "the audit lane, which the gateway draws at random (--audit sets the share)."
        )
    left = lanes.flagged - lanes.flagged_reviewed
    if left and lanes.flagged_reviewed:
        lines.append(f"How the others of the flagged are: nobody judged {left:,} of them.")
    elif left:
        lines.append("How the flagged calls are: none was judged.")
    if lanes.unsure:
        lines.append(f"Whether the {lanes.unsure:,} that were left as not sure are right.")
    if estimate.disputed:
        lines.append(
            f"Who is right about the {count(estimate.disputed, 'call')} on which two differ: "
            "counted as wrong until a third decides (R)."
        )
    if estimate.together:
        lines.append(
            f"Whether each of the {count(estimate.together, 'verdict')} given to many calls at "
            "once is right: nobody read each answer."
        )
    lines.append("Whether the verdicts themselves are right: people err too.")
    return "\n".join(lines)
