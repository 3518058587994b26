"""Test runs: plan one, start its worker, watch it, steer it, look into it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json, Model
from llmops_tui.core.errors import InputError
from llmops_tui.core.plan import Plan
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.core.run import (
    Cell,
    CellCounts,
    Outcome,
    Run,
    RunSpec,
    RunStatus,
    Sample,
    Wanted,
)
from llmops_tui.core.tolerance import Tolerance, Verdict
from llmops_tui.services.projects import tolerance_of
from llmops_tui.services.run_pace import rows_a_second
from llmops_tui.services.titles import Titles
from llmops_tui.services.verdicts import GATE, Wear, gate_wear, verdict_of
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import (
    datasets,
    endpoints,
    judging,
    projects,
    prompts,
    runs,
    samples,
)
from llmops_tui.store.runs import NEWEST
from llmops_tui.store.samples import SampleDetail

MOST_REPEATS = 100
DECIDED = "decided"
"""The cause of the end of a run that stopped itself."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a person asks for when they start a run."""

    prompt_version_ids: tuple[int, ...]
    model_ids: tuple[int, ...]
    dataset_version_id: int
    cells: tuple[Cell, ...] = ()
    """Which prompt versions are asked of which models; empty for all of all."""
    scorers: tuple[Mapping[str, Json], ...] = ()
    """Empty for the project's own."""
    repeats: int = 1
    split: str | None = None
    limit: int | None = None
    concurrency: int | None = None
    """None for what the endpoints bear."""
    cost_cap: int | None = None
    """Nano-units of the currency."""
    use_cache: bool = True
    stream: bool = False
    stop_when_decided: bool | None = None
    """None for what the project says."""
    seed: int | None = None
    """None for a new one."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class CellView:
    """One combination of a run, with its verdict."""

    cell: int
    prompt_version_id: int
    model_id: int
    prompt: str
    """`support-topic v2`."""
    model: str
    counts: CellCounts
    verdict: Verdict
    currency: str

    @property
    def title(self) -> str:
        """Prompt version and model."""
        return f"{self.prompt} · {self.model}"


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as screens and the command line show it."""

    run: Run
    dataset: str
    """`messages v1`."""
    tolerance: Tolerance
    cells: tuple[CellView, ...]
    rate: float | None
    """Samples a second lately, those from the cache left out; None while there are none."""
    seconds_left: float | None
    """At that rate; None where it can't be said."""
    wear: Wear | None = None
    """Of the gate split, where the run is on it; not known in lists."""

    @property
    def status(self) -> RunStatus:
        """Where the run stands."""
        return self.run.status

    @property
    def saved(self) -> int:
        """Calls that were not made because the run was decided without them."""
        is_decided = self.run.status is RunStatus.FINISHED and self.run.cause == DECIDED
        return self.run.total - self.run.done if is_decided else 0

    @property
    def errored(self) -> int:
        """Samples without an answer, of all cells."""
        return sum(cell.counts.errored for cell in self.cells)

    @property
    def cost(self) -> int:
        """Spent so far, in nano-units, judges included."""
        return sum(cell.counts.spent for cell in self.cells)


