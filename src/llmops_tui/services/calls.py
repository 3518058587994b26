"""Production calls: what the Monitor screen tails, and the figures above it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.call import CallDetail, CallRow, Lane
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.services import gateway
from llmops_tui.services.workspace import Workspace, default_path
from llmops_tui.store import call_lists, calls, endpoints, gateways, projects, queue
from llmops_tui.store.call_lists import SEARCHED, CallFilter, CallLine, Latest, Listing, Only
from llmops_tui.store.calls import NEWEST, Lanes

__all__ = [
    "DAY_MS",
    "LATELY_MINUTES",
    "SEARCHED",
    "CallFilter",
    "CallLine",
    "Lanes",
    "Listing",
    "MonitorSummary",
    "Only",
    "Tail",
    "call_detail",
    "call_page",
    "count_newer",
    "count_tail",
    "gateway_answers",
    "gateway_command",
    "neighbour",
    "newer_calls",
    "parse_filter",
    "summary",
    "tail",
    "tail_ids",
    "tail_page",
]

DAY_MS = 86_400_000
LATELY_MINUTES: Final = 5
LATEST_CALLS: Final = 1000
"""Latency, tokens and cost are of this many calls at most: exact, and quick however many exist."""
FIELDS: Final = (
    "model", "prompt", "version", "status", "finish", "verdict", "flag", "tag", "assignee",
)  # fmt: skip
VERDICTS: Final = ("right", "wrong", "unsure", "none")
GATEWAY_HOST: Final = "127.0.0.1"
GATEWAY_PORT: Final = 4318
GATEWAY_WAIT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class MonitorSummary:
    """The counts above the tail."""

    lanes: Lanes
    """Over the window."""
    open_flagged: int
    open_audit: int
    window_days: int

    @property
    def flag_rate(self) -> float | None:
        """Share of calls that a rule flagged."""
        lanes = self.lanes
        return (lanes.flagged + lanes.flagged_apart) / lanes.arrived if lanes.arrived else None


@dataclass(frozen=True, slots=True)
class Tail:
    """How the newest calls went: quick to read, so that it can be read with each news."""

    calls: int
    """How many of the newest calls this is about."""
    per_minute: float
    """Over the last `LATELY_MINUTES`."""
    newest_at: int | None
    """When the newest call arrived."""
    p50_ms: float | None
    """Of the calls that were answered; None where none was."""
    p95_ms: float | None
    input_tokens: float | None
    """On average, of the calls that say; None where none does."""
    output_tokens: float | None
    cost: tuple[tuple[str, int], ...]
    """Currency and nano-units a thousand calls, of the calls whose cost is known."""
    lost: int = 0
    """Calls through the proxies of the last weeks that couldn't be stored."""
    silent: bool = False
    """Whether gateways were at work here and none is now."""
    unable: bool = False
    """Whether one of them is at work and can't write here, as on a full disk."""


def call_page(
    workspace: Workspace, *, before: int = NEWEST, limit: int = 64, only: Only = ""
) -> list[CallRow]:
    """Calls of all projects, newest first; `only` is empty, `flagged` or `error`."""
    return calls.page(workspace.db, before=before, limit=limit, only=only)


def newer_calls(workspace: Workspace, after: int, limit: int = 256) -> list[CallRow]:
    """Calls that arrived after the one with id `after`, oldest first."""
    return calls.newer(workspace.db, after, limit)


def call_detail(workspace: Workspace, call_id: int) -> CallDetail:
    """One call whole.

    Raises:
        NotFoundError: there is none of that id.
    """
    return calls.detail(workspace.db, call_id)


def summary(
    workspace: Workspace, window_days: int = 30, project_id: int | None = None
) -> MonitorSummary:
    """What the window holds, and what waits for a verdict; of one project, or of all."""
    waiting = queue.count_open(workspace.db, project_id)
    return MonitorSummary(
        lanes=calls.lanes(workspace.db, now_ms() - window_days * DAY_MS, project_id),
        open_flagged=waiting[Lane.FLAGGED],
        open_audit=waiting[Lane.AUDIT],
        window_days=window_days,
    )


def tail_page(
    workspace: Workspace, listing: Listing, before: int | None = None, limit: int = 64
) -> list[CallLine]:
    """Calls of a list with an id below `before`, newest first."""
    return call_lists.page(workspace.db, listing, before=before, limit=limit)


