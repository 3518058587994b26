"""Other tools' test suites, run as they are: which tool's a file is, and what of it runs here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.interchange.openai_evals.reading import is_registry, read_registry, read_samples
from llmops_tui.interchange.promptfoo.model import Note
from llmops_tui.interchange.promptfoo.yaml12 import read_yaml
from llmops_tui.services import openai_evals
from llmops_tui.services.models import ModelView
from llmops_tui.services.openai_evals import ImportedEval
from llmops_tui.services.promptfoo import importing
from llmops_tui.services.promptfoo.coverage import Plan
from llmops_tui.services.runs import RunRequest
from llmops_tui.services.workspace import Workspace

MOST_NOTES = 40
"""Notes that are printed; all of them are in the JSON and beside the examples."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a file runs here."""

    file: Path
    kind: str
    """`promptfoo`, `OpenAI evals`; empty for what is neither."""
    prompts: tuple[int, int] = (0, 0)
    """(those that run, all)"""
    providers: tuple[int, int] = (0, 0)
    tests: tuple[int, int] = (0, 0)
    assertions: tuple[int, int] = (0, 0)
    share: float = 0.0
    """Of the assertions, 0 to 1; of the tests where there are none."""
    notes: tuple[Note, ...] = ()
    problem: str = ""
    """Why the file can't be read."""


@dataclass(frozen=True, slots=True)
class SuiteInWorkspace:
    """A suite that was brought in."""

    project: Project
    lines: tuple[str, ...]
    """How much of it runs, and what doesn't, a line each."""
    request: RunRequest
    """The run that it asks for."""


def bring_in(
    workspace: Workspace,
    path: Path,
    *,
    project: str | None,
    models: Sequence[ModelView],
    split: str | None = None,
    judge: ModelView | None = None,
) -> SuiteInWorkspace:
    """Bring a suite into the workspace: a promptfoo configuration, or one of OpenAI's evals.

    Args:
        workspace: where it goes.
        path: the file; of a registry file `FILE#NAME` chooses among several evaluations.
        project: the project's name; None for one named after the suite.
        models: asked instead of those that the suite names.
        split: which of its tests; None for those that can be judged here.
        judge: judges where a model is to; without one such checks don't run.

    Raises:
        InputError: it is none, or nothing of it can run here.
    """
    name = ""
    if not path.exists() and "#" in path.name:
        file, _, name = str(path).rpartition("#")
        path = Path(file)
    if not path.is_file():
        raise InputError(
            f"There is no file “{path}”.",
            "Give a promptfoo configuration, or one of OpenAI's evals.",
        )
    if _is_registry(path):
        brought = openai_evals.import_eval(
            workspace, path, name, project=project, models=models, judge=judge
        )
        request = replace(brought.request, split=split)
        return SuiteInWorkspace(brought.project, _eval_lines(brought), request)
    imported = importing.import_config(workspace, path, project=project, models=models, judge=judge)
    request = importing.request_of(imported, split)
    return SuiteInWorkspace(imported.project, _lines(imported.plan), request)


def _is_registry(path: Path) -> bool:
    if path.suffix.lower() not in (".yaml", ".yml"):
        return False
    try:
        return is_registry(read_yaml(path.read_bytes().decode("utf-8-sig", "replace"), path))
    except (InputError, OSError):
        return False  # whoever reads it as a configuration says what is wrong


def _eval_lines(brought: ImportedEval) -> tuple[str, ...]:
    spec = brought.spec
    lines = [f"{spec.name} ({spec.class_name}): {brought.rows:,} samples."]
    lines += [f"  {brought.set_aside:,} rows were set aside."] if brought.set_aside else []
    lines += [f"  note: {brought.note}"] if brought.note else []
    return tuple(lines)


def _lines(plan: Plan) -> tuple[str, ...]:
    notes = [note for note in plan.notes if note.fatal]
    other = [note for note in plan.notes if not note.fatal]
    lines = [plan.sentence()]
    lines += [f"  not run: {note.sentence()}" for note in notes[:MOST_NOTES]]
    if len(notes) > MOST_NOTES:
        lines.append(f"  and {len(notes) - MOST_NOTES:,} more.")
    lines += [f"  note: {note.sentence()}" for note in other[:MOST_NOTES]]
    left = plan.test_count.total - plan.test_count.run
    if left:
        lines.append(f"  {left:,} tests have no check that runs here: they are kept, not asked.")
    return tuple(lines)


def survey(path: Path, workspace: Workspace, judge: ModelView | None = None) -> Coverage:
    """How much of a file would run here, with a model that judges or without; imports nothing."""
    if _is_registry(path):
        return _survey_registry(path, judge)
    try:
        plan = importing.read_plan(path, workspace.path, importing.judge_name(judge))
    except InputError as error:
        return Coverage(path, "", problem=f"{error} {error.hint}".strip())
    return Coverage(
        path,
        "promptfoo",
        prompts=(plan.prompt_count.run, plan.prompt_count.total),
        providers=(plan.provider_count.run, plan.provider_count.total),
        tests=(plan.test_count.run, plan.test_count.total),
        assertions=(plan.assertion_count.run, plan.assertion_count.total),
        share=plan.share,
        notes=plan.notes,
    )


def _survey_registry(path: Path, judge: ModelView | None) -> Coverage:
    specs = read_registry(path)
    notes, tests, run = [], [0, 0], 0
    for spec in specs:
        rows = 0
        if spec.samples is not None:
            rows = len(read_samples(spec.samples).rows)
        tests[1] += rows
        try:
            openai_evals.reading_of(spec, importing.judge_name(judge))
        except InputError as error:
            notes.append(Note(spec.name, f"class {spec.class_name}", str(error)))
            continue
        run += 1
        tests[0] += rows
        if spec.samples is None:
            notes.append(Note(spec.name, "samples", f"“{spec.samples_named}” is not there"))
    count = len(specs)
    return Coverage(
        path,
        "OpenAI evals",
        tests=(tests[0], tests[1]),
        assertions=(run, count),
        share=run / count,
        notes=tuple(notes),
    )


def configs_in(path: Path) -> list[Path]:
    """The configurations of a folder, by their names; a file is itself."""
    if not path.is_dir():
        return [path]
    found = [
        file
        for pattern in ("promptfooconfig*.yaml", "promptfooconfig*.yml", "promptfooconfig*.json")
        for file in path.rglob(pattern)
    ]
    return sorted(found) or sorted(path.rglob("*.yaml"))
