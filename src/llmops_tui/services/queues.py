"""The queue: which calls wait for a verdict, in which order, and which of them failed alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops_tui.core.call import CallRow, Lane, ReviewVerdict
from llmops_tui.core.queue_order import Order, chance, seed_of
from llmops_tui.services import triage
from llmops_tui.services.alike import Group, grouped
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import queue as store
from llmops_tui.store import verdicts
from llmops_tui.store.queue import Wanted

__all__ = [
    "Arrangement",
    "Group",
    "GroupView",
    "Order",
    "Wanted",
    "arrange",
    "judge_group",
    "look_at_group",
    "order_in",
    "parse_wanted",
    "place_of",
    "queue",
]

MOST_GROUPED: Final = 10_000
"""Calls that are compared with each other, the newest: about a second."""
CHUNK: Final = 256
EXAMPLES: Final = 5
MOST_ASKED: Final = 10_000
NO_WISH: Final = Wanted()
_LAST: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group before it is judged at once."""

    group: Group
    """Those of it that wait at this moment."""
    examples: tuple[CallRow, ...]
    """The call in front, and some of the others from all along the group."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """An order that isn't the file's: worked out once, until it is worked out anew."""

    lane: Lane
    order: Order
    project_id: int | None
    ids: tuple[int, ...]
    places: Mapping[int, int] = field(compare=False)
    newest: int
    """Calls with a higher id came later: they stand at the end."""
    groups: tuple[Group, ...] = ()
    group_of: Mapping[int, int] = field(default_factory=dict, compare=False)
    limits: str = ""
    """What was left out of the comparison, as a clause; empty where nothing was."""
    wanted: Wanted = NO_WISH
    """What the calls have to look like."""

    def group(self, call_id: int) -> Group | None:
        """The calls that failed like this one, itself among them; None for one alone."""
        number = self.group_of.get(call_id)
        return None if number is None else self.groups[number]


def queue(
    workspace: Workspace,
    lane: Lane,
    order: Order = Order.OLDEST,
    *,
    limit: int = 64,
    project_id: int | None = None,
    arranged: Arrangement | None = None,
) -> list[CallRow]:
    """The first calls of a lane that wait for a verdict; of one project, or of all.

    What is somebody else's is left out, unless it was asked for.

    Args:
        workspace: Where.
        lane: Which.
        order: What comes first.
        limit: How many.
        project_id: Only of this project.
        arranged: What `arrange` said of that order.
    """
    wanted = arranged.wanted if arranged is not None else NO_WISH
    if lane in store.ASKED:
        found = store.asked_items(
            workspace.db,
            lane,
            workspace.person,
            limit=limit if wanted.is_empty else MOST_ASKED,
            project_id=project_id,
            person=_person(workspace, wanted),
        )
        return _matching(workspace, found, wanted)[:limit]
    if arranged is None:
        order = order_in(lane, order)
        return _in_order(workspace, lane, order, 0, limit, project_id, workspace.person)
    found = []
    for start in range(0, len(arranged.ids), CHUNK):
        if len(found) >= limit:
            break
        ids = arranged.ids[start : start + CHUNK]
        rows = store.still_open(workspace.db, ids)
        found += [rows[call_id] for call_id in ids if call_id in rows]
    if len(found) < limit:
        left, person = limit - len(found), _person(workspace, wanted)
        came = _in_order(workspace, lane, Order.OLDEST, arranged.newest, left, project_id, person)
        found += _matching(workspace, came, wanted)
    return found[:limit]


def parse_wanted(text: str, person: str) -> Wanted:
    """What was typed behind `/`: words, and `tag:refund assignee:ana rule:refusal`.

    `assignee:me` is who is asking, `assignee:none` nobody.
    """
    fields: dict[str, str] = {}
    words = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and value and name.lower() in ("tag", "assignee", "rule"):
            fields[name.lower()] = value.removeprefix("#") if name.lower() == "tag" else value
        else:
            words.append(word)
    if fields.get("assignee") == "me":
        fields["assignee"] = person
    return Wanted(text=" ".join(words), **fields)


def order_in(lane: Lane, order: Order) -> Order:
    """The order in which a lane comes where somebody wants this one.

    Calls that others judged come as they were asked for. By severity, or by what failed alike,
    mixed lanes would tell which is which.
    """
    if lane in store.ASKED:
        return Order.OLDEST
    if lane is Lane.MIXED and order in (Order.SEVERITY, Order.ALIKE):
        return Order.CHANCE
    return order


def arrange(
    workspace: Workspace,
    lane: Lane,
    order: Order,
    project_id: int | None,
    wanted: Wanted = NO_WISH,
) -> Arrangement | None:
    """Work out an order that the file doesn't keep, or one of some calls only; None otherwise."""
    order = order_in(lane, order)
    if lane in store.ASKED:
        if wanted.is_empty:
            return None
        return _arranged(lane, order, project_id, (), wanted=wanted)
    if order is Order.ALIKE:
        return _alike(workspace, lane, project_id, wanted)
    if order is not Order.CHANCE and wanted.is_empty:
        return None
    person = _person(workspace, wanted)
    ids = {
        i for each in _lanes(lane) for i in store.open_ids(workspace.db, each, project_id, person)
    }
    newest = max(ids, default=0)
    seed = seed_of(workspace.person)
    places = {call_id: (chance(call_id, seed), 0) for call_id in ids}
    if not wanted.is_empty:
        kept = store.matching(workspace.db, ids, wanted)
        if order is not Order.CHANCE:
            turn = {Order.NEWEST: -1}.get(order, 1)
            by_severity = order is Order.SEVERITY
            places = {i: (-kept[i] if by_severity else 0, turn * i) for i in kept}
        ids = set(kept)
    found = sorted(ids, key=places.__getitem__)
    return _arranged(lane, order, project_id, found, newest, wanted=wanted)


