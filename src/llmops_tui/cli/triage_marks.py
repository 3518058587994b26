"""`llmops-tui triage tag|assign|second|audit`: who judges what, and by which words it is found."""

from __future__ import annotations

import click

from llmops_tui.cli.output import project_of, say, workspace_of
from llmops_tui.core.call import Lane
from llmops_tui.core.errors import InputError
from llmops_tui.services import auditing, call_marks
from llmops_tui.services import triage as service


@click.command()
@click.argument("call", type=int)
@click.argument("tags", nargs=-1)
@click.option("--remove", is_flag=True, help="Take the TAGS off instead.")
@click.pass_context
def tag(ctx: click.Context, call: int, tags: tuple[str, ...], remove: bool) -> None:
    """Put TAGS on a CALL, or say which it has."""
    workspace = workspace_of(ctx)
    has = (
        call_marks.add_tags(workspace, call, " ".join(tags), remove=remove)
        if tags
        else service.open_call(workspace, call).tags
    )
    say(f"Call {call}: {' '.join(f'#{one}' for one in has) or 'no tag'}.")


@click.command()
@click.argument("calls", type=int, nargs=-1, required=True)
@click.option("--to", "name", help="Login name of who shall judge them.")
@click.option("--nobody", is_flag=True, help="They wait for whoever comes.")
@click.pass_context
def assign(ctx: click.Context, calls: tuple[int, ...], name: str | None, nobody: bool) -> None:
    """Make CALLS somebody's: they wait for nobody else."""
    if (name is None) != nobody:
        raise InputError("Say whose the calls are.", "With --to NAME, or --nobody.")
    call_marks.assign(workspace_of(ctx), calls, name or "")
    waits = f"wait for {name} alone" if name else "wait for whoever comes"
    say(
        f"Call {calls[0]} {waits.replace('wait', 'waits', 1)}."
        if len(calls) == 1
        else f"{len(calls):,} calls {waits}."
    )


@click.command()
@click.argument("percent", type=click.FloatRange(0, 100), required=False)
@click.pass_context
def second(ctx: click.Context, percent: float | None) -> None:
    """Say which share of the judged calls a second person judges too, or make it PERCENT.

    A wrong one of the audit is judged twice in any case. What was drawn stays drawn.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    if percent is not None:
        service.set_second_share(workspace, project.id, percent / 100)
    share = service.second_share(workspace, project.id)
    waiting = service.waiting(workspace, project.id)
    say(
        f"{share * 100:g} % are judged twice, blind. For {workspace.person} "
        f"{waiting[Lane.SECOND]:,} wait for a second look, {waiting[Lane.RESOLVE]:,} to be "
        "resolved."
    )


@click.command()
@click.argument("share", type=click.FloatRange(0, 1), required=False)
@click.pass_context
def audit(ctx: click.Context, share: float | None) -> None:
    """Say which share of the unflagged calls is drawn for review, or raise it to SHARE.

    What is stored of the tolerance's window is drawn from as well, so that the estimate doesn't
    lean to the time since. Gateways follow within ten seconds.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    if share is None:
        now = auditing.share(workspace, project.id)
        say(f"{100 * now:.3g} % of the unflagged calls are drawn for the audit.")
    else:
        say(auditing.raise_share(workspace, project.id, share))
