"""An endpoint as the dispatcher sees it: what waits for it, what is under way, what it bears."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field

from llmops_tui.core.chat import Answer, AnswerError, AnswerErrorKind, Endpoint
from llmops_tui.providers.base import Provider
from llmops_tui.runner.budget import Aside
from llmops_tui.runner.concurrency import AdaptiveLimit
from llmops_tui.runner.jobs import Job
from llmops_tui.runner.pace import Pace
from llmops_tui.runner.retry import CircuitBreaker

THROTTLING = (429, 503, 529)


@dataclass(frozen=True, slots=True)
class Step:
    """A request that may be sent."""

    job: Job
    aside: Aside
    delay: float
    """Seconds to wait for the rate limits."""
    tokens: int
    """What the tokens-per-minute limit was told."""


@dataclass(slots=True)
class Lane:
    """One endpoint of a run. Times are seconds of the event loop's clock."""

    endpoint: Endpoint
    provider: Provider
    limit: AdaptiveLimit
    breaker: CircuitBreaker
    pace: Pace
    queue: deque[Job] = field(default_factory=deque)
    """Ready to be asked; filled ahead of need."""
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    free_at: float = 0.0
    """When the next request may go out."""
    _retries: list[tuple[float, int, Job]] = field(default_factory=list)
    _sequence: itertools.count[int] = field(default_factory=itertools.count)

    @staticmethod
    def to(
        endpoint: Endpoint, provider: Provider, pace: Pace, concurrency: int, patience_s: float
    ) -> Lane:
        """A lane with the endpoint's own limits; `concurrency` is the run's."""
        return Lane(
            endpoint,
            provider,
            AdaptiveLimit(min(concurrency, endpoint.max_concurrency)),
            CircuitBreaker(endpoint.name, patience_s=patience_s),
            pace,
        )

    @property
    def places(self) -> int:
        """Requests that may be under way: one only, while it isn't sure that anybody answers."""
        return 1 if self.breaker.doubtful else self.limit.limit

    @property
    def waits(self) -> bool:
        """Whether something waits to be asked."""
        return bool(self.queue or self._retries)

    @property
    def is_full(self) -> bool:
        """Whether so many wait to be asked again that nothing new is begun."""
        return len(self._retries) >= 4 * self.limit.ceiling

    def reserve(self, now: float, tokens: float) -> float:
        """Seconds until a request of so many tokens may go out; it counts from here on."""
        delay = self.pace.reserve(now, tokens)
        self.free_at = max(self.free_at, now + delay)
        return delay

    def again(self, job: Job, at: float) -> None:
        """Ask again, not before `at`."""
        heapq.heappush(self._retries, (at, next(self._sequence), job))

    def due(self, now: float) -> bool:
        """Whether something is to be asked again now."""
        return bool(self._retries) and self._retries[0][0] <= now

    def pop_due(self) -> Job:
        """What is to be asked again first."""
        return heapq.heappop(self._retries)[2]

    def answered(self, answer: Answer, now: float, sent_at: float, expected_tokens: int) -> None:
        """An answer came."""
        self.breaker.answered(now)
        self.limit.answered(now, now - sent_at)
        usage = answer.usage
        self.pace.settle(expected_tokens, usage.input_tokens + usage.output_tokens)

    def failed(self, error: AnswerError, now: float) -> None:
        """None came. Throttling, said or only shown by the status, makes room at once."""
        if error.kind is AnswerErrorKind.THROTTLED or error.status in THROTTLING:
            self.limit.throttled(now)
