"""From a job that ended to the sample that is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from llmops_tui.core.chat import Answer, AnswerError, AnswerErrorKind
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.runner.exchange import paid_usage
from llmops_tui.runner.jobs import Job
from llmops_tui.runner.scoring import ScorerFailedError
from llmops_tui.store.finished_sample import FinishedSample

Judged: TypeAlias = tuple[Outcome, str, tuple[SampleScore, ...]]


def answered_sample(job: Job, answer: Answer, judge: Callable[[], Judged]) -> FinishedSample:
    """A sample with its score; errored where a scorer broke on the answer, which is kept."""
    kind = None
    message = ""
    try:
        outcome, reason, scores = judge()
    except ScorerFailedError as error:
        outcome, reason, scores = Outcome.ERRORED, str(error), ()
        kind, message = AnswerErrorKind.SCORER.value, str(error)
    return FinishedSample(
        ordinal=job.ordinal,
        cell=job.place.cell,
        example_id=job.example.id,
        repeat=job.place.repeat,
        outcome=outcome,
        reason=reason,
        scores=scores,
        answer=answer,
        answer_key=job.key,
        cached_answer_id=job.cached.id if job.cached is not None else None,
        shared=job.shared is not None,
        request=job.request_json,
        cost=job.spent,
        attempts=job.attempts,
        error_kind=kind,
        error_message=message,
    )


def errored_sample(job: Job, error: AnswerError) -> FinishedSample:
    """A sample without an answer: the cause by name, what was asked, what came instead."""
    return FinishedSample(
        ordinal=job.ordinal,
        cell=job.place.cell,
        example_id=job.example.id,
        repeat=job.place.repeat,
        outcome=Outcome.ERRORED,
        reason=f"{error.kind}: {error}",
        request=job.request_json,
        cost=job.spent,
        paid_usage=paid_usage(job, error),
        attempts=job.attempts,
        error_kind=error.kind.value,
        error_message=str(error),
        evidence=error.evidence,
        latency_ms=error.latency_ms,
    )
