"""Finished runs of other tools as runs of the workspace: looked at, compared, exported alike."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.chat import Answer, Endpoint, Json, Model, Usage
from llmops_tui.core.dataset import BadRow, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.plan import Plan
from llmops_tui.core.project import Project
from llmops_tui.core.run import Cell, RunSpec, RunStatus
from llmops_tui.interchange.finished import ForeignPrompt, ForeignRun, ForeignSample
from llmops_tui.interchange.inspect_ai.reading import is_log, read_log
from llmops_tui.interchange.promptfoo.results import is_results, read_results
from llmops_tui.services.models import add_endpoint, list_models
from llmops_tui.services.projects import create_project, find_project, tolerance_of
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, prompts, runs, samples
from llmops_tui.store.finished_sample import FinishedSample

NOWHERE = "http://imported.invalid/v1"
"""The address of models that were asked elsewhere: reserved, so it can never be reached."""
BATCH = 500
LEASE_MS = 60_000
LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A run that came in."""

    run_id: int
    tool: str
    samples: int
    project: str
    notes: tuple[str, ...]


def import_run(workspace: Workspace, path: Path, project: str | None = None) -> ImportedRun:
    """Bring in a finished run: promptfoo's results, or an Inspect log.

    Args:
        workspace: where it goes.
        path: the file.
        project: the project's name; None for one named after what was tested.

    Raises:
        InputError: the file is neither, or can't be read.
    """
    run = _read(path)
    place = _project(workspace, project or run.name[:80], run)
    examples = _examples(run.samples)
    dataset = _dataset(workspace, place, path, list(examples.values()))
    cells = _cells(workspace, place, run)
    run_id = _write(workspace, place, dataset, run, list(examples), cells)
    return ImportedRun(run_id, run.tool, len(run.samples), place.name, run.notes)


def _read(path: Path) -> ForeignRun:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"“{path.name}” is larger than a gigabyte.")
        if path.suffix == ".eval":
            return read_log(path)
        value: Json = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"“{path}” can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"“{path.name}” is no JSON: {error}.", "promptfoo's results and Inspect logs are read."
        ) from error
    if is_results(value):
        return read_results(value, path)
    if is_log(value):
        return read_log(path)
    raise InputError(
        f"“{path.name}” holds no finished run that is known.",
        "promptfoo's results (`promptfoo eval -o results.json`) and Inspect logs are.",
    )


def _project(workspace: Workspace, name: str, run: ForeignRun) -> Project:
    try:
        return find_project(workspace, name)
    except NotFoundError:
        return create_project(workspace, name, description=f"from {run.tool}: {run.name}")


def _examples(found: Sequence[ForeignSample]) -> dict[str, ExampleDraft]:
    """Each row that was asked about, once, by its key."""
    return {_key(sample): ExampleDraft(sample.inputs, sample.expected) for sample in found}


def _key(sample: ForeignSample) -> str:
    return json.dumps([dict(sample.inputs), sample.expected], sort_keys=True)


def _dataset(
    workspace: Workspace, project: Project, path: Path, rows: Sequence[ExampleDraft]
) -> DatasetVersion:
    same = datasets.same_content(workspace.db, project.id, path.stem, rows)
    if same is not None:
        return same
    written: list[ExampleDraft | BadRow] = [*rows]
    return datasets.add_version(
        workspace.db,
        project.id,
        path.stem,
        written,
        author=workspace.person,
        source=str(path.resolve()),
    )


def _cells(
    workspace: Workspace, project: Project, run: ForeignRun
) -> dict[tuple[ForeignPrompt, str], Cell]:
    """The combinations that were asked, in the order in which they come."""
    versions: dict[ForeignPrompt, int] = {}
    models: dict[str, int] = {}
    cells: dict[tuple[ForeignPrompt, str], Cell] = {}
    for sample in run.samples:
        if sample.prompt not in versions:
            versions[sample.prompt] = _version(workspace, project, sample.prompt, run)
        if sample.model not in models:
            models[sample.model] = _model(workspace, sample.model, run)
        key = (sample.prompt, sample.model)
        cells.setdefault(key, Cell(versions[sample.prompt], models[sample.model]))
    return cells


