"""Commits finished samples in batches, at most 200 ms late, off the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from llmops_tui.core.errors import StoreBusyError, StoreFullError
from llmops_tui.store import runs, samples
from llmops_tui.store.database import Database
from llmops_tui.store.finished_sample import FinishedSample
from llmops_tui.store.pending_answers import PendingAnswer
from llmops_tui.store.runs import Control

LATEST_S = 0.15
LARGEST_BATCH = 1000
LEASE_MS = 10_000
BEAT_S = 2.0
STORE_RETRY_S = 1.0
STORE_PATIENCE_S = 600.0


class Writer:
    """The one that writes for a worker. Also keeps its lease and hears what people want.

    Args:
        db: the workspace.
        run_id: the run.
        worker: who holds the lease.
        on_control: called in the event loop with each reading of what people want.
        on_committed: called in the event loop with what the file has from now on.
        on_trouble: called with a sentence while the file can't be written, and with an empty one
            when it can again.
        had_pending: whether an earlier worker left answers that stand in no sample yet.
        limited: ids of the endpoints that are asked and whose limits are shared with others.
    """

    def __init__(
        self,
        db: Database,
        run_id: int,
        worker: str,
        on_control: Callable[[Control], None],
        on_committed: Callable[[Sequence[FinishedSample]], None],
        on_trouble: Callable[[str], None],
        *,
        had_pending: bool = False,
        limited: Callable[[], Collection[int]] = frozenset,
    ) -> None:
        self._db = db
        self._run_id = run_id
        self._worker = worker
        self._on_control = on_control
        self._on_committed = on_committed
        self._on_trouble = on_trouble
        self._waiting: list[FinishedSample] = []
        self._pending: dict[int, list[PendingAnswer]] = {}
        self._had_pending = had_pending
        self._limited = limited
        self._full = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, "llmops-writer")
        self._counted_until = time.monotonic()

    @property
    def backlog(self) -> int:
        """Samples that wait to be written."""
        return len(self._waiting)

    def add(self, sample: FinishedSample) -> None:
        """Hand over a finished sample."""
        self._waiting.append(sample)
        self._pending.pop(sample.ordinal, None)
        if len(self._waiting) >= LARGEST_BATCH:
            self._full.set()

    def keep(self, pending: PendingAnswer) -> None:
        """Hand over an answer whose sample isn't finished yet."""
        self._pending.setdefault(pending.ordinal, []).append(pending)

    async def run(self) -> None:
        """Write until `close` was called and everything is committed.

        Raises:
            LeaseLostError: another worker took the run over.
            StoreFullError: the file could not be written for ten minutes.
        """
        last_beat = 0.0
        try:
            while not (self._closing and not self._waiting and not self._pending):
                await self._pause()
                is_due = time.monotonic() - last_beat >= BEAT_S
                if self._waiting or self._pending or is_due:
                    last_beat = time.monotonic()
                    await self._commit()
        finally:
            self._thread.shutdown(wait=False)

    def close(self) -> None:
        """Write what is left, then stop."""
        self._closing = True
        self._full.set()

    async def _pause(self) -> None:
        if self._closing:
            return
        try:
            async with asyncio.timeout(LATEST_S):
                await self._full.wait()
        except TimeoutError:
            pass
        if not self._closing:
            self._full.clear()

    async def _commit(self) -> None:
        batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
        pending = [one for kept in self._pending.values() for one in kept]
        self._pending = {}
        begun = time.monotonic()
        while True:
            try:
                control = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._write, batch, pending
                )
                break
            except (StoreBusyError, StoreFullError) as error:
                # What was paid for stays in memory until the file takes it.
                self._on_trouble(str(error))
                if time.monotonic() - begun > STORE_PATIENCE_S:
                    raise
                await asyncio.sleep(STORE_RETRY_S)
        self._on_trouble("")
        self._on_committed(batch)
        self._on_control(control)

    def _write(self, batch: list[FinishedSample], pending: list[PendingAnswer]) -> Control:
        now = time.monotonic()
        active_ms = int((now - self._counted_until) * 1000)
        if batch or pending:
            control = samples.commit(
                self._db,
                self._run_id,
                batch,
                worker=self._worker,
                lease_ms=LEASE_MS,
                active_ms=active_ms,
                pending=pending,
                had_pending=self._had_pending,
                limited=self._limited(),
            )
            self._had_pending = self._had_pending or bool(pending)
        else:
            control = runs.beat(
                self._db,
                self._run_id,
                self._worker,
                LEASE_MS,
                active_ms,
                limited=self._limited(),
            )
        self._counted_until = now
        return control
