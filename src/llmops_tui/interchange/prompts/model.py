"""What a prompt file holds, and front matter, which most of the formats begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_tui.core.chat import Json
from llmops_tui.core.compose import checked
from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.jsonvalues import Refused
from llmops_tui.interchange.tables.plain import Plain

LARGEST = 2_000_000
"""Characters of a prompt file."""
ROLES = {"model": "assistant", "ai": "assistant", "human": "user", "function": "tool"}
"""How others call ours."""
_FRONT = re.compile(
    r"\A\ufeff?(?P<before>(?:[ \t]*(?:#[^\n]*)?\n)*)---[ \t]*\n"
    r"(?P<front>.*?)^---[ \t]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt as a file has it, its templates translated to Jinja2."""

    name: str
    messages: tuple[tuple[str, str], ...]
    format: str
    """Of the file: a key of `formats.FORMATS`."""
    source: str = ""
    """What it was read from, so that nothing in it is lost when it's written again."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    response_schema: Mapping[str, Json] | None = None
    note: str = ""
    warnings: tuple[str, ...] = ()
    """What could not be carried over, as sentences."""

    @property
    def content(self) -> tuple[object, ...]:
        """What a version is made of, to be compared."""
        return self.messages, dict(self.parameters), self.response_schema

    def check(self) -> None:
        """Raise where there is no message or a template can't be parsed.

        What it includes is looked up when it's saved.
        """
        if not any(text.strip() for _, text in self.messages):
            raise InputError(f"“{self.name}” holds no text for a prompt.")
        checked(self.messages)


def parts(text: str) -> tuple[str, str, str]:
    """What stands before the front matter (a licence, in comments), front matter, body."""
    text = text.replace("\r\n", "\n")
    found = _FRONT.match(text)
    if found is None:
        return "", "", text.removeprefix("\ufeff")
    return found["before"], found["front"], text[found.end() :]


def load_yaml(text: str, name: str) -> Json:
    """A YAML document as plain JSON values, bounded.

    Raises:
        InputError: it can't be read.
    """
    import yaml  # 20 ms, and only who reads files pays for it

    if len(text) > LARGEST:
        raise InputError(f"“{name}” is too long for a prompt.")
    try:
        value: Json = Plain().value(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise InputError(f"The YAML of “{name}” can't be read{where}: {problem}.") from error
    except Refused as refused:
        raise InputError(f"The YAML of “{name}” can't be used: {refused.reason}.") from refused
    except (RecursionError, ValueError) as error:
        raise InputError(f"The YAML of “{name}” can't be read: {error}.") from error
    return value


def front_of(text: str, name: str) -> tuple[dict[str, Json], str]:
    """Front matter and body; an empty one where there is none."""
    _, front, body = parts(text)
    value = load_yaml(front, name) if front.strip() else {}
    if not isinstance(value, dict):
        raise InputError(f"The front matter of “{name}” is no mapping.")
    return value, body


def dump_yaml(value: object) -> str:
    """YAML that reviews well: keys in their order, long texts as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """With texts of several lines as blocks."""

    def text(dumper: Any, data: str) -> Any:
        style = "|" if "\n" in data and not re.search(r"[ \t]\n|\A\s|[^\S\n]\Z", data) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    dumped = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(dumped)


def with_front(front: Mapping[str, Json], body: str, before: str = "") -> str:
    """A file of front matter and body."""
    head = dump_yaml(dict(front)) if front else ""
    return f"{before}---\n{head}---\n{body}"


def as_object(value: Json) -> dict[str, Json]:
    """The mapping, or an empty one for anything else."""
    return dict(value) if isinstance(value, dict) else {}


def renamed(given: Mapping[str, Json], names: Mapping[str, str]) -> dict[str, Json]:
    """Parameters by the names that models know them by."""
    return {names.get(name, name): value for name, value in given.items() if value is not None}


def literal(text: str) -> str:
    """Text in which nothing means anything to Jinja2."""
    if not re.search(r"\{\{|\{%|\{#", text):
        return text
    if "endraw" not in text:
        return "{% raw %}" + text + "{% endraw %}"
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)
