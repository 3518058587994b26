"""A workspace with something in it, made by the store itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.chat import Answer, Endpoint, Model, Usage
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.run import Cell, Outcome, RunSpec, RunStatus
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.store import datasets, endpoints, projects, prompts, runs, samples
from llmops_tui.store.database import Database
from llmops_tui.store.finished_sample import FinishedSample

WORKER = "benchmark"
LEASE_MS = 600_000
REQUEST = "Name the topic of this customer message in one word. " * 20
"""About a kilobyte, as a prompt with a few examples is."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An open workspace with a run that was planned and claimed."""

    db: Database
    run_id: int
    example_ids: tuple[int, ...]


def planned(path: Path, examples: int) -> Planned:
    """A project with a data set, a prompt, a model and a claimed run over all examples."""
    db = Database(path)
    project = projects.create(db, "support-topic", scorers=[{"kind": "exact"}])
    projects.set_tolerance(db, project, Tolerance(max_wrong=0.02, confidence=0.95), WORKER)
    rows = (
        ExampleDraft(inputs={"message": f"Where is parcel {number}?"}, expected="delivery")
        for number in range(examples)
    )
    version = datasets.add_version(db, project, "messages", rows, author=WORKER)
    prompt = prompts.ensure(db, project, "topic")
    asked = prompts.add_version(
        db, prompt.id, [("user", "{{ message }}")], variables=["message"], author=WORKER
    )
    endpoint = endpoints.add_endpoint(db, Endpoint(0, "local", "openai", "http://127.0.0.1:9/v1"))
    model = endpoints.add_model(db, Model(0, endpoint.id, "small"))
    spec = RunSpec(cells=(Cell(asked.id, model.id),), scorers=({"kind": "exact"},), seed=1)
    run_id = runs.plan(db, project, version.id, spec, total=examples, concurrency=8, author=WORKER)
    runs.claim(db, run_id, WORKER, 1, LEASE_MS)
    return Planned(db, run_id, tuple(datasets.example_ids(db, version)))


def finished(ordinal: int, example_id: int) -> FinishedSample:
    """One sample as a worker would write it: a kilobyte asked, a short answer."""
    wrong = ordinal % 20 == 0
    return FinishedSample(
        ordinal=ordinal,
        cell=0,
        example_id=example_id,
        repeat=0,
        outcome=Outcome.WRONG if wrong else Outcome.RIGHT,
        reason="expected delivery" if wrong else "",
        answer=Answer(
            text=f"{'billing' if wrong else 'delivery'} {ordinal}",
            finish_reason="stop",
            usage=Usage(240, 3),
            model="small",
            response_id=f"r{ordinal}",
            latency_ms=120.0,
        ),
        answer_key=ordinal.to_bytes(16, "big"),
        request=f"{REQUEST}{ordinal}",
        latency_ms=120.0,
    )


def existing(path: Path, examples: int = 1000) -> None:
    """A workspace that was worked in: one finished run."""
    made = planned(path, examples)
    batch = [finished(number, example) for number, example in enumerate(made.example_ids)]
    for start in range(0, len(batch), 100):
        samples.commit(
            made.db,
            made.run_id,
            batch[start : start + 100],
            worker=WORKER,
            lease_ms=LEASE_MS,
            active_ms=1000,
        )
    runs.end(made.db, made.run_id, WORKER, RunStatus.FINISHED)
    made.db.close()
