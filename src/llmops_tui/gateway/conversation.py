"""Messages of any dialect as text that a person reads.

The same few shapes come from everywhere: a message has a role and a content that is a text or a
list of parts; a part is a text, a tool call, a tool's result, an image. What is not known is shown
as JSON, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from llmops_tui.core.chat import Json
from llmops_tui.gateway.spans import MAX_CONVERSATION, TOO_DEEP, cut

_DEEPEST = 12
_MEDIA = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "document": "file",
    "file": "file",
    "input_file": "file",
    "blob": "file",
    "uri": "file",
}
_THOUGHTS = {"reasoning", "thinking", "redacted_thinking", "thought"}
"""Parts that are not the answer: they stay in the call's attributes."""

_PLAIN = {"role", "content", "parts", "finish_reason"}
"""Members of a message that holds a text and nothing else."""

_CALLS = {
    "tool_call",
    "tool_use",
    "function_call",
    "tool-call",
    "server_tool_call",
    "server_tool_use",
}
_RESULTS = {
    "tool_call_response",
    "tool_result",
    "tool-result",
    "function_call_output",
    "server_tool_call_response",
}
_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "completed": "stop",
    "complete": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "tool-calls": "tool_calls",
    "function_call": "tool_calls",
    "content-filter": "content_filter",
    "safety": "content_filter",
}


def finish(reason: object) -> str:
    """A finish reason in the product's words (`stop`, `length`, …) where it is one of them."""
    text = str(reason)[:100] if isinstance(reason, str) else ""
    return _FINISHES.get(text.lower(), text if text.islower() else text.lower())


def loads(text: str) -> Json:
    """JSON in a text, or None where it isn't JSON."""
    try:
        value: Json = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return value


def dumps(value: Json) -> str:
    """A value as compact JSON."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):
        # Lone surrogates and integers beyond 64 bit.
        from llmops_tui.store.codec import to_json

        return to_json(value)


def conversation(messages: Json) -> str:
    """A list of messages, each with its role: `user: …`, `assistant: …`, one after the other."""
    if isinstance(messages, str):
        return messages
    if not isinstance(messages, list):
        return "" if messages is None else _message(messages, named=True)
    told = filter(None, [_message(one, named=True) for one in messages])
    return cut("\n".join(told), MAX_CONVERSATION)


def answer(messages: Json) -> str:
    """What the model answered: the text alone, without a role before it."""
    if isinstance(messages, str):
        return messages
    if not isinstance(messages, list):
        return "" if messages is None else _message(messages, named=False)
    return cut(
        "\n\n".join(filter(None, [_message(one, named=False) for one in messages])),
        MAX_CONVERSATION,
    )


def _message(message: Json, *, named: bool) -> str:
    if not isinstance(message, dict):
        return content(message)
    only = _only_text(message)
    if only is not None:
        role = message.get("role")
        return f"{role if isinstance(role, str) and role else 'user'}: {only}" if named else only
    inner = message.get("message")
    if isinstance(inner, dict):
        message = inner
    pieces = [content(message.get("content"))]
    pieces += [content(message[name]) for name in ("contents", "parts") if name in message]
    if not any(pieces):
        pieces.append(content(message.get("text") or message.get("refusal")))
    calls = message.get("tool_calls") or message.get("toolCalls")
    if isinstance(calls, list):
        pieces += [_tool_call(call) for call in calls if isinstance(call, dict)]
    elif isinstance(message.get("function_call"), dict):
        pieces.append(_tool_call({"function": message["function_call"]}))
    text = "\n".join(filter(None, pieces))
    role = message.get("role")
    if not named:
        return text
    return f"{role if isinstance(role, str) and role else 'user'}: {text}"


def _only_text(message: dict[str, Json]) -> str | None:
    """The text of a message that holds one and nothing else, as nearly all do.

    `_message` would find the same, in five times as long.
    """
    if not message.keys() <= _PLAIN:
        return None
    told = message.get("content")
    if told is None:
        told = message.get("parts")
    elif "parts" in message:
        return None
    if isinstance(told, list) and len(told) == 1:
        part = told[0]
        if isinstance(part, dict) and len(part) == 2 and part.get("type") == "text":
            told = part.get("text", part.get("content"))
    return told if isinstance(told, str) and told else None


def content(value: Json, depth: int = 0) -> str:
    """A message's content: a text, or parts one below the other."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return TOO_DEEP
    if isinstance(value, list):
        return "\n".join(filter(None, [content(part, depth + 1) for part in value]))
    if isinstance(value, dict):
        return _part(value, depth)
    return dumps(value)


