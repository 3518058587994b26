"""Chats in JSON or YAML: OpenAI requests, promptfoo's chats, its text files and configurations."""

from __future__ import annotations

import json
from contextlib import suppress

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import ROLES as OURS
from llmops_tui.interchange.prompts.chat_calls import (
    call_blocks,
    call_ids,
    turn_message,
    turns_of,
)
from llmops_tui.interchange.prompts.model import (
    LARGEST,
    ROLES,
    PromptFile,
    as_object,
    dump_yaml,
    load_yaml,
)

NOT_PARAMETERS = frozenset({"model", "messages", "response_format", "stream", "user", "metadata"})


def read_openai(text: str, name: str) -> list[PromptFile]:
    """A request body with `messages`, or the list of messages alone."""
    value = _load_json(text, name)
    body = as_object(value)
    messages, warnings = _messages(body.get("messages") if body else value, name)
    schema = as_object(as_object(body.get("response_format")).get("json_schema")).get("schema")
    return [
        PromptFile(
            name=name,
            messages=messages,
            format="openai",
            source=text,
            parameters={k: v for k, v in body.items() if k not in NOT_PARAMETERS},
            response_schema=as_object(schema) or None,
            warnings=warnings,
        )
    ]


def write_openai(prompt: PromptFile, like: PromptFile | None) -> str:
    """A request body; keys that aren't ours come from `like`."""
    before = as_object(_load_json(like.source, prompt.name)) if like else {}
    body: dict[str, Json] = {k: v for k, v in before.items() if k in NOT_PARAMETERS}
    body["messages"] = _chat(prompt, like, before.get("messages"))
    body.update(prompt.parameters)
    if prompt.response_schema and (like is None or prompt.response_schema != like.response_schema):
        made: dict[str, Json] = {"name": "answer", "schema": dict(prompt.response_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": made}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def read_promptfoo(text: str, name: str) -> list[PromptFile]:
    """The prompts of a configuration, a chat in YAML or JSON, or texts between lines of `---`."""
    if len(text) > LARGEST:
        raise InputError(f"“{name}” is too long for a prompt.")
    if name.endswith(".txt"):
        return _texts(text, name)
    if _is_json(text.strip()):
        value = _load_json(text, name)
        return [_chat_file(value, text, name)]
    value = load_yaml(text, name)
    if isinstance(value, list):
        return [_chat_file(value, text, name)]
    listed = as_object(value).get("prompts")
    if listed is None:
        raise InputError(f"“{name}” holds no prompt.", "A configuration lists them in `prompts`.")
    return _configured(listed if isinstance(listed, list) else [listed], text, name)


def write_promptfoo(prompt: PromptFile, like: PromptFile | None) -> str:
    """A chat in YAML, which promptfoo reads as a prompt file."""
    before: Json = None
    with suppress(InputError):  # a text has no further keys
        before = load_yaml(like.source, prompt.name) if like is not None else None
    return dump_yaml(_chat(prompt, like, before))


def _configured(listed: list[Json], text: str, name: str) -> list[PromptFile]:
    made, elsewhere = [], []
    for place, item in enumerate(listed, 1):
        about = as_object(item)
        raw = about.get("raw") or about.get("id") if about else item
        if not isinstance(raw, str) or not raw.strip():
            continue
        if raw.startswith(("file://", "exec:")) or _looks_like_path(raw):
            elsewhere.append(raw)
            continue
        called = str(about.get("label") or (name if len(listed) == 1 else f"{name} {place}"))
        made.append(_chat_or_text(raw.strip(), called))
    if not made:
        where = f": {', '.join(elsewhere)[:200]}" if elsewhere else ""
        raise InputError(
            f"The prompts of “{name}” are in files of their own{where}.", "Import those."
        )
    return made


def _looks_like_path(raw: str) -> bool:
    return "\n" not in raw and " " not in raw and raw.endswith((".txt", ".json", ".yaml", ".yml",
                                                               ".js", ".py", ".md"))  # fmt: skip


def _texts(text: str, name: str) -> list[PromptFile]:
    pieces = [piece.strip() for piece in ("\n" + text).split("\n---") if piece.strip("- \n\t")]
    stem = name.removesuffix(".txt")
    return [
        _chat_or_text(piece, stem if len(pieces) == 1 else f"{stem} {place}")
        for place, piece in enumerate(pieces, 1)
    ]


def _is_json(text: str) -> bool:
    return text.startswith(("[", "{")) and not text.startswith(("{{", "{%"))


def _chat_or_text(text: str, name: str) -> PromptFile:
    """As promptfoo sends it: messages where it is a chat in JSON, else one message with it all."""
    if _is_json(text):
        with suppress(InputError):  # brackets and no chat: a text
            return _chat_file(_load_json(text, name), text, name)
    return PromptFile(name, (("user", text),), "promptfoo", text)


def _chat_file(value: Json, text: str, name: str) -> PromptFile:
    messages, warnings = _messages(as_object(value).get("messages", value), name)
    return PromptFile(name, messages, "promptfoo", text, warnings=warnings)


def _messages(value: Json, name: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    if not isinstance(value, list) or not value:
        raise InputError(f"“{name}” holds no list of messages.")
    made, warnings = [], []
    for item in value:
        message = as_object(item)
        role = str(message.get("role", "")).lower()
        role = ROLES.get(role, role)
        if role not in OURS:
            raise InputError(f"“{name}” has a message without a role that is known: {role!r}.")
        content = message.get("content")
        if isinstance(content, list):
            texts = [as_object(part).get("text") for part in content]
            if not all(isinstance(piece, str) for piece in texts):
                warnings.append(f"The {role} message has parts that are no text, left out here.")
            content = "\n".join(piece for piece in texts if isinstance(piece, str))
        calls = call_blocks(message)
        if not calls or content:
            made.append((role, content if isinstance(content, str) else json.dumps(content or "")))
        made += calls
    return tuple(made), tuple(warnings)


def _chat(prompt: PromptFile, like: PromptFile | None, before: Json) -> list[Json]:
    """The messages; those that are as they were keep their further keys."""
    old = before if isinstance(before, list) else []
    was = turns_of(like.messages) if like is not None else []
    was = was if len(was) == len(old) else []
    made: list[Json] = []
    calls, waiting = 0, list[str]()
    for place, turn in enumerate(turns_of(prompt.messages)):
        further = as_object(old[place]) if place < len(was) else {}
        if place < len(was) and was[place] == turn:
            message = further
        else:
            message = {**further, **turn_message(turn, further, calls, waiting)}
        made.append(message)
        calls += len(call_ids(message))
        answered = message.get("tool_call_id")
        waiting = [one for one in (*waiting, *call_ids(message)) if one != answered]
    return made


def _load_json(text: str, name: str) -> Json:
    if len(text) > LARGEST:
        raise InputError(f"“{name}” is too long for a prompt.")
    try:
        value: Json = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"“{name}” is no JSON: {error}.") from error
    return value
