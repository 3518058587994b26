"""`llmops-tui manual`: everything that the command line can do, on one page."""

from __future__ import annotations

from collections.abc import Iterator

import click

from llmops_tui.core.errors import ExitCode

EXIT_CODES = (
    (ExitCode.WITHIN, "done; for a run: within the tolerance"),
    (ExitCode.EXCEEDED, "the run's wrong rate exceeds the tolerance"),
    (ExitCode.USAGE, "the command line could not be understood"),
    (ExitCode.UNDECIDED, "undecided: more examples are needed"),
    (ExitCode.FAILED, "the command could not do its work"),
)


@click.command()
@click.pass_context
def manual(ctx: click.Context) -> None:
    """Print the help of every command, one after the other; for a pager."""
    root = ctx.find_root()
    for context in walk(root.command, click.Context(root.command, info_name="llmops-tui")):
        click.echo(f"{context.command_path.upper()}\n")
        click.echo(f"{context.get_help()}\n\n")
    click.echo("EXIT CODES\n")
    for code, meaning in EXIT_CODES:
        click.echo(f"  {int(code)}  {meaning}")


def walk(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """A command and all below it, each with a context that knows its whole name."""
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from walk(below, click.Context(below, parent=context, info_name=name))
