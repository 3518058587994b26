"""`llmops-tui incidents`: when production was beyond its tolerance, and what was done."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from llmops_tui.cli.output import print_json, project_of, say, table, workspace_of
from llmops_tui.core.errors import ExitCode
from llmops_tui.services import incidents as service
from llmops_tui.services import projects, triage


@click.group()
def incidents() -> None:
    """Times at which production was beyond its tolerance."""


@incidents.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Look at production, and list the project's incidents, newest first.

    Exit code: 0 none is open, 1 one is.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    tolerance = projects.tolerance_of(workspace, project.id)
    live = triage.live_estimate(workspace, tolerance, project.id)
    now = service.look(workspace, project.id, tolerance, live)
    found = service.listed(workspace, project.id)
    if as_json:
        print_json(
            [
                {
                    "incident": item.id,
                    "cause": item.cause,
                    "owner": item.owner,
                    "opened_at": item.opened_at,
                    "closed_at": item.closed_at,
                }
                for item in found
            ]
        )
    elif found:
        table(
            ("incident", "opened", "closed", "owner", "cause"),
            [
                (
                    str(item.id),
                    _time(item.opened_at),
                    "open" if item.closed_at is None else _time(item.closed_at),
                    item.owner or "nobody",
                    item.cause[:60],
                )
                for item in found
            ],
            frozenset({0}),
        )
    else:
        say(f"No incident. {live.sentence}")
    ctx.exit(int(ExitCode.WITHIN if now is None else ExitCode.EXCEEDED))


@incidents.command()
@click.argument("number", type=int)
@click.pass_context
def show(ctx: click.Context, number: int) -> None:
    """Print an incident with its timeline and what may be done."""
    found = service.view(workspace_of(ctx), number)
    say(found.incident.cause)
    for event in found.timeline:
        say(f"{_time(event.happened_at)}  {event.kind}, {event.author}: {event.sentence}")
    if not found.is_over:
        for item in found.roll_backs:
            say(f"may be done: {item.sentence()}")
        if found.larger_audit:
            say(f"may be done: {found.larger_audit}.")
        for sentence in found.advice:
            say(sentence)


@incidents.command("roll-back")
@click.argument("number", type=int)
@click.confirmation_option(prompt="Move production back to the last version that was within?")
@click.pass_context
def roll_back(ctx: click.Context, number: int) -> None:
    """Move production back to the last version that was within the tolerance."""
    say(service.roll_back(workspace_of(ctx), number))


@incidents.command("raise-audit")
@click.argument("number", type=int)
@click.pass_context
def raise_audit(ctx: click.Context, number: int) -> None:
    """Draw twice as many unflagged calls for review, of the window as well."""
    say(service.raise_audit(workspace_of(ctx), number))


@incidents.command()
@click.argument("number", type=int)
@click.argument("text")
@click.pass_context
def note(ctx: click.Context, number: int, text: str) -> None:
    """Write TEXT into an incident's timeline."""
    service.note(workspace_of(ctx), number, text)
    say(f"Incident {number}: noted.")


@incidents.command()
@click.argument("number", type=int)
@click.argument("text")
@click.pass_context
def close(ctx: click.Context, number: int, text: str) -> None:
    """End an incident with what it came to."""
    service.close(workspace_of(ctx), number, text)
    say(f"Incident {number} is closed.")


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"
