"""The one way from a request to the file: a bounded queue and a thread that commits in groups.

A post is answered only after its calls are committed. Posts that arrive while a commit is under
way share the next one, so many small posts cost few commits without any of them waiting for a
timer.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from llmops_tui.core.call import CallDraft
from llmops_tui.core.errors import LlmopsError, StoreError
from llmops_tui.core.trace import EventDraft, FeedbackDraft, SpanDraft
from llmops_tui.store import traces
from llmops_tui.store.calls import NewCall
from llmops_tui.store.database import Database
from llmops_tui.store.traces import Arrived

GROUP = 1000
"""Calls that one transaction takes at most: the file's write lock is held for short times."""

MAX_WAITING = 20_000
"""Calls that may wait to be written."""

MAX_WAITING_BYTES = 96 * 1024 * 1024
RETRY_AFTER_S = 1
_LOST_AFTER_S = 60.0
"""How long calls of the proxy are kept while the store can't take them."""

_PAUSE_S = 0.5
"""Before the store is tried again with calls of the proxy that it didn't take."""

_WORTH_A_COMMIT = 64
_LINGER_S = 0.001
"""In a rush of small posts, a commit of fewer calls waits this long for those about to come: one
of sixteen takes twice as long as one of a single call."""

_CACHE_MIB = 24
_PRESSED_S = 0.05
"""For how long calls that had to wait count as a rush."""

log = logging.getLogger("llmops_tui.gateway")

Draft = CallDraft | SpanDraft | EventDraft | FeedbackDraft
"""What arrives: calls, and what belongs to them."""

Maker = Callable[[], "CallDraft | None"]
"""Makes a call out of what was observed; run in the writer's thread, off the event loop."""


class Overloaded(LlmopsError):
    """The queue is full; the client should come back."""


@dataclass(slots=True)
class Counts:
    """What has happened so far."""

    received: int = 0
    """Calls that were taken into the queue."""
    stored: int = 0
    duplicates: int = 0
    """Second deliveries of calls that were stored before."""
    refused: int = 0
    """Calls whose sender was told to come back: the queue was full or the store not ready."""
    lost: int = 0
    """Calls through the proxy that could not be stored. Their traffic was not disturbed."""
    unfit: int = 0
    """Calls that the store can't hold at all; the log says why."""


@dataclass(slots=True, eq=False)
class _Batch:
    """Calls that came together."""

    drafts: Sequence[Draft]
    make: Maker | None
    size: int
    since: float
    done: asyncio.Future[int] | None
    """Resolved after the commit with the number of unfit calls; None where nobody waits."""
    judged: list[Arrived] | None = None
    unfit: int = 0

    def __len__(self) -> int:
        return 1 if self.make else len(self.drafts)


