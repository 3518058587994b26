"""Finding the smallest whole number for which something becomes true, without a linear scan."""

from __future__ import annotations

from collections.abc import Callable

NEVER = 10**12
"""More rows than anybody will have: searches give up here."""


def smallest(
    is_true: Callable[[int], bool], *, at_least: int, guess: int, limit: int = NEVER
) -> int | None:
    """Smallest n ≥ `at_least` for which `is_true(n)`, when it stays true from there on.

    Doubles its steps away from `guess`, then bisects: a good guess costs a handful of calls.

    Returns:
        The number, or None when there is none up to `limit`.
    """
    guess = max(guess, at_least)
    step = 1
    if is_true(guess):
        high = guess
        while True:
            low = high - step
            if low < at_least:
                low = at_least - 1
                break
            if not is_true(low):
                break
            high = low
            step *= 2
    else:
        low = guess
        while True:
            if low >= limit:
                return None
            high = min(low + step, limit)
            if is_true(high):
                break
            low = high
            step *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if is_true(middle):
            high = middle
        else:
            low = middle
    return high


def crossing(function: Callable[[float], float], below: float, above: float) -> float:
    """Where a function turns from negative near `below` to positive near `above`.

    The ends themselves are not asked, since the function may be infinite there. False position
    after Illinois (Dowell & Jarratt, BIT 11, 1971), falling back on bisection until both signs
    have been seen.

    Returns:
        A point on the positive side, at most 1e-10 from the crossing.
    """
    low, high = below, above
    low_value: float | None = None
    high_value: float | None = None
    last_side = 0
    for _ in range(200):
        if abs(high - low) <= 1e-10:
            break
        if low_value is None or high_value is None or not low_value < 0 < high_value < 1e6:
            middle = (low + high) / 2
        else:
            middle = (low * high_value - high * low_value) / (high_value - low_value)
            # A step onto an end would never end: keep a little distance.
            nudge = min(abs(high - low) / 4, 4e-11)
            left, right = min(low, high) + nudge, max(low, high) - nudge
            middle = min(max(middle, left), right)
        value = function(middle)
        if value >= 0:
            if last_side == 1 and low_value is not None:
                low_value /= 2
            high, high_value, last_side = middle, max(value, 1e-300), 1
        else:
            if last_side == -1 and high_value is not None:
                high_value /= 2
            low, low_value, last_side = middle, value, -1
    return high
