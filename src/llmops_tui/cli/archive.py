"""`llmops-tui archive`: production calls as Parquet files, a directory for each day."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from llmops_tui.cli.output import common, print_json, project_of, say, workspace_of
from llmops_tui.services import archive as service
from llmops_tui.services.retention import megabytes


class _DirectoryFirst(click.Group):
    """`archive DIR` writes: the first word is a directory unless it is a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, `write` where none is named."""
        if args and args[0] not in self.commands:
            args = ["write", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_DirectoryFirst)
def archive() -> None:
    """Production calls as Parquet files by day (`day=2026-11-24/…`), for DuckDB, Spark, the app.

    `llmops-tui archive DIR` is short for `archive write DIR`. Needs the extra `archive`.
    """


@archive.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--before", default="", help="Days before this one: 2026-11-01, or 30d. Default: today (UTC)."
)
@click.option(
    "--remove",
    is_flag=True,
    help="Remove from the workspace what was archived and read back, but for what people judged, "
    "still have to, or use.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def write(ctx: click.Context, directory: Path, before: str, remove: bool, as_json: bool) -> None:
    """Write whole days (UTC) into DIRECTORY, with flags, verdicts, feedback and traces.

    A day that is there already is left alone; calls and verdicts that came later are added to it.
    It may be stopped at any moment and run again.
    """
    workspace = workspace_of(ctx)
    project_id = project_of(ctx, workspace).id if common(ctx)["project"] else None
    until = service.read_before(before)
    done = []
    for day in service.write(workspace, directory, until, project_id=project_id, remove=remove):
        done.append(day)
        if not as_json:
            state = "written" if day.wrote else "as it was"
            gone = f", {day.removed:,} removed here" if remove else ""
            say(f"{day.day}: {day.calls:,} calls, {megabytes(day.size)}, {state}{gone}")
    if as_json:
        print_json([asdict(day) for day in done])
    elif not done:
        say("No call is stored of a day before that.")
