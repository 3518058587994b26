"""The attributes and methods that a template may use on each kind of value: no others exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from jinja2.environment import Environment
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedFormatter

from llmops_tui.core.errors import TemplateError
from llmops_tui.core.sandbox.meter import MAX_WIDTH, Function, Meter

MISSING: Final = object()

# Work and result grow no faster than the text itself.
_PLAIN_TEXT_METHODS: Final = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isprintable",
        "isspace",
        "istitle",
        "isupper",
        "lower",
        "partition",
        "removeprefix",
        "removesuffix",
        "startswith",
        "swapcase",
        "title",
        "upper",
    ]
)
_LOOP_VALUES: Final = frozenset(
    [
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
        "depth",
        "depth0",
        "previtem",
        "nextitem",
    ]
)


def _width(meter: Meter, width: Any) -> int:
    meter.need(int(width))
    return int(width)


def _pad(method: str, meter: Meter, text: str, width: Any = 0, fill: str = " ") -> Any:
    width = _width(meter, width)
    return text.zfill(width) if method == "zfill" else getattr(text, method)(width, fill)


def _strip(method: str, meter: Meter, text: str, characters: str | None = None) -> Any:
    if characters is not None:
        meter.brief(characters, 200)
    return getattr(text, method)(characters)


def _split(method: str, meter: Meter, text: str, sep: str | None = None, maxsplit: int = -1) -> Any:
    meter.brief(text)
    if sep is not None:
        meter.brief(sep, 200)
    return getattr(text, method)(sep, maxsplit)


def _splitlines(meter: Meter, text: str, keepends: bool = False) -> list[str]:
    return meter.brief(text).splitlines(keepends)


def _expandtabs(meter: Meter, text: str, tabsize: Any = 8) -> str:
    meter.need(len(text) + text.count("\t") * int(tabsize))
    return text.expandtabs(int(tabsize))


def replace(meter: Meter, text: str, old: str, new: str, count: int | None = -1) -> str:
    """`text.replace`, bounded by how often `old` occurs."""
    meter.need(len(text) + text.count(old) * len(new))
    return text.replace(old, new, -1 if count is None else count)


def join(meter: Meter, separator: str, values: Any) -> str:
    """`separator.join`, bounded piece by piece."""
    pieces: list[str] = []
    total = 0
    for value in meter.each(values):
        pieces.append(meter.text(value))
        total += len(pieces[-1]) + len(separator)
        meter.need(total)
    return separator.join(pieces)


def _format(environment: Environment, meter: Meter, text: str, *args: Any, **kwargs: Any) -> str:
    return _Formatter(environment, meter).vformat(meter.brief(text), args, kwargs)


class _Formatter(SandboxedFormatter):
    """`str.format` that reaches only what templates may reach, and pads within reason."""

    def __init__(self, environment: Environment, meter: Meter) -> None:
        super().__init__(environment)
        self._meter = meter
        self._total = 0

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        self._meter.tick()
        self._meter.text(value)
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        if any(len(n) > 5 or int(n) > MAX_WIDTH for n in re.findall(r"\d+", format_spec)):
            raise TemplateError(f"Widths in a format go up to {MAX_WIDTH:,}.")
        text = self._meter.text(value)
        if format_spec:
            text = format(value, format_spec)
        self._total += len(text)
        self._meter.need(self._total)
        return text


_TEXT_METHODS: Final[Mapping[str, Callable[..., object]]] = {
    **{name: partial(_pad, name) for name in ("center", "ljust", "rjust", "zfill")},
    **{name: partial(_strip, name) for name in ("strip", "lstrip", "rstrip")},
    **{name: partial(_split, name) for name in ("split", "rsplit")},
    "splitlines": _splitlines,
    "expandtabs": _expandtabs,
    "replace": replace,
    "join": join,
}


def _of(bound: Callable[..., object]) -> Callable[..., object]:
    def run(_: Meter, *args: object, **kwargs: object) -> object:
        return bound(*args, **kwargs)

    return run


def _with_text(method: Callable[..., object], text: str) -> Callable[..., object]:
    def run(meter: Meter, *args: object, **kwargs: object) -> object:
        return method(meter, text, *args, **kwargs)

    return run


def attribute(environment: Environment, value: object, name: str) -> object:
    """The attribute of a value where templates may use it, else `MISSING`.

    Args:
        environment: Whose rules `format` follows for the fields it is asked for.
        value: Any value but a mapping's own keys, which come first for the caller to find.
        name: The attribute's name.
    """
    kind = type(value)
    if kind is str:
        return _text_method(environment, value, name)  # type: ignore[arg-type]
    if kind is dict:
        if name in {"keys", "values", "items"}:
            return Function(name, _of(getattr(value, name)))
        return Function(name, _of(value.get)) if name == "get" else MISSING  # type: ignore[attr-defined]
    if kind is LoopContext:
        if name in _LOOP_VALUES:
            return getattr(value, name)
        if name in {"cycle", "changed"}:
            return Function(name, _of(getattr(value, name)))
        return MISSING
    if isinstance(value, list | tuple):
        if name in {"grouper", "list"} and hasattr(value, name):
            return getattr(value, name)
        return Function(name, _of(getattr(value, name))) if name in {"index", "count"} else MISSING
    return MISSING


def _text_method(environment: Environment, text: str, name: str) -> object:
    if name in _PLAIN_TEXT_METHODS:
        return Function(name, _of(getattr(text, name)))
    if name in _TEXT_METHODS:
        return Function(name, _with_text(_TEXT_METHODS[name], text))
    if name == "format":
        return Function(name, _with_text(partial(_format, environment), text))
    return MISSING
