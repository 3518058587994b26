"""The answer cache: what is in it, and how to empty it."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.chat import Answer
from llmops_tui.core.clock import now_ms
from llmops_tui.store.answer_columns import columns_of_answer
from llmops_tui.store.database import Database
from llmops_tui.store.samples import INSERT_ANSWER

STATS = """
SELECT count(*) AS answers, coalesce(sum(length(request) + length(text)), 0) AS bytes,
       coalesce(sum(key <> x''), 0) AS served
FROM answer
"""
BY_MODEL = """
SELECT model, sum(key <> x'') AS answers, sum(key = x'') AS kept,
       sum(length(request) + length(text)) AS bytes, max(created_at) AS newest
FROM answer GROUP BY model ORDER BY bytes DESC
"""
HITS = """
SELECT coalesce(sum(cached), 0) AS hits, coalesce(sum(correct + wrong), 0) AS answered
FROM run_cell
"""
FORGET = "UPDATE answer SET key = x'' WHERE key <> x''"
DROP_UNUSED = """
DELETE FROM answer WHERE NOT EXISTS (SELECT 1 FROM sample s WHERE s.answer_id = answer.id)
"""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache holds and what it saved."""

    answers: int
    """Answers that would be served again."""
    kept: int
    """Answers that only stand behind finished samples any more."""
    size: int
    """Bytes of all of them, packed."""
    hits: int
    """Samples that were answered from the cache."""
    answered: int
    """Samples that have an answer at all."""


@dataclass(frozen=True, slots=True)
class CachedModel:
    """What the cache holds of one model."""

    model: str
    """As the endpoint calls it in its answers."""
    answers: int
    kept: int
    size: int
    """Bytes, packed."""
    newest: int
    """When the newest answer came, in epoch milliseconds."""


def by_model(db: Database) -> list[CachedModel]:
    """What each model answered, the largest first; reads every answer's length."""
    return [
        CachedModel(row["model"], row["answers"], row["kept"], row["bytes"], row["newest"])
        for row in db.rows(BY_MODEL)
    ]


def stats(db: Database) -> CacheStats:
    """Count answers and hits; reads every answer's length."""
    row, hits = db.row(STATS), db.row(HITS)
    assert row is not None
    assert hits is not None
    return CacheStats(
        answers=row["served"],
        kept=row["answers"] - row["served"],
        size=row["bytes"],
        hits=hits["hits"],
        answered=hits["answered"],
    )


def clear(db: Database) -> int:
    """Serve none of today's answers again; how many. Finished samples keep theirs."""
    with db.write("run") as connection:
        forgotten = connection.execute(FORGET).rowcount
        connection.execute(DROP_UNUSED)
    return int(forgotten)


def keep_answer(db: Database, key: bytes, request: str, answer: Answer) -> None:
    """Keep an answer that belongs to no sample: a judge's, which was paid for all the same."""
    values = columns_of_answer(key, request, answer, now_ms())
    with db.write() as connection:
        connection.execute(INSERT_ANSWER, (None, *values))
