"""The queue: which calls wait for a verdict, in which order, and which of them failed alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops_tui.core.call import CallRow, Lane, ReviewVerdict
from llmops_tui.core.queue_order import Order, chance, seed_of
from llmops_tui.services import triage
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import queue as store
from llmops_tui.store import verdicts
from llmops_tui.store.queue import Waiting

__all__ = [
    "Arrangement",
    "Group",
    "GroupView",
    "Order",
    "arrange",
    "judge_group",
    "look_at_group",
    "order_in",
    "place_of",
    "queue",
]

MOST_GROUPED: Final = 10_000
"""Calls that are compared with each other, the newest: about a second."""
ALIKE: Final = 0.5
"""Share of their word pairs that answers have in common which failed alike."""
BANDS: Final = 21
CHUNK: Final = 256
EXAMPLES: Final = 5
_LAST: Final = 1 << 62
_NUMBER = re.compile(r"\d+")
_NO_WORD = re.compile(r"[^\w\s]+")


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of a lane that failed alike: flagged by the same rules, answered with similar words."""

    ids: tuple[int, ...]
    """Oldest first."""
    rules: str

    def words(self) -> str:
        """What they have in common."""
        return f"flagged by {self.rules}, answered alike" if self.rules else "answered alike"


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

    Args:
        workspace: Where.
        lane: Which.
        order: What comes first.
        limit: How many.
        project_id: Only of this project.
        arranged: What `arrange` said of that order.
    """
    if lane in store.ASKED:
        return store.asked_items(
            workspace.db, lane, workspace.person, limit=limit, project_id=project_id
        )
    order = order_in(lane, order)
    if arranged is None:
        return _in_order(workspace, lane, order, 0, limit, project_id)
    found: list[CallRow] = []
    for start in range(0, len(arranged.ids), CHUNK):
        if len(found) >= limit:
            break
        wanted = arranged.ids[start : start + CHUNK]
        rows = store.still_open(workspace.db, wanted)
        found += [rows[call_id] for call_id in wanted if call_id in rows]
    if len(found) < limit:
        left = limit - len(found)
        found += _in_order(workspace, lane, Order.OLDEST, arranged.newest, left, project_id)
    return found[:limit]


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
    workspace: Workspace, lane: Lane, order: Order, project_id: int | None
) -> Arrangement | None:
    """Work out an order that the file doesn't keep; None for one that it does."""
    order = order_in(lane, order)
    if order is Order.CHANCE:
        ids = {i for each in _lanes(lane) for i in store.open_ids(workspace.db, each, project_id)}
        seed = seed_of(workspace.person)
        newest = max(ids, default=0)
        return _arranged(
            lane, order, project_id, sorted(ids, key=lambda i: chance(i, seed)), newest
        )
    if order is Order.ALIKE:
        return _alike(workspace, lane, project_id)
    return None


def place_of(call: CallRow, order: Order, arranged: Arrangement | None) -> tuple[int, int]:
    """Where a call stands in an order: what sorts lower comes first."""
    if arranged is not None:
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


def _in_order(
    workspace: Workspace,
    lane: Lane,
    order: Order,
    after_id: int,
    limit: int,
    project_id: int | None,
) -> list[CallRow]:
    """Calls in an order that the file keeps, of the lanes that are meant."""
    found = {
        call.id: call
        for each in _lanes(lane)
        for call in store.open_items(
            workspace.db, each, order, after_id=after_id, limit=limit, project_id=project_id
        )
    }
    if lane is not Lane.MIXED:
        return list(found.values())
    return sorted(found.values(), key=lambda call: place_of(call, order, None))[:limit]


def _alike(workspace: Workspace, lane: Lane, project_id: int | None) -> Arrangement:
    found = store.open_alike(workspace.db, lane, project_id, MOST_GROUPED)
    newest = max((one.id for one in found), default=0)
    oldest = min((one.id for one in found), default=0)
    groups = _groups(found)
    grouped = [group for group in groups if len(group.ids) > 1]
    ids = [call_id for group in groups for call_id in group.ids]
    limits = ""
    if len(found) == MOST_GROUPED:
        limits = f"the newest {MOST_GROUPED:,} compared"
        older = store.open_ids(workspace.db, lane, project_id)
        ids += [call_id for call_id in older if call_id < oldest]
    return _arranged(lane, Order.ALIKE, project_id, ids, newest, grouped, limits)


def _arranged(
    lane: Lane,
    order: Order,
    project_id: int | None,
    ids: Sequence[int],
    newest: int,
    groups: Sequence[Group] = (),
    limits: str = "",
) -> Arrangement:
    places = {call_id: place for place, call_id in enumerate(ids)}
    group_of = {call_id: n for n, group in enumerate(groups) for call_id in group.ids}
    return Arrangement(
        lane, order, project_id, tuple(ids), places, newest, tuple(groups), group_of, limits
    )


def _groups(found: Sequence[Waiting]) -> list[Group]:
    """All calls in groups, the largest first; one that is like no other is a group of its own."""
    by_rules: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        by_rules[one.rules][_plain(one.text)].append(one.id)
    groups = [
        Group(tuple(sorted(ids)), rules)
        for rules, by_text in by_rules.items()
        for ids in _joined(by_text)
    ]
    return sorted(groups, key=lambda group: (-len(group.ids), group.ids[0]))


def _joined(by_text: Mapping[str, list[int]]) -> list[list[int]]:
    """Calls with the same text, those with similar texts together."""
    texts = list(by_text)
    if len(texts) < 2:
        return list(by_text.values())
    from llmops_tui.services.near_duplicates import NearDuplicates  # loads NumPy when asked

    near = NearDuplicates(ALIKE, BANDS, fewest_words=2)
    for number, text in enumerate(texts):
        near.add(number, text)
    alone = set(range(len(texts)))
    joined: list[list[int]] = []
    for numbers in near.groups():
        alone.difference_update(numbers)
        joined.append([call_id for number in numbers for call_id in by_text[texts[number]]])
    return joined + [by_text[texts[number]] for number in sorted(alone)]


def _plain(text: str) -> str:
    """A text without what tells one failure from its like: case, numbers, punctuation."""
    return " ".join(_NO_WORD.sub(" ", _NUMBER.sub("0", text.casefold())).split())
