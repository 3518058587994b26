"""A run's samples whole, in the order of its plan: what reports and exports are made of."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.store.codec import json_object, json_strings, to_json, unpack
from llmops_tui.store.database import Database

BATCH = 500

SAMPLES = """
SELECT s.id, s.ordinal, s.cell, s.example_id, s.repeat, s.outcome, s.reason, s.error_kind,
       s.latency_ms, s.first_token_ms, s.input_tokens, s.output_tokens, s.cost, s.cached,
       s.attempts, s.finished_at, a.text, a.request, a.finish_reason, a.model, a.response_id,
       e.message, e.request AS asked, x.position, x.inputs, x.expected, x.tags, x.split
FROM sample s
LEFT JOIN answer a ON a.id = s.answer_id
LEFT JOIN sample_error e ON e.sample_id = s.id
LEFT JOIN example x ON x.id = s.example_id
WHERE s.run_id = ? AND s.ordinal > ? ORDER BY s.ordinal LIMIT ?
"""
SCORES = """
SELECT s.sample_id, s.scorer, s.value, s.passed, s.reason
FROM json_each(?) j JOIN score s ON s.sample_id = j.value
"""
LATENCIES = """
SELECT latency_ms FROM sample WHERE run_id = ? AND cell = ? AND outcome <> 'errored'
  AND cached = 0
"""
FIRST_OUTCOMES = """
SELECT example_id, outcome FROM sample WHERE run_id = ? AND cell = ? AND repeat = 0
"""


@dataclass(frozen=True, slots=True)
class ExportedSample:
    """A sample with everything that was asked, said and scored."""

    id: int
    ordinal: int
    cell: int
    example_id: int
    position: int
    """The example's place in its data set."""
    repeat: int
    inputs: Mapping[str, Json]
    expected: str | None
    tags: tuple[str, ...]
    split: str | None
    outcome: Outcome
    reason: str
    error_kind: str | None
    error: str
    request: str
    """What was asked, as JSON; empty where the prompt could not be rendered."""
    answer: str | None
    finish_reason: str
    answered_by: str
    """The model's name as the endpoint reports it."""
    scores: tuple[SampleScore, ...]
    latency_ms: float
    first_token_ms: float | None
    input_tokens: int
    output_tokens: int
    cost: int
    cached: bool
    attempts: int
    finished_at: int


def samples(db: Database, run_id: int) -> Iterator[ExportedSample]:
    """All samples of a run in the order of its plan; read in batches, memory stays flat."""
    after = -1
    while rows := db.rows(SAMPLES, (run_id, after, BATCH)):
        scores: dict[int, list[SampleScore]] = defaultdict(list)
        for score in db.rows(SCORES, (to_json([row["id"] for row in rows]),)):
            scores[score["sample_id"]].append(
                SampleScore(score["scorer"], score["value"], bool(score["passed"]), score["reason"])
            )
        for row in rows:
            yield _sample(row, tuple(scores[row["id"]]))
        after = rows[-1]["ordinal"]


def paired_runs(
    db: Database, before: tuple[int, int], after: tuple[int, int]
) -> dict[tuple[Outcome, Outcome], int]:
    """How often two (run, cell) pairs agree on the same examples: (outcome, outcome) → rows.

    Of an example that was asked repeatedly the first answer counts: repeats are not more rows.
    """
    # Joined here: SQLite would look through one run for each row of the other.
    first = {row[0]: row[1] for row in db.rows(FIRST_OUTCOMES, before)}
    counts = Counter(
        (first[row[0]], row[1]) for row in db.rows(FIRST_OUTCOMES, after) if row[0] in first
    )
    return {(Outcome(old), Outcome(new)): number for (old, new), number in counts.items()}


def latencies(db: Database, run_id: int, cell: int) -> list[float]:
    """How long a cell's answers took, in milliseconds; those from the cache left out."""
    return [float(row[0]) for row in db.rows(LATENCIES, (run_id, cell))]


def _sample(row: sqlite3.Row, scores: tuple[SampleScore, ...]) -> ExportedSample:
    request = row["request"] if row["request"] is not None else row["asked"]
    return ExportedSample(
        id=row["id"],
        ordinal=row["ordinal"],
        cell=row["cell"],
        example_id=row["example_id"],
        position=row["position"] or 0,
        repeat=row["repeat"],
        inputs=json_object(row["inputs"]) if row["inputs"] else {},
        expected=row["expected"],
        tags=json_strings(row["tags"]) if row["tags"] else (),
        split=row["split"],
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        error_kind=row["error_kind"],
        error=row["message"] or "",
        request=unpack(request) if request is not None else "",
        answer=unpack(row["text"]) if row["text"] is not None else None,
        finish_reason=row["finish_reason"] or "",
        answered_by=row["model"] or "",
        scores=scores,
        latency_ms=row["latency_ms"],
        first_token_ms=row["first_token_ms"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
        cached=bool(row["cached"]),
        attempts=row["attempts"],
        finished_at=row["finished_at"],
    )
