"""Choosing how answers are judged: one scorer or several, each with what it needs, in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.parameters import ParameterField
from llmops_tui.core.scorers.registry import SCORERS, ScorerSpec
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import projects

if TYPE_CHECKING:
    from llmops_tui.core.scorers.judge_prompts import Ask
    from llmops_tui.runner.scorers.judging import Reply

NEEDS = {
    "regex": ("pattern", "a pattern, such as ^(yes|no)$"),
    "json_field": ("path", "where the field is, such as items[0].price"),
    "label": ("labels", "all labels, separated by commas"),
    "json_schema": ("schema", 'a JSON Schema, such as {"type": "object"}'),
    "length": ("most", "characters at most, such as 200"),
    "word_count": ("most", "words at most, such as 50"),
    "latency": ("most_ms", "milliseconds at most, such as 2000"),
    "cost": ("most", "what one answer may cost, such as 0.002"),
    "language": ("languages", "languages, such as en, de"),
    "script": ("scripts", "scripts, such as latin"),
    "python": ("function", "file.py:function"),
    "composite": ("scorers", 'scorers as JSON, such as [{"name": "equals"}]'),
}
"""What some scorers can't do without: the parameter, and how to ask for it."""
AND = re.compile(r"\s+\+\s+(?=(?:not )?[a-z_]+(?:[\s{]|$))")
"""Between scorers in one line: ` + contains texts=yes`."""
_PAIR = re.compile(r"(?P<name>[a-z_]+)\s*=\s*")


def scorer_choices() -> tuple[tuple[str, str], ...]:
    """Name and explanation of every scorer."""
    return tuple((kind.name, kind.explanation) for kind in SCORERS.values())


def read_scorers(name: str, detail: str) -> tuple[dict[str, Json], ...]:
    """The specifications of the scorer that somebody chose and of those added behind ` + `.

    The detail is what the scorer needs (`NEEDS`), or `parameter=value, …`, or a JSON object;
    `negate=yes` turns it round. ` + not contains texts=sorry` adds another scorer.

    Raises:
        InputError: it needs something that wasn't given, or can't be used so.
    """
    first, *more = AND.split(f" {detail.strip()}" if detail.startswith("+") else detail)
    specs = [read_scorer(name, first)]
    for part in more:
        words, negate = part.strip(), False
        if words.startswith("not "):
            words, negate = words[4:].strip(), True
        found = re.match(r"[a-z_]+", words)
        other = found[0] if found else words
        specs.append({**read_scorer(other, words[len(other) :]), "negate": negate})
    return tuple(specs)


def read_scorer(name: str, detail: str) -> dict[str, Json]:
    """The specification of one scorer; see `read_scorers`.

    Raises:
        InputError: it needs something that wasn't given, or can't be used so.
    """
    fields = {field.name: field for field in ScorerSpec(name).kind.fields()}
    parameters = _parameters(name, detail.strip(), fields)
    negate = parameters.pop("negate", False)
    if name == "python" and isinstance(parameters.get("function"), str):
        # A worker may be started elsewhere.
        path, _, function = str(parameters["function"]).rpartition(":")
        parameters["function"] = f"{Path(path).expanduser().absolute()}:{function}"
    spec = ScorerSpec(name, parameters, negate is True)
    check_scorer(spec)
    return spec.to_json()


def check_scorer(spec: ScorerSpec) -> None:
    """Compile a scorer to see whether it can be used.

    Raises:
        InputError: it needs something that wasn't given, or can't be used so.
    """
    # Compiling loads libraries: nothing that shows a form needs them.
    from llmops_tui.runner.scorers.compilers import build_scorer

    build_scorer(spec, _AnyModel())


def schema_scorer(schema: Mapping[str, Json]) -> ScorerSpec:
    """What checks that an answer has the form that was asked for."""
    return ScorerSpec("json_schema", {"schema": dict(schema), "fenced": False})


class _AnyModel:
    """Takes any judging model: which ones there are is looked up when a run begins."""

    def check(self, model: str) -> None:
        """Every name will do."""

    def ask(self, model: str, question: Ask) -> Reply:
        """Nobody is asked while a scorer is chosen."""
        raise InputError(f"{model} is asked in a run.")


def scorer_words(scorers: Sequence[Mapping[str, Json]]) -> str:
    """Scorers in a few words: `equals`, `regex ^(yes|no)$`; `none` where there is none."""
    return ", ".join(_words(scorer) for scorer in scorers) or "none"


def set_scorers(
    workspace: Workspace, project_id: int, scorers: Sequence[Mapping[str, Json]]
) -> None:
    """Change what runs of a project judge answers with unless told otherwise."""
    projects.set_scorers(workspace.db, project_id, scorers)


def _parameters(name: str, detail: str, fields: Mapping[str, ParameterField]) -> dict[str, Json]:
    needed, asked = NEEDS.get(name, ("", ""))
    if not detail:
        if needed:
            raise InputError(f"The scorer {name} needs {asked}.")
        return {}
    if detail[0] in "{[":
        try:
            value = json.loads(detail)
        except ValueError as error:
            if needed in ("pattern", "path"):
                return {needed: detail}
            raise InputError(f"What the scorer {name} is to have is no JSON: {error}.") from error
        if isinstance(value, dict) and value.keys() <= fields.keys() | {"negate"}:
            return value
        return {needed: value} if needed else {}
    named = list(_PAIR.finditer(detail))
    if named and named[0].start() == 0 and named[0]["name"] in fields.keys() | {"negate"}:
        ends = [*(match.start() for match in named[1:]), len(detail)]
        return {
            match["name"]: _value(detail[match.end() : end].strip().rstrip(","), fields, match)
            for match, end in zip(named, ends, strict=True)
        }
    if not needed:
        raise InputError(
            f"What is {detail!r} to the scorer {name}?",
            f"Write it like {next(iter(fields))}=…; it takes {', '.join(fields)}."
            if fields
            else "It takes nothing.",
        )
    return {needed: _typed(detail, fields[needed].kind)}


def _value(text: str, fields: Mapping[str, ParameterField], match: re.Match[str]) -> Json:
    field = fields.get(match["name"])
    return _typed(text, field.kind if field else "yes or no")


def _typed(text: str, kind: str) -> Json:
    """A value as its parameter takes it; what doesn't fit is left for the check to refuse."""
    if kind == "a text":
        return text
    if kind == "a list of texts":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind == "yes or no":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)
    try:
        value: Json = json.loads(text)
    except ValueError:
        return text
    return value


def _words(scorer: Mapping[str, Json]) -> str:
    name = str(scorer.get("name", ""))
    title = f"not {name}" if scorer.get("negate") else name
    parameters = scorer.get("parameters")
    if name not in NEEDS or not isinstance(parameters, Mapping):
        return title
    value = parameters.get(NEEDS[name][0])
    if name == "composite" and isinstance(value, list):
        inner = [part for part in value if isinstance(part, Mapping)]
        return f"{title} of {scorer_words(inner)}"
    if isinstance(value, Mapping):
        return title
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{title} {shown}"
