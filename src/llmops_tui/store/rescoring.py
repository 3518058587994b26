"""Stored answers scored again, without asking a model; and samples pointed at a new label."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Answer, Json
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import ConflictError
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.store.answer_columns import answer_of
from llmops_tui.store.codec import from_json, to_json, unpack
from llmops_tui.store.database import Database
from llmops_tui.store.samples import INSERT_SCORE, score_values

PAGE = """
SELECT s.id AS sample_id, s.cell, s.example_id, s.outcome, s.cost, a.*
FROM sample s JOIN answer a ON a.id = s.answer_id
WHERE s.run_id = ? AND s.id > ? ORDER BY s.id LIMIT ?
"""
ONE = """
SELECT s.id AS sample_id, s.cell, s.example_id, s.outcome, s.cost, a.*
FROM sample s JOIN answer a ON a.id = s.answer_id WHERE s.id = ?
"""
SET_SAMPLE = """
UPDATE sample SET outcome = ?, value = ?, reason = ?, error_kind = ? WHERE id = ?
"""
DROP_SCORES = "DELETE FROM score WHERE sample_id = ?"
DROP_ERROR = "DELETE FROM sample_error WHERE sample_id = ?"
INSERT_ERROR = """
INSERT INTO sample_error (sample_id, message, request, evidence)
SELECT s.id, ?, a.request, x'00' FROM sample s JOIN answer a ON a.id = s.answer_id
WHERE s.id = ?
"""
COUNT = """
UPDATE run_cell SET correct = correct + ?, wrong = wrong + ?, errored = errored + ?,
    judging_cost = judging_cost + ?
WHERE run_id = ? AND cell = ?
"""
BEGIN = """
INSERT INTO rescoring (run_id, before, after, author, created_at) VALUES (?, ?, ?, ?, ?)
"""
SET_SPEC = "UPDATE run SET spec = json_set(spec, '$.scorers', json(?)) WHERE id = ?"
SPEC = "SELECT json_extract(spec, '$.scorers') FROM run WHERE id = ?"
LEASED = "SELECT 1 FROM run WHERE id = ? AND lease_until IS NOT NULL AND lease_until >= ?"
REACH = """
UPDATE rescoring SET reached = ?, scored = scored + ?, changed = changed + ? WHERE id = ?
"""
END = "UPDATE rescoring SET finished_at = ? WHERE id = ?"
LATEST = "SELECT * FROM rescoring WHERE run_id = ? ORDER BY id DESC LIMIT 1"
HISTORY = "SELECT * FROM rescoring WHERE run_id = ? ORDER BY id DESC LIMIT ?"
DROP_ERRORED_SCORES = """
DELETE FROM score WHERE sample_id IN
    (SELECT id FROM sample WHERE run_id = ? AND outcome = 'errored' AND answer_id IS NULL)
"""
DROP_ERRORED_ERRORS = """
DELETE FROM sample_error WHERE sample_id IN
    (SELECT id FROM sample WHERE run_id = ? AND outcome = 'errored' AND answer_id IS NULL)
"""
ERRORED_BY_CELL = """
SELECT cell, count(*) AS errored, sum(cost) AS cost FROM sample
WHERE run_id = ? AND outcome = 'errored' AND answer_id IS NULL GROUP BY cell
"""
DROP_ERRORED = """
DELETE FROM sample WHERE run_id = ? AND outcome = 'errored' AND answer_id IS NULL
"""
OPEN_AGAIN = """
UPDATE run SET status = 'paused', cause = '', finished_at = NULL, wanted = 'run' WHERE id = ?
"""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A sample's answer, to be judged again."""

    sample_id: int
    cell: int
    example_id: int
    outcome: Outcome
    cost: int
    answer: Answer
    request: str
    """What was asked, as JSON."""


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What became of one."""

    of: StoredAnswer
    outcome: Outcome
    reason: str
    scores: tuple[SampleScore, ...]
    error_kind: str | None = None
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class Rescoring:
    """One time that a run's answers were scored again."""

    id: int
    run_id: int
    before: Json
    """The scorers of before, as JSON."""
    after: Json
    reached: int
    scored: int
    changed: int
    """Samples with another outcome than before."""
    author: str
    created_at: int
    finished_at: int | None
    """None where it was cut short."""


def begin(db: Database, run_id: int, scorers: Sequence[Json], author: str) -> Rescoring:
    """Note that a run is scored again by other scorers, which are its own from now on.

    Raises:
        ConflictError: a worker is at the run.
    """
    after = to_json(list(scorers))
    with db.write("run") as connection:
        _require_rest(connection, run_id)
        before = connection.execute(SPEC, (run_id,)).fetchone()[0]
        connection.execute(BEGIN, (run_id, before, after, author, now_ms()))
        connection.execute(SET_SPEC, (after, run_id))
    found = latest(db, run_id)
    assert found is not None
    return found


