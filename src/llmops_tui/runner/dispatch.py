"""Sends a run's requests: as many at once as each endpoint bears, again where that may help."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from llmops_tui.core.chat import Answer, AnswerError, AnswerErrorKind
from llmops_tui.runner.budget import CostCap
from llmops_tui.runner.exchange import AskUser, Exchange, UserSilentError, pending_answer
from llmops_tui.runner.jobs import CellTarget, Feed, Job
from llmops_tui.runner.judge_pool import JudgePool
from llmops_tui.runner.lanes import Lane, Step
from llmops_tui.runner.outcomes import answered_sample, errored_sample
from llmops_tui.runner.retry import STOPS_AT_ONCE, THRESHOLD, wait_before_retry
from llmops_tui.runner.scoring import Scoring
from llmops_tui.store.finished_sample import FinishedSample
from llmops_tui.store.pending_answers import PendingAnswer

LOOKAHEAD = 512
"""Jobs read ahead for one endpoint while another one is slower."""
MOST_READY = 256
"""Jobs kept ready for an endpoint, so that none is made while an answer waits to be heard."""
AT_A_TIME = 64
"""Samples finished without a request (from the cache) before the event loop gets its turn."""
FINISH_AT_A_TIME = 16
READ_AT_A_TIME = 8
"""Between two turns of the event loop: answers come first, then scoring, then what is next."""
MOST_UNWRITTEN = 5_000
FEW_LEFT = 100
"""One row in so many, the last ones of a run, says nothing of the endpoint."""


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
        keep: gets each answer that is no sample yet, so that no kill has it paid again.
        unwritten: how many finished samples wait to be written; too many hold the dispatcher.
        ask_user: asks the model that plays the user in conversations; blocks.
    """

    feed: Feed
    targets: list[CellTarget]
    lanes: list[Lane]
    scoring: Scoring
    cap: CostCap
    finish: Callable[[FinishedSample], None]
    keep: Callable[[PendingAnswer], None]
    unwritten: Callable[[], int]
    ask_user: AskUser
    stopped: str = ""
    """Why nothing more is sent; empty while there is more to do."""
    trouble: BaseException | None = None
    _each_lane: list[Lane] = field(init=False)
    _left: int = field(init=False)
    """Samples that are still to be finished."""
    _answered: deque[tuple[Job, Answer]] = field(default_factory=deque)
    """Answers to be scored when the event loop has heard what else came."""
    _judges: JudgePool = field(init=False)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _exhausted: bool = False
    _pumping: bool = False
    _working: bool = False
    _chance: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._each_lane = list({id(lane): lane for lane in self.lanes}.values())
        self._left = self.feed.missing
        self._judges = JudgePool(self.scoring, self._finish, self._was_judged)

    async def run(self) -> None:
        """Go on until everything is done, or until `stop` and what was under way has ended.

        Raises:
            Exception: what a program error in here raised.
        """
        self.pump()
        try:
            await self._done.wait()
        finally:
            self._judges.close()
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
        for lane in self._each_lane:
            for task in lane.under_way:
                task.cancel()
        self._judges.abandon()

    def set_concurrency(self, concurrency: int) -> None:
        """Change the ceiling, also while requests are under way."""
        for lane in self._each_lane:
            lane.limit.ceiling = min(concurrency, lane.endpoint.max_concurrency)
        self.pump()

    def pump(self) -> None:
        """Send whatever may be sent now."""
        if self._pumping:
            return
        self._pumping = True
        try:
            if not self.stopped and not self._is_held_up():
                for lane in self._each_lane:
                    self._pump_lane(lane)
            self._finish_if_idle()
        except Exception as error:  # noqa: BLE001 - handed on by run(), which people wait for
            self._break(error)
        finally:
            self._pumping = False

    def _is_held_up(self) -> bool:
        """Whether what was answered must be judged or written before more is asked."""
        return self.unwritten() >= MOST_UNWRITTEN or self._judges.is_full

    def _pump_lane(self, lane: Lane) -> None:
        while len(lane.under_way) < lane.places and not self.stopped:
            step = self._next_step(lane)
            if step is None:
                return
            task = asyncio.get_running_loop().create_task(self._slot(lane, step))
            lane.under_way.add(task)
            task.add_done_callback(lambda ended: self._ended(lane, ended))

    def _next_step(self, lane: Lane) -> Step | None:
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
            target = self.targets[job.place.cell]
            price = 0 if job.needs_no_request else target.highest_price(job)
            aside = self.cap.reserve(price, judged=self.scoring.waits)
            if aside is None:
                lane.queue.appendleft(job)
                if not self.cap.under_way:
                    self.stop("cost cap reached")
                return None
            job.aside = aside
            if job.needs_no_request:
                self.cap.settle(aside, 0)
                self._finish_without_request(lane, job)
                continue
            tokens = target.expected_tokens(job)
            return Step(job, aside, lane.reserve(now, tokens), tokens)
        loop.call_soon(self.pump)
        return None

    def _next_job(self, lane: Lane, now: float) -> Job | None:
        # A doubtful endpoint is tried with rows that haven't failed yet: others may be at fault.
        if lane.due(now) and not (lane.breaker.doubtful and self._has_ready(lane)):
            return lane.pop_due()
        # Retries are bounded: while many wait for a sick endpoint, nothing new is begun.
        if lane.is_full and not lane.breaker.doubtful:
            return None
        return lane.queue.popleft() if self._has_ready(lane) else None

    def _has_ready(self, lane: Lane) -> bool:
        """Whether a job is in the lane's queue, reading on until there is one."""
        while not lane.queue:
            if not self._read_one():
                return False
        return True

    def _read_one(self) -> bool:
        """Put the next job into its lane's queue; False where there is none or enough wait."""
        if self._exhausted or any(len(lane.queue) >= LOOKAHEAD for lane in self._each_lane):
            return False
        job = self.feed.take()
        if job is None:
            self._exhausted = True
            return False
        self.lanes[job.place.cell].queue.append(job)
        return True

    async def _slot(self, lane: Lane, step: Step | None) -> None:
        """Ask one request after the other, for as long as the lane's limit has a place for it.

        The next request goes out before the last answer is scored: what an endpoint waits for
        must not stand behind our own work.
        """
        while step is not None:
            await self._ask(lane, step)
            places = lane.places - len(lane.under_way)
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
        self._answered.clear()
        self.stop("program error")

    async def _ask(self, lane: Lane, step: Step) -> None:
        job = step.job
        assert job.request is not None
        cost = 0
        try:
            if step.delay > 0:
                await asyncio.sleep(step.delay)
                if self.stopped:
                    lane.queue.appendleft(job)
                    self._settle_judging(job, 0)
                    return
            model = self.targets[job.place.cell].model
            job.attempts += 1
            exchange = Exchange(lane, step, model, self.ask_user, self.keep)
            try:
                answer = await exchange.answer()
            except AnswerError as error:
                # An answer that says nothing, or breaks off, was paid for all the same.
                cost = exchange.cost(error.usage)
                job.spent += cost
                self._failed(lane, job, error, exchange.sent_at)
                self._settle_judging(job, 0)
            except UserSilentError as silent:
                cost = exchange.cost(None)
                job.spent += cost
                self._user_failed(lane, job, silent)
                self._settle_judging(job, 0)
            else:
                cost = exchange.cost(answer.usage)
                job.spent += cost
                if self.scoring.waits and job.script is None:
                    self.keep(pending_answer(job, 0, answer, job.spent))
                self._answered.append((job, answer))
                self._work_soon()
        finally:
            self.cap.settle(step.aside, cost)

    def _settle_judging(self, job: Job, cost: int) -> None:
        """It was judged for so much, or isn't now: it failed, or is asked later."""
        aside, job.aside = job.aside, None
        self.cap.judged(aside, cost)

    def _user_failed(self, lane: Lane, job: Job, silent: UserSilentError) -> None:
        """It was asked as often as may help; the lane's endpoint has nothing to do with it."""
        if silent.error.kind in STOPS_AT_ONCE:
            self.stop(str(silent))
        else:
            self._give_up(lane, job, silent.of_row())

    def _failed(self, lane: Lane, job: Job, error: AnswerError, sent_at: float) -> None:
        now = asyncio.get_running_loop().time()
        breaker = lane.breaker
        lane.failed(error, now)
        suspect = job.suspect or self._few_are_left
        is_own = breaker.failed(error, now, sent_at, suspect=suspect)
        if breaker.cause:
            self.stop(breaker.cause)
            return  # not a sample: it is asked again when the run goes on
        job.suspect = is_own
        if breaker.doubtful and not is_own and error.retryable:
            # The endpoint's fault: the row keeps its attempts.
            job.spared += 1
            lane.free_at = max(lane.free_at, now + breaker.probe_after(error, self._chance))
        wait = wait_before_retry(error, max(1, job.attempts - job.spared), self._chance)
        if wait is None:
            self._give_up(lane, job, error)
        else:
            lane.again(job, now + wait)
            asyncio.get_running_loop().call_later(wait, self.pump)

    @property
    def _few_are_left(self) -> bool:
        """Whether the last rows are asked: where they fail, it may well be for what they are."""
        total = self.feed.plan.total
        few = max(min(THRESHOLD, total // 10), total // FEW_LEFT)
        return self._left <= few

    def _work_soon(self) -> None:
        if not self._working:
            self._working = True
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        """Score some answers and make some jobs ready, then give the event loop its turn."""
        self._working = False
        try:
            waiting = len(self._answered)
            for _ in range(min(waiting, max(FINISH_AT_A_TIME, waiting // 4))):
                self._finish_with(*self._answered.popleft())
            more = not self.stopped and self._read_ahead()
        except Exception as error:  # noqa: BLE001 - handed on by run(), which people wait for
            self._break(error)
            return
        if self._answered or more:
            self._work_soon()
        else:
            self._finish_if_idle()

    def _read_ahead(self) -> bool:
        """Make a few jobs ready; whether more are wanted."""
        for lane in self._each_lane:
            wanted = min(MOST_READY, lane.limit.limit)
            for _ in range(READ_AT_A_TIME):
                if len(lane.queue) >= wanted or not self._read_one():
                    break
            else:
                return True
        return False

    def _finish_without_request(self, lane: Lane, job: Job) -> None:
        if job.request is None:
            self._give_up(lane, job, AnswerError(AnswerErrorKind.RENDER, job.render_error))
        elif job.shared is not None:
            self._finish_with(job, job.shared)
        elif job.cached is not None:
            self._finish_with(job, job.cached.answer)
        else:
            self._finish_with(job, job.past[-1])

    def _finish_with(self, job: Job, answer: Answer) -> None:
        for one in (job, *self.feed.answered(job, answer)):
            if self.scoring.waits:
                self._judges.judge(one, answer)
            else:
                judged = partial(self.scoring, answer, one.example, one.spent)
                self._finish(one, answered_sample(one, answer, judged))

    def _was_judged(self, error: BaseException | None) -> None:
        if error is not None:
            self._break(error)
        self.pump()

    def _give_up(self, lane: Lane, job: Job, error: AnswerError) -> None:
        self._finish(job, errored_sample(job, error))
        follower = self.feed.gave_up(job)
        if follower is not None:
            lane.queue.appendleft(follower)

    def _finish(self, job: Job, sample: FinishedSample) -> None:
        self._left -= 1
        self._settle_judging(job, sum(score.cost for score in sample.scores))
        self.finish(sample)

    def _finish_if_idle(self) -> None:
        if (
            self._answered
            or self._judges.is_busy
            or any(lane.under_way for lane in self._each_lane)
        ):
            return
        waiting = any(lane.waits for lane in self._each_lane)
        if self.stopped or (self._exhausted and not waiting):
            self._done.set()
