"""OpenAI's evals in the product's words: their classes as scorers, their samples as a data set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import BadRow, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.project import Project
from llmops_tui.interchange.openai_evals.reading import (
    EvalSpec,
    Sample,
    Samples,
    read_grading,
    read_registry,
    read_samples,
)
from llmops_tui.services.models import ModelView
from llmops_tui.services.projects import create_project, find_project
from llmops_tui.services.runs import RunRequest
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, prompts

CHECKS: Final = "checks"
JUDGED_BY_MODEL: Final = "ModelBasedClassify"
FACT: Final = "fact"
"""The graded specification that compares facts: there is a judge for it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a class judges, as a scorer."""

    scorer: dict[str, Json]
    note: str = ""
    """What is different from the class's own way, where something is."""


@dataclass(frozen=True, slots=True)
class ImportedEval:
    """An evaluation that was brought in."""

    spec: EvalSpec
    project: Project
    dataset: DatasetVersion
    rows: int
    set_aside: int
    note: str
    request: RunRequest


def reading_of(spec: EvalSpec, judge: str = "") -> Reading:
    """How an evaluation's class judges; `judge` names the model that does where one is to.

    Raises:
        InputError: it can't be done here, and why.
    """
    folded = spec.arguments.get("ignore_case") is True
    if spec.class_name == "Match":
        return Reading(_scorer("starts_with", {"trim": False}))
    if spec.class_name == "Includes":
        return Reading(_scorer("contains", {"mode": "any", "ignore_case": folded}))
    if spec.class_name == "FuzzyMatch":
        either: list[Json] = [
            _scorer("contains", {"mode": "any", "ignore_case": True}),
            _scorer("equals", {"ignore_case": True, "strip_punctuation": True}),
        ]
        return Reading(
            _scorer("composite", {"scorers": either, "mode": "any"}),
            "articles are kept, and an answer that is only a part of the ideal one is wrong here",
        )
    if spec.class_name == "JsonMatch":
        return Reading(_scorer("per_example", {"column": CHECKS, "missing": "error"}))
    if spec.class_name == JUDGED_BY_MODEL:
        return _graded(spec, judge)
    raise InputError(f"{spec.name} is judged by code of its own ({spec.class_name}).")


def _graded(spec: EvalSpec, judge: str) -> Reading:
    """How a model grades: the choices of the graded specification, with our form of reply."""
    if not judge:
        raise InputError(f"{spec.name} is judged by a model: name one with --judge.")
    note = f"judged by {judge}, which replies in this program's form"
    named = str(spec.arguments.get("modelgraded_spec") or "")
    if named == FACT:
        return Reading(_scorer("judge_factuality", {"model": judge}), note)
    if spec.graded is None:
        raise InputError(f"The graded specification “{named}” of {spec.name} is not there.")
    grading = read_grading(spec.graded, named)
    parameters: dict[str, Json] = {
        "question": grading.question,
        "choices": list(grading.choices),
        "passing": list(grading.passing),
        "model": judge,
    }
    return Reading(_scorer("judge_choice", parameters), note)


def chosen(path: Path, name: str, judge: str = "") -> EvalSpec:
    """The evaluation of a registry file that is meant.

    Args:
        path: the file.
        name: which of them; empty for the only one that can run here.
        judge: the model that judges where one is to; empty for none.

    Raises:
        InputError: none or several can be meant.
    """
    specs = read_registry(path)
    if name:
        found = [spec for spec in specs if name in (spec.name, spec.name.partition(".")[0])]
    else:
        found = [spec for spec in specs if _problem(spec, judge) is None]
    if len(found) == 1:
        return found[0]
    names = ", ".join(spec.name for spec in specs)
    if found:
        raise InputError(
            f"“{path.name}” names several evaluations.", f"Write {path.name}#NAME: {names}."
        )
    problems = "; ".join(filter(None, (_problem(spec, judge) for spec in specs)))
    raise InputError(f"None of “{path.name}” can run here.", problems or f"It names {names}.")


def _problem(spec: EvalSpec, judge: str) -> str | None:
    try:
        reading_of(spec, judge)
    except InputError as error:
        return str(error)
    if spec.samples is None:
        return f"{spec.name}: the samples “{spec.samples_named}” are not there."
    return None


