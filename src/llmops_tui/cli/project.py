"""`llmops-tui project`: make projects, state their tolerance, name who answers for what."""

from __future__ import annotations

from dataclasses import replace

import click

from llmops_tui.cli.output import print_json, project_of, say, table, workspace_of
from llmops_tui.cli.scorers import scorer_of
from llmops_tui.core.project import Stage
from llmops_tui.core.tolerance import parse_confidence, parse_max_wrong, percent
from llmops_tui.services import project_spec, projects, tolerances

STAGES = {stage.name.lower().replace("_", "-"): stage for stage in Stage}


@click.group()
def project() -> None:
    """Projects: one thing that an LLM does for you, and how wrong it may be."""


@project.command()
@click.argument("name")
@click.option("--description", default="")
@click.option("--tolerance", "max_wrong", default="2%", show_default=True)
@click.option("--confidence", default="95%", show_default=True)
@click.option(
    "--scorer",
    "scorers",
    multiple=True,
    help="What tells right from wrong: a name, or JSON with parameters. Repeatable.",
)
@click.pass_context
def create(
    ctx: click.Context,
    name: str,
    description: str,
    max_wrong: str,
    confidence: str,
    scorers: tuple[str, ...],
) -> None:
    """Make the project NAME.

    Scorers: equals, contains, starts_with, regex, is_json, json_field, numeric, label.
    """
    tolerance = replace(
        projects.DEFAULT_TOLERANCE,
        max_wrong=parse_max_wrong(max_wrong),
        confidence=parse_confidence(confidence),
    )
    made = projects.create_project(
        workspace_of(ctx),
        name,
        description=description,
        scorers=[scorer_of(text) for text in scorers],
        tolerance=tolerance,
    )
    say(f"Made {made.name}: {tolerance.words()}.")


@project.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the workspace's projects with their tolerance."""
    workspace = workspace_of(ctx)
    found = [
        (item, projects.tolerance_of(workspace, item.id))
        for item in projects.list_projects(workspace)
    ]
    if as_json:
        print_json(
            [
                {
                    "project": item.name,
                    "description": item.description,
                    "max_wrong": tolerance.max_wrong,
                    "confidence": tolerance.confidence,
                    "harmful_max_wrong": tolerance.harmful_max_wrong,
                    "unit": tolerance.unit,
                    "window_days": tolerance.window_days,
                    "owner": tolerance.owner,
                    "on_breach": tolerance.on_breach,
                    "evidence": sorted(tolerance.evidence),
                    "stop_when_decided": projects.stops_when_decided(workspace, item.id),
                    "scorers": [dict(scorer) for scorer in item.scorers],
                }
                for item, tolerance in found
            ]
        )
        return
    if not found:
        say("The workspace has no project yet. `llmops-tui project create NAME` makes one.")
        return
    table(
        ("project", "at most wrong", "sure", "description"),
        [
            (item.name, percent(t.max_wrong), percent(t.confidence), item.description[:60])
            for item, t in found
        ],
        frozenset({1, 2}),
    )


@project.command()
@click.argument("max_wrong", required=False)
@click.option("--confidence", help="How sure to be, such as 95%.")
@click.option("--harmful", help="A limit of its own for harmful answers; '' for none.")
@click.option("--count-by", "unit", help="An input column whose rows belong together, or row.")
@click.option("--window", help="Days over which the error budget runs.")
@click.option(
    "--evidence", type=click.Choice(tuple(tolerances.EVIDENCE)), help="Whose word counts."
)
@click.option("--owner", help="Who acts when it is exceeded.")
@click.option("--on-breach", help="What is to happen then.")
@click.option(
    "--stop-when-decided/--ask-all", "stops", default=None, help="What runs do unless told."
)
@click.pass_context
def tolerance(ctx: click.Context, /, stops: bool | None, **asked: str | None) -> None:
    """Show the tolerance, or change it, such as to 2%. The old one stays in the history."""
    workspace = workspace_of(ctx)
    found = project_of(ctx, workspace)
    changes = {name: text for name, text in asked.items() if text is not None}
    if stops is not None:
        changes["stops"] = tolerances.YES if stops else tolerances.NO
    view = tolerances.tolerance_view(workspace, found.id)
    if changes:
        values = {**tolerances.values_of(view.tolerance, view.stops), **changes}
        tolerances.save(workspace, found.id, values)
        view = tolerances.tolerance_view(workspace, found.id)
    say(f"{found.name}: {tolerances.words_of(view.tolerance, view.stops)}")
    if not changes:
        for line in view.history:
            say(line)


@project.command()
@click.option("--inputs", help="Names that prompts may use, such as 'review, lang'; '' for any.")
@click.option("--answer", "schema", help="A JSON Schema, or its file; '' for any answer.")
@click.pass_context
def spec(ctx: click.Context, inputs: str | None, schema: str | None) -> None:
    """Show what goes into the project and what an answer looks like, or change it."""
    workspace = workspace_of(ctx)
    found = project_of(ctx, workspace)
    found = project_spec.set_spec(workspace, found, inputs=inputs, schema=schema)
    say(f"{found.name}: {project_spec.spec_words(found)}")


@project.command()
@click.argument("stage", type=click.Choice(sorted(STAGES)))
@click.argument("name")
@click.pass_context
def owner(ctx: click.Context, stage: str, name: str) -> None:
    """Say who answers for a stage."""
    workspace = workspace_of(ctx)
    found = project_of(ctx, workspace)
    projects.set_owner(workspace, found.id, STAGES[stage], name)
    say(f"{found.name}: {STAGES[stage]} is answered for by {name}.")
