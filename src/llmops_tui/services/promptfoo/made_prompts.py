"""Prompts that a person's own Python function makes: asked once for each test, then kept as texts.

A run asks what was planned, so the function is called while the configuration is read, in a process
of its own. What it makes becomes inputs of the test, and the prompt shows those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.prompt import ROLES
from llmops_tui.interchange.promptfoo.model import PromptItem

SECONDS = 30.0
"""How long making one prompt may take."""


@dataclass(frozen=True, slots=True)
class MadePrompt:
    """A prompt whose messages are inputs of the tests."""

    item: PromptItem
    inputs: tuple[Mapping[str, str], ...]
    """What each test gets, in their order."""


def make_prompt(item: PromptItem, number: int, tests: Sequence[Mapping[str, Json]]) -> MadePrompt:
    """Have the function make the messages of each test.

    Args:
        item: the prompt with its function.
        number: tells its inputs from those of other prompts.
        tests: the variables of each test.

    Raises:
        InputError: the function can't be used, or its messages differ in their roles from test
            to test.
    """
    # Starts a process: nothing that only reads a configuration without such prompts needs it.
    from llmops_tui.runner.scorers.own_function import own_function

    function = own_function(item.function, SECONDS)
    made = [_messages(function({"vars": dict(test), "provider": {}})) for test in tests]
    roles = [role for role, _ in made[0]] if made else ["user"]
    if any([role for role, _ in one] != roles for one in made):
        raise InputError("its function makes messages whose roles differ from test to test")
    names = [f"prompt_{number}_{place}" for place in range(1, len(roles) + 1)]
    messages = tuple((role, f"{{{{ {name} }}}}") for role, name in zip(roles, names, strict=True))
    inputs = tuple({name: text for name, (_, text) in zip(names, one, strict=True)} for one in made)
    return MadePrompt(replace(item, messages=messages), inputs)


def _messages(said: Json) -> list[tuple[str, str]]:
    """What a function returned: a text, a chat as JSON, or a list of messages."""
    if isinstance(said, dict):
        said = said.get("prompt", said.get("messages"))
    if isinstance(said, str):
        try:
            chat: Json = json.loads(said)
        except ValueError:
            return [("user", said)]
        if not isinstance(chat, list):
            return [("user", said)]
        said = chat
    if not isinstance(said, list) or not said:
        raise InputError("its function makes neither a text nor messages")
    return [_message(one) for one in said]


def _message(value: Json) -> tuple[str, str]:
    role = value.get("role") if isinstance(value, dict) else None
    content = value.get("content") if isinstance(value, dict) else None
    if role not in ROLES or not isinstance(content, str):
        raise InputError("its function makes messages that are no texts of a known role")
    return str(role), content


def make_prompts(
    items: Sequence[PromptItem], tests: Sequence[Mapping[str, Json]]
) -> tuple[list[PromptItem], list[dict[str, Json]], list[tuple[PromptItem, str]]]:
    """Prompts with their messages, each test's further inputs, and which could not be made."""
    ready: list[PromptItem] = []
    further: list[dict[str, Json]] = [{} for _ in tests]
    failed: list[tuple[PromptItem, str]] = []
    for number, item in enumerate(items, 1):
        if not item.function:
            ready.append(item)
            continue
        try:
            made = make_prompt(item, number, tests)
        except LlmopsError as error:
            failed.append((item, str(error)))
            continue
        ready.append(made.item)
        for inputs, more in zip(further, made.inputs, strict=True):
            inputs.update(more)
    return ready, further, failed
