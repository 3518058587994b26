"""`llmops-tui prompt label|moves|protect`: releasing a version from a script."""

from __future__ import annotations

import click

from llmops_tui.cli.output import print_json, project_of, say, table, workspace_of


@click.command()
@click.argument("name")
@click.argument("label")
@click.option("--version", "number", type=int, help="The version; default: the newest.")
@click.option("--reason", default="", help="Why, for the record.")
@click.option(
    "--override", is_flag=True, help="Move a protected label without a passed gate; needs --reason."
)
@click.pass_context
def label(
    ctx: click.Context, name: str, label: str, number: int | None, reason: str, override: bool
) -> None:
    """Point LABEL at a version of the prompt NAME. A protected one asks for a passed gate."""
    from llmops_tui.services import labels, prompts

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    version = prompts.get_version(workspace, project.id, name, number=number)
    moved = labels.move(workspace, version, label, reason, override=override)
    say(f"{moved.label} points at {version.title} now ({labels.grounds(moved)}).")


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def moves(ctx: click.Context, name: str, as_json: bool) -> None:
    """List who moved which label of the prompt NAME, and on what grounds."""
    from llmops_tui.services import labels, prompts

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    found = labels.history(workspace, prompts.get_prompt(workspace, project.id, name))
    if as_json:
        print_json(
            [
                {
                    "label": move.label,
                    "version": move.version_number,
                    "author": move.author,
                    "reason": move.reason,
                    "moved_at": move.moved_at,
                    "gate_run": move.gate_run_id,
                    "overridden": move.overridden,
                }
                for move in found
            ]
        )
        return
    if not found:
        say("No label of this prompt was moved yet.")
        return
    table(
        ("label", "to", "grounds", "who", "why"),
        [(m.label, f"v{m.version_number}", labels.grounds(m), m.author, m.reason) for m in found],
        frozenset({1}),
    )


@click.command()
@click.argument("label", required=False)
@click.option("--off", is_flag=True, help="Take the protection away.")
@click.pass_context
def protect(ctx: click.Context, label: str | None, off: bool) -> None:
    """Protect LABEL in the project: only a version that passed the gate may take it."""
    from llmops_tui.services import labels

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    if label is not None:
        labels.protect(workspace, project.id, label, not off)
    names = ", ".join(labels.protected_labels(workspace, project.id)) or "none"
    say(f"Protected labels of {project.name}: {names}.")
