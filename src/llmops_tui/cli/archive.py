"""`llmops-tui archive`: production calls as Parquet files, a directory for each day."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from llmops_tui.cli.output import common, print_json, project_of, say, table, whole, workspace_of
from llmops_tui.core.errors import ExitCode
from llmops_tui.core.retention import DAY_MS
from llmops_tui.services import archive as service
from llmops_tui.services import archive_search
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


@archive.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("words", nargs=-1)
@click.option("--model", default="", help="A part of the model's name.")
@click.option("--prompt", default="", help="A part of the prompt's name.")
@click.option("--project", default="", help="A part of the project's name.")
@click.option("--flag", "flag_rules", default="", help="A rule that flagged the call.")
@click.option("--status", default="", help="ok, error or cancelled.")
@click.option("--verdict", default="", help="right, wrong, unsure, or none.")
@click.option("--since", default="", help="From this day on (UTC), such as 2026-11-01.")
@click.option("--until", default="", help="Up to this day, included.")
@click.option("--limit", default=50, type=click.IntRange(1, 100_000), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def search(
    directory: Path,
    words: tuple[str, ...],
    since: str,
    until: str,
    limit: int,
    as_json: bool,
    **fields: str,
) -> None:
    """Find calls of an archive that hold all WORDS, the newest first. Needs the extra `duckdb`.

    Words are looked for in question, answer, error and reviewers' notes, whatever their case.
    Exit code: 0 some were found, 1 none.
    """
    times = {}
    if since:
        times["since"] = archive_search.day_of(since)
    if until:
        times["until"] = archive_search.day_of(until) + DAY_MS
    found = archive_search.search(directory, archive_search.wanted_of(words, fields, times), limit)
    for damaged in found.damaged:
        click.echo(f"The file of {damaged} can't be read; it was passed over.", err=True)
    if as_json:
        print_json([_line(line) for line in found.lines])
    elif found.lines:
        table(
            ("call", "started (UTC)", "model", "prompt", "status", "flags", "verdict", "answer"),
            [
                (
                    str(line.id),
                    f"{_moment(line.started_at):%Y-%m-%d %H:%M:%S}",
                    line.model,
                    f"{line.prompt} {line.prompt_version}".strip(),
                    line.status,
                    line.flag_rules,
                    line.verdict,
                    (line.output_head or line.error)[:60],
                )
                for line in found.lines
            ],
            frozenset({0}),
        )
    else:
        say(f"No such call in {found.days:,} days." if found.days else "No day is archived there.")
    if not found.lines:
        click.get_current_context().exit(int(ExitCode.EXCEEDED))


@archive.command("show")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("number", type=int)
@click.option("--day", default="", help="The day (UTC) on which it started: quicker.")
@click.option("--json", "as_json", is_flag=True, help="Print all that is kept of it as JSON.")
def show_(directory: Path, number: int, day: str, as_json: bool) -> None:
    """Print the answer of the archived call of this NUMBER, or its error."""
    if day:
        archive_search.day_of(day)
    call = archive_search.open_call(directory, number, day)
    if as_json:
        lists = ("flags", "reviews", "feedback", "steps")
        print_json({**call.values, **{name: call.listed(name) for name in lists}})
    else:
        whole(call.text("output") or call.text("error"))


def _line(line: archive_search.ArchivedLine) -> dict[str, object]:
    told = asdict(line)
    told["started_at"] = f"{_moment(line.started_at):%Y-%m-%dT%H:%M:%S.%f}Z"
    return told


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
