"""Prompty, version 1 and 2: YAML front matter and messages in Jinja2 or Mustache."""

from __future__ import annotations

import re

from llmops_tui.core.chat import Json
from llmops_tui.interchange.prompts.handlebars import Translation
from llmops_tui.interchange.prompts.model import (
    ROLES,
    PromptFile,
    as_object,
    front_of,
    parts,
    renamed,
    with_front,
)

OPTIONS = {
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
KINDS = {"float": "number", "int": "integer", "bool": "boolean"}
_ROLE = re.compile(
    r"^[ \t]*#?[ \t]*(system|developer|user|assistant|tool|function)[ \t]*"
    r"(?:\[[^\]\n]*\])?:[ \t]*$\n?",
    re.IGNORECASE | re.MULTILINE,
)


def is_second(front: dict[str, Json]) -> bool:
    """Whether the file is of Prompty's second version, by the keys that came with it."""
    model = front.get("model")
    return isinstance(model, str) or bool(
        as_object(model).keys() & {"id", "provider", "options", "connection", "apiType"}
    )


def read(text: str, name: str) -> list[PromptFile]:
    """The one prompt of a `.prompty` file."""
    front, body = front_of(text, name)
    model = as_object(front.get("model"))
    template = front.get("template")
    kind = as_object(template).get("format", template)
    dialect = as_object(kind).get("kind", kind)
    translation = Translation()
    pieces = _ROLE.split(body)
    messages = []
    for role, piece in zip(["system", *pieces[1::2]], pieces[::2], strict=True):
        wanted = piece.strip()
        if wanted:
            role = role.lower()
            if dialect == "mustache":
                wanted = translation.translate(wanted)
            messages.append((ROLES.get(role, role), wanted))
    given = {**as_object(model.get("parameters")), **as_object(model.get("options"))}
    return [
        PromptFile(
            name=str(front.get("name") or name),
            messages=tuple(messages),
            format="prompty",
            source=text,
            parameters=renamed(given, OPTIONS),
            response_schema=_schema(front.get("outputs") or front.get("outputSchema")),
            note=str(front.get("description") or ""),
            warnings=tuple(translation.warnings),
        )
    ]


def write(prompt: PromptFile, like: PromptFile | None) -> str:
    """The file, of the version that `like` has; of the second without one."""
    before = parts(like.source)[0] if like else ""
    front: dict[str, Json] = front_of(like.source, prompt.name)[0] if like else {}
    if like is None:
        front = {"name": prompt.name, "model": {"apiType": "chat"}}
        if prompt.note:
            front["description"] = prompt.note
    if prompt.parameters != (like.parameters if like else {}):
        model = as_object(front.get("model"))
        if isinstance(front.get("model"), str):
            model = {"id": front["model"]}
        if like is None or is_second(front):
            back = {ours: theirs for theirs, ours in OPTIONS.items()}
            model["options"] = renamed(prompt.parameters, back)
        else:
            model["parameters"] = dict(prompt.parameters)
        front["model"] = model
    if prompt.response_schema and (like is None or prompt.response_schema != like.response_schema):
        front["outputs"] = _outputs(dict(prompt.response_schema))
    if as_object(as_object(front.get("template")).get("format")).get("kind") == "mustache":
        front["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    body = "\n\n".join(f"{role}:\n{text}" for role, text in prompt.messages)
    return with_front(front, body + "\n", before)


def _schema(outputs: Json) -> dict[str, Json] | None:
    if isinstance(outputs, dict) and outputs.get("type") == "object":
        return dict(outputs)
    if isinstance(outputs, dict):
        outputs = [{"name": name, **as_object(about)} for name, about in outputs.items()]
    if not isinstance(outputs, list) or not outputs:
        return None
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for output in outputs:
        about = as_object(output)
        name = str(about.pop("name", ""))
        if about.pop("required", True):
            required.append(name)
        kind = str(about.pop("kind", about.pop("type", "string")))
        kept: dict[str, Json] = {
            key: about[key] for key in ("description", "enum", "items") if key in about
        }
        properties[name] = {"type": KINDS.get(kind, kind), **kept}
    return {"type": "object", "properties": properties, "required": required}


def _outputs(schema: dict[str, Json]) -> list[Json]:
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    back = {ours: theirs for theirs, ours in KINDS.items()}
    made: list[Json] = []
    for name, value in as_object(schema.get("properties")).items():
        about = as_object(value)
        kind = str(about.pop("type", "string"))
        made.append({"name": name, "kind": back.get(kind, kind), **about,
                     "required": name in needed})  # fmt: skip
    return made
