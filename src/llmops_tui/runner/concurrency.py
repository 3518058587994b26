"""How many requests may be under way at once: as many as the endpoint bears, up to a ceiling.

Additive increase, multiplicative decrease (Chiu & Jain 1989), with TCP's slow start: the limit
doubles each round until the endpoint first complains, then it creeps. An endpoint complains by
throttling, and also silently: when answers take twice as long and no more of them come.
"""

from __future__ import annotations

import math

SLOW_START = 8.0
_DECREASE = 0.5
_EASE = 0.85
_SLOWER = 2.0
_NO_GAIN = 1.1
_SHORTEST_HOLD_S = 0.05
_CAREFUL = 0.1
"""How much slower the limit creeps near where the endpoint last complained."""
_WINDOW = 16
_FORGET = 0.02


class AdaptiveLimit:
    """The current limit and what moves it. Times are seconds of a monotonic clock."""

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._limit = min(float(ceiling), SLOW_START)
        self._slow_start = True
        self._complained_at = math.inf
        self._held_until = 0.0
        self._usual_latency = 0.0
        self._window_size = _WINDOW
        self._window_began = 0.0
        self._window_latency = 0.0
        self._window_answers = 0
        self._best_latency = math.inf
        self._best_rate = 0.0

    @property
    def limit(self) -> int:
        """Requests that may be under way at this moment; at least one."""
        return max(1, int(self._limit))

    @property
    def ceiling(self) -> int:
        """The set limit, never exceeded."""
        return self._ceiling

    @ceiling.setter
    def ceiling(self, value: int) -> None:
        if value > self._ceiling:
            self._slow_start = True
        self._ceiling = max(1, value)
        self._limit = min(self._limit, float(self._ceiling))

    def answered(self, now: float, latency: float) -> None:
        """An answer came after `latency` seconds."""
        if self._window_answers == 0:
            self._window_began = now - latency
            self._window_size = max(_WINDOW, self.limit)
        self._window_answers += 1
        self._window_latency += latency
        self._usual_latency += 0.1 * (latency - self._usual_latency)
        if now >= self._held_until:
            self._limit = min(self._limit + self._step(), float(self._ceiling))
        if self._window_answers >= self._window_size:
            self._close_window(now)

    def throttled(self, now: float) -> None:
        """The endpoint said that it's too much. Counts once for all that was under way then."""
        self._slow_start = False
        if now < self._held_until:
            return
        self._held_until = now + max(self._usual_latency, _SHORTEST_HOLD_S)
        self._complained_at = self._limit
        self._limit = max(1.0, self._limit * _DECREASE)

    def _step(self) -> float:
        if self._slow_start:
            return 1.0
        near = self._limit >= self._complained_at - 1.0
        return (_CAREFUL if near else 1.0) / self._limit

    def _close_window(self, now: float) -> None:
        latency = self._window_latency / self._window_answers
        rate = self._window_answers / max(now - self._window_began, 1e-9)
        if latency > _SLOWER * self._best_latency and rate < _NO_GAIN * self._best_rate:
            self._slow_start = False
            self._limit = max(1.0, self._limit * _EASE)
        # The best is slowly forgotten: one lucky window must not hold the limit down for ever.
        self._best_latency = min(self._best_latency * (1 + _FORGET), latency)
        self._best_rate = max(self._best_rate * (1 - _FORGET), rate)
        self._window_answers = 0
        self._window_latency = 0.0


class RateLimit:
    """Spreads requests and tokens evenly over the minute (a token bucket of one second).

    Args:
        per_minute: how many units a minute; None for no limit.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._whole = None if per_minute is None else per_minute / 60.0
        self._per_second = self._whole
        self._free_at = 0.0

    def share(self, workers: int) -> None:
        """From here on, have the share that is left where so many keep to the limit together."""
        if self._whole is not None:
            self._per_second = self._whole / max(1, workers)

    def delay(self, now: float, units: float = 1.0) -> float:
        """Seconds to wait before using `units`; they count as used from here on."""
        if self._per_second is None:
            return 0.0
        begin = max(self._free_at, now - 1.0)
        self._free_at = begin + units / self._per_second
        return max(0.0, begin - now)

    def settle(self, expected: float, used: float) -> None:
        """What was used is known now: make up for what `delay` was told."""
        if self._per_second is not None:
            self._free_at += (used - expected) / self._per_second
