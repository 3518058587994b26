"""Sends a run's requests: as many at once as each endpoint bears, again where that may help."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from llmops_tui.core.chat import Answer, AnswerError, AnswerErrorKind, Endpoint
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.core.scorers.judge_prompts import Ask
from llmops_tui.providers.base import Provider
from llmops_tui.runner.budget import CostCap
from llmops_tui.runner.concurrency import AdaptiveLimit, RateLimit
from llmops_tui.runner.conversation import converse
from llmops_tui.runner.jobs import CellTarget, Feed, Job, question_of, request_json
from llmops_tui.runner.retry import CircuitBreaker, wait_before_retry
from llmops_tui.runner.scoring import ScorerFailedError, Scoring
from llmops_tui.store.samples import FinishedSample

LOOKAHEAD = 512
"""Jobs read ahead for one endpoint while another one is slower."""
MOST_JUDGED = 16
"""Answers that are judged at once where a scorer asks another process or a model."""
AT_A_TIME = 64
"""Samples finished without a request (from the cache) before the event loop gets its turn."""
MOST_UNWRITTEN = 5_000
Judged: TypeAlias = tuple[Outcome, str, tuple[SampleScore, ...]]


@dataclass(slots=True)
class Lane:
    """One endpoint: what waits for it, what is under way, what it bears."""

    endpoint: Endpoint
    provider: Provider
    limit: AdaptiveLimit
    breaker: CircuitBreaker
    requests: RateLimit
    tokens: RateLimit
    queue: deque[Job] = field(default_factory=deque)
    retries: list[tuple[float, int, Job]] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    free_at: float = 0.0
    """When the rate limits let the next request out."""

    @staticmethod
    def to(endpoint: Endpoint, provider: Provider, concurrency: int) -> Lane:
        """A lane with the endpoint's own limits; `concurrency` is the run's."""
        return Lane(
            endpoint,
            provider,
            AdaptiveLimit(min(concurrency, endpoint.max_concurrency)),
            CircuitBreaker(endpoint.name),
            RateLimit(endpoint.requests_per_minute),
            RateLimit(endpoint.tokens_per_minute),
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """A request that may be sent."""

    job: Job
    aside: int
    """What the cost cap set aside for it."""
    delay: float
    """Seconds to wait for the rate limits."""


@dataclass(slots=True)
class Dispatcher:
    """Hands out jobs until all are done or somebody says stop.

    Args:
        feed: where jobs come from.
        targets: what each cell asks.
        lanes: for each cell, the lane of its endpoint.
        scoring: turns answers into outcomes.
        cap: the cost cap.
        finish: gets each finished sample.
        unwritten: how many finished samples wait to be written; too many hold the dispatcher.
        ask_user: asks the model that plays the user in conversations; blocks.
    """

    feed: Feed
    targets: list[CellTarget]
    lanes: list[Lane]
    scoring: Scoring
    cap: CostCap
    finish: Callable[[FinishedSample], None]
    unwritten: Callable[[], int]
    ask_user: Callable[[str, Ask], str]
    stopped: str = ""
    """Why nothing more is sent; empty while there is more to do."""
    trouble: BaseException | None = None
    _judging: set[asyncio.Task[None]] = field(default_factory=set)
    _threads: ThreadPoolExecutor | None = None
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _exhausted: bool = False
    _pumping: bool = False
    _sequence: itertools.count[int] = field(default_factory=itertools.count)
    _chance: random.Random = field(default_factory=random.Random)

    async def run(self) -> None:
        """Go on until everything is done, or until `stop` and what was under way has ended.

        Raises:
            Exception: what a program error in here raised.
        """
        self.pump()
        try:
            await self._done.wait()
        finally:
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)
        if self.trouble is not None:
            raise self.trouble

    def stop(self, cause: str) -> None:
        """Send nothing more. What is under way was paid for and is waited for."""
        self.stopped = self.stopped or cause
        self._finish_if_idle()

    def go_on(self) -> None:
        """Take a `stop` back, while something is still under way or before the start."""
        self.stopped = ""

    def abandon(self) -> None:
        """End what is under way, too: its answers are lost."""
        for lane in self._lanes():
            for task in lane.under_way:
                task.cancel()
        for task in self._judging:
            task.cancel()

    def set_concurrency(self, concurrency: int) -> None:
        """Change the ceiling, also while requests are under way."""
        for lane in self._lanes():
            lane.limit.ceiling = min(concurrency, lane.endpoint.max_concurrency)
        self.pump()

    def pump(self) -> None:
        """Send whatever may be sent now."""
        if self._pumping:
            return
        self._pumping = True
        try:
            if not self.stopped and not self._is_held_up():
                for lane in self._lanes():
                    self._pump_lane(lane)
            self._finish_if_idle()
        except Exception as error:  # noqa: BLE001 - handed on by run(), which people wait for
            self._break(error)
        finally:
            self._pumping = False

    def _is_held_up(self) -> bool:
        """Whether what was answered must be judged or written before more is asked."""
        return self.unwritten() >= MOST_UNWRITTEN or len(self._judging) >= MOST_JUDGED

    def _lanes(self) -> list[Lane]:
        return list({id(lane): lane for lane in self.lanes}.values())

    def _pump_lane(self, lane: Lane) -> None:
        while len(lane.under_way) < lane.limit.limit and not self.stopped:
            step = self._next_step(lane)
            if step is None:
                return
            task = asyncio.get_running_loop().create_task(self._slot(lane, step))
            lane.under_way.add(task)
            task.add_done_callback(lambda ended: self._ended(lane, ended))

    def _next_step(self, lane: Lane) -> _Step | None:
        """The next request that may be sent; finishes what needs none on the way to it."""
        loop = asyncio.get_running_loop()
        for _ in range(AT_A_TIME):
            if self._is_held_up():
                return None
            now = loop.time()
            if lane.free_at > now:
                loop.call_later(lane.free_at - now, self.pump)
                return None
            job = self._next_job(lane, now)
            if job is None:
                return None
            if job.request is None or job.cached is not None:
                self._finish_without_request(job)
                continue
            target = self.targets[job.place.cell]
            aside = self.cap.reserve(target.highest_price(job))
            if aside is None:
                lane.queue.appendleft(job)
                if not self.cap.under_way:
                    self.stop("cost cap reached")
                return None
            tokens = job.input_tokens_bound + (target.output_tokens_bound or 0)
            lane.free_at = now + max(lane.requests.delay(now), lane.tokens.delay(now, tokens))
            return _Step(job, aside, lane.free_at - now)
        loop.call_soon(self.pump)
        return None

    def _next_job(self, lane: Lane, now: float) -> Job | None:
        if lane.retries and lane.retries[0][0] <= now:
            return heapq.heappop(lane.retries)[2]
        # Retries are bounded: while many wait for a sick endpoint, nothing new is begun.
        if len(lane.retries) >= 4 * lane.limit.ceiling:
            return None
        while not lane.queue:
            if self._exhausted or max(len(other.queue) for other in self.lanes) >= LOOKAHEAD:
                return None
            job = self.feed.take()
            if job is None:
                self._exhausted = True
                return None
            self.lanes[job.place.cell].queue.append(job)
        return lane.queue.popleft()

    async def _slot(self, lane: Lane, step: _Step | None) -> None:
        """Ask one request after the other, for as long as the lane's limit has a place for it.

        The next request goes out before the last answer is scored: what an endpoint waits for
        must not stand behind our own work.
        """
        while step is not None:
            await self._ask(lane, step)
            places = lane.limit.limit - len(lane.under_way)
            if self.stopped or places < 0 or self._is_held_up():
                return
            step = self._next_step(lane)
            if places > 0 and step is not None:
                self.pump()

    def _ended(self, lane: Lane, task: asyncio.Task[None]) -> None:
        lane.under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)
        self.pump()

    def _break(self, error: BaseException) -> None:
        self.trouble = self.trouble or error
        self.stop("program error")

    async def _ask(self, lane: Lane, step: _Step) -> None:
        job = step.job
        assert job.request is not None
        if step.delay > 0:
            await asyncio.sleep(step.delay)
        loop = asyncio.get_running_loop()
        job.attempts += 1
        begun = loop.time()
        cost = 0
        try:
            answer = await self._answer(lane, job)
        except AnswerError as error:
            self._failed(lane, job, error)
        else:
            lane.breaker.answered()
            lane.limit.answered(loop.time(), loop.time() - begun)
            cost = self.targets[job.place.cell].model.cost(answer.usage)
            loop.call_soon(self._finish_later, job, answer, cost)
        finally:
            self.cap.settle(step.aside, cost)

    async def _answer(self, lane: Lane, job: Job) -> Answer:
        assert job.request is not None
        if job.script is None:
            return await lane.provider.ask(job.request)
        last, answer = await converse(
            lane.provider.ask, job.request, job.script, job.past, self.ask_user
        )
        job.request, job.request_json = last, request_json(last).decode("utf-8", "replace")
        return answer

    def _finish_later(self, job: Job, answer: Answer, cost: int) -> None:
        try:
            self._finish_with(job, answer, cost)
        except Exception as error:  # noqa: BLE001 - handed on by run(), which people wait for
            self._break(error)

    def _failed(self, lane: Lane, job: Job, error: AnswerError) -> None:
        now = asyncio.get_running_loop().time()
        lane.breaker.failed(error)
        if error.kind is AnswerErrorKind.THROTTLED or error.status in (429, 503, 529):
            lane.limit.throttled(now)
        if lane.breaker.cause:
            self.stop(lane.breaker.cause)
            return  # not a sample: it is asked again when the run goes on
        wait = wait_before_retry(error, job.attempts, self._chance)
        if wait is None:
            self.finish(_errored(job, error))
        elif not self.stopped:
            heapq.heappush(lane.retries, (now + wait, next(self._sequence), job))
            asyncio.get_running_loop().call_later(wait, self.pump)

    def _finish_without_request(self, job: Job) -> None:
        if job.request is None:
            self.finish(
                _errored(job, AnswerError(AnswerErrorKind.RENDER, job.render_error), attempts=0)
            )
        elif job.cached is not None:
            self._finish_with(job, job.cached.answer, 0)

    def _finish_with(self, job: Job, answer: Answer, cost: int) -> None:
        if not self.scoring.waits:
            self._finish_as(job, answer, cost, lambda: self.scoring(answer, job.example, cost))
            return
        task = asyncio.get_running_loop().create_task(self._judge(job, answer, cost))
        self._judging.add(task)
        task.add_done_callback(self._was_judged)

    async def _judge(self, job: Job, answer: Answer, cost: int) -> None:
        """Score in a thread: the scorers wait for another process or a model."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MOST_JUDGED, "llmops-judge")
        asked = question_of(job.request)
        judging = asyncio.get_running_loop().run_in_executor(
            self._threads, self.scoring, answer, job.example, cost, asked
        )
        try:
            await asyncio.wait({judging})
        except asyncio.CancelledError:
            judging.cancel()
            # The answer was paid for: it is kept, and can be scored again.
            cut = ScorerFailedError("The judging was cut short; score the run again.")
            self._finish_as(job, answer, cost, lambda: _raise(cut))
            raise
        self._finish_as(job, answer, cost, judging.result)

    def _was_judged(self, task: asyncio.Task[None]) -> None:
        self._judging.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)
        self.pump()

    def _finish_as(self, job: Job, answer: Answer, cost: int, judge: Callable[[], Judged]) -> None:
        kind = None
        message = ""
        try:
            outcome, reason, scores = judge()
        except ScorerFailedError as error:
            outcome, reason, scores = Outcome.ERRORED, str(error), ()
            kind, message = AnswerErrorKind.SCORER.value, str(error)
        self.cap.spent += sum(score.cost for score in scores)
        self.finish(
            FinishedSample(
                ordinal=job.ordinal,
                cell=job.place.cell,
                example_id=job.example.id,
                repeat=job.place.repeat,
                outcome=outcome,
                reason=reason,
                scores=scores,
                answer=answer,
                answer_key=job.key,
                cached_answer_id=job.cached.id if job.cached is not None else None,
                request=job.request_json,
                cost=cost,
                attempts=job.attempts,
                error_kind=kind,
                error_message=message,
            )
        )

    def _finish_if_idle(self) -> None:
        lanes = self._lanes()
        if self._judging or any(lane.under_way for lane in lanes):
            return
        waiting = any(lane.queue or lane.retries for lane in lanes)
        if self.stopped or (self._exhausted and not waiting):
            self._done.set()


def _raise(error: Exception) -> NoReturn:
    raise error


def _errored(job: Job, error: AnswerError, attempts: int | None = None) -> FinishedSample:
    return FinishedSample(
        ordinal=job.ordinal,
        cell=job.place.cell,
        example_id=job.example.id,
        repeat=job.place.repeat,
        outcome=Outcome.ERRORED,
        reason=f"{error.kind}: {error}",
        request=job.request_json,
        attempts=job.attempts if attempts is None else attempts,
        error_kind=error.kind.value,
        error_message=str(error),
        evidence=error.evidence,
        latency_ms=error.latency_ms,
    )
