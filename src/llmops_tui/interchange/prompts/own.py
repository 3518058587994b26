"""The product's own prompt files: `NAME.prompt.md`, front matter and the text that people edit.

    ---
    prompt: support-reply
    version: 3
    parameters:
      temperature: 0
    ---
    --- system ---
    You answer in one word.

`version` is the saved version that the file was written from: it tells a change here from a change
there. `includes` says which versions its includes meant when that version was saved; it is
written for whoever reviews the file, and what is pushed looks them up anew. Keys that aren't ours
stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.interchange.prompts.model import PromptFile, as_object, front_of, with_front

SUFFIX = ".prompt.md"
KEYS = ("prompt", "version", "parameters", "response_schema", "includes")


def read(text: str, name: str) -> list[PromptFile]:
    """The one prompt of a file; one without front matter is its text alone."""
    front, body = front_of(text, name)
    schema = front.get("response_schema")
    called = front.get("prompt", name.removesuffix(SUFFIX))
    if not isinstance(called, str) or not called.strip():
        raise InputError(f"“{name}” doesn't say which prompt it is.", "Write `prompt: its-name`.")
    return [
        PromptFile(
            name=called.strip(),
            messages=PromptTemplate.parse(body).messages,
            format="own",
            source=text,
            parameters=as_object(front.get("parameters")),
            response_schema=as_object(schema) if isinstance(schema, dict) else None,
        )
    ]


def version_of(text: str, name: str) -> int | None:
    """The version that a file was written from."""
    number = front_of(text, name)[0].get("version")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def write(
    prompt: PromptFile,
    like: PromptFile | None,
    version: int | None = None,
    includes: Mapping[str, int] | None = None,
) -> str:
    """The file; further keys come from `like`.

    Args:
        prompt: What it holds.
        like: The file as it was.
        version: The saved version.
        includes: The number of the version that each of its includes meant, by what is written.
    """
    old = front_of(like.source, prompt.name)[0] if like else {}
    front: dict[str, Json] = {"prompt": prompt.name}
    if version is not None:
        front["version"] = version
    if prompt.parameters:
        front["parameters"] = dict(prompt.parameters)
    if prompt.response_schema is not None:
        front["response_schema"] = dict(prompt.response_schema)
    if includes:
        front["includes"] = dict(includes)
    front.update({key: value for key, value in old.items() if key not in KEYS})
    return with_front(front, PromptTemplate(prompt.messages).format())


def file_name(prompt_name: str) -> str:
    """Under which name a prompt lies in a directory."""
    safe = quote(prompt_name, safe=" ()[]+=,@")
    return re.sub(r"^\.", "%2E", safe)[:200] + SUFFIX
