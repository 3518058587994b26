"""Dotprompt: YAML front matter with Picoschema, and Handlebars with roles."""

from __future__ import annotations

import re

from llmops_tui.core.chat import Json
from llmops_tui.interchange.prompts.handlebars import Translation, to_handlebars
from llmops_tui.interchange.prompts.model import (
    ROLES,
    PromptFile,
    as_object,
    front_of,
    parts,
    renamed,
    with_front,
)
from llmops_tui.interchange.prompts.picoschema import json_schema

CONFIG = {
    "topP": "top_p",
    "topK": "top_k",
    "maxOutputTokens": "max_tokens",
    "stopSequences": "stop",
}
_ROLE = re.compile(r"\{\{\s*#?role\s+[\"'](\w+)[\"']\s*\}\}")
_ROLE_END = re.compile(r"\{\{\s*/role\s*\}\}")


def read(text: str, name: str) -> list[PromptFile]:
    """The one prompt of a `.prompt` file."""
    front, body = front_of(text, name)
    translation = Translation()
    pieces = _ROLE.split(_ROLE_END.sub("", body))
    roles = ["user", *pieces[1::2]]
    messages = []
    # Blocks may not begin in one message and end in another here, as they may there.
    for role, piece in zip(roles, pieces[::2], strict=True):
        translated = translation.translate(piece).strip()
        if translated:
            messages.append((ROLES.get(role, role), translated))
    schema = as_object(front.get("output")).get("schema")
    return [
        PromptFile(
            name=str(front.get("name") or name),
            messages=tuple(messages),
            format="dotprompt",
            source=text,
            parameters=renamed(as_object(front.get("config")), CONFIG),
            response_schema=json_schema(schema) if schema else None,
            note=str(front.get("description") or ""),
            warnings=tuple(translation.warnings),
        )
    ]


def write(prompt: PromptFile, like: PromptFile | None) -> str:
    """The file; keys that only Dotprompt knows come from `like`."""
    front: dict[str, Json] = front_of(like.source, prompt.name)[0] if like else {}
    before = parts(like.source)[0] if like else ""
    if like is None or prompt.parameters != like.parameters:
        config = renamed(prompt.parameters, {ours: theirs for theirs, ours in CONFIG.items()})
        front = {**front, "config": config} if config else front
    if prompt.response_schema and (like is None or prompt.response_schema != like.response_schema):
        output: dict[str, Json] = {"format": "json", "schema": dict(prompt.response_schema)}
        front["output"] = {**as_object(front.get("output")), **output}
    theirs = {"assistant": "model", "developer": "system"}
    body = "\n\n".join(
        f'{{{{role "{theirs.get(role, role)}"}}}}\n{to_handlebars(text)}'
        for role, text in prompt.messages
    )
    return with_front(front, body + "\n", before)
