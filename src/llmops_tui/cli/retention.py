"""`llmops-tui retention`: how long production calls are kept."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime

import click

from llmops_tui.cli.output import common, print_json, project_of, say, workspace_of
from llmops_tui.core.retention import RetentionPolicy, read_days, read_megabytes
from llmops_tui.services import retention as service
from llmops_tui.services.workspace import Workspace

UNASSIGNED = click.option(
    "--unassigned", is_flag=True, help="About calls that belong to no project."
)


@click.group()
def retention() -> None:
    """How long production calls are kept: by age, by size, or as it is at first, for good.

    What a person judged or still has to judge stays whatever its age, and so does what became an
    example, was corrected by a user or belongs to an incident. Rates over windows that removed
    calls lie in stay what they were. A gateway removes what is due, once a minute.
    """


@retention.command()
@UNASSIGNED
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def show(ctx: click.Context, unassigned: bool, as_json: bool) -> None:
    """Say what is kept, what it takes, and what would go now."""
    workspace = workspace_of(ctx)
    found = service.view(workspace, _whose(ctx, workspace, unassigned))
    if as_json:
        print_json(_data(found))
        return
    say(f"{found.project or 'calls of no project'}: {found.policy.words()}.")
    since = f", the oldest of {_day(found.oldest)}" if found.oldest is not None else ""
    about = "about " if found.measured else "at least "
    say(f"Stored: {found.size.calls:,} calls, {about}{service.megabytes(found.size.size)}{since}.")
    if found.size.removed_calls:
        gone = service.megabytes(found.size.removed_size)
        say(
            f"Removed so far: {found.size.removed_calls:,} calls, {gone}; every call since "
            f"{_day(found.size.removed_until)} is there."
        )
    say(service.outlook_words(found.outlook, found.policy))
    say(service.space_words(found.file))
    if found.policy.is_on and not found.gateways:
        say("No gateway is at work to remove it: `llmops-tui retention run` does.")


@retention.command("set")
@click.option("--days", help="Calls older than so many days go; off for any age.")
@click.option("--size", help="While the calls take more than this, such as 2 GB, the oldest go.")
@click.option("--off", is_flag=True, help="Keep everything again.")
@UNASSIGNED
@click.pass_context
def set_(
    ctx: click.Context, days: str | None, size: str | None, off: bool, unassigned: bool
) -> None:
    """Say how long calls are kept. What isn't named stays as it is."""
    if days is None and size is None and not off:
        raise click.UsageError("Say --days, --size or --off.")
    workspace = workspace_of(ctx)
    project_id = _whose(ctx, workspace, unassigned)
    before = service.view(workspace, project_id)
    wanted = RetentionPolicy() if off else before.policy
    if days is not None:
        wanted = replace(wanted, days=read_days(days))
    if size is not None:
        wanted = replace(wanted, megabytes=read_megabytes(size))
    service.set_policy(workspace, project_id, wanted)
    say(f"{before.project or 'calls of no project'}: {wanted.words()}.")
    if wanted.is_on:
        say(service.outlook_words(service.outlook(workspace, project_id, wanted), wanted))
        say("A gateway at work begins within a minute; `llmops-tui retention run` does it now.")


@retention.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@UNASSIGNED
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def run(ctx: click.Context, dry_run: bool, unassigned: bool, as_json: bool) -> None:
    """Remove now what is due, of every project or the one that --project names.

    In short transactions, so that a gateway goes on writing; ctrl+c ends it after the current one,
    and what is left goes the next time.
    """
    workspace = workspace_of(ctx)
    if dry_run:
        found = service.view(workspace, _whose(ctx, workspace, unassigned))
        if as_json:
            print_json(_data(found)["would_go"])
        else:
            say(service.outlook_words(found.outlook, found.policy))
        return
    every = not unassigned and not common(ctx)["project"]
    project_id = None if every else _whose(ctx, workspace, unassigned)
    done = service.run(workspace, project_id, every_project=every, go_on=_progress)
    if sys.stderr.isatty():
        click.echo(err=True)
    if as_json:
        print_json(
            {"calls": done.calls, "bytes": done.size, "longest_ms": round(done.longest_ms, 1)}
        )
        return
    say(
        f"{done.calls:,} calls removed, {service.megabytes(done.size)}; the file was held for at "
        f"most {done.longest_ms:.0f} ms at a time."
    )


@retention.command()
@click.pass_context
def compact(ctx: click.Context) -> None:
    """Write the file anew without its free space; needs room for a copy, and no gateway at work.

    A file made by this version gives space back by itself and needs this never.
    """
    say(service.space_words(service.compact(workspace_of(ctx))))


def _whose(ctx: click.Context, workspace: Workspace, unassigned: bool) -> int | None:
    return None if unassigned else project_of(ctx, workspace).id


def _progress(tally: service.Tally) -> bool:
    if sys.stderr.isatty():
        click.echo(f"\r{tally.calls:,} calls, {service.megabytes(tally.size)} ", nl=False, err=True)
    return True


def _day(when: int | None) -> str:
    return "" if when is None else f"{datetime.fromtimestamp(when / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _data(found: service.RetentionView) -> dict[str, object]:
    would_go = found.outlook
    return {
        "project": found.project or None,
        "days": found.policy.days,
        "megabytes": found.policy.megabytes,
        "calls": found.size.calls,
        "bytes": found.size.size,
        "oldest": found.oldest,
        "removed_calls": found.size.removed_calls,
        "removed_bytes": found.size.removed_size,
        "complete_from": found.size.removed_until,
        "would_go": {
            "calls": would_go.calls,
            "bytes": would_go.size,
            "by_age": would_go.by_age.calls,
            "by_size": would_go.by_size.calls,
            "kept": would_go.kept,
        },
        "file_bytes": found.file.size,
        "free_bytes": found.file.free,
        "shrinks": found.file.shrinks,
    }
