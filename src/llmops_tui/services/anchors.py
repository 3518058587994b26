"""A judge that changed, held against the one before on answers that people labelled (F10)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import SampleScore
from llmops_tui.core.tolerance.judge import JudgeLabels
from llmops_tui.core.tolerance.paired import PairedCounts, mcnemar_p
from llmops_tui.services.judging import may_be_judged
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import anchors

MOST = 200
"""Labelled answers that are judged again: each is a question to the judge."""
DOUBT = 0.05
"""A p value below which a change of the judge is more than chance."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which judge it is: where either changes, it is another one."""

    model: str
    prompt: str
    """Hash of what the judge is told."""

    @classmethod
    def of(cls, mark: str) -> Identity:
        """From what stands beside a score."""
        said = json.loads(mark)
        return cls(str(said.get("model", "")), str(said.get("prompt", "")))

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.model} (prompt {self.prompt[:6]})"


@dataclass(frozen=True, slots=True)
class AnchorView:
    """One judge on the anchor set."""

    scorer: str
    now: Identity
    before: Identity | None
    """The last other judge that judged the same answers; None where there is none."""
    flips: PairedCounts
    """By whether the judges passed an answer; rows that both judged."""
    labels: JudgeLabels
    """What the judge now says, beside what people say."""
    cost: int
    """Nano-units, of judging again."""

    @property
    def p_value(self) -> float:
        """Of "the two judges pass alike" (McNemar)."""
        return mcnemar_p(self.flips)

    @property
    def differs(self) -> bool:
        """Whether the judges differ by more than chance."""
        return self.flips.discordant > 0 and self.p_value < DOUBT

    def sentence(self) -> str:
        """In words."""
        agreed = self.labels.wrong_called_wrong + self.labels.right_called_right
        words = (
            f"{self.scorer} by {self.now.words} agrees with people on {agreed:,} of "
            f"{self.labels.wrong + self.labels.right:,} answers"
        )
        if self.before is None:
            return f"{words}; no other judge judged them before."
        words += (
            f"; beside {self.before.words} on {self.flips.rows:,}: passes "
            f"{self.flips.only_new_right:,} that it failed, fails {self.flips.only_old_right:,} "
            f"that it passed (McNemar p {self.p_value:.3g})"
        )
        if self.differs:
            return f"{words}. It judges otherwise: rates of before and after don't compare."
        return f"{words}. No difference beyond chance."


def is_one_judge(mark: str) -> bool:
    """Whether one judge stands beside a score; a composite may have several."""
    return mark.startswith("{") and "\n" not in mark


def anchor(
    workspace: Workspace,
    project_id: int,
    scorers: Sequence[Mapping[str, Json]],
    on_progress: Callable[[int, int], bool] = lambda done, total: True,
    limit: int = MOST,
) -> tuple[AnchorView, ...]:
    """Have each judge judge labelled answers again, and hold it against the one before.

    What it says counts among what is known of the judge; runs stay as they were measured.

    Args:
        workspace: where.
        project_id: whose answers.
        scorers: those that judge; others are left out.
        on_progress: told how many of how many answers are done; false stops it there.
        limit: at most so many, those labelled last.

    Raises:
        InputError: no model judges, or people labelled nothing yet.
    """
    judges = [spec for spec in scorers if may_be_judged([spec])]
    if not judges:
        raise InputError("None of the scorers asks a model.", "Anchors are for judges.")
    verdicts = anchors.labelled_samples(workspace.db, project_id, limit)
    if not verdicts:
        raise InputError(
            "People labelled no answer yet.",
            "On a run's sample, t says that it is right, f that it is wrong.",
        )
    # Compiles scorers: nothing that shows a run needs that.
    from llmops_tui.runner.anchor import judge_again

    names = {str(spec["name"]) for spec in judges}
    before = {(id, name): anchors.said(workspace.db, id, name) for id in verdicts for name in names}
    found = judge_again(
        workspace.db, list(verdicts), judges, lambda done: on_progress(done, len(verdicts))
    )
    now: dict[str, list[tuple[int, SampleScore]]] = {}
    for one in found:
        for score in one.scores:
            if is_one_judge(score.judge):
                now.setdefault(score.scorer, []).append((one.of.sample_id, score))
    if not now:
        said = next((one.error_message for one in found if one.error_message), "")
        raise InputError(f"No judge judged any of {len(found):,} answers. {said}".strip())
    return tuple(
        _view(name, scores, {id: before.get((id, name), []) for id, _ in scores}, verdicts)
        for name, scores in sorted(now.items())
    )


def _view(
    scorer: str,
    now: Sequence[tuple[int, SampleScore]],
    before: Mapping[int, Sequence[anchors.Said]],
    verdicts: Mapping[int, bool],
) -> AnchorView:
    identity = Identity.of(now[-1][1].judge)
    others = [
        Identity.of(said.judge)
        for id, _ in now
        for said in before[id]
        if Identity.of(said.judge) != identity
    ]
    other = others[0] if others else None
    paired = {(old, new): 0 for old in (True, False) for new in (True, False)}
    labelled = {(said, passed): 0 for said in (True, False) for passed in (True, False)}
    for id, score in now:
        labelled[verdicts[id], score.passed] += 1
        old = [said.passed for said in before[id] if Identity.of(said.judge) == other]
        if old:
            paired[old[-1], score.passed] += 1
    return AnchorView(
        scorer,
        identity,
        other,
        PairedCounts(
            both_right=paired[True, True],
            only_old_right=paired[True, False],
            only_new_right=paired[False, True],
            both_wrong=paired[False, False],
        ),
        JudgeLabels(
            wrong_called_wrong=labelled[False, False],
            wrong_called_right=labelled[False, True],
            right_called_wrong=labelled[True, False],
            right_called_right=labelled[True, True],
        ),
        sum(score.cost for _, score in now),
    )
