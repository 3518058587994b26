"""Prompt templates: Jinja2 that may come from anybody.

A template sees its variables and nothing else, and it ends in time (`core.sandbox` says how).
jinja2 is loaded by the first template that is read, not by importing this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Final

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import TemplateError
from llmops_tui.core.sandbox.meter import Limits, Meter

if TYPE_CHECKING:
    from jinja2.environment import Template as JinjaTemplate

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "Template",
    "TemplateLineError",
    "check",
    "misspelled",
    "parse",
    "render",
    "variables",
]

DEFAULT_LIMITS: Final = Limits()
MAX_SOURCE_CHARS: Final = 2_000_000
_FILENAME: Final = "<template>"
_UNDEFINED: Final = re.compile(r"'(\w+)' is undefined")


class TemplateLineError(TemplateError):
    """A template can't be parsed or rendered, and the line is known."""

    def __init__(self, message: str, hint: str = "", *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}", hint)
        self.line = line
        """Line in the template, counted from 1."""
        self.problem = message
        """What is wrong, without the line."""


class Template:
    """A parsed template; made by `parse()`."""

    __slots__ = ("_compiled", "source", "variables")

    def __init__(self, source: str, compiled: JinjaTemplate, variables: tuple[str, ...]) -> None:
        self.source = source
        self.variables = variables
        """Names of the variables it asks for, in order of appearance."""
        self._compiled = compiled

    def render(self, values: Mapping[str, Json], *, limits: Limits = DEFAULT_LIMITS) -> str:
        """The text for these values.

        Raises:
            TemplateError: A variable is missing, or the template does what it must not.
        """
        # jinja2 is loaded by now: reading the template has done so.
        from llmops_tui.core.sandbox.environment import start

        meter = Meter(limits)
        try:
            text = start(self._compiled, values, meter)()
            if len(text) > limits.output_chars:
                meter.refuse_output()
        except Exception as error:  # A hostile template can make anything happen.
            line = _line_of(self._compiled, error.__traceback__)
            raise _problem(error, line, values) from error
        return text


def parse(source: str) -> Template:
    """Read a template; the same text is read once.

    Raises:
        TemplateLineError: It can't be parsed, or uses what prompts may not use.
    """
    if len(source) > MAX_SOURCE_CHARS:
        raise TemplateError(
            f"The template is longer than {MAX_SOURCE_CHARS:,} characters.",
            "Put long texts into variables.",
        )
    return _parsed(source)


@lru_cache(maxsize=128)
def _parsed(source: str) -> Template:
    # On the way to the first ink nothing may load jinja2 (30 ms): only templates do.
    from jinja2.exceptions import TemplateSyntaxError

    from llmops_tui.core.sandbox.environment import environment

    sandbox = environment()
    try:
        tree = sandbox.read(source)
        names = sandbox.undeclared(tree)
        # Last, as it puts the meter into the tree.
        compiled = sandbox.from_string(tree)
    except TemplateSyntaxError as error:
        message = (error.message or "the template can't be read").rstrip(".")
        raise TemplateLineError(f"{message}.", line=error.lineno) from error
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
        raise TemplateLineError(
            "The template is nested too deeply or holds a number that is too long.",
            "Take it apart with `{% set … %}`.",
        ) from error
    return Template(source, compiled, names)


def check(source: str) -> None:
    """Raise `TemplateLineError` where a template can't be used."""
    parse(source)


def variables(source: str) -> tuple[str, ...]:
    """Names of the variables a template asks for, in order of appearance."""
    return parse(source).variables


def render(source: str, values: Mapping[str, Json], *, limits: Limits = DEFAULT_LIMITS) -> str:
    """The text of a template for these values."""
    return parse(source).render(values, limits=limits)


def misspelled(unknown: str, known: Iterable[str]) -> str | None:
    """The known name that an unknown one was probably meant to be."""
    # difflib is needed only once something went wrong.
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(unknown.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def _line_of(template: JinjaTemplate, trace: TracebackType | None) -> int | None:
    """The innermost line of the template in a traceback."""
    line = None
    for _ in range(2000):
        if trace is None:
            break
        if trace.tb_frame.f_code.co_filename == _FILENAME:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _problem(error: Exception, line: int | None, values: Mapping[str, Json]) -> TemplateLineError:
    if isinstance(error, TemplateError):
        return TemplateLineError(str(error), error.hint, line=line)
    if isinstance(error, MemoryError):
        return TemplateLineError("The template takes more memory than there is.", line=line)
    if isinstance(error, RecursionError):
        return TemplateLineError("The template calls itself without end.", line=line)
    message = str(error)[:300] or type(error).__name__
    missing = _UNDEFINED.match(message)
    if missing is None:
        return TemplateLineError(f"{message.rstrip('.')}.", line=line)
    suggestion = misspelled(missing[1], values)
    if suggestion is not None:
        hint = f"Did you mean `{suggestion}`?"
    else:
        hint = f"Known variables: {', '.join(list(values)[:20]) or 'none'}."
    return TemplateLineError(f"the variable `{missing[1]}` has no value.", hint, line=line)
