"""Triage: what waits for a verdict, giving one, taking it back, and what the verdicts prove."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.core.call import CallDetail, CallRow, Lane, Review, ReviewDraft, ReviewVerdict
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError, StoreBusyError, StoreFullError
from llmops_tui.core.tolerance import State, Tolerance, percent
from llmops_tui.core.tolerance.words import bound_percent, count
from llmops_tui.services.calls import DAY_MS
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, queue, reviews, settings, verdicts
from llmops_tui.store.calls import Lanes

if TYPE_CHECKING:
    from llmops_tui.core.tolerance.budget import ErrorBudget
    from llmops_tui.core.tolerance.lanes import LaneEstimate

SEVERITIES = ("cosmetic", "wrong", "harmful")
"""How bad a wrong answer is."""
REASONS = (
    "invented a fact", "misread the question", "left something out", "wrong format",
    "wrong tone", "off topic", "refused without need", "unsafe",
)  # fmt: skip
"""What is usual; a project may have its own."""
REASONS_NAME = "triage.reasons"
SHARE_NAME = "triage.second_share"
SECOND_SHARE = 0.1
"""Share of the judged calls that a second person judges, where the project says nothing else."""
CLAIM_MS = 180_000
"""How long a call is somebody's after they last had it in front of them."""


@dataclass(frozen=True, slots=True)
class LiveEstimate:
    """What the verdicts so far say of production."""

    lanes: Lanes
    point: float | None
    lower: float | None
    upper: float | None
    sentence: str
    """In plain words, with what it rests on."""
    note: str
    """What is assumed besides; may be empty."""
    state: State = State.UNDECIDED
    """How the bounds lie to the tolerance; `within` needs the harmful ones to be within theirs."""
    harmful_upper: float | None = None
    """Upper bound of the share of harmful calls; None where the tolerance sets no rate for them."""
    budget: ErrorBudget | None = None
    """Of the window; None before the first review."""
    together: int = 0
    """Verdicts that were given to many calls at once."""
    disputed: int = 0
    """Calls on which two differ: they count as wrong until a third has decided."""


def waiting(workspace: Workspace, project_id: int | None = None) -> dict[Lane, int]:
    """How many calls wait for this person in each lane."""
    found = queue.count_open(workspace.db, project_id, workspace.person)
    found[Lane.MIXED] = found[Lane.FLAGGED] + found[Lane.AUDIT]
    return found | queue.count_asked(workspace.db, workspace.person, project_id)


def open_call(workspace: Workspace, call_id: int) -> CallDetail:
    """One call whole, to be judged.

    Raises:
        NotFoundError: there is none of that id.
    """
    return calls.detail(workspace.db, call_id)


def review(
    workspace: Workspace,
    call: CallRow,
    verdict: ReviewVerdict,
    *,
    severity: str = "",
    reason: str = "",
    note: str = "",
    corrected: str | None = None,
    blind: bool = False,
) -> None:
    """Give a verdict on a call; `blind` where flags, lane and other opinions were hidden."""
    lane, probability = lane_of(call)
    verdicts.add_review(
        workspace.db,
        ReviewDraft(
            call_id=call.id,
            verdict=verdict,
            reviewer=workspace.person,
            lane=lane,
            inclusion_probability=probability,
            severity=severity,
            reason=reason,
            note=note,
            corrected=corrected,
            blind=blind,
        ),
        second_share(workspace, call.project_id),
    )


def undo(
    workspace: Workspace,
    *,
    project_id: int | None = None,
    call_id: int | None = None,
    whole: bool = True,
) -> Review | None:
    """Take this person's last verdict back; which one, or None when there is none left.

    Args:
        workspace: Where and who.
        project_id: Only verdicts on calls of this project.
        call_id: Only verdicts on this call.
        whole: One that was given to many calls at once is taken back from all of them.
    """
    return verdicts.undo_review(
        workspace.db, workspace.person, project_id=project_id, call_id=call_id, whole=whole
    )


def second_share(workspace: Workspace, project_id: int | None) -> float:
    """Share of the judged calls that a second person judges too, blind."""
    kept = settings.get(workspace.db, f"project {project_id}", SHARE_NAME)
    return SECOND_SHARE if kept is None else float(kept)


def set_second_share(workspace: Workspace, project_id: int, share: float) -> None:
    """Have another share judged twice; what was drawn already stays drawn.

    Raises:
        InputError: it is no share.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError("The share is between 0 and 100 %.", "10 to 20 % is usual.")
    settings.put(workspace.db, f"project {project_id}", SHARE_NAME, repr(share))


def reasons(workspace: Workspace, project_id: int | None) -> tuple[str, ...]:
    """Why an answer may be wrong, in the project's words."""
    kept = settings.get(workspace.db, f"project {project_id}", REASONS_NAME)
    return tuple(kept.split("\n")) if kept else REASONS


