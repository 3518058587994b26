"""`llmops-tui demo`: a workspace to look at, with a real model and a run under way."""

from __future__ import annotations

from pathlib import Path

import click

from llmops_tui.cli.output import common, say
from llmops_tui.services.workspace import open_workspace


@click.command()
@click.option("--no-open", is_flag=True, help="Make the workspace and start the run, open nothing.")
@click.option("--fresh", is_flag=True, help="Make it anew; an older one is kept beside it.")
@click.pass_context
def demo(ctx: click.Context, no_open: bool, fresh: bool) -> None:
    """Open a demonstration workspace: real data, a real small model, a test run to watch."""
    from llmops_tui.services import demo as service

    path: Path = common(ctx)["db"] or service.demo_path()
    if fresh:
        kept = service.set_aside(path)
        if kept is not None:
            say(f"The older one is now {kept}.")
    workspace = open_workspace(path)
    started = service.prepare(workspace)
    say(started.sentence)
    workspace.db.close()
    if no_open:
        return
    from llmops_tui.cli.app import open_app

    ctx.exit(open_app(path, common(ctx)["project"] or started.project))
