"""How a run's counts came about: read at intervals, never sample by sample."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database, store_errors

SPAN = "SELECT min(id) AS low, max(id) AS high FROM sample WHERE run_id = ? AND id > ?"
COUNTS = """
SELECT (id - :low) / :step AS slot, cell, sum(outcome = 'right') AS correct,
       sum(outcome = 'wrong') AS wrong, sum(outcome = 'errored') AS errored
FROM sample WHERE run_id = :run AND id BETWEEN :low AND :high
GROUP BY slot, cell ORDER BY slot, cell
"""
# Cells and repeats of one example stand together in the plan, so the partner's place is known.
PAIRED_CELLS = """
SELECT a.outcome AS before, b.outcome AS after, count(*) AS rows
FROM sample a JOIN sample b ON b.run_id = a.run_id AND b.ordinal = a.ordinal + ?
WHERE a.run_id = ? AND a.cell = ? AND a.repeat = 0 GROUP BY 1, 2
"""
IDS = "SELECT id FROM sample WHERE run_id = ? ORDER BY id DESC"
IDS_OF_OUTCOME = "SELECT id FROM sample WHERE run_id = ? AND outcome = ? ORDER BY id DESC"
NEWER = "SELECT count(*) FROM sample WHERE run_id = ? AND id > ?"
NEWER_OF_OUTCOME = "SELECT count(*) FROM sample WHERE run_id = ? AND outcome = ? AND id > ?"
NEXT = "SELECT id FROM sample WHERE run_id = ? AND id > ? ORDER BY id LIMIT 1"
NEXT_OF_OUTCOME = """
SELECT id FROM sample WHERE run_id = ? AND outcome = ? AND id > ? ORDER BY id LIMIT 1
"""
LATEST = "SELECT finished_at FROM sample WHERE run_id = ? ORDER BY id DESC LIMIT 1"
RUN_COUNT = "SELECT count(*) FROM run WHERE project_id = ? AND id > ?"
RUN_IDS = "SELECT id FROM run WHERE project_id = ? ORDER BY id DESC"
NOT_OVER = """
SELECT id, status, lease_until FROM run
WHERE status IN ('planned', 'running', 'paused') OR id > ? ORDER BY id
"""
FINISHES = """
SELECT finished_at FROM sample WHERE run_id = ? AND cached = 0 ORDER BY id DESC LIMIT ?
"""
NEWEST_RUN = "SELECT coalesce(max(id), 0) FROM run"
POSITIONS = """
SELECT e.id, e.position FROM json_each(?) j JOIN example e ON e.id = j.value
"""
STATES = """
SELECT r.id, r.status, r.lease_until FROM json_each(?) j JOIN run r ON r.id = j.value
"""


@dataclass(frozen=True, slots=True)
class CourseStep:
    """What one cell's counts grew by over one interval."""

    cell: int
    right: int
    wrong: int
    errored: int


@dataclass(frozen=True, slots=True)
class RunState:
    """As much of a run as is needed to notice that it ended."""

    id: int
    status: RunStatus
    """`interrupted` where the worker's lease has run out."""
    lease_until: int | None


