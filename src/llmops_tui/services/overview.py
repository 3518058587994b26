"""The app's home: six stages, who owns them, where they stand, and the one next action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.clock import ago, now_ms
from llmops_tui.core.dataset import Dataset
from llmops_tui.core.project import Project, Stage
from llmops_tui.core.run import RunStatus
from llmops_tui.core.tolerance import State, Tolerance, percent
from llmops_tui.services import calls, datasets, incidents, models, projects, prompts, runs, triage
from llmops_tui.services.calls import MonitorSummary
from llmops_tui.services.incidents import Incident
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompts import PromptView
from llmops_tui.services.responsibility import state_words, who_answers
from llmops_tui.services.run_words import money, rate_words
from llmops_tui.services.runs import CellView, RunView
from llmops_tui.services.verdicts import evidence_note
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import tuning
from llmops_tui.store.tuning import TuningExport


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of the pipeline."""

    stage: Stage
    owner: str
    """Empty where nobody answers for it."""
    state: str
    """What there is, and what it knows of the question, in a few words."""
    next_action: str
    """The one thing to do next, with its key."""
    screen: str
    """The screen where that is done."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the Overview screen shows."""

    project: Project
    tolerance: Tolerance
    sentence: str
    """The answer to the question, in plain words."""
    stages: tuple[StageView, ...]
    incident: Incident | None
    """The open one."""


@dataclass(frozen=True, slots=True)
class _Facts:
    datasets: Sequence[Dataset]
    prompts: Sequence[PromptView]
    runs: Sequence[RunView]
    models: Sequence[ModelView]
    monitor: MonitorSummary
    live: triage.LiveEstimate
    tolerance: Tolerance
    owners: Mapping[Stage, str]
    written: TuningExport | None
    """For fine-tuning, the last time."""


def overview(workspace: Workspace, project_id: int) -> Overview:
    """The state of a project. Loads SciPy where something was measured."""
    project = next(item for item in projects.list_projects(workspace) if item.id == project_id)
    tolerance = projects.tolerance_of(workspace, project_id)
    owners = projects.owners(workspace, project_id)
    facts = _Facts(
        datasets=datasets.list_datasets(workspace, project_id),
        prompts=prompts.list_prompts(workspace, project_id),
        runs=runs.list_runs(workspace, project_id, limit=8),
        models=models.list_models(workspace),
        monitor=calls.summary(workspace, tolerance.window_days, project_id),
        live=triage.live_estimate(workspace, tolerance, project_id),
        tolerance=tolerance,
        owners=owners,
        written=tuning.newest(workspace.db, project_id),
    )
    stages = (
        _stage(Stage.DATA, "datasets", _data(facts), owners),
        _stage(Stage.PROMPTING, "prompts", _prompting(facts), owners),
        _stage(Stage.FINE_TUNING, "datasets", _fine_tuning(facts), owners),
        _stage(Stage.TESTING, "runs", _testing(facts), owners),
        _stage(Stage.MONITORING, "monitor", _monitoring(facts), owners),
        _stage(Stage.USAGE, "models", _usage(facts), owners),
    )
    incident = incidents.look(workspace, project_id, tolerance, facts.live)
    sentence = _sentence(facts)
    if incident is not None:
        owner = incident.owner or "nobody"
        sentence = f"INCIDENT {incident.id}, {owner} answers for it: i shows it. {sentence}"
    return Overview(project, tolerance, sentence, stages, incident)


def _stage(
    stage: Stage, screen: str, words: tuple[str, str], owners: dict[Stage, str]
) -> StageView:
    return StageView(stage, owners.get(stage, ""), words[0], words[1], screen)


def _sentence(facts: _Facts) -> str:
    measured = _newest_measured(facts.runs)
    live = _live_words(facts)
    if measured is None:
        return f"Nothing measured yet: how wrong this can be is unknown. {live}".strip()
    view, cell = measured
    verdict = cell.verdict
    when = ago(view.run.finished_at or view.run.created_at, now_ms())
    state = state_words(verdict.state, facts.tolerance, facts.owners, Stage.TESTING)
    parts = (
        f"{cell.prompt}: {_with_source(verdict.sentence(), f'run {view.run.id}, {when}')}.",
        f"Tolerance {percent(facts.tolerance.max_wrong)}: {state}.",
        evidence_note(facts.tolerance),
        live,
    )
    return " ".join(part for part in parts if part)


def _with_source(sentence: str, source: str) -> str:
    """A sentence with where it is from, in the brackets at its end where it has some."""
    return f"{sentence[:-1]}; {source})" if sentence.endswith(")") else f"{sentence} ({source})"


def _live_words(facts: _Facts) -> str:
    """How production stands: the error budget where verdicts tell, and what waits."""
    live = facts.live
    if not live.lanes.calls:
        return ""
    waiting = facts.monitor.open_flagged + facts.monitor.open_audit
    words = triage.budget_words(live, facts.tolerance)
    if not words:
        words = f"none of {live.lanes.calls:,} answers is reviewed, so nothing is known"
    if live.state is State.EXCEEDED:
        words += f", {who_answers(facts.owners, Stage.MONITORING)}"
    waits = "answer waits" if waiting == 1 else "answers wait"
    return f"Live: {words}; {waiting:,} {waits} for review." if waiting else f"Live: {words}."


