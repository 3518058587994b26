"""`llmops-tui prompts`: prompts as files, in a repository and in other tools' formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmops_tui.cli.output import project_of, say, table, workspace_of
from llmops_tui.core.errors import ExitCode

if TYPE_CHECKING:
    from llmops_tui.services.prompt_files import Pair

FORMATS = ("own", "dotprompt", "prompty", "llm", "promptfoo", "openai")
DIRECTORY = click.Path(path_type=Path, file_okay=False)


@click.group()
def prompts() -> None:
    """Prompts as files: a directory under git, and other tools' formats."""


@prompts.command()
@click.argument("directory", type=DIRECTORY)
@click.option("--force", is_flag=True, help="Overwrite files that conflict.")
@click.pass_context
def pull(ctx: click.Context, directory: Path, force: bool) -> None:
    """Write what is newer in the workspace into DIRECTORY, one file a prompt."""
    from llmops_tui.services import prompt_files

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    written, conflicts = prompt_files.pull(workspace, project.id, directory, force=force)
    for pair in written:
        say(f"{pair.path}: {pair.newest.title if pair.newest else ''}")
    if not written and not conflicts:
        say("Nothing to pull: the directory is up to date.")
    _conflicts(ctx, conflicts, "--force takes the workspace's text")


@prompts.command()
@click.argument("directory", type=DIRECTORY)
@click.option("--note", default="", help="What changed, for the new versions.")
@click.option("--force", is_flag=True, help="Save files that conflict as the newest version.")
@click.pass_context
def push(ctx: click.Context, directory: Path, note: str, force: bool) -> None:
    """Save what was changed in DIRECTORY as new versions."""
    from llmops_tui.services import prompt_files

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    saved, conflicts = prompt_files.push(workspace, project.id, directory, note=note, force=force)
    for version in saved:
        say(f"saved {version.title}")
    if not saved and not conflicts:
        say("Nothing to push: the workspace has it all.")
    _conflicts(ctx, conflicts, "--force takes the file's text")


@prompts.command()
@click.argument("directory", type=DIRECTORY)
@click.pass_context
def diff(ctx: click.Context, directory: Path) -> None:
    """Show what differs between DIRECTORY and the workspace; 1 where something does."""
    from llmops_tui.services import prompt_files
    from llmops_tui.services.prompt_files import Standing

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    pairs = prompt_files.compare(workspace, project.id, directory)
    differing = [pair for pair in pairs if pair.standing is not Standing.SAME]
    for pair in differing:
        _show(pair)
    if not differing:
        say(f"{len(pairs)} prompts, all the same.")
    ctx.exit(int(ExitCode.EXCEEDED) if differing else 0)


@prompts.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="Default: by the name.")
@click.option("--dry-run", is_flag=True, help="Read and say what is there, save nothing.")
@click.pass_context
def import_(
    ctx: click.Context, files: tuple[Path, ...], format_name: str | None, dry_run: bool
) -> None:
    """Import prompts from FILES or directories: Dotprompt, Prompty, llm, promptfoo, OpenAI."""
    from llmops_tui.services import prompt_files

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    made, problems = prompt_files.import_files(
        workspace, project.id, files, format_name=format_name, dry_run=dry_run
    )
    if made:
        table(
            ("prompt", "version", "format", "messages"),
            [
                (
                    one.file.name,
                    f"v{one.version.number}" if one.version else "-" if dry_run else "same",
                    one.file.format,
                    str(len(one.file.messages)),
                )
                for one in made
            ],
            frozenset({3}),
        )
    for one in made:
        for warning in one.file.warnings:
            say(f"{one.file.name}: {warning}")
    for problem in problems:
        click.echo(f"not imported: {_safe(problem)}", err=True)
    if problems:
        ctx.exit(int(ExitCode.FAILED))


@prompts.command()
@click.argument("name")
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="own")
@click.option("--label", help="The version that this label points to.")
@click.option("--version", "number", type=int, help="The version of this number.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def export(
    ctx: click.Context,
    name: str,
    format_name: str,
    label: str | None,
    number: int | None,
    output: Path | None,
) -> None:
    """Write the prompt NAME in another tool's format, to the screen or a file."""
    from llmops_tui.services import prompt_files
    from llmops_tui.services import prompts as service

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    version = service.get_version(workspace, project.id, name, label=label, number=number)
    text = prompt_files.export(version, format_name, workspace)
    if output is None:
        say(text.removesuffix("\n"))
        return
    output.write_text(text, "utf-8")
    say(f"{version.title} is in {output}.")


def _show(pair: Pair) -> None:
    say(f"{pair.name}: {pair.standing}. {pair.problem}".rstrip(". ") + ".")
    for line in pair.diff():
        say(f"  {line}")


def _conflicts(ctx: click.Context, conflicts: list[Pair], way_out: str) -> None:
    for pair in conflicts:
        _show(pair)
    if conflicts:
        say(f"{len(conflicts)} left as they are: {way_out}, or edit the file.")
        ctx.exit(int(ExitCode.FAILED))


def _safe(text: str) -> str:
    from llmops_tui.cli.output import printable

    return printable(text)
