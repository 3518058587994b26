"""Reads registry files of OpenAI's evals and their samples. No class in them is ever imported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import BadRow
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import ROLES
from llmops_tui.interchange.promptfoo.yaml12 import read_yaml

LARGEST = 500_000_000
PASSING = 0.5
PLACES = {
    "input": "(the question below)",
    "ideal": "(the expected answer below)",
    "completion": "(the answer below)",
}
"""What stands in a graded specification for the data, which follows it here."""


@dataclass(frozen=True, slots=True)
class EvalSpec:
    """One evaluation of a registry file."""

    name: str
    """`banking77.test.v1`."""
    class_name: str
    """`Match`, without its module."""
    description: str
    samples: Path | None
    """None where the file isn't there."""
    samples_named: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    graded: Path | None = None
    """The file of its graded specification; None where it has none, or it isn't there."""


@dataclass(frozen=True, slots=True)
class Grading:
    """What a judging model is asked, and its choices."""

    question: str
    choices: tuple[str, ...]
    passing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: what is asked and what is right."""

    line: int
    messages: tuple[tuple[str, str], ...]
    ideal: Json


@dataclass(frozen=True, slots=True)
class Samples:
    """The rows whose messages have the same roles, and those set aside."""

    roles: tuple[str, ...]
    rows: tuple[Sample, ...]
    set_aside: tuple[BadRow, ...]


def is_registry(value: Json) -> bool:
    """Whether a document is a registry file of evaluations."""
    return isinstance(value, dict) and any(
        isinstance(item, dict) and isinstance(item.get("class"), str) for item in value.values()
    )


def read_registry(path: Path) -> tuple[EvalSpec, ...]:
    """The evaluations that a registry file names.

    Raises:
        InputError: it can't be read, or is no registry file.
    """
    try:
        value = read_yaml(path.read_bytes().decode("utf-8-sig", "replace"), path)
    except OSError as error:
        raise InputError(f"“{path.name}” can't be read: {error.strerror}.") from error
    if not isinstance(value, dict) or not is_registry(value):
        raise InputError(f"“{path.name}” is no registry file of OpenAI's evals.")
    about = {
        str(item.get("id")): str(item.get("description") or "")
        for item in value.values()
        if isinstance(item, dict) and "id" in item
    }
    return tuple(
        _spec(path, name, item, about.get(name, ""))
        for name, item in value.items()
        if isinstance(item, dict) and isinstance(item.get("class"), str)
    )


def _spec(path: Path, name: str, item: Mapping[str, Json], description: str) -> EvalSpec:
    arguments = item.get("args")
    given = dict(arguments) if isinstance(arguments, dict) else {}
    named = str(given.pop("samples_jsonl", "") or "")
    return EvalSpec(
        name=name,
        class_name=str(item["class"]).rpartition(":")[2],
        description=description,
        samples=_found(path, named) if named else None,
        samples_named=named,
        arguments=given,
        graded=_graded(path, str(given.get("modelgraded_spec") or "")),
    )


def _graded(path: Path, named: str) -> Path | None:
    """Graded specifications lie in `modelgraded` beside the folder of the registry file."""
    if not named or not named.replace("-", "").replace("_", "").isalnum():
        return None
    here = path.resolve().parent
    places = [here / f"modelgraded__{named}.yaml"]
    places += [parent / "modelgraded" / f"{named}.yaml" for parent in (here, *here.parents[:2])]
    return next((place for place in places if place.is_file()), None)


def read_grading(path: Path, named: str) -> Grading:
    """A graded specification: its question without the data, its choices, those that count.

    Raises:
        InputError: it can't be read, or compares several answers with each other.
    """
    try:
        value = read_yaml(path.read_bytes().decode("utf-8-sig", "replace"), path)
    except OSError as error:
        raise InputError(f"“{path.name}” can't be read: {error.strerror}.") from error
    item = value.get(named) if isinstance(value, dict) else None
    question = item.get("prompt") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(question, str):
        raise InputError(f"“{path.name}” has no graded specification “{named}”.")
    given = item.get("choice_strings")
    choices = tuple(map(str, given)) if isinstance(given, list) else tuple(str(given or ""))
    if given == "from_n" or "{n}" in question:
        raise InputError(f"“{named}” compares several answers with each other.")
    scores = item.get("choice_scores")
    known = scores if isinstance(scores, dict) else {}
    passing = tuple(
        choice
        for choice in choices
        if isinstance(score := known.get(choice), int | float) and score >= PASSING
    )
    if len(choices) < 2 or not passing:
        raise InputError(f"“{named}” doesn't say which of its choices is right.")
    for name, words in PLACES.items():
        question = question.replace(f"{{{name}}}", words)
    return Grading(question, choices, passing)


def _found(path: Path, named: str) -> Path | None:
    """Samples lie in `data` beside the registry's folder, or beside the file itself."""
    here = path.resolve().parent
    places = [here / named, *(parent / "data" / named for parent in (here, *here.parents[:3]))]
    return next((place for place in places if place.is_file()), None)


def read_samples(path: Path) -> Samples:
    """The samples of an evaluation. Rows with other roles than most are set aside.

    Raises:
        InputError: the file can't be read, or has no sample.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"“{path.name}” is larger than {LARGEST // 1_000_000} MB.")
        lines = path.read_bytes().decode("utf-8-sig", "replace").splitlines()
    except OSError as error:
        raise InputError(f"“{path.name}” can't be read: {error.strerror}.") from error
    rows: list[Sample] = []
    aside: list[BadRow] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(_sample(number, json.loads(line)))
        except (ValueError, RecursionError) as error:
            aside.append(BadRow(number, str(error), line))
    if not rows:
        raise InputError(f"“{path.name}” has no sample that can be asked.")
    roles = Counter(tuple(role for role, _ in row.messages) for row in rows).most_common(1)[0][0]
    fits = [row for row in rows if tuple(role for role, _ in row.messages) == roles]
    for row in rows:
        if tuple(role for role, _ in row.messages) != roles:
            text = json.dumps(row.messages, ensure_ascii=False)
            aside.append(BadRow(row.line, "its messages have other roles than most", text))
    return Samples(roles, tuple(fits), tuple(sorted(aside, key=lambda bad: bad.line)))


def _sample(line: int, value: Json) -> Sample:
    if not isinstance(value, dict) or "input" not in value:
        raise ValueError("it has no `input`")
    given = value["input"]
    if isinstance(given, str):
        return Sample(line, (("user", given),), value.get("ideal"))
    messages = []
    for item in given if isinstance(given, list) else []:
        role = item.get("role") if isinstance(item, dict) else None
        content = item.get("content") if isinstance(item, dict) else None
        if role not in ROLES or not isinstance(content, str):
            raise ValueError("a message has no text, or a role that is not known")
        messages.append((str(role), content))
    if not messages:
        raise ValueError("it asks nothing")
    return Sample(line, tuple(messages), value.get("ideal"))