def _version(workspace: Workspace, project: Project, asked: ForeignPrompt, run: ForeignRun) -> int:
    prompt = prompts.ensure(workspace.db, project.id, asked.name)
    for version in prompts.versions(workspace.db, prompt.id):
        if version.messages == asked.messages:
            return version.id
    made = prompts.add_version(
        workspace.db,
        prompt.id,
        asked.messages,
        variables=(),
        author=workspace.person,
        note=f"from {run.tool}",
    )
    return made.id


def _model(workspace: Workspace, name: str, run: ForeignRun) -> int:
    place = f"{run.tool} {name}"
    for view in list_models(workspace):
        if view.endpoint.name == place:
            return view.model.id
    stored = add_endpoint(workspace, Endpoint(0, place, "openai", NOWHERE), [Model(0, 0, name)])
    return next(v.model.id for v in list_models(workspace) if v.endpoint.id == stored.id)


def _write(
    workspace: Workspace,
    project: Project,
    dataset: DatasetVersion,
    run: ForeignRun,
    keys: list[str],
    cells: dict[tuple[ForeignPrompt, str], Cell],
) -> int:
    tolerance = tolerance_of(workspace, project.id)
    spec = RunSpec(
        cells=tuple(cells.values()),
        scorers=({"name": run.tool, "parameters": {}, "negate": False},),
        seed=0,
        repeats=1 + max(sample.repeat for sample in run.samples),
        max_wrong=tolerance.max_wrong,
        confidence=tolerance.confidence,
        unit=tolerance.unit,
        harmful_max_wrong=tolerance.harmful_max_wrong,
    )
    plan = Plan(len(keys), len(cells), spec.repeats, spec.seed)
    ordinals = {_place(plan, ordinal): ordinal for ordinal in range(plan.total)}
    ids = datasets.example_ids(workspace.db, dataset)
    examples, order = dict(zip(keys, range(len(keys)), strict=True)), list(cells)
    named = f"{run.tool} {run.identity}".strip()
    finished = [
        _finished(
            sample,
            ordinals[
                (examples[_key(sample)], order.index((sample.prompt, sample.model)), sample.repeat)
            ],
            order.index((sample.prompt, sample.model)),
            ids[examples[_key(sample)]],
            named,
        )
        for sample in run.samples
    ]
    run_id = runs.plan(
        workspace.db,
        project.id,
        dataset.id,
        spec,
        total=len(finished),
        concurrency=1,
        author=workspace.person,
        note=f"{named}, {run.when}".strip(" ,"),
    )
    worker = uuid.uuid4().hex
    runs.claim(workspace.db, run_id, worker, os.getpid(), LEASE_MS)
    for start in range(0, len(finished), BATCH):
        batch = finished[start : start + BATCH]
        samples.commit(workspace.db, run_id, batch, worker=worker, lease_ms=LEASE_MS, active_ms=0)
    runs.end(workspace.db, run_id, worker, RunStatus.FINISHED, f"brought in from {run.tool}")
    return run_id


def _place(plan: Plan, ordinal: int) -> tuple[int, int, int]:
    place = plan[ordinal]
    return place.example, place.cell, place.repeat


def _finished(
    sample: ForeignSample, ordinal: int, cell: int, example_id: int, named: str
) -> FinishedSample:
    answer = None
    if sample.answer is not None:
        answer = Answer(
            text=sample.answer,
            finish_reason=sample.finish_reason,
            usage=Usage(sample.input_tokens, sample.output_tokens),
            model=sample.model,
            response_id="",
            latency_ms=sample.latency_ms,
        )
    # No question of ours has this key: what another tool asked is never served from the cache.
    key = hashlib.blake2b(f"imported\0{uuid.uuid4()}".encode(), digest_size=16).digest()
    return FinishedSample(
        ordinal=ordinal,
        cell=cell,
        example_id=example_id,
        repeat=sample.repeat,
        outcome=sample.outcome,
        reason=sample.reason,
        scores=sample.scores,
        answer=answer,
        answer_key=key,
        request=sample.request or named,
        cost=sample.cost,
        error_kind=sample.error_kind,
        error_message=sample.error or (sample.reason if sample.error_kind else ""),
        latency_ms=sample.latency_ms,
    )