def _newest_measured(views: Sequence[RunView]) -> tuple[RunView, CellView] | None:
    for view in views:
        measured = [cell for cell in view.cells if cell.counts.right + cell.counts.wrong]
        if measured:
            return view, measured[-1]
    return None


def _data(facts: _Facts) -> tuple[str, str]:
    from llmops_tui.core.tolerance.planning import rows_needed  # loads SciPy

    found = [item.version for item in facts.datasets if item.version]
    if not found:
        return "no data set", "2, then i: import a CSV or JSONL file"
    rows = max(version.rows for version in found)
    needed = rows_needed(0, facts.tolerance.max_wrong, facts.tolerance.confidence)
    limit = percent(facts.tolerance.max_wrong)
    many = f"{len(found)} data sets, the largest" if len(found) > 1 else "1 data set,"
    state = f"{many} {rows:,} rows"
    if rows < needed:
        return state, f"add {needed - rows:,} rows: {needed:,} are the least that can prove {limit}"
    return f"{state}; {needed:,} can prove {limit}", "2: look through it, import more"


def _prompting(facts: _Facts) -> tuple[str, str]:
    if not facts.prompts:
        return "no prompt", "3, then n: write one"
    newest = facts.prompts[0]
    state = f"{newest.prompt.name} v{newest.newest.number}" if newest.newest else newest.prompt.name
    if newest.measured is None:
        return f"{state}, not measured", "4, then n: run it on a data set"
    verdict = newest.measured.verdict
    return (
        f"{state}, {rate_words(verdict)} wrong: {verdict.state}",
        "3: edit it, try it on an example",
    )


def _fine_tuning(facts: _Facts) -> tuple[str, str]:
    written = facts.written
    if written is not None:
        return (
            f"{written.rows:,} rows of {written.dataset} v{written.version} written",
            "7, then n: add the tuned model; then run it beside the one before (4)",
        )
    return (
        "no tuned model",
        "nothing to do until prompting is at its end" if facts.prompts else "comes after prompting",
    )


def _testing(facts: _Facts) -> tuple[str, str]:
    if not facts.runs:
        return "no run", "4, then n: start a test run"
    view = facts.runs[0]
    share = f"{view.run.done:,} of {view.run.total:,}"
    if view.status is RunStatus.INTERRUPTED:
        return f"run {view.run.id} interrupted at {share}", "4, then r: go on with it"
    if view.status is RunStatus.PAUSED:
        return f"run {view.run.id} paused at {share}", "4, then r: go on with it"
    if not view.status.over:
        return f"run {view.run.id} {view.status}, {share}", "4: watch it live"
    states = {cell.verdict.state for cell in view.cells}
    words = " and ".join(sorted(states))
    action = "4: look at the wrong samples"
    if State.UNDECIDED in states:
        action = "4: see how many more rows would decide it"
    return f"run {view.run.id} {view.status}: {words}", action


def _monitoring(facts: _Facts) -> tuple[str, str]:
    lanes = facts.live.lanes
    if not lanes.calls:
        return "no production call", "start `llmops-tui gateway` and point your app at it"
    waiting = facts.monitor.open_flagged + facts.monitor.open_audit
    state = f"{lanes.calls:,} calls in {facts.monitor.window_days} days, {lanes.flagged:,} flagged"
    if facts.live.state is not State.UNDECIDED:
        state += f": {facts.live.state}"
    return state, f"6: judge {waiting:,} waiting answers" if waiting else "5: watch it live"


def _usage(facts: _Facts) -> tuple[str, str]:
    if not facts.models:
        return "no model", "7, then a: add an endpoint"
    names = ", ".join(view.model.name for view in facts.models[:2])
    more = f" and {len(facts.models) - 2} more" if len(facts.models) > 2 else ""
    return f"{names}{more}; {_spent(facts.runs)}", "7: prices and checks"


def _spent(views: Sequence[RunView]) -> str:
    """What the last runs cost and what one right answer cost in them, each currency for itself."""
    spent: dict[str, int] = {}
    right: dict[str, int] = {}
    for cell in (cell for view in views for cell in view.cells):
        spent[cell.currency] = spent.get(cell.currency, 0) + cell.counts.spent
        right[cell.currency] = right.get(cell.currency, 0) + cell.counts.right
    if not any(spent.values()):
        return "nothing spent in the last runs"
    paid = {currency: nano for currency, nano in spent.items() if nano}
    sums = " + ".join(money(nano, currency) for currency, nano in paid.items())
    each = " + ".join(
        money(round(nano / right[currency]), currency)
        for currency, nano in paid.items()
        if right[currency]
    )
    return f"{sums} in the last runs, {each} a right answer" if each else f"{sums} in the last runs"
