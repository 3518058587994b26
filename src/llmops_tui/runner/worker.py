"""Executes one run to its end, or as far as it gets. The same in the foreground and detached."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import uuid
from collections.abc import Callable

from llmops_tui.core.errors import ConflictError, LlmopsError
from llmops_tui.core.run import RunStatus, Wanted
from llmops_tui.providers.factory import open_provider
from llmops_tui.providers.wire import Wire
from llmops_tui.runner.budget import CostCap
from llmops_tui.runner.dispatch import Dispatcher
from llmops_tui.runner.jobs import CellTarget, Feed, load_targets
from llmops_tui.runner.jury import ModelJury
from llmops_tui.runner.lanes import Lane
from llmops_tui.runner.pace import Paces
from llmops_tui.runner.retry import PATIENCE_S
from llmops_tui.runner.scoring import Scoring
from llmops_tui.runner.stopping import Decider, can_stop
from llmops_tui.runner.writer import LEASE_MS, Writer
from llmops_tui.store import runs, samples
from llmops_tui.store.database import Database
from llmops_tui.store.finished_sample import FinishedSample
from llmops_tui.store.runs import Control, LeaseLostError

log = logging.getLogger(__name__)

DRAIN_S = {Wanted.PAUSE: 60.0, Wanted.CANCEL: 10.0}
"""How long answers that are under way are waited for."""
DECIDED = "decided"
SWITCH_S = 0.0005
"""How soon the writer's thread hands over to the event loop; Python's own 5 ms are answers late."""
MOST_CONNECTIONS = 1024
"""More than any limit lets out: the lanes' limits decide, not the pool."""


async def execute(
    db: Database,
    run_id: int,
    *,
    on_finish: Callable[[FinishedSample], None] | None = None,
    patience_s: float = PATIENCE_S,
) -> RunStatus:
    """Do the run's missing samples.

    Args:
        db: the workspace.
        run_id: a planned, paused or interrupted run.
        on_finish: called with each finished sample, before it is committed.
        patience_s: how long an endpoint that answered before may be away until the run pauses.

    Returns:
        How it ended; the run's `cause` says why where that needs saying.

    Raises:
        ConflictError: another worker is at it.
        NotFoundError: there is no such run.
    """
    run = runs.get(db, run_id)
    sys.setswitchinterval(SWITCH_S)
    worker = uuid.uuid4().hex
    if not runs.claim(db, run_id, worker, os.getpid(), LEASE_MS):
        raise ConflictError(
            f"Another worker (process {run.worker_pid}) is at run {run_id}.",
            "Watch it in the app; it can be resumed once that worker has ended.",
        )
    try:
        status, cause = await _Execution(db, run_id, worker, on_finish, patience_s).go()
    except LeaseLostError:
        log.warning("run %s was taken over by another worker", run_id)
        return RunStatus.INTERRUPTED
    except LlmopsError as error:
        # Something a person can mend: a missing key, an unknown endpoint. The run can go on then.
        log.debug("run %s could not go on", run_id, exc_info=error)
        runs.end(db, run_id, worker, RunStatus.PAUSED, f"{error} {error.hint}".strip())
        raise
    except BaseException as error:
        log.exception("run %s failed", run_id)
        cause = f"{type(error).__name__}: {error}"
        runs.end(db, run_id, worker, RunStatus.FAILED, cause)
        raise
    runs.end(db, run_id, worker, status, cause)
    return status


