"""`llmops-tui alerts`: who hears of what, and when."""

from __future__ import annotations

import click

from llmops_tui.cli.output import (
    common,
    print_json,
    printable,
    project_of,
    say,
    table,
    workspace_of,
)
from llmops_tui.core.alerts import Signal
from llmops_tui.core.errors import ExitCode
from llmops_tui.services import alerts as service
from llmops_tui.services.alerts import AlertRule
from llmops_tui.services.workspace import Workspace


@click.group()
def alerts() -> None:
    """Rules that tell somebody: in the app, by webhook, command or mail.

    A gateway looks at them twice a minute; `alerts check` does it from cron.
    """


@alerts.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the alerts with their state."""
    workspace = workspace_of(ctx)
    found = service.view(workspace, _project(ctx, workspace))
    if as_json:
        print_json([_data(rule) for rule in found.rules])
    elif found.rules:
        table(
            ("alert", "name", "watches", "above", "minutes", "state", "value", "tells"),
            [
                (
                    str(rule.id),
                    rule.name,
                    rule.spec.signal.value,
                    rule.spec.value_words(rule.spec.above),
                    str(rule.spec.window_minutes),
                    _state(rule),
                    "" if rule.value is None else rule.spec.value_words(rule.value),
                    " ".join(channel.words() for channel in rule.spec.channels),
                )
                for rule in found.rules
            ],
            frozenset({0, 3, 4, 6}),
        )
    else:
        say("No alert. `llmops-tui alerts add NAME flagged 5%` makes one.")


@alerts.command()
@click.argument("name")
@click.argument("signal", type=click.Choice([signal.value for signal in Signal]))
@click.argument("above")
@click.option("--window", default="60", show_default=True, help="Minutes that are looked at.")
@click.option("--clear", default="", help="Ends below this. Default: 80 % of ABOVE.")
@click.option(
    "--tell",
    "channels",
    multiple=True,
    metavar="CHANNEL",
    help="app, webhook:URL, command:'…' (run without a shell, with ALERT_TEXT in its environment), "
    "email:ADDRESS; webhook:env:NAME keeps the URL out of the file. Repeatable. Default: app.",
)
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    signal: str,
    above: str,
    window: str,
    clear: str,
    channels: tuple[str, ...],
) -> None:
    """Tell when SIGNAL is ABOVE a threshold, such as 5% or 2000 (ms)."""
    workspace = workspace_of(ctx)
    spec = service.read_spec(signal, above, window, clear)
    if channels:
        from dataclasses import replace

        from llmops_tui.core.alerts import Channel

        spec = replace(spec, channels=tuple(Channel.read(text) for text in channels))
    rule = service.add(workspace, _project(ctx, workspace), name, spec)
    say(f"Alert {rule.id} watches. `llmops-tui alerts test {rule.id}` tries its channels.")


@alerts.command()
@click.argument("number", type=int)
@click.pass_context
def remove(ctx: click.Context, number: int) -> None:
    """Forget an alert and what it told."""
    say(f"{service.remove(workspace_of(ctx), number).name} is forgotten.")


@alerts.command()
@click.argument("number", type=int)
@click.pass_context
def test(ctx: click.Context, number: int) -> None:
    """Tell on an alert's channels that this is a trial.

    Exit code: 0 all took it, 1 one didn't.
    """
    outcome = service.try_out(workspace_of(ctx), number)
    say(outcome)
    ctx.exit(int(ExitCode.EXCEEDED if "FAILED" in outcome else ExitCode.WITHIN))


@alerts.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Look at every alert now, and tell what changed.

    Exit code: 0 none fires, 1 one does.
    """
    workspace = workspace_of(ctx)
    for event in service.look(workspace):
        say(printable(f"{event.sentence} {event.delivery}".strip()))
    firing = [rule for rule in service.view(workspace, None).rules if rule.firing]
    ctx.exit(int(ExitCode.EXCEEDED if firing else ExitCode.WITHIN))


def _project(ctx: click.Context, workspace: Workspace) -> int | None:
    return project_of(ctx, workspace).id if common(ctx)["project"] else None


def _state(rule: AlertRule) -> str:
    if not rule.enabled:
        return "off"
    if rule.firing:
        return "FIRING"
    return "quiet" if rule.looked_at is not None else "not looked at"


def _data(rule: AlertRule) -> dict[str, object]:
    return {
        "alert": rule.id,
        "name": rule.name,
        **rule.spec.to_json(),
        "owner": rule.owner,
        "enabled": rule.enabled,
        "firing": rule.firing,
        "value": rule.value,
        "looked_at": rule.looked_at,
    }
