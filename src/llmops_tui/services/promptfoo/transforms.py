"""Transforms of a configuration that need no program to be run.

JavaScript isn't run here. But most transforms only trim the answer, fold its case or take a field
of its JSON; those are read by their form and done by the scorer `part`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError

WHY: Final = "its transform is a program"
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


def read_transform(text: str) -> dict[str, Json]:
    """The parameters of `part` that do what a transform says, without its scorers.

    Raises:
        InputError: it is more than that.
    """
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


def on_part(parameters: Mapping[str, Json], scorers: Sequence[Json]) -> dict[str, Json]:
    """The scorers, looking at the transformed answer."""
    return {
        "name": "part",
        "parameters": {**parameters, "scorers": list(scorers)},
        "negate": False,
    }
