"""`llmops-tui drift`: whether production is still what was tested."""

from __future__ import annotations

import click

from llmops_tui.cli.output import print_json, project_of, say, table, workspace_of
from llmops_tui.core.errors import ExitCode
from llmops_tui.services import drift as service
from llmops_tui.services.drift import Against, Aspect, Comparison, Subject

NAMES = ("15m", "1h", "24h", "7d", "30d")
"""Of the windows, in their order."""


@click.command()
@click.argument("prompt", required=False)
@click.option("--version", default="", help="Its version. Default: the one used last.")
@click.option(
    "--against",
    type=click.Choice([Against.TEST.value, Against.BEFORE.value]),
    default=Against.TEST.value,
    show_default=True,
    help="The newest finished run of the version, or the same time before.",
)
@click.option("--window", type=click.Choice(NAMES), default="24h", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def drift(
    ctx: click.Context, prompt: str | None, version: str, against: str, window: str, as_json: bool
) -> None:
    """Compare production with what its prompt was tested on, or with the time before.

    Without PROMPT it is the prompt version that production used last.

    Exit code: 0 nothing changed, 1 something did, 3 too little is known.
    """
    workspace = workspace_of(ctx)
    project = project_of(ctx, workspace)
    place = NAMES.index(window)
    used = service.subjects(workspace, place, project.id)
    fitting = [one for one in used if prompt is None or one.prompt == prompt]
    wanted = version.removeprefix("v")
    if prompt is not None and (wanted or not fitting):
        subject = Subject(prompt, wanted)
    else:
        subject = next((one for one in fitting if one.prompt), used[0])
    found = service.compare(workspace, place, project.id, subject, Against(against))
    if as_json:
        print_json(_as_json(found))
    else:
        say(found.sentence())
        if found.aspects:
            say(f"before: {found.before}; now: {found.now}")
            table(
                ("", "aspect", "before", "now", "apart", "chance", ""),
                [_line(aspect) for aspect in found.aspects],
                frozenset({4, 5}),
            )
    if not found.is_known:
        ctx.exit(int(ExitCode.UNDECIDED))
    ctx.exit(int(ExitCode.EXCEEDED if found.changed else ExitCode.WITHIN))


def _line(aspect: Aspect) -> tuple[str, ...]:
    apart = chance = "–"
    if aspect.distance is not None:
        apart, chance = f"{aspect.distance.value:.2f}", f"{aspect.distance.p:.4f}"
    sign = "!" if aspect.changed else ""
    return sign, aspect.name, aspect.before, aspect.now, apart, chance, aspect.note


def _as_json(found: Comparison) -> dict[str, object]:
    return {
        "before": found.before,
        "now": found.now,
        "before_calls": found.before_calls,
        "now_calls": found.now_calls,
        "sentence": found.sentence(),
        "aspects": [
            {
                "aspect": aspect.name,
                "before": aspect.before,
                "now": aspect.now,
                "distance": None if aspect.distance is None else aspect.distance.value,
                "p": None if aspect.distance is None else aspect.distance.p,
                "changed": aspect.changed,
                "note": aspect.note,
            }
            for aspect in found.aspects
        ],
    }
