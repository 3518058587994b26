"""The operators that can make large values, looked at before they do."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from llmops_tui.core.errors import TemplateError
from llmops_tui.core.sandbox.meter import MAX_BITS, MAX_WIDTH, Meter

# A directive of the % operator. Keys with brackets in them are not recognised, and refused.
_DIRECTIVE: Final = re.compile(
    r"%(?:\([^()]*\))?[#0\- +]*(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+)?)?[hlL]?[a-zA-Z%]"
)


def add(meter: Meter, left: Any, right: Any) -> Any:
    """`+`: of texts and lists bounded by the sum."""
    if isinstance(left, str) and isinstance(right, str):
        meter.need(len(left) + len(right))
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        meter.need_items(len(left) + len(right))
        total = left + right  # type: ignore[operator]
        meter.weigh(total)
        return total
    return left + right


def multiply(meter: Meter, left: Any, right: Any) -> Any:
    """`*`: repetition of texts and lists, products of integers."""
    if isinstance(right, str | list | tuple):
        left, right = right, left
    if isinstance(left, str) and isinstance(right, int):
        meter.need(len(left) * right)
    elif isinstance(left, list | tuple) and isinstance(right, int):
        meter.need_items(len(left) * right)
        repeated = left * right
        meter.weigh(repeated)
        return repeated
    elif isinstance(left, int) and isinstance(right, int):
        _need_bits(left.bit_length() + right.bit_length())
    return left * right


def power(meter: Meter, left: Any, right: Any) -> Any:
    """`**`: of integers bounded by the digits of the result."""
    if isinstance(left, int) and isinstance(right, int):
        _need_bits(left.bit_length() * abs(right))
    return left**right


def modulo(meter: Meter, left: Any, right: Any) -> Any:
    """`%`: remainder, or formatting where the left side is a text."""
    if isinstance(left, str):
        return percent(meter, left, right)
    return _remainder(meter, left, right)


def percent(meter: Meter, template: str, values: Any) -> str:
    """Text formatting by `%`, bounded before it happens."""
    meter.brief(template)
    count = widest = 0
    end = 0
    for match in _DIRECTIVE.finditer(template):
        if template.find("%", end, match.start()) >= 0:
            break
        end = match.end()
        count += 1
        for width in match.group("width", "precision"):
            if width == "*" or (width and (len(width) > 5 or int(width) > MAX_WIDTH)):
                raise TemplateError(f"Widths after % go up to {MAX_WIDTH:,} and can't be `*`.")
            widest = max(widest, int(width or 0))
    if template.find("%", end) >= 0:
        raise TemplateError("A % in the format is followed by nothing it knows.", "Write %% for %.")
    if isinstance(values, Mapping):
        parts = list(values.values())
    else:
        parts = list(values) if isinstance(values, tuple) else [values]
    longest = max((len(meter.text(part)) for part in parts), default=0)
    meter.need(len(template) + count * (widest + 1))
    # Each value shows up once, save for those named in a mapping.
    meter.need(len(template) + (count if isinstance(values, Mapping) else 1) * longest)
    return template % values  # type: ignore[no-any-return]


def _need_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise TemplateError("A number in the template gets too large.")


def _plain(function: Callable[[Any, Any], Any]) -> Callable[[Meter, Any, Any], Any]:
    def run(_: Meter, left: Any, right: Any) -> Any:
        for side in (left, right):
            if isinstance(side, int):
                _need_bits(side.bit_length())
        return function(left, right)

    return run


_remainder: Final = _plain(operator.mod)

OPERATORS: Final[Mapping[str, Callable[[Meter, Any, Any], Any]]] = {
    "+": add,
    "-": _plain(operator.sub),
    "*": multiply,
    "/": _plain(operator.truediv),
    "//": _plain(operator.floordiv),
    "%": modulo,
    "**": power,
}
