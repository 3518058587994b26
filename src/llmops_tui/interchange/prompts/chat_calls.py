"""Tool calls of OpenAI's chats: there keys of a message, with us blocks of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import TemplateError
from llmops_tui.core.tool_turns import CALL, read_call
from llmops_tui.interchange.prompts.model import as_object

Block = tuple[str, str]


def call_blocks(message: Mapping[str, Json]) -> list[Block]:
    """The calls of a message as blocks."""
    made: list[Block] = []
    for call in _items(message):
        about = as_object(as_object(call).get("function"))
        arguments = about.get("arguments")
        made.append((CALL, f"{about.get('name')} {arguments if arguments else '{}'}"))
    return made


def call_ids(message: Json) -> list[str]:
    """The ids of the calls of a message."""
    return [str(as_object(call).get("id")) for call in _items(as_object(message))]


def turns_of(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks that make one message there: the assistant's text and the calls after it."""
    turns: list[list[Block]] = []
    for block in blocks:
        is_one = turns and turns[-1][0][0] in ("assistant", CALL)
        if block[0] == CALL and is_one:
            turns[-1].append(block)
        else:
            turns.append([block])
    return turns


def turn_message(
    turn: Sequence[Block], before: Mapping[str, Json], earlier: int, waiting: Sequence[str]
) -> dict[str, Json]:
    """The message of a turn.

    Args:
        turn: Its blocks.
        before: The message in its place as it was; its ids are kept.
        earlier: How many calls there are in all messages before it.
        waiting: Ids of those that no tool has answered yet, in order.
    """
    role, text = turn[0]
    if role == "tool":
        answered = before.get("tool_call_id", waiting[0] if waiting else None)
        return {"role": role, "content": text, **({"tool_call_id": answered} if answered else {})}
    if role != CALL and len(turn) == 1:
        return {"role": role, "content": text}
    ids = call_ids(dict(before))
    calls: list[Json] = []
    for place, (_, body) in enumerate(one for one in turn if one[0] == CALL):
        try:
            name, arguments = read_call(body)
        except TemplateError:  # still a template: its arguments are JSON only once it's rendered
            name, _, arguments = body.strip().partition(" ")
        known_id = ids[place] if place < len(ids) else f"call_{earlier + place + 1}"
        function: dict[str, Json] = {"name": name, "arguments": arguments}
        calls.append({"id": known_id, "type": "function", "function": function})
    said: Json = None if role == CALL else text
    return {"role": "assistant", "content": said, "tool_calls": calls}


def _items(message: Mapping[str, Json]) -> list[Json]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list) else []
