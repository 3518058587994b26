"""What every report of a run says: gathered once, in the same words as the app's."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from llmops_tui.core.errors import ExitCode
from llmops_tui.core.project import Stage
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.core.tolerance import State
from llmops_tui.services.baselines import AgainstBaseline, against, baseline_code
from llmops_tui.services.comparison import Comparer
from llmops_tui.services.responsibility import breach_words
from llmops_tui.services.run_course import Course, CourseReader
from llmops_tui.services.run_words import saved_words, verdict_words
from llmops_tui.services.runs import CellView, RunView, run_view
from llmops_tui.services.scorer_choice import scorer_words
from llmops_tui.services.verdicts import evidence_note
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import projects, prompts, run_export
from llmops_tui.store.run_export import ExportedSample

NANO = 1_000_000_000
STATE_WORDS = {State.WITHIN: "PASS", State.EXCEEDED: "FAIL", State.UNDECIDED: "NOT YET"}
"""What the three verdicts are to a reader who knows tests only."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers took, in milliseconds; those from the cache left out."""

    median: float
    p95: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PromptText:
    """A prompt version as it was asked."""

    title: str
    messages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with all that reports say of it but its samples, which are read one by one."""

    project: str
    view: RunView
    scorers: str
    prompts: tuple[PromptText, ...]
    comparisons: tuple[str, ...]
    """Its other cells against the first, a sentence each."""
    baseline: tuple[AgainstBaseline, ...]
    courses: tuple[Course, ...]
    latencies: tuple[Latency | None, ...]
    """One for each cell; None where nothing was asked anew."""
    breach: str
    """Whose an exceeded tolerance is and what was agreed for it; empty where none is exceeded."""

    @property
    def state(self) -> State:
        """The worst of the cells' verdicts."""
        states = {cell.verdict.state for cell in self.view.cells}
        for state in (State.EXCEEDED, State.UNDECIDED):
            if state in states:
                return state
        return State.WITHIN

    @property
    def exit_code(self) -> ExitCode:
        """What a script gets: the worst of the verdicts and of the comparison with the baseline."""
        codes = {run_code(self.view), baseline_code(self.baseline)}
        for code in (ExitCode.FAILED, ExitCode.EXCEEDED, ExitCode.UNDECIDED):
            if code in codes:
                return code
        return ExitCode.WITHIN

    def notes(self) -> tuple[str, ...]:
        """What else has to be known to read the verdict."""
        view = self.view
        notes = [saved_words(view)[:1].upper() + saved_words(view)[1:] + "."] if view.saved else []
        notes += [f"{self.breach[:1].upper()}{self.breach[1:]}."] if self.breach else []
        notes += [view.wear.warning] if view.wear is not None and view.wear.warning else []
        notes += [note] if (note := evidence_note(view.tolerance)) else []
        if view.status is not RunStatus.FINISHED:
            cause = f": {view.run.cause.rstrip('.')}" if view.run.cause else ""
            done = f"{view.run.done:,} of {view.run.total:,}"
            notes.append(f"The run is {view.status} at {done}{cause}.")
        return tuple(notes)


def run_code(view: RunView) -> ExitCode:
    """What a script gets of a run alone: the worst of its verdicts."""
    if view.status is not RunStatus.FINISHED:
        return ExitCode.FAILED
    states = {cell.verdict.state for cell in view.cells}
    if State.EXCEEDED in states:
        return ExitCode.EXCEEDED
    return ExitCode.UNDECIDED if State.UNDECIDED in states else ExitCode.WITHIN


def gather(workspace: Workspace, run_id: int, baseline: str | None = None) -> RunReport:
    """Everything that is said of a run.

    Args:
        workspace: where it is.
        run_id: the run, over or not.
        baseline: an earlier run's number, or a label, to compare it with.

    Raises:
        NotFoundError: there is no such run or baseline.
        InputError: the baseline can't be compared with the run.
    """
    view = run_view(workspace, run_id)
    db = workspace.db
    versions = dict.fromkeys(cell.prompt_version_id for cell in view.cells)
    return RunReport(
        project=projects.get(db, view.run.project_id).name,
        view=view,
        scorers=scorer_words(view.run.spec.scorers),
        prompts=tuple(
            PromptText(version.title, version.messages)
            for version in (prompts.version(db, version_id) for version_id in versions)
        ),
        comparisons=tuple(item.sentence() for item in Comparer(workspace, run_id).read(view)),
        baseline=against(workspace, view, baseline) if baseline else (),
        courses=CourseReader(workspace, run_id).read(view),
        latencies=tuple(
            _latency(run_export.latencies(db, run_id, cell.cell)) for cell in view.cells
        ),
        breach=_breach(workspace, view),
    )


def _breach(workspace: Workspace, view: RunView) -> str:
    if not any(cell.verdict.state is State.EXCEEDED for cell in view.cells):
        return ""
    owners = projects.owners(workspace.db, view.run.project_id)
    return breach_words(view.tolerance, owners, Stage.TESTING)


def run_samples(workspace: Workspace, run_id: int) -> Iterator[ExportedSample]:
    """The run's samples whole, in the order of its plan."""
    return run_export.samples(workspace.db, run_id)


def not_right(workspace: Workspace, run_id: int, most: int) -> tuple[list[ExportedSample], int]:
    """Up to `most` samples that are wrong or errored, and how many there are of them."""
    kept: list[ExportedSample] = []
    count = 0
    for sample in run_samples(workspace, run_id):
        if sample.outcome is not Outcome.RIGHT:
            count += 1
            if len(kept) < most:
                kept.append(sample)
    return kept, count


def sentence(view: RunView, cell: CellView) -> str:
    """A cell's verdict in a whole sentence, as the app says it."""
    words = verdict_words(view, cell)
    return f"{words[:1].upper()}{words[1:]}."


def _latency(values: list[float]) -> Latency | None:
    if not values:
        return None
    values.sort()
    place = min(len(values) - 1, int(0.95 * len(values)))
    return Latency(statistics.median(values), values[place], tuple(values))
