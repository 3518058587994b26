"""Which runs ended since somebody last looked, in one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.project import Stage
from llmops_tui.core.run import RunStatus
from llmops_tui.services import runs
from llmops_tui.services.responsibility import who_answers_in
from llmops_tui.services.run_words import where_words
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import run_course
from llmops_tui.store.run_course import RunState

MOST_SENTENCES = 4
"""Ends that are said one by one; more than these at once are counted."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was known at the last look."""

    states: Mapping[int, RunStatus]
    """Runs that weren't over."""
    newest: int
    seconds_to_lease: float | None
    """Until the first of the workers would have to be heard of again; None without a worker."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run to which nothing is added any more."""

    run_id: int
    sentence: str


def look(workspace: Workspace, before: Watched | None) -> tuple[Watched, list[RunEnd]]:
    """What is under way now, and what ended since `before` (nothing at the first look)."""
    db = workspace.db
    newest = before.newest if before else 2**62
    current = run_course.not_over(db, newest)
    if before is None:
        newest = run_course.newest_run(db)
    by_id = {state.id: state for state in current}
    if before is not None:
        gone = [run_id for run_id in before.states if run_id not in by_id]
        by_id.update({state.id: state for state in run_course.states(db, gone)})
        newest = max((newest, *by_id))
    ended = [
        state
        for state in by_id.values()
        if before is not None and _has_ended(state, before.states.get(state.id))
    ]
    going = {s.id: s.status for s in by_id.values() if not s.status.over}
    leases = [s.lease_until for s in current if s.status is RunStatus.RUNNING and s.lease_until]
    left = max(0.0, (min(leases) - now_ms()) / 1000) if leases else None
    sentences = [_end(workspace, state) for state in ended[:MOST_SENTENCES]]
    if len(ended) > MOST_SENTENCES:
        more = len(ended) - MOST_SENTENCES
        sentences.append(RunEnd(ended[-1].id, f"{more} more runs ended."))
    return Watched(going, newest, left), sentences


def _has_ended(state: RunState, before: RunStatus | None) -> bool:
    stopped = state.status.over or state.status in (RunStatus.INTERRUPTED, RunStatus.PAUSED)
    return stopped and state.status is not before and before is not RunStatus.PAUSED


def _end(workspace: Workspace, state: RunState) -> RunEnd:
    view = runs.run_view(workspace, state.id)
    verdicts = "; ".join(f"{cell.title}: {cell.verdict.state}" for cell in view.cells[:3])
    if state.status is RunStatus.FINISHED:
        owner = who_answers_in(workspace, view.run.project_id, Stage.TESTING)
        return RunEnd(state.id, f"Run {state.id} {where_words(view)}. {verdicts}; {owner}.")
    return RunEnd(state.id, f"Run {state.id} {where_words(view)}.")
