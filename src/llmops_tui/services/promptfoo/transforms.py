"""Transforms of a configuration: in Jinja, in Python, and such JavaScript as needs not be run.

JavaScript isn't run here. But most of it only trims the answer, folds its case or takes a field of
its JSON; that is read by its form and done by the scorer `part`, as Jinja is. Python is a person's
own function, in a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.core import template
from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.promptfoo.files import Files
from llmops_tui.services.promptfoo.functions import OwnFunctions

WHY: Final = "its transform is a program"
TRANSFORM_FUNCTION: Final = "get_transform"
_WHOLE: Final = re.compile(
    r"(?P<source>JSON\.parse\(output\)|output)"
    r"(?P<steps>(?:\.\w+(?!\w*\()|\[\d+\]|\[['\"][\w -]+['\"]\])*)"
    r"(?P<calls>(?:\.(?:trim|toLowerCase|toUpperCase)\(\))*);?"
)
_CALLS: Final[Mapping[str, tuple[str, Json]]] = {
    "trim": ("trim", True),
    "toLowerCase": ("case", "lower"),
    "toUpperCase": ("case", "upper"),
}


@dataclass(frozen=True, slots=True)
class Transform:
    """What takes the part of an answer that scorers look at."""

    name: str
    parameters: Mapping[str, Json]

    def on(self, scorers: Sequence[Json]) -> dict[str, Json]:
        """The scorers, looking at the transformed answer."""
        return {
            "name": self.name,
            "parameters": {**self.parameters, "scorers": list(scorers)},
            "negate": False,
        }


def read_transform(text: str, files: Files, functions: OwnFunctions) -> Transform:
    """The scorer that does what a transform says, without the scorers that look at its work.

    Raises:
        InputError: it can't be done here.
    """
    if text.strip().startswith("file://"):
        if ".py" not in text:
            raise InputError(WHY)
        named = functions.named(files, text.strip(), TRANSFORM_FUNCTION)
        return Transform("own_part", {"function": named})
    if "{{" in text or "{%" in text:
        template.parse(text)
        return Transform("part", {"template": text})
    return Transform("part", _read_expression(text))


def _read_expression(text: str) -> dict[str, Json]:
    found = _WHOLE.fullmatch(text.strip())
    if found is None:
        raise InputError(WHY)
    parses = found["source"] != "output"
    steps = re.sub(r"\[['\"]([\w -]+)['\"]\]", r".\1", found["steps"]).lstrip(".")
    if steps and not parses:
        raise InputError(f"{WHY} that reads a provider's own answer")
    parameters: dict[str, Json] = {"path": steps, "parse": True} if parses else {}
    calls = re.findall(r"\.(\w+)\(\)", found["calls"])
    parameters |= dict(_CALLS[call] for call in calls)
    return parameters
