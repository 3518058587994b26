"""A lane as one works through it: which call is in front, what waits, what was just judged."""

from __future__ import annotations

from collections.abc import Iterable

from llmops_tui.core.call import CallRow, Lane
from llmops_tui.services import queues, triage
from llmops_tui.services.queues import Arrangement, Order
from llmops_tui.ui.screens.triage.ledger import Since


class LaneQueue:
    """Calls of one lane in an order, with a place in it. Keeps to its call, whatever changes."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.order = Order.OLDEST
        self.arranged: Arrangement | None = None
        """The order's places, where the file doesn't keep it."""
        self.items: list[CallRow] = []
        self.at = 0
        self.waiting: dict[Lane, int] = {}
        """How many wait in each lane, with what was judged here and isn't written yet."""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def current(self) -> CallRow | None:
        """The call in front."""
        return self.items[self.at] if 0 <= self.at < len(self.items) else None

    @property
    def waits(self) -> int:
        """How many wait in this lane."""
        return self.waiting.get(self.lane, 0)

    def start(self, lane: Lane) -> None:
        """Another lane, from its beginning; nothing of it was read yet."""
        self.lane, self.items, self.at = lane, [], 0

    def take(
        self, read: Iterable[CallRow], waiting: dict[Lane, int], since: Since
    ) -> CallRow | None:
        """Use what was read.

        Args:
            read: What waits, by the file.
            waiting: How many wait in each lane, by the file.
            since: What was judged here that the file may not have had when it was read.

        Returns:
            The call that was in front, where it isn't in the lane any more though it wasn't
            judged here.
        """
        rows = {item.id: item for item in read}
        kept = {call_id: item for call_id, item in rows.items() if call_id not in since.judged}
        kept |= {item.id: item for item in self.items if item.id in since.restored}
        here = self.current
        self.items = sorted(kept.values(), key=self._place)
        self.waiting = dict(waiting)
        self.waiting[self.lane] = (
            self.waits + len(kept.keys() - rows) - len(since.judged & rows.keys())
        )
        if here is None:
            return None
        place = self._place(here)
        self.at = next((at for at, item in enumerate(self.items) if self._place(item) >= place), 0)
        return here if here.id not in kept and here.id not in since.judged else None

    def step(self, by: int) -> None:
        """Another call in front; round at the ends."""
        self.at = (self.at + by) % len(self.items)

    def remove(self, call_id: int) -> None:
        """A call was judged; the next one is in front, or the first of those that were skipped."""
        for at, item in enumerate(self.items):
            if item.id == call_id:
                del self.items[at]
                self.at -= at < self.at
                self._count(item, -1)
                break
        if self.at >= len(self.items):
            self.at = 0

    def remove_all(self, call_ids: Iterable[int]) -> None:
        """Many were judged at once; in front is the first that is left at this place or behind."""
        gone = set(call_ids)
        self.at -= sum(item.id in gone for item in self.items[: self.at])
        self.items = [item for item in self.items if item.id not in gone]
        self.waiting[self.lane] = max(0, self.waits - len(gone))
        if self.at >= len(self.items):
            self.at = 0

    def pass_over(self, call_id: int) -> None:
        """Somebody else has a call: it goes on waiting, and isn't shown here."""
        for at, item in enumerate(self.items):
            if item.id == call_id:
                del self.items[at]
                self.at -= at < self.at
                break
        if self.at >= len(self.items):
            self.at = 0

    def bring_back(self, call: CallRow, lane: Lane | None = None) -> bool:
        """Put a call in front again, in its own lane; False for a call of no lane.

        Args:
            call: The call.
            lane: In which it was judged, where that is known.
        """
        lane = lane or triage.lane_of(call)[0]
        if lane is Lane.CHOSEN:
            return False
        if self.lane is Lane.MIXED and lane in (Lane.FLAGGED, Lane.AUDIT):
            lane = Lane.MIXED
        if lane is not self.lane:
            self.start(lane)
        self._count(call, 1)
        if all(item.id != call.id for item in self.items):
            self.items = sorted([*self.items, call], key=self._place)
        self.at = next(at for at, item in enumerate(self.items) if item.id == call.id)
        return True

    def _place(self, call: CallRow) -> tuple[int, int]:
        order = queues.order_in(self.lane, self.order)
        return queues.place_of(call, order, self.arranged)

    def _count(self, call: CallRow, change: int) -> None:
        lanes = {self.lane}
        if self.lane is Lane.MIXED:
            lanes.add(triage.lane_of(call)[0])
        for lane in lanes:
            self.waiting[lane] = max(0, self.waiting.get(lane, 0) + change)