def answers_after(db: Database, run_id: int, after: int, limit: int) -> list[StoredAnswer]:
    """Up to `limit` answers of samples with an id above `after`, in that order."""
    return [_stored(row) for row in db.rows(PAGE, (run_id, after, limit))]


def answer_of_sample(db: Database, sample_id: int) -> StoredAnswer | None:
    """One sample's answer; None where none was had."""
    row = db.row(ONE, (sample_id,))
    return None if row is None else _stored(row)


def write(db: Database, run_id: int, batch: Sequence[Rejudged], rescoring: int | None) -> int:
    """Put new outcomes in place of the old, with the counts; how many are others than before.

    Raises:
        ConflictError: a worker is at the run.
    """
    changed = sum(item.outcome is not item.of.outcome for item in batch)
    ids = [(item.of.sample_id,) for item in batch]
    with db.write("run") as connection:
        _require_rest(connection, run_id)
        connection.executemany(SET_SAMPLE, [_values(item) for item in batch])
        connection.executemany(DROP_SCORES, ids)
        connection.executemany(
            INSERT_SCORE,
            [row for item in batch for row in score_values(item.of.sample_id, item.scores)],
        )
        connection.executemany(DROP_ERROR, ids)
        connection.executemany(
            INSERT_ERROR,
            [(item.error_message, item.of.sample_id) for item in batch if item.error_kind],
        )
        connection.executemany(COUNT, _counts(batch, run_id))
        if rescoring is not None and batch:
            reached = batch[-1].of.sample_id
            connection.execute(REACH, (reached, len(batch), changed, rescoring))
    return changed


def end(db: Database, rescoring: int) -> None:
    """All answers of the run were scored again."""
    with db.write("run") as connection:
        connection.execute(END, (now_ms(), rescoring))


def latest(db: Database, run_id: int) -> Rescoring | None:
    """The last time a run was scored again; None where it never was."""
    row = db.row(LATEST, (run_id,))
    return None if row is None else _rescoring(row)


def history(db: Database, run_id: int, limit: int = 64) -> list[Rescoring]:
    """Each time, latest first."""
    return [_rescoring(row) for row in db.rows(HISTORY, (run_id, limit))]


def forget_errored(db: Database, run_id: int) -> int:
    """Take the samples without an answer out of a run, so that resuming asks them; how many.

    Raises:
        ConflictError: a worker is at the run.
    """
    with db.write("run") as connection:
        _require_rest(connection, run_id)
        counted = connection.execute(ERRORED_BY_CELL, (run_id,)).fetchall()
        connection.execute(DROP_ERRORED_SCORES, (run_id,))
        connection.execute(DROP_ERRORED_ERRORS, (run_id,))
        connection.execute(DROP_ERRORED, (run_id,))
        connection.executemany(
            COUNT, [(0, 0, -row["errored"], 0, run_id, row["cell"]) for row in counted]
        )
        total = sum(row["errored"] for row in counted)
        if total:
            connection.execute(OPEN_AGAIN, (run_id,))
    return int(total)


def _require_rest(connection: sqlite3.Connection, run_id: int) -> None:
    if connection.execute(LEASED, (run_id, now_ms())).fetchone() is not None:
        raise ConflictError(
            f"A worker is at run {run_id}.", "Pause the run, or wait until it has ended."
        )


def _values(item: Rejudged) -> tuple[object, ...]:
    value = item.scores[0].value if item.scores else None
    return item.outcome.value, value, item.reason, item.error_kind, item.of.sample_id


def _counts(batch: Sequence[Rejudged], run_id: int) -> list[tuple[object, ...]]:
    places = {Outcome.RIGHT: 0, Outcome.WRONG: 1, Outcome.ERRORED: 2}
    moved: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for item in batch:
        counts = moved[item.of.cell]
        counts[places[item.of.outcome]] -= 1
        counts[places[item.outcome]] += 1
        counts[3] += sum(score.cost for score in item.scores)
    return [(*counts, run_id, cell) for cell, counts in moved.items()]


def _stored(row: sqlite3.Row) -> StoredAnswer:
    return StoredAnswer(
        sample_id=row["sample_id"],
        cell=row["cell"],
        example_id=row["example_id"],
        outcome=Outcome(row["outcome"]),
        cost=row["cost"],
        answer=answer_of(row),
        request=unpack(row["request"]),
    )


def _rescoring(row: sqlite3.Row) -> Rescoring:
    return Rescoring(
        id=row["id"],
        run_id=row["run_id"],
        before=from_json(row["before"]),
        after=from_json(row["after"]),
        reached=row["reached"],
        scored=row["scored"],
        changed=row["changed"],
        author=row["author"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
