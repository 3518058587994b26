"""Alerts: kept, looked at, tried out."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.alerts import SHARES, AlertSpec, Channel, Signal
from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Stage
from llmops_tui.core.tolerance import parse_share
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import alerts as store
from llmops_tui.store import projects
from llmops_tui.store.alerts import AlertEvent, AlertRule

__all__ = ["AlertEvent", "AlertRule", "AlertView"]

SIGNALS = (
    (Signal.WRONG, "share of wrong answers, certainly: the lower bound, from the verdicts"),
    (Signal.FLAGGED, "share of calls that a rule flagged"),
    (Signal.ERRORS, "share of calls that failed"),
    (Signal.LATENCY, "95 % of the answers took at most so many ms"),
    (Signal.COST, "what the calls cost"),
    (Signal.SILENCE, "minutes since the newest call"),
    (Signal.LOST, "calls that the proxy couldn't store"),
)


@dataclass(frozen=True, slots=True)
class AlertView:
    """All alerts of a project, and what was told lately."""

    rules: tuple[AlertRule, ...]
    events: tuple[AlertEvent, ...]
    """The newest first."""


def read_spec(
    signal: str, above: str, window: str = "60", clear: str = "", channels: str = ""
) -> AlertSpec:
    """A rule from what a person typed; shares may be written as percentages.

    Raises:
        InputError: something of it can't be used.
    """
    try:
        known = Signal(signal)
    except ValueError as error:
        raise InputError(
            f"{signal!r} is nothing to watch.", f"Signals are {', '.join(Signal)}."
        ) from error
    if not window.isdecimal():
        raise InputError(f"{window!r} is no number of minutes.")
    ways = tuple(Channel.read(part) for part in channels.split() if part) or (Channel.read("app"),)
    return AlertSpec(
        known,
        _threshold(known, above),
        int(window),
        _threshold(known, clear) if clear.strip() else None,
        ways,
    )


def add(workspace: Workspace, project_id: int | None, name: str, spec: AlertSpec) -> AlertRule:
    """Keep a rule; whoever answers for monitoring answers for it.

    Without a project it is about all of them; the only one is meant where there is no other.

    Raises:
        InputError: it has no name, or a channel could tell nobody.
    """
    if not name.strip():
        raise InputError("An alert needs a name.")
    for channel in spec.channels:
        channel.check()
    known = projects.all_projects(workspace.db)
    if project_id is None and len(known) == 1:
        project_id = known[0].id
    owner = ""
    if project_id is not None:
        tolerance = projects.tolerance(workspace.db, project_id)
        owners = projects.owners(workspace.db, project_id)
        owner = owners.get(Stage.MONITORING) or (tolerance.owner if tolerance else "")
    return store.add(workspace.db, project_id, name.strip(), spec, owner)


def view(workspace: Workspace, project_id: int | None, limit: int = 20) -> AlertView:
    """A project's rules, and what was told lately."""
    newest = store.newest_event(workspace.db)
    told = store.events(workspace.db, max(0, newest - 200), 200)
    return AlertView(tuple(store.rules(workspace.db, project_id)), tuple(told[::-1][:limit]))


def remove(workspace: Workspace, rule_id: int) -> AlertRule:
    """Forget a rule; which one it was.

    Raises:
        NotFoundError: there is none of that id.
    """
    rule = store.get(workspace.db, rule_id)
    store.remove(workspace.db, rule_id)
    return rule


def enable(workspace: Workspace, rule_id: int, *, enabled: bool) -> None:
    """Watch, or stop watching for now."""
    store.get(workspace.db, rule_id)
    store.enable(workspace.db, rule_id, enabled=enabled)


def look(workspace: Workspace) -> list[AlertEvent]:
    """Look at every rule now; what began or ceased to fire."""
    from llmops_tui.gateway.alerting import check  # what sends is loaded here

    return check(workspace.db, every_s=0)


def try_out(workspace: Workspace, rule_id: int) -> str:
    """Tell on a rule's channels that this is a trial; what became of it.

    Raises:
        NotFoundError: there is none of that id.
    """
    from llmops_tui.gateway.alerting import deliver

    rule = store.get(workspace.db, rule_id)
    outcome = deliver(rule, f"TRIAL of the alert {rule.name}: nothing is wrong.", firing=True)
    return outcome or "app: every open app would show it"


def told_since(workspace: Workspace, after: int | None) -> tuple[int, list[AlertEvent]]:
    """(newest event, events after the one with that id); None begins here and now."""
    newest = store.newest_event(workspace.db)
    if after is None:
        return newest, []
    return newest, store.events(workspace.db, after)


def _threshold(signal: Signal, text: str) -> float:
    if signal in SHARES:
        return parse_share(text)
    try:
        return float(text.strip().replace(",", ""))
    except ValueError as error:
        raise InputError(f"{text!r} is no number.") from error
