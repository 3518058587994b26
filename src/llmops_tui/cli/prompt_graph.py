"""`llmops-tui prompt graph` and `update`: prompts that include others."""

from __future__ import annotations

import click

from llmops_tui.cli.output import print_json, project_of, say, table, workspace_of
from llmops_tui.core.errors import ExitCode


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def graph(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Show which prompts include which; with NAME, what a change of that one affects."""
    from llmops_tui.services import composition_graph, prompts

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    found = composition_graph.graph(workspace, project.id)
    if name is not None:
        prompts.get_version(workspace, project.id, name)  # says where there is none
    if as_json:
        wanted = found.nodes.values() if name is None else [found.nodes[name]]
        print_json(
            [
                {
                    "name": node.prompt.name,
                    "version": node.newest.number,
                    "includes": [
                        {
                            "written": link.include.written,
                            "name": link.include.prompt_name,
                            "version": link.include.number,
                            "means_now": link.now.number if link.now else None,
                        }
                        for link in node.links
                    ],
                    "affects": list(found.affected_by(node.prompt.name)),
                    "behind": node.is_behind,
                }
                for node in wanted
            ]
        )
        return
    rows = list(composition_graph.rows(found))
    if name is not None:
        affected = ", ".join(found.affected_by(name)) or "no other prompt"
        say(f"A change of {name} affects {affected}.")
        rows = [row for row in rows if name in row.path]
    if rows:
        table(
            ("prompt", "has", "written", "standing"),
            [
                (
                    "  " * row.depth + row.path[-1],
                    row.link.include.title if row.link else row.node.newest.title,
                    row.link.include.written if row.link else "",
                    row.standing,
                )
                for row in rows
            ],
            frozenset(),
        )
    elif name is None:
        say('No prompt includes another: {% include "name@label" %} in a message does.')


@click.command()
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what is behind, save nothing; 1 if anything is.")
@click.pass_context
def update(ctx: click.Context, names: tuple[str, ...], dry_run: bool) -> None:
    """Save prompts that are behind anew, with what their includes mean now.

    NAMES are prompts and take with them what includes them; without any, all are brought up to
    date. Labels stay where they are.
    """
    from llmops_tui.services import composition_graph, prompts

    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    for name in names:
        prompts.get_version(workspace, project.id, name)  # says where there is none
    found = composition_graph.graph(workspace, project.id)
    wanted = {one for name in names or (None,) for one in composition_graph.behind(found, name)}
    stale = [one for one in composition_graph.behind(found) if one in wanted]
    if dry_run:
        for one in stale:
            say(f"{found.nodes[one].newest.title} is behind.")
        ctx.exit(int(ExitCode.EXCEEDED) if stale else 0)
    for version in composition_graph.update(workspace, project.id, stale):
        say(f"saved {version.title}: {version.note}")
    if not stale:
        say("All are up to date with what they include.")
