"""Verdicts as a whole: out to files and in from them, by rule, by person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from llmops_tui.core.call import ReviewVerdict
from llmops_tui.core.chat import Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.tolerance.agreement import Agreement, measure_agreement
from llmops_tui.services import triage
from llmops_tui.services.calls import DAY_MS
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, queue, reviews
from llmops_tui.store.reviews import ReviewedCall, RuleCounts

COLUMNS = (
    "call", "verdict", "severity", "reason", "note", "corrected", "lane", "inclusion_probability",
    "reviewer", "reviewed_at", "response_id", "trace_id", "model", "prompt", "prompt_version",
    "flagged", "asked_as", "blind", "batch", "input", "output",
)  # fmt: skip
JUDGE_COLUMNS = ("id", "judge", "human", "cluster")
"""The shape that statistics tools outside read: 1 is wrong, for the rules and for the person."""
LEAST_FOR_ADVICE = 10
"""Verdicts below which a rule's share says nothing."""
OFTEN_WRONG = 0.5


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import of verdicts came to."""

    taken: int
    known: int
    """Verdicts that were there already."""
    refused: tuple[str, ...]
    """A sentence for each that could not be taken."""


@dataclass(frozen=True, slots=True)
class RulePrecision:
    """How often a rule is right."""

    counts: RuleCounts

    @property
    def judged(self) -> int:
        """Flagged calls that somebody judged right or wrong."""
        return self.counts.right + self.counts.wrong

    @property
    def precision(self) -> float | None:
        """Share of them that are wrong answers; None where none was judged."""
        return self.counts.wrong / self.judged if self.judged else None

    def sentence(self) -> str:
        """In words, with advice where there is enough to give it."""
        counts = self.counts
        if self.precision is None:
            return f"{counts.rule}: {counts.flagged:,} flagged, none judged."
        words = (
            f"{counts.rule}: right {self.precision:.0%} of the time ({counts.wrong:,} wrong "
            f"answers of {self.judged:,} judged, {counts.flagged:,} flagged)"
        )
        if self.judged >= LEAST_FOR_ADVICE and self.precision < OFTEN_WRONG:
            return f"{words}: tune it."
        return f"{words}."


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """How far people agree on calls that several judged."""

    agreement: Agreement
    wrong_share: float
    """Share of these verdicts that say wrong: agreement means little where all say the same."""
    disputed: tuple[int, ...]
    """Calls on which two differ and no third has decided."""
    blind: bool = False
    """Whether it is about calls only whose second judge didn't know the first verdict."""

    def sentence(self) -> str:
        """In words."""
        found = self.agreement
        how = "blind" if self.blind else "the second could see the first"
        calls = "call" if found.items == 1 else "calls"
        parts = [
            f"People agree on {found.observed:.0%} of {found.items:,} {calls} judged twice ({how})"
        ]
        for name, value in (("κ", found.cohen_kappa), ("α", found.krippendorff_alpha)):
            if value is not None:
                parts.append(f"{name} {value:.2f}")
        parts.append(f"{self.wrong_share:.0%} of the verdicts say wrong")
        open_ones = len(self.disputed)
        if open_ones:
            parts.append(f"{open_ones:,} {'waits' if open_ones == 1 else 'wait'} for a third")
        return ", ".join(parts) + "."


def rule_precision(
    workspace: Workspace, window_days: int, project_id: int | None = None
) -> list[RulePrecision]:
    """How often each rule was right in the last days, the busiest rule first."""
    since = now_ms() - window_days * DAY_MS
    return [RulePrecision(counts) for counts in reviews.by_rule(workspace.db, since, project_id)]


def second_opinion(workspace: Workspace, project_id: int | None = None) -> SecondOpinion | None:
    """How far people agree; None where no call has two verdicts.

    Second opinions given blind are what agreement is measured on, once there are any.
    """
    found = reviews.judged_by_several(workspace.db, project_id)
    blind = {one.call_id for one in found if one.blind}
    given: dict[int, dict[str, str]] = {}
    for one in found:
        if not blind or one.call_id in blind:
            given.setdefault(one.call_id, {})[one.reviewer] = one.verdict
    if not given:
        return None
    people = sorted({name for by in given.values() for name in by})
    verdicts = [verdict for by in given.values() for verdict in by.values()]
    return SecondOpinion(
        measure_agreement([[by.get(name) for name in people] for by in given.values()]),
        verdicts.count(ReviewVerdict.WRONG.value) / len(verdicts),
        tuple(queue.disputed(workspace.db, project_id)),
        bool(blind),
    )


def export_reviews(
    workspace: Workspace, target: Path, *, shape: str = "all", project_id: int | None = None
) -> int:
    """Write the verdicts that stand to a CSV or JSON Lines file; how many.

    Args:
        workspace: where they are.
        target: `.csv` or `.jsonl`.
        shape: `all` columns, or `judge`: id, judge, human, cluster.
        project_id: only of this project.

    Raises:
        InputError: the format isn't known, or the file can't be written.
    """
    from llmops_tui.interchange import tables  # formats are loaded when they are wanted

    is_judge = shape == "judge"
    rows = _judge_rows(workspace, project_id) if is_judge else _all_rows(workspace, project_id)
    if target.suffix == ".csv":
        columns = JUDGE_COLUMNS if is_judge else COLUMNS
        return tables.write_csv(rows, target, columns, spreadsheet_safe=True).rows
    if target.suffix in (".jsonl", ".ndjson"):
        return tables.write_jsonl(rows, target).rows
    raise InputError(f"“{target.name}” doesn't end in .csv or .jsonl.")


