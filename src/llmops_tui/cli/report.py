"""`llmops-tui report`: a run as a page, a table or another tool's log."""

from __future__ import annotations

from pathlib import Path

import click

from llmops_tui.cli.output import project_of, say, workspace_of
from llmops_tui.core.errors import InputError
from llmops_tui.services import runs
from llmops_tui.services.reports.writing import files_of, formats, write_report
from llmops_tui.services.workspace import Workspace


@click.command(epilog=f"Formats, by the end of the name: {formats()}.")
@click.argument("run", metavar="RUN")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--baseline", help="Compare with this run, or with the version of this label.")
@click.pass_context
def report(ctx: click.Context, run: str, files: tuple[Path, ...], baseline: str | None) -> None:
    """Write a run's report into FILES; RUN is a run's number, or `latest`."""
    workspace = workspace_of(ctx)
    run_id = run_named(ctx, workspace, run)
    written = write_report(workspace, run_id, files, baseline)
    for file in files:
        for place in files_of(written, file):
            say(f"Run {run_id} ({written.state.value}) is in {place}.")


def run_named(ctx: click.Context, workspace: Workspace, named: str) -> int:
    """The id of a run by its number or `latest`.

    Raises:
        InputError: it is neither, or there is no run yet.
    """
    if named == "latest":
        found = runs.list_runs(workspace, project_of(ctx, workspace).id, limit=1)
        if not found:
            raise InputError("The project has no run yet.", "`llmops-tui run` makes one.")
        return found[0].run.id
    if not named.isdecimal():
        raise InputError(f"{named!r} is no run.", "Give a run's number, or `latest`.")
    return int(named)
