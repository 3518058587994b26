"""What a rendering may use up, and the count of what it has used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import thread_time
from typing import Final

from llmops_tui.core.errors import TemplateError

METER: Final = " meter"
"""Name of the meter among a template's variables; the blank keeps templates from naming it."""
SLOW_CHARS: Final = 200_000
"""Longest text that goes into filters and methods that work word by word."""
MAX_WIDTH: Final = 10_000
"""Widest column that formatting may be asked for."""
MAX_BITS: Final = 14_000
"""Longest integer, which still has fewer digits than Python agrees to print."""
_MAX_DEPTH: Final = 60
_PLAIN: Final = frozenset({int, float, bool, type(None)})
# Printing a missing variable raises; an `if` without `else` prints nothing.
_UNDEFINED: Final = frozenset({"StrictUndefined", "Undefined"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one rendering may take. The defaults are far above what prompts need."""

    steps: int = 100_000
    """Loop rounds, calls, filters and operators together."""
    output_chars: int = 5_000_000
    value_chars: int = 5_000_000
    """Characters of any one value on the way."""
    value_items: int = 100_000
    """Items of any one list or mapping, those of its parts included."""
    seconds: float = 0.5
    """Processor time of the rendering thread: a machine that is busy elsewhere does no harm."""


class Meter:
    """Counts what one rendering uses, and raises `TemplateError` when it is too much."""

    __slots__ = ("_deadline", "_emitted", "_steps", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._steps = 0
        self._emitted = 0
        self._deadline = thread_time() + limits.seconds

    def tick(self, chars: int = 0) -> None:
        """Count one step, and so many characters of the template's own text put out in it."""
        self._steps += 1
        if self._steps > self.limits.steps:
            raise TemplateError(
                f"The template takes more than {self.limits.steps:,} steps.",
                "Look for a loop or a macro that repeats more often than it should.",
            )
        if not self._steps & 15:
            self._look_at_the_clock()
        if chars:
            self._emit(chars)

    def _look_at_the_clock(self) -> None:
        if thread_time() > self._deadline:
            raise TemplateError(
                f"The template takes longer than {self.limits.seconds:g} s to render.",
                "Look for a loop or a macro that does more work than it should.",
            )

    def _emit(self, chars: int) -> None:
        self._emitted += chars
        # Text passes here again each time a macro or a block hands it on.
        if self._emitted > 4 * self.limits.output_chars:
            self.refuse_output()

    def refuse_output(self) -> None:
        """Say that the rendered text is too long."""
        raise TemplateError(
            f"The rendered text is longer than {self.limits.output_chars:,} characters.",
            "Shorten the variables or take out a repetition.",
        )

    def put_out(self, value: object) -> str:
        """A value as it appears in the rendered text."""
        text = value if type(value) is str else self.text(value)
        self.tick()
        self._emit(len(text))
        return text

    def text(self, value: object) -> str:
        """A value as text: what JSON knows, never the representation of something inside Python."""
        kind = type(value)
        if kind is str or kind in _PLAIN or kind.__name__ in _UNDEFINED:
            return str(value)
        self.weigh(value, printable=True)
        return str(value)

    def need(self, chars: int) -> None:
        """Refuse a text before it is made."""
        if chars > self.limits.value_chars:
            raise TemplateError(
                f"The template makes a text of more than {self.limits.value_chars:,} characters.",
                "Look for a repetition, padding or indentation by too large a number.",
            )
        if chars > SLOW_CHARS:
            self._look_at_the_clock()

    def need_items(self, items: int) -> None:
        """Refuse a list or mapping before it is made."""
        if items > self.limits.value_items:
            raise TemplateError(
                f"The template makes a list of more than {self.limits.value_items:,} items.",
                "Look for a repetition by too large a number.",
            )

    def brief(self, text: str, most: int = SLOW_CHARS) -> str:
        """Refuse a text that is too long for what shall be done with it."""
        if len(text) > most:
            raise TemplateError(
                f"A text of more than {most:,} characters is too long for this filter or method.",
                "Shorten it first, e.g. with `truncate`.",
            )
        return text

    def weigh(self, value: object, *, printable: bool = False) -> None:
        """Refuse a value that is too large or too deep when all its parts are written out.

        A list that holds another one twice counts it twice: comparing, hashing and printing do so.

        Args:
            value: Any value.
            printable: Refuse parts that have no place in a prompt as well.
        """
        items = chars = depth = 0
        level = [value]
        most = self.limits.value_items
        while level:
            depth += 1
            items += len(level)
            if depth > _MAX_DEPTH:
                raise TemplateError(f"The template nests lists more than {_MAX_DEPTH} deep.")
            inner: list[object] = []
            for part in level:
                kind = type(part)
                if kind is str:
                    chars += len(part)  # type: ignore[arg-type]
                elif kind is dict:
                    inner.extend(part)  # type: ignore[arg-type]
                    inner.extend(part.values())  # type: ignore[attr-defined]
                elif isinstance(part, list | tuple):
                    inner.extend(part)
                elif printable and kind not in _PLAIN:
                    _refuse_print(part)
                if len(inner) > most:
                    break
            self.need_items(items + len(inner))
            self.need(chars)
            level = inner

    def bounded(self, value: object) -> object:
        """Check the result of a filter or call; what is lazy is counted as it goes."""
        kind = type(value)
        if kind is str:
            self.need(len(value))  # type: ignore[arg-type]
        elif kind is dict or isinstance(value, list | tuple):
            self.weigh(value)
        elif kind is int and value.bit_length() > MAX_BITS:  # type: ignore[attr-defined]
            raise TemplateError("A number in the template gets too large.")
        elif isinstance(value, Iterator):
            return self.each(value)
        return value

    def each(self, values: Iterable[object]) -> Iterator[object]:
        """The same values, each a step."""
        for value in values:
            self.tick()
            yield value


def _refuse_print(value: object) -> None:
    name = type(value).__name__
    if isinstance(value, Iterable):
        raise TemplateError(
            "A filter's result can't be put out as it is.", "Add `|list` or `|join(', ')` to it."
        )
    raise TemplateError(f"A value of the kind `{name.lower()}` can't be put into a prompt.")


class Function:
    """Something a template may call: a bounded version of a function or method."""

    __slots__ = ("_run", "name")

    def __init__(self, name: str, run: object) -> None:
        self.name = name
        self._run = run

    def call(self, meter: Meter, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """Run it."""
        return meter.bounded(self._run(meter, *args, **kwargs))  # type: ignore[operator]
