"""How far a judge can be believed: people's labels, position bias, and what follows for a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance.judge import JudgeEstimate, JudgeLabels, rogan_gladen
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import judging, runs
from llmops_tui.store.judging import JudgedCounts

JUDGES = "judge_"
MAY_JUDGE = ("composite", "per_example")
LEAST_LABELS = 10
"""Labels of right and of wrong answers each, below which nothing is computed from them."""


@dataclass(frozen=True, slots=True)
class JudgeView:
    """One judge of a run."""

    counts: JudgedCounts
    labels: JudgeLabels
    estimate: JudgeEstimate | None
    """The share wrong, corrected for the judge's errors; None where that can't be said."""

    @property
    def verified(self) -> bool:
        """Whether people's labels tell how it errs."""
        return min(self.labels.right, self.labels.wrong) >= LEAST_LABELS

    def sentence(self) -> str:
        """In words."""
        counts, labels = self.counts, self.labels
        name = f"{counts.scorer} by {counts.model} (prompt {counts.prompt[:6]})"
        if not self.verified:
            have = f"{labels.wrong} wrong and {labels.right} right"
            words = (
                f"unverified judge: {name}; people labelled {have}, {LEAST_LABELS} each are needed"
            )
        else:
            sensitivity = labels.wrong_called_wrong / labels.wrong
            specificity = labels.right_called_right / labels.right
            words = (
                f"judge {name}: finds {sensitivity:.0%} of {labels.wrong} wrong answers, passes "
                f"{specificity:.0%} of {labels.right} right ones"
            )
            if self.estimate is None:
                words += "; no better than chance, so its word says nothing"
            else:
                point, low, high = (
                    100 * share
                    for share in (self.estimate.point, self.estimate.lower, self.estimate.upper)
                )
                words += f"; corrected for that {point:.1f} % wrong [{low:.1f}–{high:.1f}]"
        if counts.pairwise:
            biased = counts.prefers_first + counts.prefers_second
            words += (
                f"; position bias: in {biased:,} of {counts.pairwise:,} pairs it preferred a place "
                f"({counts.prefers_first:,} the first)"
            )
        return words


def may_be_judged(scorers: Sequence[Mapping[str, Json]]) -> bool:
    """Whether a model may be among the scorers."""
    names = [str(scorer.get("name", "")) for scorer in scorers]
    return any(name.startswith(JUDGES) or name in MAY_JUDGE for name in names)


def judge_views(workspace: Workspace, run_id: int) -> tuple[JudgeView, ...]:
    """Each judge of a run with what people's labels say of it."""
    confidence = runs.get(workspace.db, run_id).spec.confidence
    views = []
    for counts in judging.judged(workspace.db, run_id):
        said = judging.labelled(workspace.db, counts)
        labels = JudgeLabels(
            wrong_called_wrong=said.get((False, "wrong"), 0),
            wrong_called_right=said.get((True, "wrong"), 0),
            right_called_wrong=said.get((False, "right"), 0),
            right_called_right=said.get((True, "right"), 0),
        )
        estimate = None
        if min(labels.right, labels.wrong) >= LEAST_LABELS:
            try:
                estimate = rogan_gladen(
                    counts.scores - counts.passed, counts.scores, labels, confidence
                )
            except InputError:
                estimate = None
        views.append(JudgeView(counts, labels, estimate))
    return tuple(views)


def judge_notes(
    workspace: Workspace, run_id: int, scorers: Sequence[Mapping[str, Json]]
) -> tuple[str, ...]:
    """A sentence for each judge of a run; none where no model judged."""
    if not may_be_judged(scorers):
        return ()
    return tuple(view.sentence() for view in judge_views(workspace, run_id))


def label_sample(workspace: Workspace, sample_id: int, *, right: bool) -> str:
    """Keep a person's own verdict on an answer; says so in a sentence."""
    verdict = "right" if right else "wrong"
    judging.label(workspace.db, sample_id, verdict, workspace.person)
    return f"You say it is {verdict}; that tells how the judges err."
