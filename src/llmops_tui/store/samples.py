"""Finished samples and the answers behind them."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Answer
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import NotFoundError
from llmops_tui.core.run import Outcome, Sample, SampleScore
from llmops_tui.store.answer_columns import answer_of
from llmops_tui.store.codec import pack, unpack
from llmops_tui.store.database import Database
from llmops_tui.store.finished_sample import (
    FinishedSample,
    answer_values,
    count_values,
    sample_values,
)
from llmops_tui.store.pending_answers import PendingAnswer, forget_within, keep_within
from llmops_tui.store.runs import Control, beat_within

MAX_IDS = """
SELECT (SELECT coalesce(max(id), 0) FROM answer), (SELECT coalesce(max(id), 0) FROM sample)
"""
INSERT_ANSWER = """
INSERT INTO answer (id, key, request, text, finish_reason, response_id, model, input_tokens,
                    output_tokens, cached_tokens, estimated, latency_ms, first_token_ms,
                    between_tokens_ms, created_at, tool_calls)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_SAMPLE = """
INSERT INTO sample (id, run_id, ordinal, cell, example_id, repeat, outcome, value, reason,
                    error_kind, answer_id, answer_head, latency_ms, first_token_ms, input_tokens,
                    output_tokens, cost, cached, attempts, finished_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_SCORE = """
INSERT INTO score (sample_id, position, scorer, value, passed, reason, judge, cost)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_ERROR = """
INSERT INTO sample_error (sample_id, message, request, evidence) VALUES (?, ?, ?, ?)
"""
COUNT = """
UPDATE run_cell SET correct = correct + ?, wrong = wrong + ?, errored = errored + ?,
    cached = cached + ?, cost = cost + ?, input_tokens = input_tokens + ?,
    output_tokens = output_tokens + ?, latency_ms = latency_ms + ?, estimated = estimated + ?,
    judging_cost = judging_cost + ?
WHERE run_id = ? AND cell = ?
"""
DONE = "SELECT ordinal FROM sample WHERE run_id = ? ORDER BY ordinal"
OUTCOMES = "SELECT ordinal, outcome FROM sample WHERE run_id = ? ORDER BY ordinal"
ANSWER_ID = "SELECT id FROM answer WHERE key = ? ORDER BY id DESC LIMIT 1"
CACHED_ONE = "SELECT * FROM answer WHERE key = ? ORDER BY id DESC LIMIT 1"
SELECT_SAMPLE = """
SELECT id, run_id, ordinal, cell, example_id, repeat, outcome, reason, error_kind, answer_head,
       latency_ms, first_token_ms, input_tokens, output_tokens, cost, cached, attempts, finished_at
FROM sample
"""
PAGE = SELECT_SAMPLE + "WHERE run_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
PAGE_OUTCOME = (
    SELECT_SAMPLE + "WHERE run_id = ? AND outcome = ? AND id < ? ORDER BY id DESC LIMIT ?"
)
IDS_OF_EXAMPLE = "SELECT id FROM sample WHERE run_id = ? AND example_id = ? ORDER BY id"
GET = SELECT_SAMPLE + "WHERE id = ?"
ANSWER_OF = """
SELECT a.* FROM sample s JOIN answer a ON a.id = s.answer_id WHERE s.id = ?
"""
ERROR_OF = "SELECT * FROM sample_error WHERE sample_id = ?"
SCORES_OF = "SELECT * FROM score WHERE sample_id = ? ORDER BY position"
BY_EXAMPLE = """
SELECT sum(outcome = 'right') AS correct, sum(outcome = 'wrong') AS wrong,
       sum(outcome = 'errored') AS errored
FROM sample WHERE run_id = ? AND cell = ? GROUP BY example_id
"""
BY_CLUSTER = """
SELECT sum(s.outcome = 'right') AS correct, sum(s.outcome = 'wrong') AS wrong,
       sum(s.outcome = 'errored') AS errored
FROM sample s JOIN example e ON e.id = s.example_id
WHERE s.run_id = ? AND s.cell = ?
GROUP BY coalesce(json_extract(e.inputs, '$."' || ? || '"'), 'row ' || e.id)
"""
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer that was had before."""

    id: int
    answer: Answer
    packed_request: bytes

    @property
    def request(self) -> str:
        """What it answers, as JSON: of a conversation, everything that was said before."""
        return unpack(self.packed_request)


@dataclass(frozen=True, slots=True)
class SampleDetail:
    """A sample whole."""

    sample: Sample
    request: str
    """What was asked, as JSON: model, messages, parameters."""
    answer: Answer | None
    scores: tuple[SampleScore, ...]
    error_message: str
    evidence: str


def commit(
    db: Database,
    run_id: int,
    batch: Sequence[FinishedSample],
    *,
    worker: str,
    lease_ms: int,
    active_ms: int,
    pending: Sequence[PendingAnswer] = (),
    had_pending: bool = False,
    limited: Collection[int] = (),
) -> Control:
    """Write finished samples, their answers and the counts in one transaction.

    With them goes what stands in no sample yet (`pending`), and what did until now (where the run
    `had_pending` answers).

    Texts are packed before the lock is taken. Prolongs the worker's lease in the same transaction,
    so that a worker that was overtaken can't write.

    Raises:
        LeaseLostError: another worker took the run over; nothing was written.
    """
    finished_at = now_ms()
    answers = [answer_values(item, finished_at) for item in batch]
    errors = [(item.error_message, pack(item.request), pack(item.evidence)) for item in batch]
    with db.write("run") as connection:
        control = beat_within(connection, run_id, worker, lease_ms, active_ms, limited)
        answer_id, sample_id = map(int, connection.execute(MAX_IDS).fetchone())
        answer_rows: list[tuple[object, ...]] = []
        sample_rows: list[tuple[object, ...]] = []
        score_rows: list[tuple[object, ...]] = []
        error_rows: list[tuple[object, ...]] = []
        new: dict[bytes, int] = {}
        for item, answer, error in zip(batch, answers, errors, strict=True):
            sample_id += 1
            used = item.cached_answer_id
            if item.shared:
                used = new.get(item.answer_key) or _answer_id(connection, item.answer_key)
            if answer is not None and used is None:
                answer_id += 1
                used = new[item.answer_key] = answer_id
                answer_rows.append((answer_id, *answer))
            sample_rows.append(sample_values(item, run_id, sample_id, used, finished_at))
            score_rows.extend(score_values(sample_id, item.scores))
            if item.error_kind is not None:
                error_rows.append((sample_id, *error))
        connection.executemany(INSERT_ANSWER, answer_rows)
        connection.executemany(INSERT_SAMPLE, sample_rows)
        connection.executemany(INSERT_SCORE, score_rows)
        connection.executemany(INSERT_ERROR, error_rows)
        connection.executemany(COUNT, count_values(batch, run_id))
        if had_pending:
            forget_within(connection, run_id, [item.ordinal for item in batch])
        if pending:
            keep_within(connection, run_id, pending)
    return control


def _answer_id(connection: sqlite3.Connection, key: bytes) -> int | None:
    row = connection.execute(ANSWER_ID, (key,)).fetchone()
    return None if row is None else int(row[0])


def done_ordinals(db: Database, run_id: int) -> array[int]:
    """Ordinals of the run that have a sample, ascending."""
    return array("q", (row[0] for row in db.connection.execute(DONE, (run_id,))))


def outcomes(db: Database, run_id: int) -> Iterator[tuple[int, Outcome]]:
    """(ordinal, outcome) of the run's samples, ascending; streamed."""
    for row in db.connection.execute(OUTCOMES, (run_id,)):
        yield row[0], Outcome(row[1])


