"""`llmops-tui run`: plan a test run and execute it, or go on with one."""

from __future__ import annotations

import sys

import click

from llmops_tui.cli.output import print_json, project_of, say, table, workspace_of
from llmops_tui.cli.progress import ProgressLine
from llmops_tui.core.errors import ExitCode, InputError
from llmops_tui.core.project import Project
from llmops_tui.core.run import RunStatus
from llmops_tui.core.tolerance import State
from llmops_tui.services import datasets, models, prompts, runs
from llmops_tui.services.run_words import rate_words, saved_words, verdict_words
from llmops_tui.services.runs import RunRequest, RunView
from llmops_tui.services.verdicts import evidence_note
from llmops_tui.services.workspace import Workspace

NANO = 1_000_000_000


@click.command()
@click.option("--prompt", "prompt_names", multiple=True, help="NAME, NAME:3 or NAME@label.")
@click.option("--model", "model_names", multiple=True, help="A model's name. Repeatable.")
@click.option("--dataset", "dataset_name", help="The data set. Default: the only one.")
@click.option("--split", help="Only examples of this split.")
@click.option("--limit", type=click.IntRange(1), help="At most this many examples, at random.")
@click.option("--repeats", type=click.IntRange(1), default=1, help="Ask each example so often.")
@click.option("--concurrency", type=click.IntRange(1), help="Requests at once, at most.")
@click.option("--max-cost", type=click.FloatRange(0), help="Stop before this is exceeded.")
@click.option("--seed", type=int, help="Of the random order. Default: a new one.")
@click.option("--no-cache", is_flag=True, help="Ask again what was asked before.")
@click.option("--stream", is_flag=True, help="Stream, to measure the time to the first token.")
@click.option(
    "--stop-when-decided/--ask-all",
    default=None,
    help="Stop once the verdict is certain, or ask every row. Default: as the project says.",
)
@click.option("--detach", is_flag=True, help="Start a worker in the background and return.")
@click.option("--resume", "resume_id", type=int, help="Go on with this run.")
@click.option("--list", "list_only", is_flag=True, help="List the project's runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def run(
    ctx: click.Context,
    prompt_names: tuple[str, ...],
    model_names: tuple[str, ...],
    dataset_name: str | None,
    split: str | None,
    limit: int | None,
    repeats: int,
    concurrency: int | None,
    max_cost: float | None,
    seed: int | None,
    no_cache: bool,
    stream: bool,
    stop_when_decided: bool | None,
    detach: bool,
    resume_id: int | None,
    list_only: bool,
    as_json: bool,
) -> None:
    """Test prompts on a data set and say whether they are within the tolerance.

    Exit code: 0 within, 1 exceeded, 3 undecided, 4 could not run.
    """
    workspace = workspace_of(ctx)
    if list_only:
        _list(workspace, project_of(ctx, workspace), as_json)
        return
    cap = None if max_cost is None else round(max_cost * NANO)
    if resume_id is not None:
        run_id = runs.run_view(workspace, resume_id).run.id
        runs.retune(workspace, run_id, concurrency=concurrency, cost_cap=cap)
    else:
        project = project_of(ctx, workspace)
        request = RunRequest(
            prompt_version_ids=_versions(workspace, project, prompt_names),
            model_ids=_models(workspace, model_names),
            dataset_version_id=_dataset_version(workspace, project, dataset_name),
            repeats=repeats,
            split=split,
            limit=limit,
            concurrency=concurrency,
            cost_cap=cap,
            use_cache=not no_cache,
            stream=stream,
            stop_when_decided=stop_when_decided,
            seed=seed,
        )
        run_id = runs.plan_run(workspace, project.id, request)
    if detach:
        _detach(workspace, run_id, as_json)
        return
    _execute(workspace, run_id, quiet=as_json)
    view = runs.run_view(workspace, run_id)
    if as_json:
        print_json(as_data(view))
    else:
        _show(view)
    ctx.exit(int(exit_code(view)))


def _detach(workspace: Workspace, run_id: int, as_json: bool) -> None:
    pid = runs.start_worker(workspace, run_id)
    if as_json:
        print_json({"run": run_id, "pid": pid})
    else:
        say(f"Run {run_id} goes on in the background (process {pid}); watch it in the app.")


def exit_code(view: RunView) -> ExitCode:
    """What a script gets: the worst of the run's verdicts."""
    if view.status is not RunStatus.FINISHED:
        return ExitCode.FAILED
    states = {cell.verdict.state for cell in view.cells}
    if State.EXCEEDED in states:
        return ExitCode.EXCEEDED
    return ExitCode.UNDECIDED if State.UNDECIDED in states else ExitCode.WITHIN


