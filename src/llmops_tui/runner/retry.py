"""When to ask again, when to give a sample up, and when to stop asking an endpoint at all."""

from __future__ import annotations

import math
import random

from llmops_tui.core.chat import AnswerError, AnswerErrorKind
from llmops_tui.core.clock import duration

MAX_ATTEMPTS = 6
MOST_TRUNCATED = 2
"""Attempts at an answer that breaks off: each of them was probably paid for."""
BASE_S = 0.5
CAP_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0

STOPS_AT_ONCE = (AnswerErrorKind.KEY_REFUSED, AnswerErrorKind.NOT_FOUND)
"""No sample can succeed after one of these: the run pauses instead of burning the data set."""

SIGNS_OF_OUTAGE = (
    AnswerErrorKind.CONNECT,
    AnswerErrorKind.SERVER,
    AnswerErrorKind.TIMEOUT,
    AnswerErrorKind.THROTTLED,
)
DOUBT = 3
"""So many failures in a row, and requests go out one by one until an answer comes."""
THRESHOLD = 12
PATIENCE_S = 30.0
"""How long an endpoint that has answered before may be away: servers are restarted."""
THROTTLE_PATIENCE = 20
"""Times that, where it is there and only asks for patience."""
LONGEST_PROBE_S = 8.0


def wait_before_retry(error: AnswerError, attempt: int, chance: random.Random) -> float | None:
    """Seconds until asking again; None when it's no use.

    Full jitter (Brooker 2015, "Exponential backoff and jitter"): uniform between nothing and the
    exponential bound, so that callers that failed together don't come back together. What the
    endpoint asks for in `Retry-After` is honoured on top; who asks for more than two minutes gets
    nothing more (`CircuitBreaker`).

    Args:
        error: why the attempt failed.
        attempt: its number, from 1.
        chance: source of the jitter.
    """
    most = MOST_TRUNCATED if error.kind is AnswerErrorKind.TRUNCATED else MAX_ATTEMPTS
    too_long = (error.retry_after_s or 0.0) > LONGEST_RETRY_AFTER_S
    if not error.retryable or attempt >= most or too_long:
        return None
    jitter = chance.uniform(0.0, min(CAP_S, BASE_S * 2.0**attempt))
    if error.retry_after_s is None:
        return jitter
    return error.retry_after_s + min(jitter, 1.0)


class CircuitBreaker:
    """Notices that an endpoint is plainly down or refuses us.

    Rows that fail by themselves (a poisoned prompt, an answer that hangs) must not look like an
    outage, nor an outage cost rows. So a failure counts against the endpoint only where nothing
    was answered since its request went out, and not where the row has failed in good times before.

    Args:
        endpoint: its name, for the message.
        threshold: failures in a row, without any answer between, that count as down.
        patience_s: seconds without an answer that are borne where there were answers before.
    """

    def __init__(
        self, endpoint: str, *, threshold: int = THRESHOLD, patience_s: float = PATIENCE_S
    ) -> None:
        self._endpoint = endpoint
        self._threshold = threshold
        self._patience_s = patience_s
        self._in_a_row = 0
        self._answered_at = -math.inf
        self._silent_since = 0.0
        self._throttling = False
        self.cause = ""
        """Why the run must pause; empty while all is well."""

    @property
    def doubtful(self) -> bool:
        """Whether the endpoint should get one request at a time until it answers."""
        known = self._throttling or self._answered_at > -math.inf
        return known and self._in_a_row >= DOUBT

    def answered(self, now: float) -> None:
        """The endpoint gave an answer, right or wrong."""
        self._answered_at = now
        self._in_a_row = 0

    def failed(self, error: AnswerError, now: float, sent_at: float, *, suspect: bool) -> bool:
        """The endpoint gave none.

        Args:
            error: what it did instead.
            now: a monotonic clock's seconds, as all times here.
            sent_at: when the request went out.
            suspect: whether the row is known to fail by itself.

        Returns:
            Whether the failure is the row's own rather than the endpoint's.
        """
        if error.kind in STOPS_AT_ONCE:
            self.cause = f"{self._endpoint}: {error}"
        elif (error.retry_after_s or 0.0) > LONGEST_RETRY_AFTER_S and error.retryable:
            wait = duration(error.retry_after_s or 0.0)
            self.cause = f"{self._endpoint} asks for no request within {wait}: {error}"
        if self.cause:
            return False
        if error.kind not in SIGNS_OF_OUTAGE:
            # An answer of a kind. The row had its own fault, the endpoint is there.
            self._in_a_row = 0
            return True
        if suspect or self._answered_at > sent_at:
            return True
        if self._in_a_row == 0:
            self._silent_since = sent_at
        self._in_a_row += 1
        self._throttling = error.kind is AnswerErrorKind.THROTTLED
        self._judge(error, now)
        return self._in_a_row < DOUBT

    def _judge(self, error: AnswerError, now: float) -> None:
        patience = self._patience_s
        if self._throttling:
            patience *= THROTTLE_PATIENCE
        elif self._answered_at == -math.inf:
            patience = 0.0
        if self._in_a_row < self._threshold or now - self._silent_since < patience:
            return
        state = "only throttles" if self._throttling else "seems to be down"
        self.cause = (
            f"{self._endpoint} {state}: {self._in_a_row} requests in a row failed, "
            f"the last with: {error}"
        )

    def probe_after(self, error: AnswerError, chance: random.Random) -> float:
        """Seconds until a doubtful endpoint gets its next request."""
        longest = min(LONGEST_PROBE_S, BASE_S * 2.0 ** (self._in_a_row - DOUBT))
        # At least that: what is asked for may be nothing at all, or a date of the past.
        return max(error.retry_after_s or 0.0, chance.uniform(longest / 2, longest))
