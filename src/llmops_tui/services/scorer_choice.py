"""Choosing how answers are judged: one scorer from a list, with the one thing it may need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers.registry import SCORERS, ScorerSpec, build
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import projects

NEEDS = {
    "regex": ("pattern", "a pattern, such as ^(yes|no)$"),
    "json_field": ("path", "where the field is, such as items[0].price"),
    "label": ("labels", "all labels, separated by commas"),
}
"""What some scorers can't do without: the parameter, and how to ask for it."""


def scorer_choices() -> tuple[tuple[str, str], ...]:
    """Name and explanation of every scorer."""
    return tuple((kind.name, kind.explanation) for kind in SCORERS.values())


def read_scorer(name: str, detail: str) -> dict[str, Json]:
    """The specification of a scorer that somebody chose.

    Raises:
        InputError: it needs something that wasn't given, or can't be used so.
    """
    parameters: dict[str, Json] = {}
    if name in NEEDS:
        parameter, asked = NEEDS[name]
        if not detail.strip():
            raise InputError(f"The scorer {name} needs {asked}.")
        parts: list[Json] = [part.strip() for part in detail.split(",") if part.strip()]
        parameters[parameter] = parts if parameter == "labels" else detail.strip()
    spec = ScorerSpec(name, parameters)
    build(spec)
    return spec.to_json()


def scorer_words(scorers: Sequence[Mapping[str, Json]]) -> str:
    """Scorers in a few words: `equals`, `regex ^(yes|no)$`; `none` where there is none."""
    return ", ".join(_words(scorer) for scorer in scorers) or "none"


def set_scorers(
    workspace: Workspace, project_id: int, scorers: Sequence[Mapping[str, Json]]
) -> None:
    """Change what runs of a project judge answers with unless told otherwise."""
    projects.set_scorers(workspace.db, project_id, scorers)


def _words(scorer: Mapping[str, Json]) -> str:
    name = str(scorer.get("name", ""))
    parameters = scorer.get("parameters")
    if name not in NEEDS or not isinstance(parameters, Mapping):
        return name
    value = parameters.get(NEEDS[name][0])
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{name} {shown}"