def import_reviews(workspace: Workspace, source: Path) -> Imported:
    """Take verdicts from a CSV or JSON Lines file; the same file again changes nothing.

    A row names its call by `call` (its number) or `response_id`, and has a `verdict`; `severity`,
    `reason`, `note`, `corrected` and `reviewer` may stand beside it.

    Raises:
        InputError: the file can't be read, or has no column of verdicts.
    """
    from llmops_tui.interchange import tables

    taken = known = 0
    refused: list[str] = []
    with tables.Source.from_path(source) as opened:
        fmt = tables.sniff(opened)
        for row in tables.read_rows(opened, fmt):
            if isinstance(row, tables.BadRow):
                refused.append(f"line {row.line}: {row.reason}")
                continue
            try:
                is_new = _take(workspace, {name: _text(v) for name, v in row.values.items()})
            except (InputError, NotFoundError) as error:
                refused.append(f"line {row.line}: {error}")
                continue
            taken += is_new
            known += not is_new
    return Imported(taken, known, tuple(refused))


def give(
    workspace: Workspace,
    call_id: int,
    verdict: str,
    *,
    severity: str = "",
    reason: str = "",
    note: str = "",
    corrected: str | None = None,
) -> bool:
    """Give a verdict on a call by its number; False where the same one stands already.

    Raises:
        NotFoundError: there is no such call.
        InputError: the verdict or the severity is not known, or there is no answer to judge.
    """
    try:
        said = ReviewVerdict(verdict)
    except ValueError as error:
        raise InputError(
            f"{verdict!r} is no verdict.", f"Verdicts are {', '.join(ReviewVerdict)}."
        ) from error
    if severity and (severity not in triage.SEVERITIES or said is not ReviewVerdict.WRONG):
        raise InputError(
            f"{severity!r} is no severity of a {said.value} answer.",
            f"Wrong ones are {', '.join(triage.SEVERITIES)}.",
        )
    call = triage.open_call(workspace, call_id).row
    if not triage.can_be_judged(call):
        raise InputError(f"Call {call_id} has no answer to judge.")
    if said is ReviewVerdict.WRONG and not severity:
        severity = "wrong"
    words = (said.value, severity, reason, note)
    if reviews.is_known(workspace.db, call_id, workspace.person, words):
        return False
    triage.review(
        workspace, call, said, severity=severity, reason=reason, note=note, corrected=corrected
    )
    return True


def _take(workspace: Workspace, row: Mapping[str, str]) -> bool:
    call_id = _call_id(workspace, row)
    person = row.get("reviewer") or workspace.person
    return give(
        workspace.as_person(person),
        call_id,
        row.get("verdict", "").strip().lower(),
        severity=row.get("severity", ""),
        reason=row.get("reason", ""),
        note=row.get("note", ""),
        corrected=row.get("corrected") or None,
    )


def _call_id(workspace: Workspace, row: Mapping[str, str]) -> int:
    named = row.get("call") or row.get("id") or ""
    if named.isdecimal():
        return int(named)
    found = reviews.call_of_response(workspace.db, row.get("response_id", ""))
    if found is None:
        raise InputError("it names no call that is here")
    return found


def _all_rows(workspace: Workspace, project_id: int | None) -> Iterator[dict[str, Json]]:
    for found in _every(workspace, project_id):
        review, call = found.review, found.call
        asked, answered, _ = calls.texts(workspace.db, call.id)
        yield {
            "call": call.id,
            "verdict": review.verdict.value,
            "severity": review.severity,
            "reason": review.reason,
            "note": review.note,
            "corrected": review.corrected,
            "lane": review.lane.value,
            "inclusion_probability": found.inclusion_probability,
            "reviewer": review.reviewer,
            "reviewed_at": datetime.fromtimestamp(review.reviewed_at / 1000, UTC).isoformat(),
            "response_id": found.response_id,
            "trace_id": found.trace_id,
            "model": call.model,
            "prompt": call.prompt_name,
            "prompt_version": call.prompt_version,
            "flagged": call.flagged,
            "asked_as": review.asked_as or "first",
            "blind": review.blind,
            "batch": review.batch_id,
            "input": asked,
            "output": answered,
        }


def _judge_rows(workspace: Workspace, project_id: int | None) -> Iterator[dict[str, Json]]:
    for found in _every(workspace, project_id):
        if found.review.verdict is ReviewVerdict.UNSURE:
            continue
        call = found.call
        yield {
            "id": call.id,
            "judge": int(call.flagged > 0),
            "human": int(found.review.verdict is ReviewVerdict.WRONG),
            "cluster": f"{call.prompt_name} {call.prompt_version}".strip() or call.model,
        }


def _every(workspace: Workspace, project_id: int | None) -> Iterator[ReviewedCall]:
    after = 0
    while page := reviews.page(workspace.db, after=after, project_id=project_id):
        yield from page
        after = page[-1].review.id


def _text(value: Json) -> str:
    return "" if value is None else str(value)
