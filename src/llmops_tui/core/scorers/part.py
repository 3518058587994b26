"""`part`: other scorers look at a part of the answer, such as one field of its JSON.

`own_part` takes the part by a person's own function; `runner/scorers` compiles it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from llmops_tui.core import template
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.json_text import follow, read_json, read_path
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote
from llmops_tui.core.scorers.composite import Builder, CompositeParameters, compile_composite
from llmops_tui.core.scorers.outside import need_function

EXPLANATION: Final = "Other scorers look at a part of the answer: trimmed, or a field of its JSON."


@dataclass(frozen=True, slots=True)
class PartParameters:
    """Which part, and who looks at it; all of them must pass."""

    scorers: tuple[Mapping[str, Json], ...] = option((), "Specifications: name, parameters, negate")
    path: str = option("", "The field of the JSON answer, e.g. `items[0].price`; empty: all of it")
    parse: bool = option(False, "The answer is JSON even where no path is given")
    trim: bool = option(False, "Without spaces and line ends around it")
    case: str = option("as it is", "Of its letters", choices=("as it is", "lower", "upper"))
    template: str = option("", "Jinja that makes the part of `output` and the inputs in `vars`")

    def __post_init__(self) -> None:
        if not self.scorers:
            raise InputError("The scorer part needs scorers.")
        read_path(self.path)
        if self.template:
            template.parse(self.template)


OWN_EXPLANATION: Final = "Other scorers look at what your own Python function makes of the answer."


@dataclass(frozen=True, slots=True)
class OwnPartParameters:
    """Which function, and who looks at what it returns; all of them must pass."""

    scorers: tuple[Mapping[str, Json], ...] = option((), "Specifications: name, parameters, negate")
    function: str = option("", "file.py:function, called as function(answer, context)")
    seconds: float = option(10.0, "How long one answer may take", least=0.01)

    def __post_init__(self) -> None:
        if not self.scorers:
            raise InputError("The scorer own_part needs scorers.")
        need_function(self.function, "own_part")


def compile_part(parameters: PartParameters, build: Builder) -> Check:
    """The check for these parameters."""
    path = read_path(parameters.path) if parameters.path else ()
    inner = compile_composite(CompositeParameters(parameters.scorers), build)

    parsed = template.parse(parameters.template) if parameters.template else None

    def taken(answer: str, inputs: Mapping[str, Json]) -> str:
        if path or parameters.parse:
            found = follow(read_json(answer, fenced=False), path)
            answer = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        if parameters.trim:
            answer = answer.strip()
        if parameters.case != "as it is":
            answer = answer.lower() if parameters.case == "lower" else answer.upper()
        if parsed is not None:
            answer = parsed.render({"output": answer, "vars": dict(inputs)})
        return answer

    def check(given: ScoringInput) -> Finding:
        try:
            part = taken(given.answer, given.inputs)
        except ValueError as error:
            return False, f"is no JSON: {error}"
        except LookupError:
            return False, f"has nothing at {quote(parameters.path)}"
        return inner(replace(given, answer=part))

    return check