class Intake:
    """Takes calls from the event loop and commits them in a thread of its own.

    Args:
        db: The workspace.
        judge: Decides about each call; called in the writer's thread.
        max_waiting: Calls that may wait.
        max_waiting_bytes: Size of the texts that may wait.
    """

    def __init__(
        self,
        db: Database,
        judge: Callable[[CallDraft], NewCall],
        *,
        max_waiting: int = MAX_WAITING,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._db = db
        self._judge = judge
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes
        self._queue: deque[_Batch] = deque()
        self._news = threading.Condition()
        self._waiting = 0
        self._waiting_bytes = 0
        self._closing = False
        self._trouble = ""
        self._pressed_at = float("-inf")
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
        self.counts = Counts()
        self.turn = threading.Lock()
        """Held while this process writes: its threads take turns here, rather than by SQLite's
        own waiting, which would be by sleeping."""

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    async def submit(self, drafts: Sequence[Draft], size: int) -> int:
        """Commit calls; returns when they are on the disk.

        Args:
            drafts: The calls.
            size: Roughly how many bytes they hold.

        Returns:
            How many of them the store can't hold at all; sending those again is of no use.

        Raises:
            Overloaded: Too much is waiting already; nothing of this was taken.
            StoreError: The store can't take them now. Some may have been stored: a second
                delivery is harmless.
        """
        loop = asyncio.get_running_loop()
        chunks = [drafts[at : at + GROUP] for at in range(0, len(drafts), GROUP)]
        now = time.monotonic()
        batches = [
            _Batch(chunk, None, size * len(chunk) // len(drafts), now, loop.create_future())
            for chunk in chunks
        ]
        with self._news:
            if self._closing or self._is_full(len(drafts), size):
                self.counts.refused += len(drafts)
                raise Overloaded(
                    "Calls arrive faster than they can be stored.", "Send them again in a moment."
                )
            for batch in batches:
                self._put(batch)
            self._news.notify()
        if len(batches) == 1 and batches[0].done:
            return await batches[0].done
        results = await asyncio.gather(
            *(batch.done for batch in batches if batch.done), return_exceptions=True
        )
        unfit = 0
        for result in results:
            if isinstance(result, BaseException):
                raise result
            unfit += result
        return unfit

    def offer(self, make: Maker, size: int) -> bool:
        """Leave a call to be stored when possible; never waits.

        Args:
            make: Makes the call, later, in the writer's thread.
            size: Roughly how many bytes it holds.

        Returns:
            Whether there was room. If not, the loss is counted.
        """
        with self._news:
            if self._closing or self._is_full(1, size):
                self.counts.lost += 1
                return False
            self._put(_Batch((), make, size, time.monotonic(), None))
            self._news.notify()
            return True

    def state(self) -> dict[str, object]:
        """Counts and the queue, for `/health`."""
        return {
            **asdict(self.counts),
            "waiting": self._waiting,
            "trouble": self._trouble,
        }

    @property
    def is_pressed(self) -> bool:
        """Whether calls had to wait for others to be written, just now."""
        return time.monotonic() - self._pressed_at < _PRESSED_S

    @property
    def is_healthy(self) -> bool:
        """Whether the last commit worked and the writer lives."""
        return not self._trouble and (self._closing or self._thread.is_alive())

    def close(self, timeout_s: float = 30.0) -> None:
        """Commit all that waits, then stop."""
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        with self._news:
            left = self._waiting
        if left:
            self.counts.lost += left
            log.error("%d calls were still waiting to be stored at the end and are lost", left)

    # --- the queue

    def _is_full(self, more: int, size: int) -> bool:
        if not self._waiting:
            return False  # a batch over the limits is taken when it is alone
        return (
            self._waiting + more > self._max_waiting
            or self._waiting_bytes + size > self._max_waiting_bytes
        )

    def _put(self, batch: _Batch) -> None:
        self._queue.append(batch)
        self._waiting += len(batch)
        self._waiting_bytes += batch.size
        self.counts.received += len(batch)

    def _take(self) -> list[_Batch]:
        with self._news:
            while not self._queue and not self._closing:
                self._news.wait()
            if len(self._queue) > 1 or self._waiting >= GROUP:
                self._pressed_at = time.monotonic()
            lingers = self.is_pressed and self._waiting < _WORTH_A_COMMIT and not self._closing
        if lingers:
            time.sleep(_LINGER_S)
        with self._news:
            group: list[_Batch] = []
            size = 0
            while self._queue and (not group or size + len(self._queue[0]) <= GROUP):
                group.append(self._queue.popleft())
                size += len(group[-1])
            return group

    def _leave(self, group: Sequence[_Batch]) -> None:
        with self._news:
            self._waiting -= sum(len(batch) for batch in group)
            self._waiting_bytes -= sum(batch.size for batch in group)

    # --- the writer's thread

    def _work(self) -> None:
        self._db.keep_pages(_CACHE_MIB)
        while group := self._take():
            try:
                self._write(group)
            except StoreError as error:
                self._postpone(group, error)
            except Exception:
                log.exception("a group of calls could not be stored; trying them one by one")
                self._write_singly(group)

    def _write(self, group: list[_Batch]) -> None:
        wanted = [new for batch in group for new in self._judged(batch)]
        self._store(wanted)
        self._leave(group)
        _resolve(group, None)

    def _judged(self, batch: _Batch) -> list[Arrived]:
        if batch.judged is None:
            batch.judged = []
            makers: list[Callable[[], Draft | None]] = (
                [batch.make] if batch.make else [partial(_same, one) for one in batch.drafts]
            )
            for make in makers:
                try:
                    draft = make()
                    if isinstance(draft, CallDraft):
                        batch.judged.append(self._judge(draft))
                    elif draft is not None:
                        batch.judged.append(draft)
                except Exception:
                    log.exception("a call can't be read")
                    batch.unfit += 1
                    self.counts.unfit += 1
        return batch.judged

    def _store(self, wanted: Sequence[Arrived]) -> None:
        with self.turn:
            added = traces.add(self._db, wanted) if wanted else 0
        self.counts.stored += added
        self.counts.duplicates += len(wanted) - added
        self._trouble = ""

    def _postpone(self, group: list[_Batch], error: StoreError) -> None:
        """Tell those who wait; keep the calls that nobody will send again."""
        if str(error) != self._trouble:
            log.error("calls can't be stored: %s %s", error, error.hint)
        self._trouble = str(error)
        waited = [batch for batch in group if batch.done]
        with self._news:
            self.counts.refused += sum(len(batch) for batch in waited)
        self._leave(waited)
        _resolve(waited, error)
        oldest = time.monotonic() - _LOST_AFTER_S
        left = [batch for batch in group if not batch.done]
        lost = [batch for batch in left if self._closing or batch.since < oldest]
        kept = [batch for batch in left if batch not in lost]
        self._leave(lost)
        with self._news:
            self.counts.lost += sum(len(batch) for batch in lost)
            if kept:
                self._queue.extendleft(reversed(kept))
                self._news.wait(_PAUSE_S)

    def _write_singly(self, group: list[_Batch]) -> None:
        for at, batch in enumerate(group):
            for new in self._judged(batch):
                try:
                    self._store([new])
                except StoreError as error:
                    self._postpone(group[at:], error)
                    return
                except Exception:
                    log.exception("what arrived can't be stored: %s", type(new).__name__)
                    batch.unfit += 1
                    self.counts.unfit += 1
            self._leave([batch])
            _resolve([batch], None)


def _same(draft: Draft) -> Draft:
    return draft


def _resolve(group: Sequence[_Batch], error: BaseException | None) -> None:
    """Let the waiting requests go on, in their own event loop."""
    waiting = [(batch.done, batch.unfit) for batch in group if batch.done]
    if not waiting:
        return

    def settle() -> None:
        for done, unfit in waiting:
            if done.done():
                continue  # the client went away
            if error is None:
                done.set_result(unfit)
            else:
                done.set_exception(error)

    loop = waiting[0][0].get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