def place_of(call: CallRow, order: Order, arranged: Arrangement | None) -> tuple[int, int]:
    """Where a call stands in an order: what sorts lower comes first."""
    if arranged is not None and arranged.places:
        return arranged.places.get(call.id, _LAST), call.id
    if order is Order.NEWEST:
        return -call.id, 0
    return (-call.severity if order is Order.SEVERITY else 0), call.id


def look_at_group(
    workspace: Workspace,
    lane: Lane,
    project_id: int | None,
    call_id: int,
    arranged: Arrangement | None = None,
) -> GroupView | None:
    """The calls that wait and failed like this one; None where it is like no other.

    Args:
        workspace: Where.
        lane: In which lane.
        project_id: Of which project.
        call_id: The one in front.
        arranged: What `arrange` said of that lane, where it was asked already.
    """
    if arranged is None or arranged.order is not Order.ALIKE:
        arranged = _alike(workspace, lane, project_id)
    group = arranged.group(call_id)
    if group is None:
        return None
    rows = store.still_open(workspace.db, group.ids)
    ids = tuple(found for found in group.ids if found in rows)
    if len(ids) < 2 or call_id not in rows:
        return None
    others = [found for found in ids if found != call_id]
    step = max(1, len(others) // EXAMPLES)
    shown = [call_id, *others[::step][:EXAMPLES]]
    return GroupView(Group(ids, group.rules), tuple(rows[found] for found in shown))


def judge_group(
    workspace: Workspace,
    group: Group,
    verdict: ReviewVerdict,
    *,
    project_id: int | None = None,
    severity: str = "",
    reason: str = "",
    note: str = "",
) -> int:
    """Give one verdict on all calls of a group that wait still; on how many.

    Each verdict says that it was given to a group; `triage.undo` takes all of them back. Calls
    that somebody else has in front of them are left out, as are those of the audit.
    """
    return verdicts.add_batch(
        workspace.db,
        group.ids,
        verdict,
        workspace.person,
        about=group.words(),
        severity=severity,
        reason=reason,
        note=note,
        share=triage.second_share(workspace, project_id),
    )


def _lanes(lane: Lane) -> tuple[Lane, ...]:
    return (Lane.FLAGGED, Lane.AUDIT) if lane is Lane.MIXED else (lane,)


def _person(workspace: Workspace, wanted: Wanted) -> str | None:
    """Whose calls alone are meant: who asks for somebody's sees them."""
    return None if wanted.assignee else workspace.person


def _matching(workspace: Workspace, found: list[CallRow], wanted: Wanted) -> list[CallRow]:
    if wanted.is_empty or not found:
        return found
    kept = store.matching(workspace.db, [call.id for call in found], wanted)
    return [call for call in found if call.id in kept]


def _in_order(
    workspace: Workspace,
    lane: Lane,
    order: Order,
    after_id: int,
    limit: int,
    project_id: int | None,
    person: str | None,
) -> list[CallRow]:
    """Calls in an order that the file keeps, of the lanes that are meant."""
    found = {
        call.id: call
        for each in _lanes(lane)
        for call in store.open_items(
            workspace.db,
            each,
            order,
            after_id=after_id,
            limit=limit,
            project_id=project_id,
            person=person,
        )
    }
    if lane is not Lane.MIXED:
        return list(found.values())
    return sorted(found.values(), key=lambda call: place_of(call, order, None))[:limit]


def _alike(
    workspace: Workspace, lane: Lane, project_id: int | None, wanted: Wanted = NO_WISH
) -> Arrangement:
    person = _person(workspace, wanted)
    found = store.open_alike(workspace.db, lane, project_id, MOST_GROUPED, person)
    newest = max((one.id for one in found), default=0)
    oldest = min((one.id for one in found), default=0)
    limits = ""
    older: list[int] = []
    if len(found) == MOST_GROUPED:
        limits = f"the newest {MOST_GROUPED:,} compared"
        ids = store.open_ids(workspace.db, lane, project_id, person)
        older = [call_id for call_id in ids if call_id < oldest]
    if not wanted.is_empty:
        kept = store.matching(workspace.db, [*(one.id for one in found), *older], wanted)
        found = [one for one in found if one.id in kept]
        older = [call_id for call_id in older if call_id in kept]
    groups = grouped(found)
    shared = [group for group in groups if len(group.ids) > 1]
    all_ids = [*(call_id for group in groups for call_id in group.ids), *older]
    return _arranged(lane, Order.ALIKE, project_id, all_ids, newest, shared, limits, wanted)


def _arranged(
    lane: Lane,
    order: Order,
    project_id: int | None,
    ids: Sequence[int],
    newest: int = 0,
    groups: Sequence[Group] = (),
    limits: str = "",
    wanted: Wanted = NO_WISH,
) -> Arrangement:
    places = {call_id: place for place, call_id in enumerate(ids)}
    group_of = {call_id: n for n, group in enumerate(groups) for call_id in group.ids}
    return Arrangement(
        lane, order, project_id, tuple(ids), places, newest, tuple(groups), group_of, limits, wanted
    )