def plan_run(workspace: Workspace, project_id: int, request: RunRequest) -> int:
    """Write a run's plan into the workspace; its id. Nothing is asked yet.

    Raises:
        InputError: the request makes no sense, or no example is left to ask about.
    """
    db = workspace.db
    project = projects.get(db, project_id)
    scorers = request.scorers or project.scorers
    if not request.prompt_version_ids or not request.model_ids:
        raise InputError("A run needs a prompt version and a model.", "Choose at least one each.")
    if not scorers:
        raise InputError(
            "Nothing would tell right answers from wrong ones.",
            "Choose a scorer, or give the project one.",
        )
    if not 1 <= request.repeats <= MOST_REPEATS:
        raise InputError(f"A run can have 1 to {MOST_REPEATS} repeats.")
    version = datasets.version(db, request.dataset_version_id)
    ids = datasets.example_ids(db, version, request.split)
    if not ids:
        split = f" in the split {request.split!r}" if request.split else ""
        raise InputError(
            f"The data set has no example{split}.", "Import some, or choose another split."
        )
    models = [endpoints.model(db, model_id) for model_id in request.model_ids]
    chosen = [prompts.version(db, version_id) for version_id in request.prompt_version_ids]
    _check_variables(chosen, version.columns)
    tolerance = tolerance_of(workspace, project_id)
    spec = RunSpec(
        cells=request.cells
        or tuple(Cell(prompt.id, model.id) for prompt in chosen for model in models),
        scorers=tuple(scorers),
        seed=secrets.randbits(31) if request.seed is None else request.seed,
        repeats=request.repeats,
        split=request.split,
        limit=request.limit,
        use_cache=request.use_cache,
        stream=request.stream,
        stop_when_decided=_stops(workspace, project_id, request, tolerance),
        max_wrong=tolerance.max_wrong,
        confidence=tolerance.confidence,
        unit=tolerance.unit,
        harmful_max_wrong=tolerance.harmful_max_wrong,
    )
    plan = Plan(len(ids), len(spec.cells), spec.repeats, spec.seed, spec.limit)
    return runs.plan(
        db,
        project_id,
        version.id,
        spec,
        total=plan.total,
        concurrency=request.concurrency or _concurrency(workspace, models),
        author=workspace.person,
        cost_cap=request.cost_cap,
        note=request.note,
    )


def start_worker(workspace: Workspace, run_id: int) -> int:
    """Start a detached worker on a planned, paused or interrupted run; its process id."""
    from llmops_tui.runner.detach import start_worker as start  # not needed to show anything

    runs.want(workspace.db, run_id, Wanted.RUN)
    return start(workspace.path, run_id)


def work(workspace: Workspace, run_id: int, on_finish: Callable[[Outcome], None]) -> RunStatus:
    """Be the worker of a run, in the foreground, until it ends; how it ended.

    Args:
        workspace: where the run is.
        run_id: a planned, paused or interrupted run.
        on_finish: called with the outcome of each finished sample.

    Raises:
        ConflictError: another worker is at it.
    """
    import asyncio

    from llmops_tui.runner.worker import execute  # not needed to show anything

    runs.want(workspace.db, run_id, Wanted.RUN)
    return asyncio.run(
        execute(workspace.db, run_id, on_finish=lambda sample: on_finish(sample.outcome))
    )


def how_far(workspace: Workspace, run_id: int) -> tuple[int, int]:
    """(done, total) samples; without the verdicts of `run_view`, which cost half a second to load.

    Raises:
        NotFoundError: there is none of that id.
    """
    run = runs.get(workspace.db, run_id)
    return run.done, run.total


def pause(workspace: Workspace, run_id: int) -> None:
    """Let the worker finish what is under way and stop."""
    runs.want(workspace.db, run_id, Wanted.PAUSE)


def cancel(workspace: Workspace, run_id: int) -> None:
    """End the run; what was measured stays."""
    runs.want(workspace.db, run_id, Wanted.CANCEL)


def retune(
    workspace: Workspace,
    run_id: int,
    *,
    concurrency: int | None = None,
    cost_cap: int | None = None,
) -> None:
    """Change a run while it is under way.

    Raises:
        InputError: the concurrency is below 1.
    """
    if concurrency is not None and concurrency < 1:
        raise InputError("The concurrency can't be below 1.", "Pause the run to stop it.")
    runs.retune(workspace.db, run_id, concurrency=concurrency, cost_cap=cost_cap)


