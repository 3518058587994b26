"""`llmops-tui prompt`: read prompts from scripts and other languages."""

from __future__ import annotations

import click

from llmops_tui.cli import prompt_graph, prompt_improve, prompt_labels
from llmops_tui.cli.output import print_json, project_of, say, table, whole, workspace_of
from llmops_tui.services import prompts


@click.group()
def prompt() -> None:
    """Prompts: named, in immutable versions, with movable labels."""


@prompt.command()
@click.argument("name")
@click.option("--label", help="The version that this label points to, such as production.")
@click.option("--version", "number", type=int, help="The version of this number.")
@click.option("--written", is_flag=True, help="With includes as such, as it is edited.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_context
def get(
    ctx: click.Context,
    name: str,
    label: str | None,
    number: int | None,
    written: bool,
    as_json: bool,
) -> None:
    """Print the prompt NAME: its newest version, or the one that is named.

    What it includes stands in its place.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    found = prompts.get_version(workspace, project.id, name, label=label, number=number)
    if not as_json:
        whole(prompts.as_text(found) if written else prompts.whole_text(found))
        return
    shown = found.written if written else found.messages
    print_json(
        {
            "name": found.prompt_name,
            "version": found.number,
            "labels": list(found.labels),
            "messages": [{"role": role, "content": text} for role, text in shown],
            "includes": {one.written: one.number for one in found.includes},
            "variables": list(found.variables),
            "parameters": dict(found.parameters),
            "response_schema": found.response_schema,
            "note": found.note,
            "author": found.author,
            "created_at": found.created_at,
        }
    )


@prompt.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the project's prompts with what is known of how wrong they are."""
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    found = prompts.list_prompts(workspace, project.id)
    if as_json:
        print_json(
            [
                {
                    "name": view.prompt.name,
                    "version": view.newest.number if view.newest else None,
                    "labels": dict(view.labels),
                    "measured": view.measured.verdict.state.value if view.measured else None,
                }
                for view in found
            ]
        )
        return
    if not found:
        say("The project has no prompt yet.")
        return
    table(
        ("prompt", "newest", "labels", "wrong"),
        [
            (
                view.prompt.name,
                f"v{view.newest.number}" if view.newest else "-",
                ", ".join(f"{label} → v{number}" for label, number in view.labels),
                view.wrong_words,
            )
            for view in found
        ],
        frozenset(),
    )


for command in (
    prompt_labels.label,
    prompt_labels.moves,
    prompt_labels.protect,
    prompt_graph.graph,
    prompt_graph.update,
    prompt_improve.improve,
):
    prompt.add_command(command)
