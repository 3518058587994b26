"""Rates and counts in plain words, as screens, reports and exit messages say them."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

Rounding = Literal["nearest", "up", "down"]
_MODES = {"nearest": ROUND_HALF_EVEN, "up": ROUND_CEILING, "down": ROUND_FLOOR}


def percent(share: float, rounding: Rounding = "nearest", decimals: int | None = None) -> str:
    """A share of 1 as people read it: 0.0169 is "1.7 %".

    One decimal, and below 1 % as many as show two figures. Upper bounds are rounded up and lower
    bounds down, so that the sentence around them stays true.
    """
    value = Decimal(repr(share)) * 100
    if decimals is None:
        size = abs(value)
        decimals = 1 if size >= 1 or size == 0 else min(6, 1 - size.adjusted())
    # What differs from a round number only by the float's rounding is that round number.
    cleaned = value.quantize(Decimal(1).scaleb(-(decimals + 6)))
    rounded = cleaned.quantize(Decimal(1).scaleb(-decimals), rounding=_MODES[rounding])
    text = f"{rounded:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text} %"


def bound_percent(share: float, side: Literal["upper", "lower"], limit: float) -> str:
    """A bound in per cent, with enough decimals to stay on its side of `limit`.

    An upper bound of 1.24 % under a limit of 1.25 % must not read "1.3 %".
    """
    rounding: Rounding = "up" if side == "upper" else "down"
    for decimals in (None, 2, 3, 4, 6):
        text = percent(share, rounding, decimals)
        shown = float(text.removesuffix(" %")) / 100
        if side == "upper" and (share > limit or shown <= limit + 1e-12):
            return text
        if side == "lower" and (share <= limit or shown > limit):
            return text
    return percent(share, rounding, 8)


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def about(number: int) -> str:
    """A forecast with two figures and no more: 314 is "about 310"."""
    if number < 100:
        return f"about {number}"
    unit = int(10 ** (math.floor(math.log10(number)) - 1))
    return f"about {round(number / unit) * unit}"


def wrong_in(share: float, noun: str = "wrong") -> str:
    """A tolerated share as "2 wrong in 100", in the smallest power of ten that makes it whole."""
    exact = Decimal(repr(share))
    for exponent in range(2, 9):
        parts = exact.scaleb(exponent)
        if parts == parts.to_integral_value():
            return f"{int(parts)} {noun} in {10**exponent:,}"
    return f"{percent(share)} {noun}"


def times_in(confidence: float) -> str:
    """A confidence as "19 times in 20"."""
    from fractions import Fraction  # only needed where a tolerance is explained

    fraction = Fraction(Decimal(repr(confidence))).limit_denominator(100_000)
    if fraction.denominator < 10 and 10 % fraction.denominator == 0:
        scale = 10 // fraction.denominator
        return f"{fraction.numerator * scale} times in 10"
    return f"{fraction.numerator} times in {fraction.denominator}"
