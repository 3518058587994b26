"""Making the demonstration workspace and setting its first run going."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import StoreError
from llmops_tui.core.project import Project, Stage
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import (
    datasets,
    embedded,
    labels,
    models,
    places,
    projects,
    prompts,
    runs,
)
from llmops_tui.services.demo.content import TASKS, DemoScorer, DemoTask
from llmops_tui.services.runs import RunRequest
from llmops_tui.services.workspace import Workspace

OWNERS = {
    Stage.DATA: "data science",
    Stage.PROMPTING: "development",
    Stage.TESTING: "development",
    Stage.MONITORING: "operations",
}
"""Two stages have no owner, so that one sees how that looks."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the demonstration workspace."""

    project: str
    """The project to look at first."""
    run_id: int | None
    """The run that is under way; None where there is none."""
    sentence: str


def demo_path() -> Path:
    """Where the demonstration workspace lies: beside the real one, never in it."""
    import platformdirs

    return platformdirs.user_data_path("llmops-tui") / "demo.db"


def set_aside(path: Path) -> Path | None:
    """Rename an older demonstration workspace; its new place, or None when there was none.

    Raises:
        StoreError: it can't be renamed.
    """
    if not path.exists():
        return None
    kept = path.with_name(f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    try:
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(kept.with_name(kept.name + ending))
    except OSError as error:
        raise StoreError(
            f"{path} can't be renamed: {error.strerror}.", "Give another path with --db."
        ) from error
    return kept


def prepare(workspace: Workspace) -> Prepared:
    """Fill an empty workspace with the demonstration and start its run; once only.

    A workspace that holds anything is left as it is.
    """
    found = projects.list_projects(workspace)
    if found:
        return Prepared(found[0].name, None, f"Opening {workspace.path}.")
    view = models.ensure_embedded(workspace)
    made = [_make(workspace, task) for task in TASKS]
    project, task = made[0], TASKS[0]
    places.remember(workspace, "project", str(project.id))
    missing = embedded.embedded_availability()
    if isinstance(missing, embedded.Missing):
        return Prepared(
            project.name,
            None,
            f"Made {workspace.path}. No run was started: {missing.reason} {missing.hint}",
        )
    run_id = _start_run(workspace, project, task, view.model.id)
    places.remember(workspace, "area", "runs")
    return Prepared(
        project.name,
        run_id,
        f"Made {workspace.path}; run {run_id} is asking {view.model.name} at this moment.",
    )


def _make(workspace: Workspace, task: DemoTask) -> Project:
    project = projects.create_project(
        workspace,
        task.name,
        description=task.description,
        variables=task.variables,
        scorers=(_scorer(task.scorer),),
        tolerance=Tolerance(
            max_wrong=task.tolerance.max_wrong,
            confidence=task.tolerance.confidence,
            on_breach=task.tolerance.on_breach,
            owner=OWNERS[Stage.TESTING],
        ),
    )
    for stage, owner in OWNERS.items():
        projects.set_owner(workspace, project.id, stage, owner)
    rows = (ExampleDraft(row.inputs, row.expected, row.tags, row.split) for row in task.rows())
    datasets.add_examples(
        workspace, project.id, task.dataset, rows, source="written for the demonstration"
    )
    versions = _save_versions(workspace, project, task)
    labels.move(workspace, versions[0], "production", "It began with this one.", override=True)
    labels.move(workspace, versions[-1], "staging")
    return project


def _save_versions(
    workspace: Workspace, project: Project, task: DemoTask
) -> tuple[PromptVersion, ...]:
    prompt = prompts.create_prompt(workspace, project.id, task.prompt)
    saved = []
    for version in task.versions:
        made = prompts.add_version(
            workspace,
            prompt,
            version.messages,
            parameters=version.parameters,
            response_schema=version.response_schema,
            note=version.note,
        )
        saved.append(made)
    return tuple(saved)


def _start_run(workspace: Workspace, project: Project, task: DemoTask, model_id: int) -> int:
    dataset = datasets.find_dataset(workspace, project.id, task.dataset)
    assert dataset.version is not None
    prompt = prompts.list_prompts(workspace, project.id)[0].prompt
    versions = prompts.list_versions(workspace, prompt)
    run_id = runs.plan_run(
        workspace,
        project.id,
        RunRequest(
            prompt_version_ids=tuple(view.version.id for view in reversed(versions)),
            model_ids=(model_id,),
            dataset_version_id=dataset.version.id,
            split=task.split,
            note="the demonstration's first run",
        ),
    )
    runs.start_worker(workspace, run_id)
    return run_id


def _scorer(scorer: DemoScorer) -> dict[str, Json]:
    return {"name": scorer.name, "parameters": dict(scorer.parameters)}