def nudge(workspace: Workspace, run_id: int, direction: int) -> None:
    """About a quarter more (1) or fewer (-1) requests at once than are set at this moment."""
    now = runs.get(workspace.db, run_id).concurrency
    wanted = max(1, now + direction * max(1, now // 4))
    runs.retune(workspace.db, run_id, concurrency=wanted)


def list_runs(
    workspace: Workspace, project_id: int, *, before: int = NEWEST, limit: int = 64
) -> list[RunView]:
    """The project's runs, newest first."""
    titles = Titles(workspace)
    return [
        _view(workspace, run, titles, live=False)
        for run in runs.page(workspace.db, project_id, before=before, limit=limit)
    ]


def run_view(workspace: Workspace, run_id: int) -> RunView:
    """One run with its verdicts, rate and time left.

    Raises:
        NotFoundError: there is none of that id.
    """
    run = runs.get(workspace.db, run_id)
    return _view(workspace, run, Titles(workspace), live=True)


def sample_page(
    workspace: Workspace,
    run_id: int,
    *,
    before: int = NEWEST,
    limit: int = 64,
    outcome: Outcome | None = None,
) -> list[Sample]:
    """The run's samples, latest first."""
    return samples.page(workspace.db, run_id, before=before, limit=limit, outcome=outcome)


@dataclass(frozen=True, slots=True)
class SampleView:
    """A sample whole, with the example that it was about."""

    detail: SampleDetail
    cell: str
    prompt_version_id: int
    inputs: Mapping[str, Json]
    expected: str | None
    position: int
    """The example's place in its data set."""
    currency: str
    label: tuple[str, str] | None = None
    """What a person said of the answer, and who; None where nobody did."""


def sample_view(workspace: Workspace, sample_id: int) -> SampleView:
    """Everything about one sample.

    Raises:
        NotFoundError: there is none of that id.
    """
    db = workspace.db
    detail = samples.detail(db, sample_id)
    run = runs.get(db, detail.sample.run_id)
    target = run.spec.cells[detail.sample.cell]
    titles = Titles(workspace)
    example = datasets.by_ids(db, [detail.sample.example_id])[detail.sample.example_id]
    model = titles.model(target.model_id)
    return SampleView(
        detail=detail,
        cell=f"{titles.prompt(target.prompt_version_id)} · {model.name}",
        prompt_version_id=target.prompt_version_id,
        inputs=example.inputs,
        expected=example.expected,
        position=example.position,
        currency=model.currency,
        label=judging.label_of(db, sample_id),
    )


def _view(workspace: Workspace, run: Run, titles: Titles, *, live: bool) -> RunView:
    tolerance = tolerance_of(workspace, run.project_id)
    cells = tuple(
        CellView(
            cell=counts.cell,
            prompt_version_id=counts.prompt_version_id,
            model_id=counts.model_id,
            prompt=titles.prompt(counts.prompt_version_id),
            model=titles.model(counts.model_id).name,
            counts=counts,
            verdict=verdict_of(workspace, run, counts, tolerance),
            currency=titles.model(counts.model_id).currency,
        )
        for counts in run.cells
    )
    rate = rows_a_second(workspace, run) if live and run.status is RunStatus.RUNNING else None
    left = (run.total - run.done) / rate if rate else None
    on_gate = live and run.spec.split == GATE
    return RunView(
        run,
        titles.dataset(run.dataset_version_id),
        tolerance,
        cells,
        rate,
        left,
        gate_wear(workspace, run.dataset_version_id) if on_gate else None,
    )


def _stops(
    workspace: Workspace, project_id: int, request: RunRequest, tolerance: Tolerance
) -> bool:
    if tolerance.is_clustered:
        if request.stop_when_decided:
            raise InputError(
                f"A run whose rows are counted by {tolerance.unit} can't stop once decided.",
                "Its rows come in random order, so no cluster is complete before the end. Ask "
                "every row, or count by row in the tolerance.",
            )
        return False
    if request.stop_when_decided is None:
        return projects.stops_when_decided(workspace.db, project_id)
    return request.stop_when_decided


def _concurrency(workspace: Workspace, models: Sequence[Model]) -> int:
    places = {model.endpoint_id for model in models}
    return max(endpoints.endpoint(workspace.db, place).max_concurrency for place in places)


def _check_variables(chosen: Sequence[PromptVersion], columns: Sequence[str]) -> None:
    for prompt in chosen:
        unknown = [name for name in prompt.variables if name not in columns]
        if unknown:
            raise InputError(
                f"{prompt.title} uses {', '.join(unknown)}, which the data set doesn't have.",
                f"Its columns are {', '.join(columns)}.",
            )
