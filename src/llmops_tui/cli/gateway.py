"""`llmops-tui gateway`: receive production calls."""

from __future__ import annotations

import os

import click

from llmops_tui.cli.output import common, printable, say, workspace_of
from llmops_tui.services import gateway as service

TOKEN_VARIABLE = "LLMOPS_TUI_GATEWAY_TOKEN"


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
@click.pass_context
def gateway(
    ctx: click.Context, host: str, port: int, token_env: str, upstream: str | None, audit: float
) -> None:
    """Receive production calls: OTLP/HTTP at /v1/traces, and a logging proxy at /v1/….

    Point an exporter at http://127.0.0.1:4318, or an OpenAI client at
    http://127.0.0.1:4318/v1. Ctrl-c stops it; what was acknowledged is kept.
    """
    workspace = workspace_of(ctx)
    project = service.project_for_calls(workspace, common(ctx)["project"])

    def ready(address: str) -> None:
        say(f"Listening at {printable(address)}: OTLP at /v1/traces, proxy at /v1. Ctrl-c stops.")

    service.serve(
        workspace,
        project,
        host=host,
        port=port,
        token=os.environ.get(token_env) or None,
        upstream=upstream,
        audit_share=audit,
        ready=ready,
    )