class _Execution:
    def __init__(
        self,
        db: Database,
        run_id: int,
        worker: str,
        on_finish: Callable[[FinishedSample], None] | None,
        patience_s: float,
    ) -> None:
        self._db = db
        self._worker = worker
        self._patience_s = patience_s
        self._on_finish = on_finish
        self._run = runs.get(db, run_id)
        self._targets = load_targets(db, self._run)
        self._feed = Feed(db, self._run, self._targets)
        self._cap = CostCap(
            self._run.cost_cap,
            sum(cell.spent for cell in self._run.cells) + self._feed.pending_cost,
        )
        self._writer = Writer(
            db,
            run_id,
            worker,
            self._heard,
            self._feed.committed,
            self._store_trouble,
            had_pending=self._feed.has_pending,
            limited=lambda: self._paces.limited,
        )
        self._paces = Paces()
        self._users = ModelJury(db, self._paces)
        self._scoring = Scoring(self._run.spec.scorers, db, self._paces)
        self._decider = self._open_decider()
        self._concurrency = self._run.concurrency
        self._wanted = Wanted.RUN
        self._dispatcher: Dispatcher | None = None

    async def go(self) -> tuple[RunStatus, str]:
        """Dispatch and write until done; (how it ended, why)."""
        async with Wire(max_connections=MOST_CONNECTIONS) as wire:
            self._dispatcher = self._open_dispatcher(wire, self._concurrency)
            self._share_limits()
            if self._decider is not None:
                self._stop_if_decided()
            writing = asyncio.create_task(self._writer.run())
            dispatching = asyncio.create_task(self._dispatcher.run())
            with _Signals(self._interrupted):
                try:
                    await self._wait(dispatching, writing)
                finally:
                    self._writer.close()
                    await self._end(dispatching)
                    await writing
                    await asyncio.to_thread(self._scoring.close)
                    await asyncio.to_thread(self._users.close)
        return self._how_it_ended()

    def _open_dispatcher(self, wire: Wire, concurrency: int) -> Dispatcher:
        lanes: dict[int, Lane] = {}
        for target in self._targets:
            endpoint = target.endpoint
            if endpoint.id not in lanes:
                provider = open_provider(endpoint, wire)
                lanes[endpoint.id] = Lane.to(
                    endpoint, provider, self._paces.of(endpoint), concurrency, self._patience_s
                )
        return Dispatcher(
            feed=self._feed,
            targets=self._targets,
            lanes=[lanes[target.endpoint.id] for target in self._targets],
            scoring=self._scoring,
            cap=self._cap,
            finish=self._finished,
            keep=self._writer.keep,
            unwritten=lambda: self._writer.backlog,
            ask_user=self._users.ask,
        )

    def _share_limits(self) -> None:
        """Know of the others before the first request; they hear of this one within two seconds."""
        limited = self._paces.limited
        if limited:
            run_id = self._run.id
            control = runs.beat(self._db, run_id, self._worker, LEASE_MS, 0, limited=limited)
            self._paces.share(control.workers)

    def _open_decider(self) -> Decider | None:
        spec = self._run.spec
        if not spec.stop_when_decided or not can_stop(spec):
            return None
        decider = Decider(spec, self._feed.plan)
        for ordinal, outcome in samples.outcomes(self._db, self._run.id):
            decider.add(ordinal, outcome)
        return decider

    async def _wait(self, dispatching: asyncio.Task[None], writing: asyncio.Task[None]) -> None:
        """Until the dispatcher is through. Where the writer fails first, its error is raised."""
        while not dispatching.done():
            await asyncio.wait(
                {dispatching, writing}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
            )
            if writing.done():
                await writing
            if self._wanted is not Wanted.RUN and not dispatching.done():
                await asyncio.wait({dispatching}, timeout=DRAIN_S[self._wanted])
                assert self._dispatcher is not None
                self._dispatcher.abandon()
        await dispatching

    async def _end(self, dispatching: asyncio.Task[None]) -> None:
        assert self._dispatcher is not None
        if dispatching.done():
            return
        self._dispatcher.stop("ended")
        self._dispatcher.abandon()
        await asyncio.wait({dispatching}, timeout=5.0)

    def _finished(self, sample: FinishedSample) -> None:
        self._writer.add(sample)
        if self._on_finish is not None:
            self._on_finish(sample)
        if self._decider is not None:
            self._decider.add(sample.ordinal, sample.outcome)
            self._stop_if_decided()

    def _stop_if_decided(self) -> None:
        """Stop while every cell is decided; go on where an answer under way undid that."""
        assert self._dispatcher is not None
        assert self._decider is not None
        if self._decider.decided:
            self._dispatcher.stop(DECIDED)
        elif self._dispatcher.stopped == DECIDED:
            self._dispatcher.go_on()

    def _heard(self, control: Control) -> None:
        """What people want, read at each commit."""
        dispatcher = self._dispatcher
        assert dispatcher is not None
        self._cap.cap = control.cost_cap
        self._paces.share(control.workers)
        if control.concurrency != self._concurrency:
            self._concurrency = control.concurrency
            dispatcher.set_concurrency(control.concurrency)
        if control.wanted is not Wanted.RUN:
            self._wanted = control.wanted
            dispatcher.stop(control.wanted.value)
        dispatcher.pump()

    def _store_trouble(self, message: str) -> None:
        if message:
            log.warning("waiting for the workspace file: %s", message)

    def _interrupted(self) -> None:
        self._wanted = Wanted.PAUSE
        assert self._dispatcher is not None
        self._dispatcher.stop("the worker was asked to stop")

    def _how_it_ended(self) -> tuple[RunStatus, str]:
        assert self._dispatcher is not None
        stopped = self._dispatcher.stopped
        if stopped in ("", DECIDED):
            return RunStatus.FINISHED, stopped
        if stopped == Wanted.CANCEL:
            return RunStatus.CANCELLED, ""
        return RunStatus.PAUSED, "" if stopped == Wanted.PAUSE else stopped


class _Signals:
    """SIGINT, SIGTERM and SIGHUP end a worker in good order instead of killing it."""

    NAMES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def __enter__(self) -> None:
        try:
            for name in self.NAMES:
                asyncio.get_running_loop().add_signal_handler(name, self._then)
        except (ValueError, RuntimeError):
            log.debug("not in the main thread: signals keep their meaning")

    def __exit__(self, *exception: object) -> None:
        try:
            for name in self.NAMES:
                asyncio.get_running_loop().remove_signal_handler(name)
        except (ValueError, RuntimeError):
            log.debug("not in the main thread: no signal handlers to remove")


__all__ = ["CellTarget", "execute"]
