"""`llmops-tui dataset`: import, list and show data sets."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from llmops_tui.cli.output import print_json, printable, project_of, say, table, workspace_of
from llmops_tui.services import datasets
from llmops_tui.services.datasets import ImportPreview, ImportProgress


@click.group()
def dataset() -> None:
    """Data sets: immutable versions of examples."""


@dataset.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="The data set's name. Default: the file's.")
@click.option("--input", "inputs", multiple=True, help="A column that is an input. Repeatable.")
@click.option("--expected", help="The column with the right answer.")
@click.option("--tags", "tags", multiple=True, help="A column with tags. Repeatable.")
@click.option("--split", help="The column that names the split.")
@click.option("--format", "kind", help="csv, tsv, jsonl, json or lines; default: found out.")
@click.option("--encoding", help="Such as utf-8 or latin-1; default: found out.")
@click.option("--delimiter", help="Between cells; default: found out.")
@click.option("--header/--no-header", default=None, help="Whether the first row names columns.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def import_(
    ctx: click.Context,
    path: Path,
    name: str | None,
    inputs: tuple[str, ...],
    expected: str | None,
    tags: tuple[str, ...],
    split: str | None,
    kind: str | None,
    encoding: str | None,
    delimiter: str | None,
    header: bool | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import PATH (CSV, TSV, JSONL, JSON or lines of text) as a new data set version."""
    overrides = datasets.source_hints(
        kind=kind, encoding=encoding, delimiter=delimiter, header=header
    )
    preview = datasets.preview_import(path, overrides)
    preview = datasets.remap(preview, inputs=inputs, expected=expected, tags=tags, split=split)
    if dry_run:
        _show_preview(preview)
        return
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    result = datasets.import_dataset(
        workspace,
        project.id,
        preview,
        name=name,
        on_progress=_show_progress if sys.stderr.isatty() else lambda _: None,
    )
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    version = result.version
    if as_json:
        print_json(
            {
                "dataset": result.dataset,
                "version": version.number,
                "rows": version.rows,
                "bad_rows": version.bad_rows,
                "columns": list(version.columns),
            }
        )
        return
    say(f"Imported {version.rows:,} rows into {result.dataset} v{version.number}.")
    for note in preview.format.notes:
        say(f"Note: {note}")
    if version.bad_rows:
        say(f"{version.bad_rows:,} rows could not be used and are kept aside:")
        for row in datasets.bad_row_page(workspace, version, limit=5):
            say(f"  line {row.line}: {row.reason}")


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


def _show_preview(preview: ImportPreview) -> None:
    say(f"{preview.path.name}: {preview.format.label}")
    for note in preview.format.notes:
        say(f"Note: {note}")
    mapping = preview.mapping
    say(f"Columns: {', '.join(preview.columns)}")
    say(f"Inputs: {', '.join(mapping.inputs)}; expected: {mapping.expected or 'none'}")
    for row in preview.rows[:3]:
        for column in preview.columns:
            value = printable(str(row.values.get(column, "")))
            click.echo(f"  {printable(column)}: {value[:100]}")
        click.echo()
    for bad in preview.bad_rows:
        say(f"Bad row, line {bad.line}: {bad.reason}")


def _show_progress(progress: ImportProgress) -> None:
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    click.echo(f"\r\x1b[K{progress.rows:,} rows, {progress.fraction:.0%}{left}", nl=False, err=True)
