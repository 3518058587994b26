"""`llmops-tui ingest`: production calls out of log files."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from llmops_tui.cli.output import common, printable, say, workspace_of
from llmops_tui.core.errors import ExitCode, InputError
from llmops_tui.services import gateway as gateways


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@click.option("--follow", is_flag=True, help="Go on as the file grows, through rotations.")
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="PART=FIELD",
    help="Which field is what, such as output=result.text. What isn't named is guessed.",
)
@click.option(
    "--audit", type=click.FloatRange(0, 1), default=gateways.AUDIT_SHARE, show_default=True
)
@click.pass_context
def ingest(
    ctx: click.Context, file: Path, follow: bool, mapped: tuple[str, ...], audit: float
) -> None:
    """Take production calls from FILE, JSON Lines, or from - for a pipe.

    The same lines again are stored once. --follow goes on where it was left, also after a kill.

    Exit code: 0 all lines were calls, 1 some were not.
    """
    from llmops_tui.services.ingest import Ingester, LogMapping  # loads what reads calls
    from llmops_tui.services.retention import due_words

    workspace = workspace_of(ctx)
    project = gateways.project_for_calls(workspace, common(ctx)["project"])
    ingester = Ingester(workspace, project, LogMapping.of(mapped), audit)
    if str(file) == "-":
        found = ingester.stream(sys.stdin.buffer)
    elif not follow and not file.is_file():
        raise InputError(f"There is no file “{file}”.", "Name one, or - for a pipe.")
    else:
        ending = []
        if follow:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: ending.append(True))
            say(f"Following {file}. Ctrl-c stops.")
        found = ingester.file(file, follow=follow, stopped=lambda: bool(ending))
    say(found.sentence())
    too_old = due_words(workspace, project.id if project else None) if found.stored else ""
    if too_old:
        click.echo(printable(too_old), err=True)
    for refusal in found.refusals:
        click.echo(printable(f"no call: {refusal}"), err=True)
    ctx.exit(int(ExitCode.EXCEEDED if found.bad else ExitCode.WITHIN))
