"""`is_json`: the answer is JSON, with the keys it must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.json_text import follow, read_json, read_path
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, quote

EXPLANATION: Final = "The answer is JSON, and has the keys it must have."


@dataclass(frozen=True, slots=True)
class IsJsonParameters:
    """What the JSON must have."""

    keys: tuple[str, ...] = option((), "Keys that must be there, e.g. `name` or `items[0].price`")
    fenced: bool = option(True, "A Markdown code block around it is fine")

    def __post_init__(self) -> None:
        for key in self.keys:
            read_path(key)


def compile_is_json(parameters: IsJsonParameters) -> Check:
    """The check for these parameters."""
    paths = tuple((key, read_path(key)) for key in parameters.keys)

    def check(given: ScoringInput) -> Finding:
        try:
            value = read_json(given.answer, fenced=parameters.fenced)
        except ValueError as error:
            return False, f"is no JSON: {error}"
        for key, path in paths:
            try:
                follow(value, path)
            except LookupError:
                return False, f"is JSON without the key {quote(key)}"
        return True, "is JSON" + (" with all keys" if paths else "")

    return check
