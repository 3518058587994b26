"""When to ask again, when to give a sample up, and when to stop asking an endpoint at all."""

from __future__ import annotations

import random

from llmops_tui.core.chat import AnswerError, AnswerErrorKind

MAX_ATTEMPTS = 6
MOST_TRUNCATED = 2
"""Attempts at an answer that breaks off: each of them was probably paid for."""
BASE_S = 0.5
CAP_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0

STOPS_AT_ONCE = (AnswerErrorKind.KEY_REFUSED, AnswerErrorKind.NOT_FOUND)
"""No sample can succeed after one of these: the run pauses instead of burning the data set."""

SIGNS_OF_OUTAGE = (AnswerErrorKind.CONNECT, AnswerErrorKind.SERVER, AnswerErrorKind.TIMEOUT)


def wait_before_retry(error: AnswerError, attempt: int, chance: random.Random) -> float | None:
    """Seconds until asking again; None when it's no use.

    Full jitter (Brooker 2015, "Exponential backoff and jitter"): uniform between nothing and the
    exponential bound, so that callers that failed together don't come back together. What the
    endpoint asks for in `Retry-After` is honoured on top, up to two minutes.

    Args:
        error: why the attempt failed.
        attempt: its number, from 1.
        chance: source of the jitter.
    """
    most = MOST_TRUNCATED if error.kind is AnswerErrorKind.TRUNCATED else MAX_ATTEMPTS
    if not error.retryable or attempt >= most:
        return None
    jitter = chance.uniform(0.0, min(CAP_S, BASE_S * 2.0**attempt))
    if error.retry_after_s is None:
        return jitter
    return min(error.retry_after_s, LONGEST_RETRY_AFTER_S) + min(jitter, 1.0)


class CircuitBreaker:
    """Notices that an endpoint is plainly down or refuses us.

    Args:
        endpoint: its name, for the message.
        threshold: failures in a row, without any answer between, that count as down.
    """

    def __init__(self, endpoint: str, threshold: int = 12) -> None:
        self._endpoint = endpoint
        self._threshold = threshold
        self._in_a_row = 0
        self.cause = ""
        """Why the run must pause; empty while all is well."""

    def answered(self) -> None:
        """The endpoint gave an answer, right or wrong."""
        self._in_a_row = 0

    def failed(self, error: AnswerError) -> None:
        """The endpoint gave none."""
        if error.kind in STOPS_AT_ONCE:
            self.cause = f"{self._endpoint}: {error}"
        elif error.kind in SIGNS_OF_OUTAGE:
            self._in_a_row += 1
            if self._in_a_row >= self._threshold:
                self.cause = (
                    f"{self._endpoint} seems to be down: {self._in_a_row} requests in a row "
                    f"failed, the last with: {error}"
                )
        else:
            self._in_a_row = 0
