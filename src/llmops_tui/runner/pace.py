"""What an endpoint's limits a minute leave to this worker: to its rows, its judges, its users.

All workers that ask the same endpoint share its limits evenly. Who is at it stands in the file;
each worker looks with its heartbeat, so a newcomer is noticed within two seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from llmops_tui.core.chat import Endpoint
from llmops_tui.runner.concurrency import RateLimit


class Pace:
    """One endpoint's limits. From any thread; times are seconds of the monotonic clock."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._lock = threading.Lock()
        self._requests = RateLimit(endpoint.requests_per_minute)
        self._tokens = RateLimit(endpoint.tokens_per_minute)

    def reserve(self, now: float, tokens: float) -> float:
        """Seconds until a request of about so many tokens may go out; it counts from here on."""
        with self._lock:
            return max(self._requests.delay(now), self._tokens.delay(now, tokens))

    def settle(self, expected: float, used: float) -> None:
        """The request that was to use `expected` tokens used so many."""
        with self._lock:
            self._tokens.settle(expected, used)

    def share(self, workers: int) -> None:
        """So many workers are at the endpoint, this one included."""
        with self._lock:
            self._requests.share(workers)
            self._tokens.share(workers)


class Paces:
    """The pace of each endpoint that a worker asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paces: dict[int, Pace] = {}
        self._limited: set[int] = set()

    def of(self, endpoint: Endpoint) -> Pace:
        """The endpoint's pace, the same one for all who ask."""
        with self._lock:
            if endpoint.requests_per_minute is not None or endpoint.tokens_per_minute is not None:
                self._limited.add(endpoint.id)
            return self._paces.setdefault(endpoint.id, Pace(endpoint))

    @property
    def limited(self) -> frozenset[int]:
        """Ids of the endpoints that have a limit to share."""
        with self._lock:
            return frozenset(self._limited)

    def share(self, workers: Mapping[int, int]) -> None:
        """How many workers are at each endpoint."""
        for endpoint_id, count in workers.items():
            if (pace := self._paces.get(endpoint_id)) is not None:
                pace.share(count)
