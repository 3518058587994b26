"""`llmops-tui dataset`: list data sets. `dataset_import` and `dataset_export` hold the rest."""

from __future__ import annotations

import click

from llmops_tui.cli.dataset_export import export
from llmops_tui.cli.dataset_import import import_
from llmops_tui.cli.output import print_json, project_of, table, workspace_of
from llmops_tui.services import datasets


@click.group()
def dataset() -> None:
    """Data sets: immutable versions of examples."""


dataset.add_command(import_)
dataset.add_command(export)


@dataset.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the project's data sets."""
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    found = datasets.list_datasets(workspace, project.id)
    if as_json:
        print_json(
            [
                {
                    "dataset": item.name,
                    "version": item.version.number if item.version else None,
                    "rows": item.version.rows if item.version else 0,
                    "bad_rows": item.version.bad_rows if item.version else 0,
                    "splits": dict(item.version.splits) if item.version else {},
                }
                for item in found
            ]
        )
        return
    table(
        ("data set", "version", "rows", "bad rows", "columns"),
        [
            (
                item.name,
                f"v{item.version.number}",
                f"{item.version.rows:,}",
                f"{item.version.bad_rows:,}",
                ", ".join(item.version.columns),
            )
            for item in found
            if item.version
        ],
        frozenset({2, 3}),
    )
