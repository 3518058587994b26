"""A sample that is ready to be written, and the columns that it becomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Answer, Usage
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.store.answer_columns import columns_of_answer

HEAD_LENGTH = 160
NO_USAGE = Usage(0, 0)


@dataclass(slots=True)
class FinishedSample:
    """A sample ready to be written.

    Not frozen: making it would take five times as long, and it is made for every row of a run.
    """

    ordinal: int
    cell: int
    example_id: int
    repeat: int
    outcome: Outcome
    reason: str
    scores: tuple[SampleScore, ...] = ()
    answer: Answer | None = None
    answer_key: bytes = b""
    cached_answer_id: int | None = None
    """Where the answer came from the cache: its id; then nothing was paid."""
    shared: bool = False
    """Whether the answer is that of another sample of this run, which asked the same."""
    request: str = ""
    """What was asked, as JSON."""
    cost: int = 0
    paid_usage: Usage | None = None
    """Where there is no answer: tokens that were paid for all the same."""
    attempts: int = 1
    error_kind: str | None = None
    error_message: str = ""
    evidence: str = ""
    latency_ms: float = 0.0

    @property
    def from_cache(self) -> bool:
        """Whether nothing was paid for the answer."""
        return self.shared or self.cached_answer_id is not None

    @property
    def usage(self) -> Usage:
        """Tokens of the answer, or of what came instead of one."""
        if self.answer is not None:
            return self.answer.usage
        return self.paid_usage or NO_USAGE


def answer_values(item: FinishedSample, created_at: int) -> tuple[object, ...] | None:
    """Columns of the answer behind a sample; None where it has none of its own."""
    if item.answer is None or item.cached_answer_id is not None:
        return None
    return columns_of_answer(item.answer_key, item.request, item.answer, created_at)


def sample_values(
    item: FinishedSample, run_id: int, sample_id: int, answer_id: int | None, finished_at: int
) -> tuple[object, ...]:
    """Columns of the sample."""
    answer = item.answer
    head = answer.text[:HEAD_LENGTH] if answer else ""
    return (
        sample_id,
        run_id,
        item.ordinal,
        item.cell,
        item.example_id,
        item.repeat,
        item.outcome.value,
        item.scores[0].value if item.scores else None,
        item.reason,
        item.error_kind,
        answer_id,
        head.encode("utf-8", "replace").decode(),
        answer.latency_ms if answer else item.latency_ms,
        answer.first_token_ms if answer else None,
        item.usage.input_tokens,
        item.usage.output_tokens,
        item.cost,
        int(item.from_cache),
        item.attempts,
        finished_at,
    )


def count_values(batch: Sequence[FinishedSample], run_id: int) -> list[tuple[object, ...]]:
    """What a batch adds to the counts of each cell."""
    sums: Mapping[int, list[int]] = defaultdict(lambda: [0] * 10)
    for item in batch:
        cell = sums[item.cell]
        cell[0] += item.outcome is Outcome.RIGHT
        cell[1] += item.outcome is Outcome.WRONG
        cell[2] += item.outcome is Outcome.ERRORED
        cell[3] += item.from_cache
        cell[4] += item.cost
        cell[5] += item.usage.input_tokens
        cell[6] += item.usage.output_tokens
        if item.answer is not None:
            cell[7] += round(item.answer.latency_ms)
        cell[8] += item.usage.estimated
        cell[9] += sum(score.cost for score in item.scores)
    return [(*counts, run_id, cell) for cell, counts in sums.items()]
