"""Runs: their plan, who works on them, what people want of them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import ConflictError, NotFoundError
from llmops_tui.core.run import CellCounts, Run, RunSpec, RunStatus, Wanted
from llmops_tui.store.codec import json_object, to_json
from llmops_tui.store.database import Database
from llmops_tui.store.pending_answers import forget_within

INSERT = """
INSERT INTO run (project_id, dataset_version_id, spec, total, concurrency, cost_cap, author, note,
                 created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_CELL = """
INSERT INTO run_cell (run_id, cell, prompt_version_id, model_id) VALUES (?, ?, ?, ?)
"""
PAGE = "SELECT * FROM run WHERE project_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
GET = "SELECT * FROM run WHERE id = ?"
CELLS = "SELECT * FROM run_cell WHERE run_id = ? ORDER BY cell"
CELLS_OF = """
SELECT c.* FROM json_each(?) j JOIN run_cell c ON c.run_id = j.value ORDER BY c.run_id, c.cell
"""
NEWEST_CELL = """
SELECT c.*, r.status, r.finished_at, r.created_at FROM run_cell c JOIN run r ON r.id = c.run_id
WHERE c.prompt_version_id = ? AND c.correct + c.wrong > 0 ORDER BY c.run_id DESC LIMIT 1
"""
FINISHED_CELLS_ON = """
SELECT c.* FROM run_cell c CROSS JOIN run r ON r.id = c.run_id
WHERE c.prompt_version_id = ? AND r.status = 'finished' AND json_extract(r.spec, '$.split') = ?
ORDER BY c.run_id DESC LIMIT ?
"""
TIMES_SPLIT_USED = """
SELECT count(*) FROM run r JOIN dataset_version v ON v.id = r.dataset_version_id
WHERE v.dataset_id = ? AND json_extract(r.spec, '$.split') = ?
"""
CLAIM = """
UPDATE run SET worker = :worker, worker_pid = :pid, lease_until = :until, status = 'running',
    wanted = 'run', cause = '', started_at = coalesce(started_at, :now), finished_at = NULL
WHERE id = :run AND (lease_until IS NULL OR lease_until < :now OR worker = :worker)
"""
BEAT = """
UPDATE run SET lease_until = ?, active_ms = active_ms + ? WHERE id = ? AND worker = ?
"""
CONTROL = "SELECT wanted, concurrency, cost_cap FROM run WHERE id = ? AND worker = ?"
END = """
UPDATE run SET status = ?, cause = ?, lease_until = NULL, worker = NULL, worker_pid = NULL,
    finished_at = ?
WHERE id = ? AND worker = ?
"""
USE = "INSERT OR IGNORE INTO endpoint_use (run_id, endpoint_id) VALUES (?, ?)"
USE_NO_MORE = "DELETE FROM endpoint_use WHERE run_id = ?"
WORKERS = """
SELECT u.endpoint_id, (
    SELECT count(*) FROM run r CROSS JOIN endpoint_use o ON o.run_id = r.id
    WHERE r.lease_until >= ?2 AND o.endpoint_id = u.endpoint_id
) AS workers
FROM endpoint_use u WHERE u.run_id = ?1
"""
WANT = "UPDATE run SET wanted = ? WHERE id = ?"
STOP_UNATTENDED = """
UPDATE run SET status = ?, wanted = 'run', cause = ?, lease_until = NULL, worker = NULL
WHERE id = ? AND (lease_until IS NULL OR lease_until < ?)
  AND status NOT IN ('finished', 'cancelled')
"""
RETUNE = """
UPDATE run SET concurrency = coalesce(?, concurrency), cost_cap = coalesce(?, cost_cap)
WHERE id = ?
"""
SET_CAP = "UPDATE run SET cost_cap = ? WHERE id = ?"
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Control:
    """What people want of a worker at this moment."""

    wanted: Wanted
    concurrency: int
    cost_cap: int | None
    workers: Mapping[int, int]
    """For each endpoint with a limit that the run asks: how many workers are at it."""


class LeaseLostError(ConflictError):
    """Another worker took the run over."""


def plan(
    db: Database,
    project_id: int,
    dataset_version_id: int,
    spec: RunSpec,
    *,
    total: int,
    concurrency: int,
    author: str,
    cost_cap: int | None = None,
    note: str = "",
) -> int:
    """Write a run's plan; its id."""
    with db.write("run") as connection:
        cursor = connection.execute(
            INSERT,
            (
                project_id,
                dataset_version_id,
                to_json(spec.to_json()),
                total,
                concurrency,
                cost_cap,
                author,
                note,
                now_ms(),
            ),
        )
        run_id = int(cursor.lastrowid or 0)
        connection.executemany(
            INSERT_CELL,
            [
                (run_id, number, cell.prompt_version_id, cell.model_id)
                for number, cell in enumerate(spec.cells)
            ],
        )
    return run_id


def get(db: Database, run_id: int) -> Run:
    """One run with its counts.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(GET, (run_id,))
    if row is None:
        raise NotFoundError(f"There is no run {run_id}.", "`llmops-tui run --list` names them.")
    return _run(row, tuple(_cell(cell) for cell in db.rows(CELLS, (run_id,))))


def page(db: Database, project_id: int, *, before: int = NEWEST, limit: int = 64) -> list[Run]:
    """The project's runs, newest first, with an id below `before`."""
    rows = db.rows(PAGE, (project_id, before, limit))
    cells: dict[int, list[CellCounts]] = defaultdict(list)
    for cell in db.rows(CELLS_OF, (to_json([row["id"] for row in rows]),)):
        cells[cell["run_id"]].append(_cell(cell))
    return [_run(row, tuple(cells[row["id"]])) for row in rows]


def newest_counts(db: Database, prompt_version_id: int) -> tuple[int, CellCounts] | None:
    """(run id, counts) of the newest run that measured this prompt version."""
    row = db.row(NEWEST_CELL, (prompt_version_id,))
    return None if row is None else (int(row["run_id"]), _cell(row))


def newest_cells_on(
    db: Database, prompt_version_id: int, split: str
) -> tuple[int, list[CellCounts]] | None:
    """The newest finished run of a prompt version on a split, with the version's cells in it."""
    rows = db.rows(FINISHED_CELLS_ON, (prompt_version_id, split, 100))
    if not rows:
        return None
    newest = int(rows[0]["run_id"])
    return newest, [_cell(row) for row in rows if row["run_id"] == newest]


def times_split_used(db: Database, dataset_id: int, split: str) -> int:
    """How many runs have looked at a split of a data set, in all its versions."""
    row = db.row(TIMES_SPLIT_USED, (dataset_id, split))
    return int(row[0]) if row else 0


def claim(db: Database, run_id: int, worker: str, pid: int, lease_ms: int) -> bool:
    """Take the run for `worker` unless another one holds a lease that hasn't run out."""
    now = now_ms()
    values = {"worker": worker, "pid": pid, "until": now + lease_ms, "now": now, "run": run_id}
    with db.write("run") as connection:
        return connection.execute(CLAIM, values).rowcount == 1


def beat(
    db: Database,
    run_id: int,
    worker: str,
    lease_ms: int,
    active_ms: int,
    *,
    limited: Collection[int] = (),
) -> Control:
    """Prolong the lease, count the time worked, and read what people want.

    Args:
        db: the workspace.
        run_id: the run.
        worker: who holds its lease.
        lease_ms: for how long it is prolonged.
        active_ms: time worked since the last beat.
        limited: ids of endpoints with limits that this worker asks and shares with others.

    Raises:
        LeaseLostError: another worker took the run over.
    """
    with db.write() as connection:
        return beat_within(connection, run_id, worker, lease_ms, active_ms, limited)


def beat_within(
    connection: sqlite3.Connection,
    run_id: int,
    worker: str,
    lease_ms: int,
    active_ms: int,
    limited: Collection[int] = (),
) -> Control:
    """`beat` as part of a transaction that is under way."""
    now = now_ms()
    connection.execute(BEAT, (now + lease_ms, active_ms, run_id, worker))
    row = connection.execute(CONTROL, (run_id, worker)).fetchone()
    if row is None:
        raise LeaseLostError(
            f"Run {run_id} was taken over by another worker.",
            "Nothing to do: the other worker goes on with it.",
        )
    workers: dict[int, int] = {}
    if limited:
        connection.executemany(USE, [(run_id, endpoint_id) for endpoint_id in limited])
        for found in connection.execute(WORKERS, (run_id, now)):
            workers[found["endpoint_id"]] = found["workers"]
    return Control(Wanted(row["wanted"]), row["concurrency"], row["cost_cap"], workers)


def end(db: Database, run_id: int, worker: str, status: RunStatus, cause: str = "") -> None:
    """Give the run back: finished, paused, cancelled or failed."""
    with db.write("run") as connection:
        finished_at = now_ms() if status.over else None
        connection.execute(END, (status.value, cause, finished_at, run_id, worker))
        connection.execute(USE_NO_MORE, (run_id,))
        if status.over:
            forget_within(connection, run_id, None)


def want(db: Database, run_id: int, wanted: Wanted) -> None:
    """Say what is wanted of the run; a worker sees it at its next commit.

    Where no worker is at it, pausing and cancelling take effect at once.
    """
    with db.write("run") as connection:
        connection.execute(WANT, (wanted.value, run_id))
        if wanted is not Wanted.RUN:
            status = RunStatus.PAUSED if wanted is Wanted.PAUSE else RunStatus.CANCELLED
            connection.execute(STOP_UNATTENDED, (status.value, "", run_id, now_ms()))


def retune(
    db: Database, run_id: int, *, concurrency: int | None = None, cost_cap: int | None = None
) -> None:
    """Change the concurrency or the cost cap of a run, also while it is under way."""
    with db.write("run") as connection:
        connection.execute(RETUNE, (concurrency, cost_cap, run_id))


def set_cost_cap(db: Database, run_id: int, cap: int | None) -> None:
    """Set or lift the cost cap of a run, also while it is under way."""
    with db.write("run") as connection:
        connection.execute(SET_CAP, (cap, run_id))


def _run(row: sqlite3.Row, cells: tuple[CellCounts, ...]) -> Run:
    status = RunStatus(row["status"])
    if status is RunStatus.RUNNING and (row["lease_until"] or 0) < now_ms():
        status = RunStatus.INTERRUPTED
    return Run(
        id=row["id"],
        project_id=row["project_id"],
        dataset_version_id=row["dataset_version_id"],
        spec=RunSpec.from_json(dict(json_object(row["spec"]))),
        total=row["total"],
        status=status,
        cause=row["cause"],
        wanted=Wanted(row["wanted"]),
        concurrency=row["concurrency"],
        cost_cap=row["cost_cap"],
        author=row["author"],
        worker=row["worker"],
        worker_pid=row["worker_pid"],
        lease_until=row["lease_until"],
        active_ms=row["active_ms"],
        note=row["note"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        cells=cells,
    )


def _cell(row: sqlite3.Row) -> CellCounts:
    return CellCounts(
        cell=row["cell"],
        prompt_version_id=row["prompt_version_id"],
        model_id=row["model_id"],
        right=row["correct"],
        wrong=row["wrong"],
        errored=row["errored"],
        cached=row["cached"],
        cost=row["cost"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        latency_ms=row["latency_ms"],
        estimated=row["estimated"],
        judging_cost=row["judging_cost"],
    )
