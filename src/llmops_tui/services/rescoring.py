"""Judging a run's answers anew without asking a model, by other scorers or a new label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import Outcome, RunSpec
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, projects, relabel, rescoring, runs, samples


@dataclass(frozen=True, slots=True)
class Rescored:
    """What scoring again came to."""

    run_id: int
    scored: int
    changed: int
    finished: bool

    def sentence(self) -> str:
        """In words."""
        end = "" if self.finished else "; cut short, the same again goes on from there"
        return (
            f"Run {self.run_id}: {self.scored:,} answers scored again without asking a model, "
            f"{self.changed:,} with another outcome{end}."
        )


def rescore_run(
    workspace: Workspace,
    run_id: int,
    scorers: Sequence[Mapping[str, Json]] = (),
    on_progress: Callable[[int, int], bool] = lambda scored, changed: True,
) -> Rescored:
    """Judge all stored answers of a run anew.

    Args:
        workspace: where the run is.
        run_id: a run at which no worker is.
        scorers: by what; the project's own where none are given.
        on_progress: told how many were scored and changed so far; false stops it.

    Raises:
        InputError: there is no scorer, or one can't be used.
        ConflictError: a worker is at the run.
    """
    # Compiles scorers and loads their libraries: nothing that shows a run needs that.
    from llmops_tui.runner.rescore import rescore

    run = runs.get(workspace.db, run_id)
    chosen = tuple(scorers) or projects.get(workspace.db, run.project_id).scorers
    if not chosen:
        raise InputError("Nothing says by what to score: the project has no scorer.")
    found = rescore(workspace.db, run_id, chosen, workspace.person, on_progress)
    return Rescored(run_id, found.scored, found.changed, found.finished_at is not None)


def relabel_sample(
    workspace: Workspace, sample_id: int, expected: str | None
) -> tuple[Outcome, str]:
    """Give a sample's row another expected answer and judge its samples of this run anew.

    The data set gets a new version, which differs in this row only; the run is about that one.

    Returns:
        The sample's outcome now, and its reason.

    Raises:
        ConflictError: the data set has a newer version, or a worker is at the run.
    """
    from llmops_tui.runner.rescore import rescore_sample  # as above

    db = workspace.db
    sample = samples.detail(db, sample_id).sample
    run = runs.get(db, sample.run_id)
    _, example_id = relabel.relabel(
        db, run.id, run.dataset_version_id, sample.example_id, expected, workspace.person
    )
    outcome, reason = sample.outcome, sample.reason
    for other in samples.ids_of_example(db, run.id, example_id):
        judged = rescore_sample(db, other)
        if judged is not None and other == sample_id:
            outcome, reason = judged.outcome, judged.reason
    return outcome, reason


def ask_errored_again(workspace: Workspace, run_id: int) -> int:
    """Forget the samples of a run that have no answer, so that `resume` asks them; how many.

    Only those: asking wrong ones again until they are right would make the verdict a lie.

    Raises:
        ConflictError: a worker is at the run.
    """
    return rescoring.forget_errored(workspace.db, run_id)


def run_again(workspace: Workspace, run_id: int, example_ids: Sequence[int]) -> int:
    """Plan a run of some rows of another run, each really asked again; its id.

    It is a run of its own: its verdict is about these rows alone, and the other run stays as it
    was measured.

    Raises:
        InputError: there is no row.
    """
    if not example_ids:
        raise InputError("No row is marked.", "space marks rows.")
    db = workspace.db
    run = runs.get(db, run_id)
    ids = datasets.by_ids(db, list(example_ids))
    rows = ", ".join(str(ids[i].position) for i in sorted(ids)[:5])
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    spec = RunSpec.from_json(
        {
            **run.spec.to_json(),
            "only": sorted(ids),
            "limit": None,
            "use_cache": False,
            "stop_when_decided": False,
        }
    )
    return runs.plan(
        db,
        run.project_id,
        run.dataset_version_id,
        spec,
        total=len(ids) * len(spec.cells) * spec.repeats,
        concurrency=run.concurrency,
        author=workspace.person,
        cost_cap=run.cost_cap,
        note=f"rows {rows}{more} of run {run_id} again",
    )
