"""Removes what is older or more than a project keeps, batch by batch, while calls keep coming.

A batch is one short transaction; its number of calls follows how long the last one held the write
lock, so that a slow disk is given smaller ones. Between two batches the lock is free.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Final, TypeVar

from llmops_tui.core.clock import now_ms
from llmops_tui.core.retention import HOUR_MS, YOUNGEST_MS, RetentionPolicy
from llmops_tui.store import call_sizes, removal, retention, space, words
from llmops_tui.store.database import Database
from llmops_tui.store.removal import Candidate, Removed, Tally

EVERY_S: Final = 60.0
FIRST_BATCH: Final = 40
_SMALLEST, _LARGEST = 4, 200
_ANY: Final = 2**62
_LONG_MS, _SHORT_MS = 25.0, 12.0
"""A batch that holds the lock for longer is followed by a smaller one; for less, by a larger."""

Outcome = TypeVar("Outcome")

log = logging.getLogger("llmops_tui.gateway")


class Batches:
    """How many calls go at once."""

    def __init__(self) -> None:
        self.size = FIRST_BATCH

    def learn(self, held_ms: float) -> None:
        """From how long the last one held the lock."""
        if held_ms > _LONG_MS:
            self.size = max(_SMALLEST, self.size // 2)
        elif held_ms < _SHORT_MS:
            self.size = min(_LARGEST, self.size + self.size // 2)


class Retainer:
    """Of one process.

    Args:
        db: The workspace.
        turn: Held while this process writes; None where nobody else in it does.
    """

    def __init__(self, db: Database, turn: threading.Lock | None = None) -> None:
        self._db = db
        self._turn = turn
        self._due = 0.0
        self._under_way: Iterator[Removed] | None = None
        self._batches = Batches()
        self._from: dict[int | None, tuple[RetentionPolicy, int, int]] = {}
        self.tally = Tally()

    def step(self) -> bool:
        """A little of the work, where it is time for some; whether to come back at once."""
        if self._under_way is None:
            if time.monotonic() < self._due:
                return False
            self._due = time.monotonic() + EVERY_S
            found = retention.policies(self._db)
            if not found or not self._held(
                lambda: retention.take(self._db, int(EVERY_S * 1000) - 1000)
            ):
                return False
            self._under_way = self.work(found)
        try:
            if next(self._under_way, None) is not None:
                return True
        except BaseException:
            self._under_way = None
            raise
        self._under_way = None
        return False

    def work(self, found: dict[int | None, RetentionPolicy]) -> Iterator[Removed]:
        """Do what is due now for these projects, one short transaction with each item."""
        before = self.tally.calls
        while self._held(lambda: call_sizes.measure(self._db)):
            yield Removed()
        for project_id, policy in found.items():
            yield from self._remove(project_id, policy)
        yield from self.follow()
        if self.tally.calls > before:
            log.info("retention removed %s calls", self.tally.calls - before)

    def follow(self) -> Iterator[Removed]:
        """What hung on removed calls, what the index noted of them, then the space that is free."""
        while self._held(lambda: removal.follow(self._db)):
            yield Removed()
        if words.is_untidy(self._db):
            more = self._held(lambda: words.tidy(self._db, begin=True))
            while more:
                yield Removed()
                more = self._held(lambda: words.tidy(self._db, begin=False))
        while self._held(lambda: space.give_back(self._db)):
            yield Removed()

    def remove(self, wanted: list[Candidate], stamps: Mapping[int, str] | None = None) -> Removed:
        """One batch; it may take only the first of them."""
        prepared = removal.prepare(self._db, wanted)
        done = self._held(lambda: removal.remove(self._db, prepared, stamps))
        self._batches.learn(done.held_ms)
        self.tally.add(done)
        return done

    @property
    def batch_size(self) -> int:
        """Calls that the next batch should be about."""
        return self._batches.size

    def _remove(self, project_id: int | None, policy: RetentionPolicy) -> Iterator[Removed]:
        now = now_ms()
        known, since_when, _ = self._from.get(project_id, (policy, 0, 0))
        if known != policy or now - since_when > HOUR_MS:
            self._from[project_id] = (policy, now, 0)
        cutoff, most = policy.cutoff(now), policy.most_bytes()
        if cutoff is not None:
            yield from self._oldest(project_id, cutoff, None)
        if most is not None:
            yield from self._oldest(project_id, now - YOUNGEST_MS, most)

    def _oldest(self, project_id: int | None, before: int, most: int | None) -> Iterator[Removed]:
        """The oldest first: all that started before a time, or until no more than `most` stay."""
        policy, since_when, since = self._from.get(project_id, (None, 0, 0))
        while (excess := self._excess(project_id, most)) > 0:
            wanted = removal.candidates(self._db, project_id, since, before, self.batch_size)
            # What stayed need not be passed again each minute; once an hour it is.
            since = wanted[0].started_at if wanted else max(since, before)
            if policy is not None:
                self._from[project_id] = (policy, since_when, since)
            if not wanted:
                return
            yield self.remove(_first(wanted, excess))

    def _excess(self, project_id: int | None, most: int | None) -> int:
        """Bytes that are too many; beyond any number where only age counts."""
        return _ANY if most is None else call_sizes.of(self._db, project_id).size - most

    def _held(self, work: Callable[[], Outcome]) -> Outcome:
        with self._turn or nullcontext():
            return work()


def _first(wanted: list[Candidate], size: int) -> list[Candidate]:
    """As many of the first ones as take so many bytes."""
    taken, chosen = 0, []
    for one in wanted:
        if taken >= size:
            break
        taken += one.size
        chosen.append(one)
    return chosen
