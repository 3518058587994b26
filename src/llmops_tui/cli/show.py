"""`llmops-tui show`: print one text whole, as the app's copy key gives it."""

from __future__ import annotations

import click

from llmops_tui.cli.output import project_of, whole, workspace_of
from llmops_tui.services import whole_texts


@click.group()
def show() -> None:
    """Print one example, sample or call whole.

    A terminal gets control characters as visible escapes; a pipe or a file gets the text as it is.
    """


@show.command()
@click.argument("dataset")
@click.argument("row", type=click.IntRange(1))
@click.pass_context
def example(ctx: click.Context, dataset: str, row: int) -> None:
    """Print ROW of the newest version of DATASET, as JSON."""
    workspace = workspace_of(ctx)
    whole(whole_texts.example(workspace, project_of(ctx, workspace).id, dataset, row))


@show.command()
@click.argument("number", type=int)
@click.pass_context
def sample(ctx: click.Context, number: int) -> None:
    """Print the answer of the sample of this NUMBER, or what the endpoint sent instead."""
    whole(whole_texts.sample(workspace_of(ctx), number))


@show.command()
@click.argument("number", type=int)
@click.pass_context
def call(ctx: click.Context, number: int) -> None:
    """Print the answer of the production call of this NUMBER, or its error."""
    whole(whole_texts.call(workspace_of(ctx), number))
