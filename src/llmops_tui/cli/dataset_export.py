"""`llmops-tui dataset export`: a version's examples, or its bad rows, to a file or a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmops_tui.cli.output import print_json, project_of, say, standard_output, workspace_of
from llmops_tui.core.prompt_version import PromptVersion
from llmops_tui.services import dataset_export, datasets, prompts
from llmops_tui.services.dataset_export import FORMATS, ExportRequest

if TYPE_CHECKING:
    from llmops_tui.services.dataset_export import Exported


@click.command("export")
@click.argument("name", required=False)
@click.option("--output", "-o", default="-", help="A file; - (the default) is standard output.")
@click.option("--format", "kind", default="", help=f"{', '.join(FORMATS)}; default: by the name.")
@click.option("--version", "number", type=int, help="Which version. Default: the newest.")
@click.option("--split", help="Only examples of this split.")
@click.option("--prompt", help="Render conversations with this prompt, such as topic or topic:3.")
@click.option(
    "--spreadsheet-safe",
    is_flag=True,
    help="In CSV, an apostrophe before what a spreadsheet would run: no longer byte-exact.",
)
@click.option("--bad-rows", is_flag=True, help="The rows that were kept aside instead, as CSV.")
@click.option("--gate-too", is_flag=True, help="Write the gate split for fine-tuning as well.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def export(
    ctx: click.Context,
    name: str | None,
    output: str,
    kind: str,
    number: int | None,
    split: str | None,
    prompt: str | None,
    spreadsheet_safe: bool,
    bad_rows: bool,
    gate_too: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the examples of data set NAME; what is written imports as the same values.

    Values are written byte for byte. A CSV file for a spreadsheet should be written with
    --spreadsheet-safe where its texts come from people that you don't trust.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    found = datasets.find_dataset(workspace, project.id, name)
    version = datasets.version_of(workspace, found, number)
    to_pipe = output == "-"
    target = standard_output() if to_pipe else Path(output).expanduser()
    if bad_rows:
        count = dataset_export.export_bad_rows(workspace, version, target, overwrite=force)
        if not to_pipe:
            say(f"Wrote {count:,} bad rows to {output}.")
        return
    request = ExportRequest(
        target,
        kind or ("jsonl" if to_pipe else ""),
        split,
        spreadsheet_safe,
        _prompt(ctx, prompt) if prompt else None,
        force,
        gate_too,
    )
    made = dataset_export.export_dataset(workspace, version, request)
    if to_pipe:
        sys.stdout.flush()
        return
    _tell(made, found.name, version.number, output, as_json=as_json)


def _tell(made: Exported, name: str, number: int, output: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dataset": name,
                "version": number,
                "rows": made.rows,
                "unlabelled": made.unlabelled,
                "held_out": made.held_out,
                "replaced": made.replaced,
                "file": output,
            }
        )
        return
    say(f"Wrote {made.rows:,} rows of {name} v{number} to {output}.")
    if made.unlabelled:
        say(f"Left out {made.unlabelled:,} examples without an expected answer.")
    if made.held_out:
        say(f"Left out {made.held_out:,} examples of the gate split: nothing may learn from them.")
    if made.replaced:
        say(f"{made.replaced:,} cells held text that no file can carry; � stands in its place.")


def _prompt(ctx: click.Context, given: str) -> PromptVersion:
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    name, _, which = given.partition(":")
    number = int(which) if which.isdecimal() else None
    label = which if which and number is None else None
    return prompts.get_version(workspace, project.id, name, label=label, number=number)