def set_reasons(workspace: Workspace, project_id: int, wanted: Sequence[str]) -> tuple[str, ...]:
    """Have other reasons to choose from; verdicts that were given keep theirs.

    Raises:
        InputError: there is none.
    """
    cleaned = tuple(dict.fromkeys(filter(None, (" ".join(text.split()) for text in wanted))))
    if not cleaned:
        raise InputError("Say at least one reason.", f"Such as: {', '.join(REASONS[:3])}.")
    settings.put(workspace.db, f"project {project_id}", REASONS_NAME, "\n".join(cleaned))
    return cleaned


def claim(workspace: Workspace, call_ids: Sequence[int]) -> dict[int, str]:
    """Take calls, so that nobody else gets them for some minutes; who has those that are taken.

    Where the file can't be written just now nothing is claimed: two may see the same call then,
    which costs a verdict and no more.
    """
    if workspace.db.read_only:
        return {}  # who only looks takes nothing from anybody
    try:
        mine = reviews.claim(workspace.db, call_ids, workspace.person, CLAIM_MS)
    except (StoreBusyError, StoreFullError):
        return {}
    if len(mine) == len(call_ids):
        return {}
    others = reviews.claimed_by_others(workspace.db, workspace.person)
    return {i: others[i] for i in call_ids if i not in mine and i in others}


def claimed(workspace: Workspace) -> dict[int, str]:
    """Calls that others have in front of them, and who."""
    return reviews.claimed_by_others(workspace.db, workspace.person)


def release(workspace: Workspace, call_ids: Sequence[int] | None = None) -> None:
    """Give claimed calls back, or all; what couldn't be given back runs out by itself."""
    if not workspace.db.read_only:
        with suppress(StoreBusyError, StoreFullError):
            reviews.release(workspace.db, workspace.person, call_ids)


def can_be_judged(call: CallRow) -> bool:
    """Whether there is an answer to call right or wrong; as the queue and the estimate see it."""
    captured = bool(call.output_head) or (call.flagged > 0 and bool(call.input_head))
    return call.status == "ok" and captured


def lane_of(call: CallRow) -> tuple[Lane, float]:
    """(lane, inclusion probability) of a call: recorded with each verdict, for the estimate."""
    if call.flagged:
        return Lane.FLAGGED, 1.0
    if call.audit_probability is not None:
        return Lane.AUDIT, call.audit_probability
    return Lane.CHOSEN, 0.0


def live_estimate(
    workspace: Workspace, tolerance: Tolerance, project_id: int | None = None
) -> LiveEstimate:
    """The live wrong rate over the tolerance's window, from both lanes. Loads SciPy.

    Args:
        workspace: Where the calls are.
        tolerance: Window, confidence, and what the bounds are held against.
        project_id: Only calls of this project.
    """
    from llmops_tui.core.tolerance.budget import error_budget  # loads SciPy

    since = now_ms() - tolerance.window_days * DAY_MS
    found = calls.lanes(workspace.db, since, project_id)
    if not found.calls:
        words = "No production call in the window."
        if found.apart:
            words = f"No answer to judge in the window; {_apart_words(found)}."
        return LiveEstimate(found, None, None, None, words, "")
    if found.flagged_reviewed + found.audited == 0:
        noun = "call" if found.calls == 1 else "calls"
        words = f"{found.calls:,} {noun}, none reviewed: not known."
        return LiveEstimate(found, None, None, None, words, "")
    estimate = _estimate(found, tolerance, found.flagged_wrong, found.audited_wrong)
    harm = None
    if tolerance.harmful_max_wrong is not None:
        harm = _estimate(found, tolerance, found.flagged_harmful, found.audited_harmful)
    together = verdicts.count_batched(workspace.db, since, project_id)
    disputed = len(queue.disputed(workspace.db, project_id))
    return LiveEstimate(
        found,
        estimate.point,
        estimate.lower,
        estimate.upper,
        _sentence(found, tolerance, estimate, harm),
        _note(estimate.note, found, together, disputed),
        _state(tolerance, estimate, harm),
        None if harm is None else harm.upper,
        error_budget(found.calls, tolerance.max_wrong, estimate),
        together,
        disputed,
    )