def as_data(view: RunView) -> dict[str, object]:
    """A run as JSON shows it. Rates are shares of 1, money is in the currency's unit."""
    return {
        "run": view.run.id,
        "status": view.status.value,
        "cause": view.run.cause,
        "dataset": view.dataset,
        "done": view.run.done,
        "total": view.run.total,
        "saved": view.saved,
        "gate_looks": None if view.wear is None else view.wear.looks,
        "tolerance": {
            "max_wrong": view.tolerance.max_wrong,
            "confidence": view.tolerance.confidence,
            "harmful_max_wrong": view.tolerance.harmful_max_wrong,
            "unit": view.tolerance.unit,
        },
        "cells": [
            {
                "prompt": cell.prompt,
                "model": cell.model,
                "verdict": cell.verdict.state.value,
                "sentence": verdict_words(view, cell),
                "right": cell.counts.right,
                "wrong": cell.counts.wrong,
                "errored": cell.counts.errored,
                "from_cache": cell.counts.cached,
                "wrong_rate": cell.verdict.point,
                "lower": cell.verdict.lower,
                "upper": cell.verdict.upper,
                "upper_with_errors_wrong": cell.verdict.worst.upper,
                "more_if_none_wrong": cell.verdict.more_if_none_wrong,
                "more_at_this_rate": cell.verdict.more_at_this_rate,
                "cost": cell.counts.cost / NANO,
                "currency": cell.currency,
                "input_tokens": cell.counts.input_tokens,
                "output_tokens": cell.counts.output_tokens,
            }
            for cell in view.cells
        ],
    }


def _execute(workspace: Workspace, run_id: int, *, quiet: bool) -> None:
    view = runs.run_view(workspace, run_id)
    line = ProgressLine(view.run.total, view.run.done, sys.stderr, quiet=quiet)
    try:
        runs.work(workspace, run_id, line.count)
    finally:
        line.close()


def _show(view: RunView) -> None:
    for cell in view.cells:
        say(f"{cell.title}: {cell.verdict.state}. {_capital(verdict_words(view, cell))}.")
    if view.saved:
        say(f"{_capital(saved_words(view))}.")
    if view.wear is not None and view.wear.warning:
        say(view.wear.warning)
    if note := evidence_note(view.tolerance):
        say(note)
    if view.status is not RunStatus.FINISHED:
        cause = f": {view.run.cause}" if view.run.cause else ""
        say(
            f"Run {view.run.id} is {view.status} at {view.run.done:,} of {view.run.total:,}{cause}."
        )
        say(f"Go on with it: llmops-tui run --resume {view.run.id}")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _list(workspace: Workspace, project: Project, as_json: bool) -> None:
    views = runs.list_runs(workspace, project.id)
    if as_json:
        print_json([as_data(view) for view in views])
        return
    if not views:
        say("The project has no run yet.")
        return
    table(
        ("run", "status", "done", "of", "data set", "prompt", "verdict", "wrong [bounds]", "saved"),
        [
            (
                str(view.run.id),
                view.status.value,
                f"{view.run.done:,}",
                f"{view.run.total:,}",
                view.dataset,
                cell.title,
                cell.verdict.state.value,
                rate_words(cell.verdict),
                f"{view.saved:,}" if view.saved else "",
            )
            for view in views
            for cell in view.cells
        ],
        frozenset({0, 2, 3, 7, 8}),
    )


def _models(workspace: Workspace, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(models.find_model(workspace, name).model.id for name in (names or (None,)))


def _versions(workspace: Workspace, project: Project, names: tuple[str, ...]) -> tuple[int, ...]:
    if not names:
        found = [view for view in prompts.list_prompts(workspace, project.id) if view.newest]
        if len(found) != 1:
            listed = ", ".join(view.prompt.name for view in found) or "none yet"
            raise InputError("Which prompt?", f"Name one with --prompt: {listed}.")
        newest = found[0].newest
        assert newest is not None
        return (newest.id,)
    return tuple(_version(workspace, project, name) for name in names)


def _version(workspace: Workspace, project: Project, name: str) -> int:
    if "@" in name:
        prompt, label = name.rsplit("@", 1)
        return prompts.get_version(workspace, project.id, prompt, label=label).id
    prompt, _, number = name.partition(":")
    if number and not number.lstrip("v").isdecimal():
        raise InputError(f"{name!r} names no prompt version.", "Write NAME, NAME:3 or NAME@label.")
    wanted = int(number.lstrip("v")) if number else None
    return prompts.get_version(workspace, project.id, prompt, number=wanted).id


def _dataset_version(workspace: Workspace, project: Project, name: str | None) -> int:
    version = datasets.find_dataset(workspace, project.id, name).version
    assert version is not None
    return version.id
