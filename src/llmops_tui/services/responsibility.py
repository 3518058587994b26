"""Who answers for what: the words that stand behind a verdict, a label move or a spent budget."""

from __future__ import annotations

from collections.abc import Mapping

from llmops_tui.core.project import Stage
from llmops_tui.core.tolerance import State, Tolerance
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import projects


def who_answers(owners: Mapping[Stage, str], stage: Stage) -> str:
    """Who answers for a stage, as a clause; says so where nobody does."""
    return f"{owners.get(stage) or 'nobody'} answers for {stage.value}"


def who_answers_in(workspace: Workspace, project_id: int, stage: Stage) -> str:
    """The same for a project's stage as the workspace has it."""
    return who_answers(projects.owners(workspace.db, project_id), stage)


def breach_words(tolerance: Tolerance, owners: Mapping[Stage, str], stage: Stage) -> str:
    """What follows from an exceeded tolerance: whose it is, and what was agreed to happen."""
    words = who_answers(owners, stage)
    if tolerance.owner and tolerance.owner != owners.get(stage):
        words += f", {tolerance.owner} for the tolerance"
    if tolerance.on_breach:
        words += f". Agreed for this case: {tolerance.on_breach.rstrip('.')}"
    return words


def state_words(
    state: State, tolerance: Tolerance, owners: Mapping[Stage, str], stage: Stage
) -> str:
    """A verdict's state; an exceeded tolerance with what follows from it."""
    if state is not State.EXCEEDED:
        return state.value
    return f"{state.value}: {breach_words(tolerance, owners, stage)}"