def budget_words(live: LiveEstimate, tolerance: Tolerance) -> str:
    """How much of the window's error budget is left, as a clause; empty where nothing is known.

    The best estimate comes first; the bound behind it says how far it can be trusted.
    """
    budget = live.budget
    if budget is None or not budget.allowed:
        return ""
    sure = percent(tolerance.confidence)
    spent_at_least = budget.lower / budget.allowed
    if budget.state is State.EXCEEDED:
        return (
            f"the error budget is overspent: at least {_whole(spent_at_least)} of it ({sure} sure)"
        )
    if live.point is None:
        return "how much of the error budget is left is not known yet"
    left = 1.0 - budget.share_spent
    if left < 0:
        return f"the error budget looks overspent ({_whole(budget.share_spent)} of it), not certain"
    words = f"{_whole(left)} of the error budget left"
    if budget.state is State.UNDECIDED:
        return f"{words}, though it may be overspent"
    least = 1.0 - budget.spent_at_most / budget.allowed
    return f"{words}, at least {_whole(least)} ({sure} sure)"


def _estimate(found: Lanes, tolerance: Tolerance, flagged: int, audited: int) -> LaneEstimate:
    from llmops_tui.core.tolerance.lanes import LaneCounts, two_lanes  # loads SciPy

    counts = LaneCounts(
        calls=found.calls,
        flagged=found.flagged,
        flagged_reviewed=found.flagged_reviewed,
        flagged_wrong=flagged,
        audited=found.audited,
        audited_wrong=audited,
    )
    return two_lanes(counts, tolerance.confidence)


def _sentence(
    found: Lanes, tolerance: Tolerance, estimate: LaneEstimate, harm: LaneEstimate | None
) -> str:
    sentence = (
        f"{_claim(found, tolerance, estimate, harm)} "
        f"({percent(tolerance.confidence)} sure; {found.flagged_reviewed:,} of "
        f"{found.flagged:,} flagged and {found.audited:,} audited ones reviewed)."
    )
    if not found.audited and found.flagged < found.calls:
        sentence += " No audit yet: what the flags miss is unknown."
    return sentence


def _claim(
    found: Lanes, tolerance: Tolerance, estimate: LaneEstimate, harm: LaneEstimate | None
) -> str:
    """The bound that decides: the lower one where it is beyond what is tolerated."""
    limit, of = tolerance.harmful_max_wrong, f"of {found.calls:,} live calls are"
    harmful = ""
    if harm is not None and limit is not None:
        if harm.lower > limit:
            least = bound_percent(harm.lower, "lower", limit)
            return f"At least {least} {of} harmful, more than the {percent(limit)} tolerated"
        harmful = f" and at most {bound_percent(harm.upper, 'upper', limit)} harmful"
    most = tolerance.max_wrong
    if estimate.lower > most:
        least = bound_percent(estimate.lower, "lower", most)
        return f"At least {least} {of} wrong, more than the {percent(most)} tolerated"
    return f"We can say at most {bound_percent(estimate.upper, 'upper', most)} {of} wrong{harmful}"


def _state(tolerance: Tolerance, estimate: LaneEstimate, harm: LaneEstimate | None) -> State:
    states = {_one_state(estimate, tolerance.max_wrong)}
    if harm is not None and tolerance.harmful_max_wrong is not None:
        states.add(_one_state(harm, tolerance.harmful_max_wrong))
    if State.EXCEEDED in states:
        return State.EXCEEDED
    return State.UNDECIDED if State.UNDECIDED in states else State.WITHIN


def _one_state(estimate: LaneEstimate, limit: float) -> State:
    if estimate.upper <= limit:
        return State.WITHIN
    return State.EXCEEDED if estimate.lower > limit else State.UNDECIDED


def _whole(share: float) -> str:
    return percent(share, "down", 0)


def _apart_words(found: Lanes) -> str:
    noun = "call" if found.apart == 1 else "calls"
    were = "was" if found.apart == 1 else "were"
    return f"{found.apart:,} {noun} failed, {were} cancelled or came without text"


def _note(assumed: str, found: Lanes, together: int, disputed: int) -> str:
    notes = [assumed] if assumed else []
    if disputed:
        notes.append(
            f"{count(disputed, 'call')} on which two differ "
            f"{'counts' if disputed == 1 else 'count'} as wrong until a third decides"
        )
    if together:
        notes.append(
            f"{count(together, 'verdict')} {'was' if together == 1 else 'were'} given to many "
            "calls at once: nobody read each answer"
        )
    if found.unsure:
        notes.append(f"{count(found.unsure, 'unsure verdict')} counted as not reviewed")
    if found.apart:
        notes.append(f"{_apart_words(found)}: apart, neither right nor wrong")
    if found.removed:
        were = "was" if found.removed == 1 else "were"
        notes.append(f"{count(found.removed, 'call')} counted that {were} removed by retention")
    return "; ".join(notes)
