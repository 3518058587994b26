"""`llmops-tui gateway`: receive production calls."""

from __future__ import annotations

import os
import sys
from typing import TypedDict, Unpack

import click

from llmops_tui.cli.output import common, printable, say, workspace_of
from llmops_tui.core.errors import ExitCode
from llmops_tui.services import gateway as service
from llmops_tui.services.workspace import Workspace

TOKEN_VARIABLE = "LLMOPS_TUI_GATEWAY_TOKEN"


class GatewayChoices(TypedDict):
    """What `gateway` is told."""

    host: str
    port: int
    token_env: str
    upstream: str | None
    audit: float
    steps: bool
    daemon: bool
    status: bool
    stop: bool


@click.command()
@click.option(
    "--host", default="127.0.0.1", help="Where to listen; anything but loopback needs a token."
)
@click.option("--port", default=4318, type=click.IntRange(0, 65535), help="0 for any free one.")
@click.option(
    "--token-env",
    default=TOKEN_VARIABLE,
    help=f"The environment variable that holds the token. Default: {TOKEN_VARIABLE}.",
)
@click.option("--upstream", help="The endpoint that proxied calls go to. Default: the first.")
@click.option(
    "--audit",
    type=click.FloatRange(0, 1),
    default=service.AUDIT_SHARE,
    show_default=True,
    help="Share of unflagged calls that are drawn for review at random.",
)
@click.option(
    "--steps/--drop-steps",
    default=True,
    help="Keep spans that are no call (tools, retrieval, agents) as the steps of their trace.",
)
@click.option("--daemon", is_flag=True, help="Go on in the background; say where, and return.")
@click.option("--status", is_flag=True, help="Say which gateways write into this workspace.")
@click.option("--stop", is_flag=True, help="Stop the gateways of this workspace.")
@click.pass_context
def gateway(ctx: click.Context, **options: Unpack[GatewayChoices]) -> None:
    """Receive production calls: OTLP/HTTP at /v1/traces, and a logging proxy at /v1/….

    Point an exporter at http://127.0.0.1:4318, or an OpenAI client at
    http://127.0.0.1:4318/v1. Ctrl-c stops it; what was acknowledged is kept.

    Exit code of --status: 0 one is at work, 3 none is, or none that can write.
    """
    workspace = workspace_of(ctx)
    if options["status"]:
        ctx.exit(_status(workspace))
    if options["stop"]:
        count = service.stop_all(workspace)
        say(f"{count} asked to stop." if count else "No gateway is at work.")
        return
    if options["daemon"]:
        _start(ctx, workspace)
        return
    project = service.project_for_calls(workspace, common(ctx)["project"])

    def ready(address: str) -> None:
        say(f"Listening at {printable(address)}: OTLP at /v1/traces, proxy at /v1. Ctrl-c stops.")

    service.serve(
        workspace,
        project,
        host=options["host"],
        port=options["port"],
        token=os.environ.get(options["token_env"]) or None,
        upstream=options["upstream"],
        audit_share=options["audit"],
        steps=options["steps"],
        ready=ready,
    )


def _start(ctx: click.Context, workspace: Workspace) -> None:
    """The same command without --daemon, in a process of its own."""
    shared = common(ctx)
    arguments = ["--db", str(workspace.path)]
    arguments += ["--project", shared["project"]] if shared["project"] else []
    mine = sys.argv[sys.argv.index("gateway") :]
    arguments += [word for word in mine if word != "--daemon"]
    log = workspace.path.with_name(f"{workspace.path.stem}.gateway.log")
    state = service.start_detached(workspace, arguments, log)
    say(f"Listening at {printable(state.url)} (process {state.pid}); it says more in {log}.")
    say("`llmops-tui gateway --stop` stops it.")


def _status(workspace: Workspace) -> int:
    up = service.at_work(workspace)
    for state in up:
        counts = ", ".join(f"{number:,} {name}" for name, number in state.counts.items() if number)
        say(f"{state.url} (process {state.pid}): {counts or 'nothing received yet'}.")
    troubled = [
        (state, why) for state in service.last_ones(workspace) if (why := service.trouble(state))
    ]
    for state, why in troubled:
        say(printable(f"{state.url} (process {state.pid}) is at work and stores nothing: {why}"))
    if not up and not troubled:
        say("No gateway is at work.")
    return int(ExitCode.WITHIN if up else ExitCode.UNDECIDED)