def import_eval(
    workspace: Workspace,
    path: Path,
    name: str,
    *,
    project: str | None,
    models: Sequence[ModelView],
    judge: ModelView | None = None,
) -> ImportedEval:
    """Bring an evaluation into the workspace.

    Raises:
        InputError: it can't run here, or no model is named.
    """
    by = "" if judge is None else f"{judge.endpoint.name}/{judge.model.name}"
    spec = chosen(path, name, by)
    reading = reading_of(spec, by)
    if spec.samples is None:
        raise InputError(f"The samples “{spec.samples_named}” are not there.")
    if not models:
        raise InputError("An evaluation names no model.", "Name one with --model.")
    samples = read_samples(spec.samples)
    place = _project(workspace, project or spec.name.partition(".")[0], spec)
    dataset = _dataset(workspace, place, spec, samples)
    version = _prompt(workspace, place, spec, samples)
    request = RunRequest(
        prompt_version_ids=(version,),
        model_ids=tuple(view.model.id for view in models),
        dataset_version_id=dataset.id,
        scorers=(reading.scorer,),
        stop_when_decided=False,
        note=f"{spec.name} ({spec.class_name})",
    )
    return ImportedEval(
        spec,
        place,
        dataset,
        len(samples.rows),
        len(samples.set_aside),
        reading.note or _unread(spec),
        request,
    )


def _unread(spec: EvalSpec) -> str:
    others = [name for name in spec.arguments if name not in ("ignore_case", "modelgraded_spec")]
    return f"not carried over: {', '.join(others)}" if others else ""


def _project(workspace: Workspace, name: str, spec: EvalSpec) -> Project:
    try:
        return find_project(workspace, name)
    except NotFoundError:
        return create_project(workspace, name, description=spec.description or spec.name)


def _dataset(
    workspace: Workspace, project: Project, spec: EvalSpec, samples: Samples
) -> DatasetVersion:
    drafts = [_draft(spec, sample) for sample in samples.rows]
    same = datasets.same_content(workspace.db, project.id, spec.name, drafts)
    if same is not None:
        return same
    rows: list[ExampleDraft | BadRow] = [*drafts, *samples.set_aside]
    return datasets.add_version(
        workspace.db,
        project.id,
        spec.name,
        rows,
        author=workspace.person,
        source=str(spec.samples),
    )


def _draft(spec: EvalSpec, sample: Sample) -> ExampleDraft:
    inputs: dict[str, Json] = {
        _column(place): text for place, (_, text) in enumerate(sample.messages)
    }
    ideal = sample.ideal
    if spec.class_name == "JsonMatch":
        inputs[CHECKS] = [
            _scorer("json_schema", {"schema": {"enum": _parsed(ideal)}, "fenced": False})
        ]
    if ideal is None:
        return ExampleDraft(inputs)
    expected = ideal if isinstance(ideal, str) else json.dumps(ideal, ensure_ascii=False)
    return ExampleDraft(inputs, expected)


def _parsed(ideal: Json) -> list[Json]:
    """The JSON values that are right; ideals that are no JSON are texts."""
    values: list[Json] = []
    for item in ideal if isinstance(ideal, list) else [ideal]:
        try:
            values.append(json.loads(item) if isinstance(item, str) else item)
        except ValueError:
            values.append(item)
    return values


def _prompt(workspace: Workspace, project: Project, spec: EvalSpec, samples: Samples) -> int:
    messages = tuple(
        (role, f"{{{{ {_column(place)} }}}}") for place, role in enumerate(samples.roles)
    )
    prompt = prompts.ensure(workspace.db, project.id, spec.name.partition(".")[0])
    for version in prompts.versions(workspace.db, prompt.id):
        if version.messages == messages:
            return version.id
    made = prompts.add_version(
        workspace.db,
        prompt.id,
        messages,
        variables=tuple(_column(place) for place in range(len(messages))),
        author=workspace.person,
        note=f"the messages of {spec.name}",
    )
    return made.id


def _column(place: int) -> str:
    return f"message_{place + 1}"


def _scorer(name: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
    return {"name": name, "parameters": dict(parameters), "negate": False}
