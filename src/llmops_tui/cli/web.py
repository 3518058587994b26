"""`llmops-tui serve-web`: the app in a browser."""

from __future__ import annotations

import click

from llmops_tui.cli.output import common

DEFAULT_PORT = 4380


@click.command("serve-web")
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@click.pass_context
def serve_web(ctx: click.Context, port: int) -> None:
    """Show the app in a browser on this machine, behind a token.

    Listens on loopback only: from elsewhere, tunnel to it (`ssh -L 4380:127.0.0.1:4380 host`).
    """
    from llmops_tui.ui import web

    options = common(ctx)
    web.serve(
        web.app_command(options["db"], options["project"]),
        port=port,
        say=lambda address: click.echo(f"{address}\nctrl-c stops."),
    )
