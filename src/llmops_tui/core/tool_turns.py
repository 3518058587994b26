"""Tool calls and their results as blocks of a prompt.

    --- assistant ---
    I look that up.

    --- call ---
    weather {"city": "{{ city }}"}

    --- tool ---
    18 °C, rain

A call is the tool's name and its arguments as a JSON object. It belongs to the assistant's message
before it, or is one of its own; what tools said answers the calls in their order.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Final

from llmops_tui.core.chat import Message, ToolCall
from llmops_tui.core.errors import TemplateError

CALL: Final = "call"
_CALL: Final = re.compile(r"\s*([\w.-]{1,128})\s*", re.ASCII)


class Turns:
    """Puts rendered blocks together to the messages that a model gets."""

    def __init__(self) -> None:
        self._made: list[Message] = []
        self._waiting: list[str] = []
        """Ids of calls that no tool has answered yet."""
        self._calls = 0

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was put together so far."""
        return tuple(self._made)

    def add(self, role: str, text: str) -> None:
        """The next block.

        Raises:
            TemplateError: a call is none.
        """
        if role == CALL:
            self._add_call(text)
        elif role == "tool":
            answered = self._waiting.pop(0) if self._waiting else None
            self._made.append(Message("tool", text, tool_call_id=answered))
        else:
            self._made.append(Message(role, text))

    def _add_call(self, text: str) -> None:
        name, arguments = read_call(text)
        self._calls += 1
        call = ToolCall(f"call_{self._calls}", name, arguments)
        self._waiting.append(call.id)
        last = self._made[-1] if self._made else None
        if last is not None and last.role == "assistant":
            self._made[-1] = replace(last, tool_calls=(*last.tool_calls, call))
        else:
            self._made.append(Message("assistant", "", (call,)))


def read_call(text: str) -> tuple[str, str]:
    """Name and arguments of a call block.

    Raises:
        TemplateError: it doesn't begin with a name, or the rest is no JSON object.
    """
    found = _CALL.match(text)
    if found is None:
        raise TemplateError(
            "A call begins with the name of a tool.", 'Such as: weather {"city": "Rome"}'
        )
    arguments = text[found.end() :].strip() or "{}"
    try:
        is_object = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise TemplateError(
            f"The arguments of {found[1]} are no JSON object.",
            'Such as {"city": {{ city | tojson }}}: tojson puts quotes where they belong.',
        )
    return found[1], arguments
