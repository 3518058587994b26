"""Prompty, version 1 and 2: YAML front matter and messages in Jinja2 or Mustache."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
RESPONSE_FORMAT = "response_format"
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
    schema = _schema(front.get("outputs") or front.get("outputSchema"))
    asked = _asked_schema(given.get(RESPONSE_FORMAT))
    if asked is not None:
        # The schema as the endpoint gets it says more than the list of outputs.
        schema = asked
        del given[RESPONSE_FORMAT]
    return [
        PromptFile(
            name=str(front.get("name") or name),
            messages=tuple(messages),
            format="prompty",
            source=text,
            parameters=renamed(given, OPTIONS),
            response_schema=schema,
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
    had = _format_of(front)
    schema_changed = like is None or prompt.response_schema != like.response_schema
    if prompt.parameters != (like.parameters if like else {}) or (schema_changed and had):
        model = as_object(front.get("model"))
        if isinstance(front.get("model"), str):
            model = {"id": front["model"]}
        kept = {} if had is None else {RESPONSE_FORMAT: _with_schema(had, prompt.response_schema)}
        kept = {name: value for name, value in kept.items() if value is not None}
        if like is None or is_second(front):
            back = {ours: theirs for theirs, ours in OPTIONS.items()}
            model["options"] = {**renamed(prompt.parameters, back), **kept}
        else:
            model["parameters"] = {**prompt.parameters, **kept}
        front["model"] = model
    if prompt.response_schema and schema_changed and had is None:
        front["outputs"] = _outputs(dict(prompt.response_schema))
    if as_object(as_object(front.get("template")).get("format")).get("kind") == "mustache":
        front["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    body = "\n\n".join(f"{role}:\n{text}" for role, text in prompt.messages)
    return with_front(front, body + "\n", before)


def _format_of(front: dict[str, Json]) -> dict[str, Json] | None:
    """The `response_format` with a schema that a file has, wherever it stands."""
    model = as_object(front.get("model"))
    given = {**as_object(model.get("parameters")), **as_object(model.get("options"))}
    found = given.get(RESPONSE_FORMAT)
    return as_object(found) if _asked_schema(found) is not None else None


def _asked_schema(response_format: Json) -> dict[str, Json] | None:
    """The JSON Schema in OpenAI's `response_format`; None for `json_object` and the like."""
    about = as_object(as_object(response_format).get("json_schema"))
    schema = about.get("schema")
    return dict(schema) if isinstance(schema, dict) and schema else None


def _with_schema(
    response_format: dict[str, Json], schema: Mapping[str, Json] | None
) -> dict[str, Json] | None:
    """The same format of another schema: its name and strictness stay."""
    if schema is None:
        return None
    about = as_object(response_format.get("json_schema"))
    return {**response_format, "json_schema": {**about, "schema": dict(schema)}}


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
