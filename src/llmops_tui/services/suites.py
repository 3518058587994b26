"""Other tools' test suites, run as they are: which tool's a file is, and what of it runs here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.interchange.promptfoo.model import Note
from llmops_tui.services.models import ModelView
from llmops_tui.services.promptfoo import importing
from llmops_tui.services.promptfoo.importing import Imported
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

    imported: Imported

    @property
    def project(self) -> Project:
        """Where it is."""
        return self.imported.project

    def lines(self) -> list[str]:
        """How much of it runs, and what doesn't, a line each."""
        plan = self.imported.plan
        notes = [note for note in plan.notes if note.fatal]
        other = [note for note in plan.notes if not note.fatal]
        lines = [plan.sentence()]
        lines += [f"  not run: {note.sentence()}" for note in notes[:MOST_NOTES]]
        if len(notes) > MOST_NOTES:
            lines.append(f"  and {len(notes) - MOST_NOTES:,} more.")
        lines += [f"  note: {note.sentence()}" for note in other[:MOST_NOTES]]
        left = plan.test_count.total - plan.test_count.run
        if left:
            lines.append(
                f"  {left:,} tests have no check that runs here: they are kept and not asked."
            )
        return lines


def bring_in(
    workspace: Workspace, path: Path, *, project: str | None, models: Sequence[ModelView]
) -> SuiteInWorkspace:
    """Bring a suite into the workspace.

    Raises:
        InputError: it is none, or nothing of it can run here.
    """
    if not path.is_file():
        raise InputError(f"There is no file “{path}”.", "Give a promptfoo configuration.")
    imported = importing.import_config(workspace, path, project=project, models=models)
    return SuiteInWorkspace(imported)


def request_of(suite: SuiteInWorkspace, split: str | None) -> RunRequest:
    """The run that the suite asks for.

    Raises:
        InputError: none of its tests can be judged here.
    """
    return importing.request_of(suite.imported, split)


def survey(path: Path, workspace: Workspace) -> Coverage:
    """How much of a file would run here; nothing is imported."""
    try:
        plan = importing.read_plan(path, workspace.path)
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
