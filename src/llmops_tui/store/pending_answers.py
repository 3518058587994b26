"""Answers that were paid for and stand in no sample yet, so that no kill has them paid again.

A conversation's answers come one by one, and an answer may be judged for minutes: until its sample
is written, each of them is kept here.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Answer
from llmops_tui.store.answer_columns import answer_of, tool_calls_json, what_it_says
from llmops_tui.store.database import Database

KEEP = """
INSERT OR REPLACE INTO pending_answer (run_id, ordinal, turn, text, finish_reason, response_id,
    model, input_tokens, output_tokens, cached_tokens, estimated, latency_ms, first_token_ms,
    between_tokens_ms, tool_calls, cost)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
OF_RUN = "SELECT * FROM pending_answer WHERE run_id = ? ORDER BY ordinal, turn"
FORGET = "DELETE FROM pending_answer WHERE run_id = ? AND ordinal = ?"
FORGET_RUN = "DELETE FROM pending_answer WHERE run_id = ?"


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """One answer of a sample that is still to be finished."""

    ordinal: int
    turn: int
    """0 is the first answer of a conversation, or the only one."""
    answer: Answer
    cost: int
    """Nano-units, with what led to it: attempts that failed, words of the user's model."""


def keep_within(
    connection: sqlite3.Connection, run_id: int, pending: Sequence[PendingAnswer]
) -> None:
    """Write them as part of a transaction that is under way."""
    connection.executemany(
        KEEP,
        [
            (
                run_id,
                one.ordinal,
                one.turn,
                *what_it_says(one.answer),
                tool_calls_json(one.answer),
                one.cost,
            )
            for one in pending
        ],
    )


def forget_within(
    connection: sqlite3.Connection, run_id: int, ordinals: Collection[int] | None
) -> None:
    """Their samples are there now, as part of the same transaction; None: the run is over."""
    if ordinals is None:
        connection.execute(FORGET_RUN, (run_id,))
    else:
        connection.executemany(FORGET, [(run_id, ordinal) for ordinal in ordinals])


def of_run(db: Database, run_id: int) -> dict[int, list[PendingAnswer]]:
    """By ordinal, in the order of their turns; at most what was under way when a worker ended."""
    found: dict[int, list[PendingAnswer]] = defaultdict(list)
    for row in db.rows(OF_RUN, (run_id,)):
        one = PendingAnswer(row["ordinal"], row["turn"], answer_of(row), row["cost"])
        found[one.ordinal].append(one)
    return dict(found)
