"""`numeric`: the last number of the answer is the expected one.

`1,234`, `$5.00`, `-3`, `1.5e3` and `42.` are numbers; after `####` the first one counts, as in the
reference solutions of arithmetic tests. A per-cent sign changes nothing: 50 % is 50.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, wanted

EXPLANATION: Final = "The last number in the answer is the expected one, within a tolerance."
LONGEST_ANSWER: Final = 100_000
_TAIL: Final = 400
_MARK: Final = "####"


@dataclass(frozen=True, slots=True)
class NumericParameters:
    """How near the number must be."""

    texts: tuple[str, ...] = option((), "Accepted numbers; none: those the example expects")
    absolute: float = option(0.0, "How far off it may be", least=0)
    relative: float = option(0.0, "How far off it may be, as a part of the expected", least=0)
    decimal_comma: bool = option(False, "Numbers are written 1.234,5 rather than 1,234.5")


@cache
def _pattern(group: str, point: str) -> re.Pattern[str]:
    groups = rf"[{re.escape(group)}'’\u00a0\u202f]"
    point = re.escape(point)
    # A sign stands right before the number or its currency: a dash before a blank is a bullet.
    return re.compile(
        rf"(?<![\w{point}])(?P<sign>[-+−–])?(?:[$€£¥₹]\s?(?P<inner>[-+−–])?)?"
        rf"(?P<whole>\d{{1,3}}(?:{groups}\d{{3}})+(?!\d)|\d+)?(?:{point}(?P<part>\d+))?"
        rf"(?(whole)|(?(part)|(?!)))(?:[eE](?P<power>[-+]?\d{{1,3}})(?!\d))?"
    )


_MINUS: Final = frozenset("-−–")
_NOT_DIGITS: Final = re.compile(r"\D")


def last_number(text: str, *, decimal_comma: bool = False) -> Decimal | None:
    """The last number in a text, or the first after its last `####`."""
    pattern = _pattern(".", ",") if decimal_comma else _pattern(",", ".")
    text = text[-LONGEST_ANSWER:]
    mark = text.rfind(_MARK)
    if mark >= 0 and (match := pattern.search(text, mark + len(_MARK))):
        return _value(match)
    # Reading backwards costs least: a little before the last digit, then more, then everything.
    end = max(map(text.rfind, "0123456789")) if text.isascii() else len(text)
    for start in (max(0, end - 24), max(0, end - _TAIL), 0):
        last = None
        for match in pattern.finditer(text, start):
            last = match
        if last is not None and (last.start() > start + 1 or start == 0):
            return _value(last)
    return None


def _value(match: re.Match[str]) -> Decimal:
    whole = _NOT_DIGITS.sub("", match["whole"] or "0")
    sign = "-" if {match["sign"], match["inner"]} & _MINUS else ""
    return Decimal(f"{sign}{whole}.{match['part'] or '0'}e{match['power'] or '0'}")


def compile_numeric(parameters: NumericParameters) -> Check:
    """The check for these parameters."""
    comma = parameters.decimal_comma
    absolute, relative = Decimal(parameters.absolute), Decimal(parameters.relative)

    def number(text: str) -> Decimal:
        value = last_number(text, decimal_comma=comma)
        if value is None:
            raise InputError(f"The expected answer {text[:60]!r} holds no number.")
        return value

    fixed = tuple(map(number, parameters.texts))

    def check(given: ScoringInput) -> Finding:
        choices = fixed or tuple(map(number, wanted((), given)))
        found = last_number(given.answer, decimal_comma=comma)
        if found is None:
            return False, f"holds no number; {_shown(choices[0])} was expected"
        for choice in choices:
            if abs(found - choice) <= max(absolute, relative * abs(choice)):
                return True, f"ends in {_shown(found)}, as expected"
        return False, f"ends in {_shown(found)}, not {_shown(choices[0])}"

    return check


def _shown(number: Decimal) -> str:
    text = f"{number.normalize():f}" if -20 < number.adjusted() < 20 else f"{number:.6e}"
    return text.replace("-", "−", 1)