def course(
    db: Database, run_id: int, *, after: int = 0, steps: int = 100
) -> tuple[int, list[list[CourseStep]]]:
    """Counts over intervals of the samples with an id above `after`, in order of finishing.

    SQLite adds them up; at most `steps` intervals and their cells come back, however many samples
    there are.

    Returns:
        The last id that was counted (`after` where there was none) and the intervals, oldest
        first; one may hold several cells.
    """
    span = db.row(SPAN, (run_id, after))
    if span is None or span["low"] is None:
        return after, []
    low, high = int(span["low"]), int(span["high"])
    step = max(1, -(-(high - low + 1) // steps))
    values = {"low": low, "high": high, "step": step, "run": run_id}
    intervals: dict[int, list[CourseStep]] = {}
    with store_errors(db.path):
        for row in db.connection.execute(COUNTS, values):
            grown = CourseStep(row["cell"], row["correct"], row["wrong"], row["errored"])
            intervals.setdefault(row["slot"], []).append(grown)
    return high, list(intervals.values())


def paired_cells(
    db: Database, run_id: int, first: int, second: int, repeats: int
) -> dict[tuple[Outcome, Outcome], int]:
    """How often two cells of one run agree on the same examples, by the first answer to each."""
    values = ((second - first) * repeats, run_id, first)
    return {
        (Outcome(row["before"]), Outcome(row["after"])): row["rows"]
        for row in db.rows(PAIRED_CELLS, values)
    }


def sample_ids(db: Database, run_id: int, outcome: Outcome | None = None) -> array[int]:
    """Ids of a run's samples, latest first; 8 bytes each. For jumps within a list."""
    sql, key = _of_outcome(IDS, IDS_OF_OUTCOME, run_id, outcome)
    with store_errors(db.path):
        return array("q", (row[0] for row in db.connection.execute(sql, key)))


def newer_samples(db: Database, run_id: int, after: int, outcome: Outcome | None = None) -> int:
    """How many samples have an id above `after`."""
    sql, key = _of_outcome(NEWER, NEWER_OF_OUTCOME, run_id, outcome)
    row = db.row(sql, (*key, after))
    return int(row[0]) if row else 0


def next_sample(db: Database, run_id: int, after: int, outcome: Outcome | None) -> int | None:
    """The id of the sample that finished next after one; None where it is the latest."""
    sql, key = _of_outcome(NEXT, NEXT_OF_OUTCOME, run_id, outcome)
    row = db.row(sql, (*key, after))
    return int(row[0]) if row else None


def latest_finish(db: Database, run_id: int) -> int | None:
    """When the newest sample was finished."""
    row = db.row(LATEST, (run_id,))
    return int(row[0]) if row else None


def recent_finishes(db: Database, run_id: int, last: int) -> list[int]:
    """When the last samples that were really asked were finished, latest first."""
    return [row[0] for row in db.rows(FINISHES, (run_id, last))]


def newer_runs(db: Database, project_id: int, after: int = 0) -> int:
    """How many runs of a project have an id above `after`; all of them above 0."""
    row = db.row(RUN_COUNT, (project_id, after))
    return int(row[0]) if row else 0


def run_ids(db: Database, project_id: int) -> array[int]:
    """Ids of a project's runs, newest first."""
    with store_errors(db.path):
        return array("q", (row[0] for row in db.connection.execute(RUN_IDS, (project_id,))))


def positions(db: Database, example_ids: Sequence[int]) -> dict[int, int]:
    """Places of examples in their data set, by example."""
    found = db.rows(POSITIONS, (to_json(list(example_ids)),))
    return {row["id"]: row["position"] for row in found}


def newest_run(db: Database) -> int:
    """The newest run's id; 0 where there is none."""
    row = db.row(NEWEST_RUN)
    return int(row[0]) if row else 0


def not_over(db: Database, newer_than: int) -> list[RunState]:
    """Runs of all projects to which something may be added, and all newer than a run's id."""
    return [_state(row) for row in db.rows(NOT_OVER, (newer_than,))]


def states(db: Database, run_ids: Sequence[int]) -> list[RunState]:
    """Where some runs stand."""
    return [_state(row) for row in db.rows(STATES, (to_json(list(run_ids)),))]


def _state(row: sqlite3.Row) -> RunState:
    status = RunStatus(row["status"])
    if status is RunStatus.RUNNING and (row["lease_until"] or 0) < now_ms():
        status = RunStatus.INTERRUPTED
    return RunState(row["id"], status, row["lease_until"])


def _of_outcome(
    sql: str, sql_of_outcome: str, run_id: int, outcome: Outcome | None
) -> tuple[str, tuple[object, ...]]:
    if outcome is None:
        return sql, (run_id,)
    return sql_of_outcome, (run_id, outcome.value)
