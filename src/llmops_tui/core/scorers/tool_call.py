"""`tool_call`: the model called a tool, by its name and with the arguments it should."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.chat import Json, ToolCall
from llmops_tui.core.errors import InputError
from llmops_tui.core.json_text import read_json
from llmops_tui.core.parameters import option
from llmops_tui.core.scorers.base import Check, Finding, ScoringInput, need_expected, quote

EXPLANATION: Final = "The model called the right tool with the right arguments."


@dataclass(frozen=True, slots=True)
class ToolCallParameters:
    """Which tool, and what it must be given."""

    tool: str = option("", "The tool's name; none: `name` and `arguments` that the example expects")
    arguments: Mapping[str, Json] = option({}, "Arguments it must be given, with their values")
    exact: bool = option(False, "No other argument may be given")
    only: bool = option(False, "No other tool may be called")


def compile_tool_call(parameters: ToolCallParameters) -> Check:
    """The check for these parameters."""

    def check(given: ScoringInput) -> Finding:
        name, arguments = parameters.tool, parameters.arguments
        if not name:
            name, arguments = _expected(need_expected(given))
        calls = given.tool_calls
        if not calls:
            return False, f"calls no tool; {quote(name)} was expected"
        if parameters.only and (others := [call.name for call in calls if call.name != name]):
            return False, f"calls {quote(others[0])}, which it must not"
        found = [call for call in calls if call.name == name]
        if not found:
            return False, f"calls {quote(calls[0].name)}, not {quote(name)}"
        problems = [_problem(call, arguments, exact=parameters.exact) for call in found]
        if "" in problems:
            return True, f"calls {quote(name)}" + (" with the right arguments" * bool(arguments))
        return False, f"calls {quote(name)} {problems[0]}"

    return check


def _expected(text: str) -> tuple[str, Mapping[str, Json]]:
    try:
        value = read_json(text, fenced=False)
    except ValueError:
        return text.strip(), {}
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise InputError(
            "The expected answer names no tool.", 'E.g. {"name": "search", "arguments": {}}.'
        )
    arguments = value.get("arguments", {})
    return str(value["name"]), arguments if isinstance(arguments, dict) else {}


def _problem(call: ToolCall, wanted: Mapping[str, Json], *, exact: bool) -> str:
    """What is wrong with a call's arguments; empty where nothing is."""
    try:
        given = read_json(call.arguments or "{}", fenced=False)
    except ValueError as error:
        return f"with arguments that are no JSON: {error}"
    if not isinstance(given, dict):
        return "with arguments that are no object"
    for name, value in wanted.items():
        if name not in given:
            return f"without {quote(name)}"
        if given[name] != value or isinstance(given[name], bool) is not isinstance(value, bool):
            shown = json.dumps(given[name], ensure_ascii=False)
            return f"with {quote(shown)} as {name}, not {quote(json.dumps(value))}"
    if exact and (more := given.keys() - wanted.keys()):
        return f"with the argument {quote(min(more))} more"
    return ""
