"""`llmops-tui run`: plan a test run and execute it, or go on with one."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from llmops_tui.cli.output import (
    common,
    print_json,
    printable,
    project_of,
    say,
    table,
    workspace_of,
)
from llmops_tui.cli.progress import ProgressLine
from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.core.run import RunStatus
from llmops_tui.services import datasets, models, prompts, runs
from llmops_tui.services.models import ModelView
from llmops_tui.services.run_words import rate_words, spent_words
from llmops_tui.services.runs import RunRequest
from llmops_tui.services.workspace import Workspace

if TYPE_CHECKING:
    from llmops_tui.services.reports.content import RunReport

NANO = 1_000_000_000
FILE = click.Path(path_type=Path, dir_okay=False)


class RunOptions(TypedDict):
    """What `run` is told."""

    config: Path | None
    prompt_names: tuple[str, ...]
    model_names: tuple[str, ...]
    judge_name: str | None
    dataset_name: str | None
    split: str | None
    limit: int | None
    repeats: int | None
    concurrency: int | None
    max_cost: float | None
    seed: int | None
    no_cache: bool
    stream: bool
    stop_when_decided: bool | None
    detach: bool
    resume_id: int | None
    pause_id: int | None
    cancel_id: int | None
    retune_id: int | None
    list_only: bool
    baseline: str | None
    junit: Path | None
    markdown: Path | None
    html: Path | None
    as_json: bool


@click.command()
@click.argument("config", required=False, type=FILE)
@click.option("--prompt", "prompt_names", multiple=True, help="NAME, NAME:3 or NAME@label.")
@click.option("--model", "model_names", multiple=True, help="Its name, or `embedded`. Repeatable.")
@click.option("--judge", "judge_name", help="The model that judges where CONFIG wants one to.")
@click.option("--dataset", "dataset_name", help="The data set. Default: the only one.")
@click.option("--split", help="Only examples of this split.")
@click.option("--limit", type=click.IntRange(1), help="At most this many examples, at random.")
@click.option("--repeats", type=click.IntRange(1), help="Ask each example so often. Default: 1.")
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
@click.option("--pause", "pause_id", type=int, help="Let this run finish what is under way.")
@click.option("--cancel", "cancel_id", type=int, help="End this run; what was measured stays.")
@click.option(
    "--retune",
    "retune_id",
    type=int,
    help="Give this run another --concurrency or --max-cost, also while it is under way.",
)
@click.option("--list", "list_only", is_flag=True, help="List the project's runs.")
@click.option("--baseline", help="Compare with this run, or with the version of this label.")
@click.option("--junit", type=FILE, help="Write JUnit XML for the CI's test report.")
@click.option("--markdown", type=FILE, help="Write Markdown; $GITHUB_STEP_SUMMARY is added to.")
@click.option("--html", type=FILE, help="Write one self-contained page.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def run(ctx: click.Context, **options: Unpack[RunOptions]) -> None:
    """Test prompts on a data set and say whether they are within the tolerance.

    CONFIG is another tool's file, run as it is: a promptfoo configuration, or a registry file of
    OpenAI's evals (FILE#NAME where it names several). What of it can't run here is said one by
    one; --model asks your own model instead of those that it names.

    Exit code: 0 within, 1 exceeded (or worse than the baseline), 3 undecided, 4 could not run.
    """
    workspace = workspace_of(ctx)
    as_json = options["as_json"]
    if options["list_only"]:
        _list(workspace, project_of(ctx, workspace), as_json)
        return
    cap = None if options["max_cost"] is None else round(options["max_cost"] * NANO)
    if _steer(workspace, options, cap):
        return
    if options["resume_id"] is not None:
        run_id = runs.run_view(workspace, options["resume_id"]).run.id
        runs.retune(workspace, run_id, concurrency=options["concurrency"], cost_cap=cap)
    elif options["config"] is not None:
        run_id = _plan_config(ctx, workspace, options["config"], options, cap)
    else:
        project = project_of(ctx, workspace)
        run_id = runs.plan_run(workspace, project.id, _request(workspace, project, options, cap))
    if options["detach"]:
        _detach(workspace, run_id, as_json)
        return
    _execute(workspace, run_id, quiet=as_json)
    ctx.exit(_end(workspace, run_id, options))


def _plan_config(
    ctx: click.Context, workspace: Workspace, path: Path, options: RunOptions, cap: int | None
) -> int:
    """Bring another tool's configuration in and plan its run; what can't run goes to stderr."""
    from llmops_tui.services import suites  # brings promptfoo's formats along

    asked = tuple(_model(workspace, name) for name in options["model_names"])
    name, split = common(ctx)["project"], options["split"]
    judge = None if options["judge_name"] is None else _model(workspace, options["judge_name"])
    suite = suites.bring_in(workspace, path, project=name, models=asked, split=split, judge=judge)
    for line in suite.lines:
        click.echo(printable(line), err=True)
    request = suite.request
    request = replace(
        request,
        repeats=options["repeats"] or request.repeats,
        limit=options["limit"],
        concurrency=options["concurrency"] or request.concurrency,
        cost_cap=cap,
        use_cache=request.use_cache and not options["no_cache"],
        stream=options["stream"],
        stop_when_decided=options["stop_when_decided"] or False,
        seed=options["seed"],
    )
    return runs.plan_run(workspace, suite.project.id, request)


def _steer(workspace: Workspace, options: RunOptions, cap: int | None) -> bool:
    """Pause, cancel or retune a run that some other process is at; whether that was asked for."""
    pause, cancel, retune = options["pause_id"], options["cancel_id"], options["retune_id"]
    if pause is not None:
        runs.pause(workspace, runs.run_view(workspace, pause).run.id)
        say(f"Run {pause} pauses. Go on with it: llmops-tui run --resume {pause}")
    elif cancel is not None:
        runs.cancel(workspace, runs.run_view(workspace, cancel).run.id)
        say(f"Run {cancel} is cancelled.")
    elif retune is not None:
        concurrency = options["concurrency"]
        if concurrency is None and cap is None:
            raise InputError("Nothing to change.", "Give --concurrency, --max-cost, or both.")
        run_id = runs.run_view(workspace, retune).run.id
        runs.retune(workspace, run_id, concurrency=concurrency, cost_cap=cap)
        now = runs.run_view(workspace, run_id)
        say(f"Run {run_id}: {now.run.concurrency} at once, {spent_words(now)}.")
    else:
        return False
    return True


def _request(
    workspace: Workspace, project: Project, options: RunOptions, cap: int | None
) -> RunRequest:
    return RunRequest(
        prompt_version_ids=_versions(workspace, project, options["prompt_names"]),
        model_ids=_models(workspace, options["model_names"]),
        dataset_version_id=_dataset_version(workspace, project, options["dataset_name"]),
        repeats=options["repeats"] or 1,
        split=options["split"],
        limit=options["limit"],
        concurrency=options["concurrency"],
        cost_cap=cap,
        use_cache=not options["no_cache"],
        stream=options["stream"],
        stop_when_decided=options["stop_when_decided"],
        seed=options["seed"],
    )


def _end(workspace: Workspace, run_id: int, options: RunOptions) -> int:
    """Say what the run found, wherever it is wanted; the exit code."""
    # Reports and their formats are read when the run is over: the first request shouldn't wait.
    from llmops_tui.services.reports.content import gather
    from llmops_tui.services.reports.data import report_data
    from llmops_tui.services.reports.html import write_html
    from llmops_tui.services.reports.junit import write_run
    from llmops_tui.services.reports.writing import write_markdown

    report = gather(workspace, run_id, options["baseline"])
    for write, target in (
        (write_run, options["junit"]),
        (write_markdown, options["markdown"]),
        (write_html, options["html"]),
    ):
        if target is not None:
            write(workspace, report, target)
    if options["as_json"]:
        print_json(report_data(report))
    else:
        _show(report)
    return int(report.exit_code)


def _detach(workspace: Workspace, run_id: int, as_json: bool) -> None:
    pid = runs.start_worker(workspace, run_id)
    if as_json:
        print_json({"run": run_id, "pid": pid})
    else:
        say(f"Run {run_id} goes on in the background (process {pid}); watch it in the app.")


def _execute(workspace: Workspace, run_id: int, *, quiet: bool) -> None:
    done, total = runs.how_far(workspace, run_id)
    line = ProgressLine(total, done, sys.stderr, quiet=quiet)
    try:
        runs.work(workspace, run_id, line.count)
    finally:
        line.close()


def _show(report: RunReport) -> None:
    from llmops_tui.services.reports.content import sentence

    view = report.view
    for cell in view.cells:
        say(f"{cell.title}: {cell.verdict.state}. {sentence(view, cell)}")
    for item in report.baseline:
        say(f"Baseline: {item.sentence()}")
    for note in report.notes():
        say(note)
    if view.status is not RunStatus.FINISHED:
        say(f"Go on with it: llmops-tui run --resume {view.run.id}")


def _list(workspace: Workspace, project: Project, as_json: bool) -> None:
    views = runs.list_runs(workspace, project.id)
    if as_json:
        from llmops_tui.services.reports.data import run_data

        print_json([run_data(view) for view in views])
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
    return tuple(_model(workspace, name).model.id for name in (names or (None,)))


def _model(workspace: Workspace, name: str | None) -> ModelView:
    """A model by name; `embedded` is there without having been added."""
    if name == models.EMBEDDED_ENDPOINT:
        return models.ensure_embedded(workspace)
    return models.find_model(workspace, name)


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
