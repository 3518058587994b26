"""Stored answers scored again, and two runs compared row by row, of 100,000 rows each."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.workspace import LEASE_MS, WORKER, Planned, finished, planned
from llmops_tui.core.chat import Json
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.services.compare import compare
from llmops_tui.services.matrix import Grid, Only
from llmops_tui.services.rescoring import rescore_run
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import runs, samples

ROWS = 100_000
BATCH = 1_000
SCORERS: tuple[dict[str, Json], ...] = (
    {"name": "equals", "parameters": {"texts": ['{"topic": "delivery"}', "delivery"]}},
    {"name": "regex", "parameters": {"pattern": r'"topic":\s*"\w+"'}},
    {
        "name": "json_schema",
        "parameters": {
            "schema": {
                "type": "object",
                "properties": {
                    "topic": {"enum": ["delivery", "payment"]},
                    "n": {"type": "integer"},
                },
                "required": ["topic"],
            }
        },
    },
)


def measure(*, quick: bool) -> Sequence[Figure]:
    """Scores a second through the store on one core; seconds of a comparison, of a filter."""
    rows = ROWS // (10 if quick else 1)
    with tempfile.TemporaryDirectory() as directory:
        made = planned(Path(directory) / "rescoring.db", rows)
        workspace = Workspace(made.db, WORKER)
        _fill(made, made.run_id, 20)
        began, cpu = time.perf_counter(), time.process_time()
        rescore_run(workspace, made.run_id, SCORERS)
        seconds, busy = time.perf_counter() - began, time.process_time() - cpu
        other = _another(made, rows)
        _fill(replace(made, run_id=other), other, 17)
        began, cpu = time.perf_counter(), time.process_time()
        found = compare(workspace, (made.run_id, 0), (other, 0))
        compared, worked = time.perf_counter() - began, time.process_time() - cpu
        assert found.counts.rows == rows
        began = time.perf_counter()
        Grid(workspace, other).ranks(Only.WRONG)
        filtered = time.perf_counter() - began
        made.db.close()
    scores = 3 * rows
    return [
        Figure("scores a second, written", scores / seconds, "scores/s", at_least=20_000),
        Figure("scores a second of processor time", scores / busy, "scores/s"),
        Figure(f"two runs of {rows:,} rows compared, processor time", worked, "s", at_most=1.0),
        Figure("the same, by the clock", compared, "s"),
        Figure(f"the grid of {rows:,} rows filtered", filtered, "s", at_most=1.0),
    ]


def _fill(made: Planned, run_id: int, every: int) -> None:
    batch = []
    for number, example in enumerate(made.example_ids):
        sample = finished(number, example)
        wrong = number % every == 0
        assert sample.answer is not None
        text = json.dumps({"topic": "billing" if wrong else "delivery", "n": number})
        batch.append(
            replace(
                sample,
                outcome=Outcome.WRONG if wrong else Outcome.RIGHT,
                answer=replace(sample.answer, text=text),
            )
        )
    for start in range(0, len(batch), BATCH):
        samples.commit(
            made.db,
            run_id,
            batch[start : start + BATCH],
            worker=WORKER,
            lease_ms=LEASE_MS,
            active_ms=0,
        )
    runs.end(made.db, run_id, WORKER, RunStatus.FINISHED)


def _another(made: Planned, rows: int) -> int:
    run = runs.get(made.db, made.run_id)
    run_id = runs.plan(
        made.db,
        run.project_id,
        run.dataset_version_id,
        run.spec,
        total=rows,
        concurrency=8,
        author=WORKER,
    )
    runs.claim(made.db, run_id, WORKER, 1, LEASE_MS)
    return run_id
