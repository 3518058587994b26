"""`json_field`: one field of a JSON answer has the expected value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.json_text import Path, follow, read_json, read_path
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, composed, quote, wanted

EXPLANATION: Final = "One field of the JSON answer has the expected value."


@dataclass(frozen=True, slots=True)
class JsonFieldParameters:
    """Which field, and what it must be."""

    path: str = option("", "Where the field is, e.g. `items[0].price`")
    texts: tuple[str, ...] = option((), "Accepted values; none: those the example expects")
    ignore_case: bool = option(False, "Upper and lower case of texts are the same")
    fenced: bool = option(True, "A Markdown code block around the JSON is fine")

    def __post_init__(self) -> None:
        if not read_path(self.path):
            raise InputError("The scorer json_field needs a path.", "E.g. `items[0].price`.")


def compile_json_field(parameters: JsonFieldParameters) -> Check:
    """The check for these parameters."""
    path = read_path(parameters.path)

    def normal(text: str) -> str:
        text = composed(text).strip()
        return text.casefold() if parameters.ignore_case else text

    def same(found: Json, text: str) -> bool:
        if isinstance(found, str):
            return normal(found) == normal(text)
        try:
            value = read_json(text, fenced=False)
        except ValueError:
            return False
        return _equal(found, value)

    def check(given: ScoringInput) -> Finding:
        choices = _choices(wanted(parameters.texts, given), path)
        try:
            found = follow(read_json(given.answer, fenced=parameters.fenced), path)
        except ValueError as error:
            return False, f"is no JSON: {error}"
        except LookupError:
            return False, f"has nothing at {quote(parameters.path)}"
        shown = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        if any(same(found, choice) for choice in choices):
            return True, f"has {quote(shown)} at {quote(parameters.path)}, as expected"
        return False, f"has {quote(shown)} at {quote(parameters.path)}, not {quote(choices[0])}"

    return check


def _equal(left: Json, right: Json) -> bool:
    # To Python, true is 1; to people it isn't.
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _choices(texts: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """The values themselves, or the same field of expected answers that are JSON objects."""
    choices = []
    for text in texts:
        choices.append(text)
        if text.lstrip().startswith("{"):
            try:
                field = follow(read_json(text, fenced=False), path)
            except (ValueError, LookupError):
                continue
            choices[-1] = field if isinstance(field, str) else json.dumps(field)
    return tuple(choices)