def _part(part: dict[str, Json], depth: int) -> str:
    told = part.get("type")
    kind = told if isinstance(told, str) else ""
    if kind in _THOUGHTS or part.get("thought") is True:
        return ""
    if kind in _CALLS:
        return _tool_call(part)
    if kind in _RESULTS:
        for name in ("response", "content", "result", "output", "server_tool_call_response"):
            if part.get(name) is not None:
                return content(part[name], depth + 1)
        return ""
    for name in ("text", "refusal"):
        found = part.get(name)
        if isinstance(found, str):
            return found
    if kind in _MEDIA:
        return f"[{part.get('modality') or _MEDIA[kind]}]"
    for name in ("content", "parts"):
        if part.get(name) is not None:
            return content(part[name], depth + 1)
    for name in ("functionCall", "function_call"):
        found = part.get(name)
        if isinstance(found, dict):
            return _tool_call({"name": found.get("name"), "arguments": found.get("args")})
    return dumps(part)


def _tool_call(call: Mapping[str, Json]) -> str:
    function = call.get("function")
    found = function if isinstance(function, dict) else call
    inner = call.get("server_tool_call")
    name = found.get("name") or found.get("toolName") or ""
    arguments: Json = inner if isinstance(inner, dict) else None
    for key in ("arguments", "input", "args"):
        if found.get(key) is not None:
            arguments = found[key]
            break
    shown = (
        arguments if isinstance(arguments, str) else "" if arguments is None else dumps(arguments)
    )
    return f"[tool call] {name}({shown})"


def nested(attributes: Mapping[str, Json], prefix: str, unwrapped: frozenset[str]) -> list[Json]:
    """Flat indexed attributes (`PREFIX.0.message.role`) as the list that they were flattened from.

    Args:
        attributes: A span's attributes.
        prefix: What the keys begin with, up to and including the dot before the index.
        unwrapped: Names that are left out of paths, such as the `message` of OpenInference.
    """
    tree: dict[str, Json] = {}
    for key, value in attributes.items():
        if not key.startswith(prefix):
            continue
        path = [name for name in key[len(prefix) :].split(".", _DEEPEST) if name not in unwrapped]
        if not path or not path[0].isdecimal():
            continue
        place = tree
        for name in path[:-1]:
            below = place.setdefault(name, {})
            if not isinstance(below, dict):
                break
            place = below
        else:
            place.setdefault(path[-1], value)
    result = _listed(tree)
    return result if isinstance(result, list) else []


def _listed(tree: dict[str, Json]) -> Json:
    filled = {k: _listed(v) if isinstance(v, dict) and v else v for k, v in tree.items()}
    if filled and all(name.isdecimal() for name in filled):
        return [filled[name] for name in sorted(filled, key=_index)]
    return filled


def _index(name: str) -> tuple[int, str]:
    return len(name), name


def _request_messages(value: dict[str, Json]) -> str:
    system = value.get("system", value.get("instructions"))
    before = f"system: {content(system)}\n" if system else ""
    for name in ("messages", "input", "prompt", "contents"):
        found = value.get(name)
        if isinstance(found, str):
            return before + (f"user: {found}" if name != "prompt" else found)
        if isinstance(found, list):
            return before + conversation(found)
    return ""


def _response_answer(value: dict[str, Json]) -> str:
    for name in ("choices", "candidates", "generations"):
        found = value.get(name)
        if isinstance(found, list):
            return answer(found)
    for name in ("content", "output", "text", "message"):
        found = value.get(name)
        if isinstance(found, str):
            return found
        if isinstance(found, list | dict):
            return content(found)
    return ""


def request_text(value: Json) -> str:
    """The conversation in a request body of a known API, as text; empty where there is none."""
    return _request_messages(value) if isinstance(value, dict) else ""


def response_text(value: Json) -> str:
    """The answer in a response body of a known API, as text; empty where there is none."""
    return _response_answer(value) if isinstance(value, dict) else ""


def plain(value: Json, reader: Callable[[Json], str]) -> str:
    """A catch-all attribute such as `input.value`: read as a known body, or shown as it is."""
    if isinstance(value, str):
        if value[:1] in "{[":
            parsed = loads(value)
            if isinstance(parsed, list) and parsed and all(_is_message(one) for one in parsed):
                return conversation(parsed)
            return reader(parsed) or value
        return value
    if value is None:
        return ""
    return reader(value) or dumps(value)


def _is_message(value: Json) -> bool:
    return isinstance(value, dict) and "role" in value