def neighbour(workspace: Workspace, listing: Listing, call_id: int, *, newer: bool) -> int | None:
    """The id of the call of a list that came after this one, or before; None at an end."""
    if newer:
        return call_lists.above(workspace.db, listing, call_id)
    older = call_lists.page(workspace.db, listing, before=call_id, limit=1)
    return older[0].id if older else None


def tail_ids(workspace: Workspace, listing: Listing) -> list[int]:
    """All ids of a list, newest first."""
    return call_lists.ids(workspace.db, listing)


def count_tail(workspace: Workspace, listing: Listing) -> int:
    """How many calls a list holds."""
    return call_lists.count(workspace.db, listing)


def count_newer(workspace: Workspace, listing: Listing, after: int) -> int:
    """How many calls of a list arrived after the one with id `after`."""
    return call_lists.count(workspace.db, listing, above=after)


def parse_filter(text: str) -> CallFilter:
    """What was typed behind `/`: words, and fields such as `model:smol flag:refusal`.

    Words that are no field are looked for together, as they were typed.

    Raises:
        InputError: a verdict that there is none of.
    """
    fields: dict[str, str] = {}
    words = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and value and name.lower() in FIELDS:
            fields[name.lower()] = value
        else:
            words.append(word)
    verdict = fields.get("verdict", "").lower()
    if verdict and verdict not in VERDICTS:
        raise InputError(
            f"There is no verdict {verdict!r}.", f"Verdicts are {', '.join(VERDICTS)}."
        )
    if verdict:
        fields["verdict"] = verdict
    return CallFilter(text=" ".join(words), **fields)


def tail(workspace: Workspace, project_id: int | None) -> Tail:
    """How the newest calls of a project went."""
    latest = call_lists.latest(workspace.db, project_id, LATEST_CALLS)
    since = now_ms() - LATELY_MINUTES * 60_000
    times = sorted(one.duration_ms for one in latest if one.status != "error")
    known = gateways.states(workspace.db)
    silent = bool(known) and not any(state.is_up for state in known)
    return Tail(
        calls=len(latest),
        per_minute=call_lists.count_since(workspace.db, since, project_id) / LATELY_MINUTES,
        newest_at=latest[0].received_at if latest else None,
        p50_ms=_quantile(times, 0.50),
        p95_ms=_quantile(times, 0.95),
        input_tokens=_mean([one.input_tokens for one in latest]),
        output_tokens=_mean([one.output_tokens for one in latest]),
        cost=_cost(workspace, latest),
        lost=sum(state.counts.get("lost", 0) for state in known),
        silent=silent,
        unable=silent and any(gateway.trouble(state) for state in known),
    )


def gateway_answers(host: str = GATEWAY_HOST, port: int = GATEWAY_PORT) -> bool:
    """Whether a gateway answers there. Asks the network: not for the UI thread."""
    import http.client  # 15 ms that only an empty Monitor screen needs

    connection = http.client.HTTPConnection(host, port, timeout=GATEWAY_WAIT_S)
    try:
        connection.request("GET", "/health")
        return b'"status"' in connection.getresponse().read(65_536)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def gateway_command(workspace: Workspace, project_id: int | None = None) -> str:
    """The command that starts a gateway on this workspace, for calls of this project."""
    words = ["llmops-tui"]
    if workspace.path != default_path().absolute():
        words += ["--db", str(workspace.path)]
    found = projects.all_projects(workspace.db)
    if len(found) > 1:
        words += [
            arg for item in found if item.id == project_id for arg in ("--project", item.name)
        ]
    return shlex.join([*words, "gateway"])


def _quantile(ordered: list[float], share: float) -> float | None:
    """The smallest value that at least this share of the values doesn't exceed."""
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _mean(numbers: list[int | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None


def _cost(workspace: Workspace, latest: list[Latest]) -> tuple[tuple[str, int], ...]:
    known = [(one.model, one.cost) for one in latest if one.cost is not None]
    if not known:
        return ()
    currencies = {model.name: model.currency for model in endpoints.models(workspace.db)}
    sums: dict[str, list[int]] = {}
    for model, cost in known:
        sums.setdefault(currencies.get(model, ""), []).append(cost)
    return tuple(
        (currency, sum(costs) * 1000 // len(costs)) for currency, costs in sums.items() if currency
    )
