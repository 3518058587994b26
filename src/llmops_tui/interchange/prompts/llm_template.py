"""Templates of the `llm` command: YAML with `$variable` in prompt and system text."""

from __future__ import annotations

import re

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.prompts.model import (
    PromptFile,
    as_object,
    dump_yaml,
    literal,
    load_yaml,
)

_DOLLAR = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
_JINJA = re.compile(r"\{\{-?\s*(?P<name>[A-Za-z_]\w*)\s*-?\}\}")
_TAG = re.compile(r"\{\{|\{%|\{#")


def read(text: str, name: str) -> list[PromptFile]:
    """The one prompt of a template."""
    value = load_yaml(text, name)
    document: dict[str, Json] = {"prompt": value} if isinstance(value, str) else as_object(value)
    if not document:
        raise InputError(f"“{name}” is no template of `llm`.")
    messages = []
    if isinstance(document.get("system"), str):
        messages.append(("system", _to_jinja(str(document["system"]))))
    prompt = document.get("prompt")
    messages.append(("user", _to_jinja(prompt) if isinstance(prompt, str) else "{{ input }}"))
    schema = as_object(document.get("schema_object"))
    lost = [key for key in ("fragments", "system_fragments", "functions") if key in document]
    return [
        PromptFile(
            name=str(document.get("name") or name),
            messages=tuple(messages),
            format="llm",
            source=text,
            parameters=as_object(document.get("options")),
            response_schema=schema or None,
            warnings=tuple(f"`{key}` is kept in the file but not sent from here." for key in lost),
        )
    ]


def write(prompt: PromptFile, like: PromptFile | None) -> str:
    """The template; keys that only `llm` knows come from `like`."""
    value = load_yaml(like.source, prompt.name) if like else {}
    document: dict[str, Json] = {"prompt": value} if isinstance(value, str) else as_object(value)
    systems = [text for role, text in prompt.messages if role in ("system", "developer")]
    others = [(role, text) for role, text in prompt.messages if role not in ("system", "developer")]
    if len(systems) > 1 or [role for role, _ in others] not in ([], ["user"]):
        raise InputError(
            "A template of `llm` has one system text and one prompt.",
            "Export it as prompty or in our form.",
        )
    if systems:
        document["system"] = _from_jinja(systems[0])
    if others and (others[0][1] != "{{ input }}" or "prompt" in document):
        document["prompt"] = _from_jinja(others[0][1])
    if prompt.parameters:
        document["options"] = dict(prompt.parameters)
    if prompt.response_schema:
        document["schema_object"] = dict(prompt.response_schema)
    return dump_yaml(document)


def _to_jinja(text: str) -> str:
    out, at = [], 0
    for found in _DOLLAR.finditer(text):
        out.append(literal(text[at : found.start()]))
        at = found.end()
        name = found["name"] or found["braced"]
        out.append("$" if found["escaped"] else "{{ " + name + " }}")
    return "".join([*out, literal(text[at:])])


def _from_jinja(text: str) -> str:
    out, at = [], 0
    for found in _JINJA.finditer(text):
        out += [_plain(text[at : found.start()]), f"${{{found['name']}}}"]
        at = found.end()
    return "".join([*out, _plain(text[at:])])


def _plain(text: str) -> str:
    if _TAG.search(text):
        raise InputError(
            "A template of `llm` knows variables only, no conditions, loops or filters.",
            "Export it as prompty or in our form.",
        )
    return text.replace("$", "$$")