def cached_answer(db: Database, key: bytes) -> CachedAnswer | None:
    """The newest answer to exactly this question."""
    row = db.row(CACHED_ONE, (key,))
    return None if row is None else CachedAnswer(row["id"], answer_of(row), row["request"])


def page(
    db: Database,
    run_id: int,
    *,
    before: int = NEWEST,
    limit: int = 64,
    outcome: Outcome | None = None,
) -> list[Sample]:
    """The run's samples, latest first, with an id below `before`."""
    if outcome is None:
        rows = db.rows(PAGE, (run_id, before, limit))
    else:
        rows = db.rows(PAGE_OUTCOME, (run_id, outcome.value, before, limit))
    return [_sample(row) for row in rows]


def detail(db: Database, sample_id: int) -> SampleDetail:
    """One sample with everything that was sent, said and scored.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(GET, (sample_id,))
    if row is None:
        raise NotFoundError(f"There is no sample {sample_id}.")
    answer = db.row(ANSWER_OF, (sample_id,))
    error = db.row(ERROR_OF, (sample_id,))
    request = answer or error
    return SampleDetail(
        sample=_sample(row),
        request=unpack(request["request"]) if request is not None else "",
        answer=answer_of(answer) if answer is not None else None,
        scores=tuple(
            SampleScore(
                scorer=score["scorer"],
                value=score["value"],
                passed=bool(score["passed"]),
                reason=score["reason"],
                judge=score["judge"],
                cost=score["cost"],
            )
            for score in db.rows(SCORES_OF, (sample_id,))
        ),
        error_message=error["message"] if error is not None else "",
        evidence=unpack(error["evidence"]) if error is not None else "",
    )


def ids_of_example(db: Database, run_id: int, example_id: int) -> list[int]:
    """Ids of a run's samples of one example; reads the run's index."""
    return [row["id"] for row in db.rows(IDS_OF_EXAMPLE, (run_id, example_id))]


def counts_by_example(db: Database, run_id: int, cell: int) -> list[tuple[int, int, int]]:
    """(right, wrong, errored) of each example of a cell: repeats of a row are not more rows."""
    return [
        (row["correct"], row["wrong"], row["errored"])
        for row in db.rows(BY_EXAMPLE, (run_id, cell))
    ]


def counts_by_cluster(
    db: Database, run_id: int, cell: int, column: str
) -> list[tuple[int, int, int]]:
    """(right, wrong, errored) of the examples that share a value in an input column.

    An example without that column is a cluster of its own.
    """
    return [
        (row["correct"], row["wrong"], row["errored"])
        for row in db.rows(BY_CLUSTER, (run_id, cell, column))
    ]


def score_values(sample_id: int, scores: Sequence[SampleScore]) -> Iterator[tuple[object, ...]]:
    """Rows of `INSERT_SCORE`."""
    for position, score in enumerate(scores):
        yield (
            sample_id,
            position,
            score.scorer,
            score.value,
            int(score.passed),
            score.reason,
            score.judge,
            score.cost,
        )


def _sample(row: sqlite3.Row) -> Sample:
    return Sample(
        id=row["id"],
        run_id=row["run_id"],
        ordinal=row["ordinal"],
        cell=row["cell"],
        example_id=row["example_id"],
        repeat=row["repeat"],
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        error_kind=row["error_kind"],
        answer_head=row["answer_head"],
        latency_ms=row["latency_ms"],
        first_token_ms=row["first_token_ms"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
        cached=bool(row["cached"]),
        attempts=row["attempts"],
        finished_at=row["finished_at"],
    )
