"""Picoschema, the short form of JSON Schema in Dotprompt files."""

from __future__ import annotations

import re

from llmops_tui.core.chat import Json

SCALARS = frozenset({"string", "boolean", "null", "number", "integer"})
_KEY = re.compile(r"(?P<name>[^?(]+)(?P<optional>\?)?(?:\((?P<kind>\w+)(?:,\s*(?P<about>.*))?\))?")


def json_schema(pico: Json) -> dict[str, Json]:
    """JSON Schema of a Picoschema value; what is JSON Schema already stays as it is."""
    if isinstance(pico, str):
        return _scalar(pico)
    if not isinstance(pico, dict):
        return {}
    if pico.get("type") in (*SCALARS, "object", "array") or "$ref" in pico:
        return dict(pico)
    if isinstance(pico.get("properties"), dict):
        return {"type": "object", **pico}
    made: dict[str, Json] = {"type": "object", "properties": {}, "additionalProperties": False}
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for key, value in pico.items():
        found = _KEY.fullmatch(key)
        if found is None:
            continue
        if found["name"].strip() == "*" or key == "(*)":
            made["additionalProperties"] = json_schema(value)
            continue
        name = found["name"].strip()
        properties[name] = _property(found["kind"], found["about"], value)
        if not found["optional"]:
            required.append(name)
    made["properties"] = properties
    if required:
        made["required"] = required
    return made


def _property(kind: str | None, about: str | None, value: Json) -> dict[str, Json]:
    made: dict[str, Json]
    if kind == "array":
        made = {"type": "array", "items": json_schema(value)}
    elif kind == "enum":
        made = {"enum": list(value) if isinstance(value, list) else [value]}
    else:
        made = json_schema(value)
    return {**made, "description": about} if about else made


def _scalar(text: str) -> dict[str, Json]:
    kind, _, about = text.partition(",")
    kind = kind.strip()
    made: dict[str, Json] = {} if kind == "any" or kind not in SCALARS else {"type": kind}
    return {**made, "description": about.strip()} if about.strip() else made
