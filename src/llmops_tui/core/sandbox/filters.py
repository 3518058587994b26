"""The filters that templates may use: Jinja's where they are harmless, bounded ones elsewhere.

Left out on purpose: `random` (a prompt must be the same each time), `attr`, `pprint`, and the ones
for HTML pages. `tojson` writes plain JSON, as a model should read it, not JSON escaped for HTML.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping
from html import escape as html_escape
from typing import Any, Final

from jinja2 import filters as jinja
from jinja2.runtime import Context
from jinja2.utils import pass_context

from llmops_tui.core.errors import TemplateError
from llmops_tui.core.sandbox import methods
from llmops_tui.core.sandbox.meter import METER, SLOW_CHARS, Meter
from llmops_tui.core.sandbox.operators import percent

TICK: Final = " tick"
WEIGH: Final = " weigh"
CONCAT: Final = " concat"
"""Filters that the environment puts into templates; the blank keeps authors from naming them."""

_JINJA: Final = [
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "filesizeformat",
    "first",
    "float",
    "groupby",
    "int",
    "items",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "select",
    "selectattr",
    "sort",
    "unique",
    "upper",
]
_JINJA_SLOW: Final = ["title", "truncate", "urlencode", "wordcount"]


def _small(value: Any, most: int, what: str) -> Any:
    if isinstance(value, int | float) and abs(value) > most:
        raise TemplateError(f"{what} goes up to {most:,} only.")
    return value


def _text(meter: Meter, value: Any) -> str:
    return meter.text(value)


def _escape(meter: Meter, value: Any) -> str:
    text = meter.text(value)
    meter.need(len(text))
    return html_escape(text)


def _center(meter: Meter, value: Any, width: int = 80) -> str:
    meter.need(int(width))
    return meter.text(value).center(width)


def _indent(
    meter: Meter, value: Any, width: int | str = 4, first: bool = False, blank: bool = False
) -> str:
    margin = width if isinstance(width, str) else " " * int(_small(width, 1_000, "`indent`"))
    text = meter.text(value)
    meter.need(len(text) + (text.count("\n") + 1) * len(margin))
    lines = text.split("\n")
    rest = [margin + line if line or blank else line for line in lines[1:]]
    return "\n".join([margin + lines[0] if first else lines[0], *rest])


def _join(context: Context, value: Any, d: Any = "", attribute: Any = None) -> str:
    meter: Meter = context.parent[METER]
    if attribute is not None:
        value = map(jinja.make_attrgetter(context.environment, attribute), value)
    return methods.join(meter, meter.text(d), value)


def _sum(context: Context, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    if attribute is not None:
        value = map(jinja.make_attrgetter(context.environment, attribute), value)
    numbers = [start, *context.parent[METER].each(value)]
    if not all(isinstance(number, int | float) for number in numbers):
        raise TemplateError("`sum` adds numbers only.")
    return sum(numbers)


def _replace(meter: Meter, value: Any, old: Any, new: Any, count: int | None = None) -> str:
    return methods.replace(meter, meter.text(value), meter.text(old), meter.text(new), count)


def _round(meter: Meter, value: Any, precision: int = 0, method: Any = "common") -> float:
    return jinja.do_round(value, _small(precision, 100, "`round`"), method)


def _reverse(meter: Meter, value: Any) -> Any:
    return jinja.do_reverse(value)


def _trim(meter: Meter, value: Any, chars: str | None = None) -> str:
    return meter.text(value).strip(None if chars is None else meter.brief(chars, 200))


def _format(meter: Meter, value: Any, *args: Any, **kwargs: Any) -> str:
    if args and kwargs:
        raise TemplateError("`format` takes values either by position or by name.")
    return percent(meter, meter.text(value), kwargs or args)


def _batch(meter: Meter, value: Any, linecount: int, fill_with: Any = None) -> Any:
    meter.need_items(int(linecount))
    return jinja.do_batch(value, linecount, fill_with)


def _slice(meter: Meter, value: Any, slices: int, fill_with: Any = None) -> Any:
    meter.need_items(int(slices))
    return jinja.sync_do_slice(value, slices, fill_with)


def _wordwrap(
    meter: Meter,
    value: Any,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str = "\n",
    break_on_hyphens: bool = True,
) -> str:
    # The standard library copies the rest of an overlong word for each line it takes from it.
    text = meter.brief(meter.text(value), SLOW_CHARS // 10)
    separator = meter.brief(meter.text(wrapstring), 200)
    wrapper = textwrap.TextWrapper(
        width=width,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=break_long_words,
        break_on_hyphens=break_on_hyphens,
    )
    return separator.join(separator.join(wrapper.wrap(line)) for line in text.splitlines())


def _tojson(meter: Meter, value: Any, indent: int | None = None) -> str:
    meter.weigh(value, printable=True)
    return json.dumps(value, ensure_ascii=False, indent=_small(indent, 8, "`tojson(indent=…)`"))


def _tick(meter: Meter, value: Any, chars: int = 0) -> bool:
    meter.tick(chars)
    return True


def _weigh(meter: Meter, value: Any) -> Any:
    meter.weigh(value)
    return value


def _concat(meter: Meter, *values: Any) -> str:
    pieces = [meter.text(value) for value in values]
    meter.need(sum(map(len, pieces)))
    return "".join(pieces)


_METERED: Final[Mapping[str, Callable[..., object]]] = {
    "batch": _batch,
    "center": _center,
    "e": _escape,
    "escape": _escape,
    "forceescape": _escape,
    "format": _format,
    "indent": _indent,
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "safe": _text,
    "slice": _slice,
    "string": _text,
    "tojson": _tojson,
    "trim": _trim,
    "wordwrap": _wordwrap,
    CONCAT: _concat,
    TICK: _tick,
    WEIGH: _weigh,
}
_WITH_CONTEXT: Final[Mapping[str, Callable[..., object]]] = {"join": _join, "sum": _sum}


def _metered(function: Callable[..., object]) -> Callable[..., object]:
    @pass_context
    def run(context: Context, *args: Any, **kwargs: Any) -> object:
        meter: Meter = context.parent[METER]
        meter.tick()
        return meter.bounded(function(meter, *args, **kwargs))

    return run


def _with_context(function: Callable[..., object]) -> Callable[..., object]:
    @pass_context
    def run(context: Context, *args: Any, **kwargs: Any) -> object:
        meter: Meter = context.parent[METER]
        meter.tick()
        return meter.bounded(function(context, *args, **kwargs))

    return run


def _of_jinja(name: str, *, slow: bool) -> Callable[..., object]:
    function: Any = jinja.FILTERS[name]
    wanted = getattr(getattr(function, "jinja_pass_arg", None), "name", "")

    def run(context: Context, value: Any, *args: Any, **kwargs: Any) -> object:
        if slow:
            value = context.parent[METER].brief(context.parent[METER].text(value))
        first: Mapping[str, object] = {
            "context": context,
            "eval_context": context.eval_ctx,
            "environment": context.environment,
        }
        if wanted:
            return function(first[wanted], value, *args, **kwargs)
        return function(value, *args, **kwargs)

    return _with_context(run)


def allowed_filters() -> dict[str, Callable[..., Any]]:
    """All filters by the name templates use."""
    return {
        **{name: _of_jinja(name, slow=False) for name in _JINJA},
        **{name: _of_jinja(name, slow=True) for name in _JINJA_SLOW},
        **{name: _metered(function) for name, function in _METERED.items()},
        **{name: _with_context(function) for name, function in _WITH_CONTEXT.items()},
    }
