"""`llmops-tui dataset import`: any table or log that is understood becomes a data set version."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path

import click

from llmops_tui.cli.output import print_json, printable, project_of, say, workspace_of
from llmops_tui.services import dataset_import, datasets
from llmops_tui.services.dataset_import import ImportPreview, ImportProgress, ImportResult
from llmops_tui.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the person says the source is to be read; all None where nothing was said."""

    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: bool | None = None
    skip_lines: int | None = None
    member: str | None = None
    sheet: str | None = None


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="The data set's name. Default: the file's.")
@click.option("--note", default="", help="What is to be known of this version.")
@click.option("--input", "inputs", multiple=True, help="A column that is an input. Repeatable.")
@click.option("--expected", help="The column with the right answer.")
@click.option("--tags", "tags", multiple=True, help="A column with tags. Repeatable.")
@click.option("--split", help="The column that names the split.")
@click.option("--format", "kind", help="csv, tsv, jsonl, json, yaml or lines; default: found out.")
@click.option("--encoding", help="Such as utf-8 or latin-1; default: found out.")
@click.option("--delimiter", help="Between cells, such as ; or \\\\t; default: found out.")
@click.option("--quote", help="Around cells; empty where quotes are ordinary characters.")
@click.option("--escape", help="The character before a quote in a cell, where it isn't doubled.")
@click.option("--header/--no-header", default=None, help="Whether the first row names columns.")
@click.option("--skip-lines", type=click.IntRange(0), help="Lines before the table begins.")
@click.option("--member", help="The member of the JSON object that holds the rows.")
@click.option("--sheet", help="The sheet of a workbook. Default: the first.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    path: Path,
    name: str | None,
    note: str,
    inputs: tuple[str, ...],
    expected: str | None,
    tags: tuple[str, ...],
    split: str | None,
    dry_run: bool,
    as_json: bool,
    **reading: str | bool | int | None,
) -> None:
    """Import PATH as a new data set version; - reads what comes through a pipe.

    CSV, TSV, JSON Lines, JSON, YAML, lines of text (all but YAML also gzipped), Parquet, Excel
    and OpenDocument sheets, a directory of text files; tests of promptfoo, samples of OpenAI
    evals and of Inspect logs, exports of Langfuse and Phoenix, logs of llm. How a source was read
    and mapped is remembered for the next time.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    source = dataset_import.open_source(path)
    stated = _Reading(**reading)  # type: ignore[arg-type]  # click made them what they are
    said = any(getattr(stated, field.name) is not None for field in fields(stated))
    hints = {field.name: getattr(stated, field.name) for field in fields(stated)}
    overrides = dataset_import.source_hints(**hints) if said else None
    preview = dataset_import.preview_remembered(workspace, project.id, source, overrides)
    preview = dataset_import.remap(
        preview, inputs=inputs, expected=expected, tags=tags, split=split
    )
    if dry_run:
        _show_preview(preview)
        return
    result = dataset_import.import_dataset(
        workspace,
        project.id,
        preview,
        name=name,
        note=note,
        on_progress=_show_progress if sys.stderr.isatty() else lambda _: None,
    )
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    _show_result(workspace, preview, result, as_json)


def _show_result(
    workspace: Workspace, preview: ImportPreview, result: ImportResult, as_json: bool
) -> None:
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
    if preview.remembered:
        say("Note: The columns are mapped as they were before.")
    for note in preview.format.notes:
        say(f"Note: {note}")
    if version.bad_rows:
        say(f"{version.bad_rows:,} rows could not be used and are kept aside:")
        for row in datasets.bad_row_page(workspace, version, limit=5):
            say(f"  line {row.line}: {row.reason}")


def _show_preview(preview: ImportPreview) -> None:
    say(f"{preview.source.name}: {preview.format.label}")
    for note in preview.format.notes:
        say(f"Note: {note}")
    mapping = preview.mapping
    say(f"Columns: {', '.join(preview.columns)}")
    as_before = " (as before)" if preview.remembered else ""
    say(f"Inputs: {', '.join(mapping.inputs)}; expected: {mapping.expected or 'none'}{as_before}")
    if mapping.tags or mapping.split:
        say(f"Tags: {', '.join(mapping.tags) or 'none'}; split: {mapping.split or 'none'}")
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
