"""A configuration brought into the workspace, so that it runs like everything else.

Bringing the same in again changes nothing: data sets, prompts and models that are there already are
used, so that runs of one configuration can be compared with each other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import BadRow, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.core.project import Project
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.run import Cell
from llmops_tui.interchange.promptfoo.model import PromptItem, ProviderItem
from llmops_tui.interchange.promptfoo.reading import read_suite
from llmops_tui.services.models import ModelView
from llmops_tui.services.projects import create_project, find_project
from llmops_tui.services.promptfoo.coverage import COLUMN, JUDGED, UNJUDGED, Plan, plan_suite
from llmops_tui.services.promptfoo.functions import OwnFunctions
from llmops_tui.services.promptfoo.models import ensure
from llmops_tui.services.runs import RunRequest
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, prompts

SCORER: Mapping[str, Json] = {
    "name": "per_example",
    "parameters": {"column": COLUMN, "missing": "error"},
    "negate": False,
}
USUAL_NAME = "promptfooconfig"


@dataclass(frozen=True, slots=True)
class Imported:
    """A configuration as it stands in the workspace."""

    plan: Plan
    project: Project
    dataset: DatasetVersion
    prompts: tuple[PromptVersion, ...]
    cells: tuple[Cell, ...]
    """Which prompts are asked of which models."""


def read_plan(path: Path, functions_beside: Path, judge: str = "") -> Plan:
    """What a configuration would become; nothing is stored but inline Python.

    Args:
        path: the configuration.
        functions_beside: the workspace's file; inline Python is kept in a folder beside it.
        judge: the model that judges where a model is to; empty for none.

    Raises:
        InputError: it is none, or can't be read.
    """
    functions = OwnFunctions(functions_beside.parent / "functions")
    return plan_suite(read_suite(path, os.environ), os.environ, functions, judge)


def import_config(
    workspace: Workspace,
    path: Path,
    *,
    project: str | None = None,
    models: Sequence[ModelView] = (),
    judge: ModelView | None = None,
) -> Imported:
    """Bring a configuration into the workspace.

    Args:
        workspace: where it goes.
        path: the configuration.
        project: the project's name; None for one named after the configuration.
        models: asked instead of the configuration's own providers.
        judge: judges where a model is to; without one such assertions don't run.

    Raises:
        InputError: it can't be read, or nothing of it can run here; what and why is said.
    """
    plan = read_plan(path, workspace.path, judge_name(judge))
    if not plan.prompts:
        raise InputError("None of its prompts can be read here.", _why(plan, "prompt"))
    if not plan.targets and not models:
        raise InputError(
            "None of its providers can be asked from here.",
            f"{_why(plan, 'provider')} Name a model of your own with --model.",
        )
    place = _project(workspace, project or project_name(path), plan)
    dataset = _dataset(workspace, place, path, plan)
    versions = _prompts(workspace, place, plan.prompts, path)
    cells = _cells(workspace, plan, versions, models)
    return Imported(plan, place, dataset, versions, cells)


def judge_name(judge: ModelView | None) -> str:
    """How a judging model is named in a scorer; empty for none."""
    return "" if judge is None else f"{judge.endpoint.name}/{judge.model.name}"


def request_of(imported: Imported, split: str | None = None) -> RunRequest:
    """The run that a configuration asks for.

    Raises:
        InputError: none of its tests can be judged here.
    """
    plan = imported.plan
    if split is None and not plan.test_count.run:
        raise InputError(
            f"None of the {plan.test_count.total:,} tests can be judged here.",
            f"{_why(plan, 'assertion')} `--split {UNJUDGED}` asks them all the same.",
        )
    return RunRequest(
        prompt_version_ids=tuple(version.id for version in imported.prompts),
        model_ids=tuple(dict.fromkeys(cell.model_id for cell in imported.cells)),
        dataset_version_id=imported.dataset.id,
        cells=imported.cells,
        scorers=(SCORER,),
        repeats=plan.suite.repeats,
        split=split or JUDGED,
        concurrency=plan.suite.concurrency,
        use_cache=plan.suite.use_cache,
        stop_when_decided=False,
        note=plan.sentence(),
    )


def project_name(path: Path) -> str:
    """A name for a configuration's project: its folder's, and its own where it has one."""
    folder = path.resolve().parent.name or "promptfoo"
    own = path.stem.removeprefix(USUAL_NAME).strip(".-_")
    return f"{folder} {own}".strip() if path.stem.startswith(USUAL_NAME) else path.stem


def _why(plan: Plan, what: str) -> str:
    reasons = dict.fromkeys(
        note.why for note in plan.notes if note.fatal and note.what.startswith(what)
    )
    return f"{'; '.join(list(reasons)[:3])}." if reasons else "It has none."


def _project(workspace: Workspace, name: str, plan: Plan) -> Project:
    try:
        return find_project(workspace, name)
    except NotFoundError:
        description = plan.suite.description or f"promptfoo: {plan.suite.path.name}"
        return create_project(workspace, name, description=description, scorers=(SCORER,))


def _dataset(workspace: Workspace, project: Project, path: Path, plan: Plan) -> DatasetVersion:
    name = path.stem
    same = datasets.same_content(workspace.db, project.id, name, plan.examples)
    if same is not None:
        return same
    rows: list[ExampleDraft | BadRow] = [*plan.examples, *plan.set_aside]
    return datasets.add_version(
        workspace.db,
        project.id,
        name,
        rows,
        author=workspace.person,
        source=str(path.resolve()),
        note=plan.sentence(),
    )


def _prompts(
    workspace: Workspace, project: Project, items: Sequence[PromptItem], path: Path
) -> tuple[PromptVersion, ...]:
    found = []
    taken: dict[str, int] = {}
    for item in items:
        label = re.sub(r"[@:]", " ", item.label).strip() or path.stem
        taken[label] = number = taken.get(label, 0) + 1
        name = label if number == 1 else f"{label} {number}"
        prompt = prompts.ensure(workspace.db, project.id, name)
        known = prompts.versions(workspace.db, prompt.id)
        same = next((v for v in known if v.messages == item.messages and not v.parameters), None)
        found.append(
            same
            or prompts.add_version(
                workspace.db,
                prompt.id,
                item.messages,
                variables=PromptTemplate(item.messages).variables(),
                author=workspace.person,
                note=f"from {path.name}",
            )
        )
    return tuple(found)


def _cells(
    workspace: Workspace,
    plan: Plan,
    versions: Sequence[PromptVersion],
    models: Sequence[ModelView],
) -> tuple[Cell, ...]:
    if models:
        return tuple(Cell(version.id, view.model.id) for view in models for version in versions)
    cells = []
    for provider, target in plan.targets:
        view = ensure(workspace, target, provider.title)
        cells += [
            Cell(version.id, view.model.id)
            for item, version in zip(plan.prompts, versions, strict=True)
            if _is_asked(provider, item)
        ]
    if not cells:
        raise InputError("No provider is asked any prompt.", "Their `prompts` name other labels.")
    return tuple(dict.fromkeys(cells))


def _is_asked(provider: ProviderItem, item: PromptItem) -> bool:
    """Whether a provider that names its prompts names this one; files of several count whole."""
    if not provider.prompts:
        return True
    plain = re.sub(r" \d+$", "", item.label)
    return any(
        name in (item.label, plain) or Path(name.removeprefix("file://")).name == plain
        for name in provider.prompts
    )
