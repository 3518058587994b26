"""How a prompt is asked: sampling parameters, tools, and the form that the answer must have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt_version import PromptVersion

if TYPE_CHECKING:
    from pydantic import BaseModel

KNOWN = ("temperature", "top_p", "max_tokens", "seed", "stop", "tools")
"""What the form asks for; whatever else a version has stays as it is."""
MOST_BYTES = 1_000_000
"""Of a file with a schema or tools."""


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """What a version says besides its messages."""

    parameters: Mapping[str, Json] = field(default_factory=dict)
    response_schema: Mapping[str, Json] | None = None

    @classmethod
    def of(cls, version: PromptVersion | None) -> PromptSettings:
        """Those of a version; none where there is no version."""
        if version is None:
            return cls()
        return cls(dict(version.parameters), version.response_schema)

    def words(self) -> str:
        """In a few words: `temperature 0 · answers by schema`; empty where nothing is set."""
        parts = [
            f"{name} {value if not isinstance(value, list | dict) else len(value)}"
            for name, value in self.parameters.items()
        ]
        return " · ".join([*parts, "answers by schema"] if self.response_schema else parts)

    def to_text(self) -> str:
        """As a place keeps it."""
        return json.dumps([dict(self.parameters), self.response_schema])

    @classmethod
    def from_text(cls, text: str) -> PromptSettings | None:
        """What `to_text` wrote; None for anything else."""
        try:
            parameters, schema = json.loads(text)
        except (ValueError, TypeError):
            return None
        if not isinstance(parameters, dict) or not isinstance(schema, dict | None):
            return None
        return cls(parameters, schema)


def shown(settings: PromptSettings) -> dict[str, str]:
    """The values of a form."""
    values = {name: _text(settings.parameters.get(name)) for name in KNOWN}
    stop = settings.parameters.get("stop")
    if isinstance(stop, list):
        values["stop"] = " | ".join(map(str, stop))
    schema = settings.response_schema
    values["schema"] = json.dumps(schema) if schema is not None else ""
    return values


def read(values: Mapping[str, str], before: PromptSettings) -> PromptSettings:
    """Settings from the values of a form; an empty one means: the endpoint's own.

    Raises:
        InputError: a value can't be used; all of them are named.
    """
    from pydantic import ValidationError  # 60 ms that only a form spends

    given: dict[str, object] = {}
    for name in KNOWN:
        text = values.get(name, "").strip()
        if not text:
            continue
        if name == "stop":
            given[name] = [part.strip() for part in text.split("|") if part.strip()]
        else:
            given[name] = _json(text, "tools") if name == "tools" else text
    try:
        checked = _model().model_validate(given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}"
            for fault in error.errors()
        )
        raise InputError(f"These can't be used: {problems}.") from error
    found: dict[str, Json] = json.loads(checked.model_dump_json(exclude_none=True))
    kept = {name: value for name, value in before.parameters.items() if name not in KNOWN}
    return PromptSettings({**kept, **found}, read_schema(values.get("schema", "")))


def read_schema(text: str) -> Mapping[str, Json] | None:
    """A JSON Schema that is written there, or in the file that is named there; None for nothing.

    Raises:
        InputError: it can't be read, or is no schema.
    """
    if not text.strip():
        return None
    value = _json(text, "the schema")
    if not isinstance(value, dict):
        raise InputError("A JSON Schema is an object.")
    from llmops_tui.services.scorer_choice import check_scorer, schema_scorer

    check_scorer(schema_scorer(value))
    return value


def _json(text: str, what: str) -> Json:
    if text.lstrip()[:1] not in "{[":
        text = _file_text(text.strip(), what)
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} can't be read: it is no JSON ({error}).") from error
    return value


def _file_text(name: str, what: str) -> str:
    """What stands in a file that was named instead of JSON."""
    try:
        path = Path(name).expanduser()
        if not path.is_file():  # a pipe would make the form wait for ever
            raise FileNotFoundError
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{what} is neither JSON nor a file that can be read: {name}.") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES // 1000:,} kB: that is no schema.")
    return data.decode("utf-8", "replace").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _model() -> type[BaseModel]:
    from pydantic import BaseModel, ConfigDict, Field

    class Function(BaseModel):
        model_config = ConfigDict(extra="allow")
        name: str = Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")
        description: str | None = None
        parameters: dict[str, object] | None = None

    class Tool(BaseModel):
        model_config = ConfigDict(extra="allow")
        type: str = Field(pattern="^function$")
        function: Function

    class Sampling(BaseModel):
        """The bounds that every known endpoint has."""

        model_config = ConfigDict(extra="forbid")
        temperature: float | None = Field(None, ge=0, le=2)
        top_p: float | None = Field(None, gt=0, le=1)
        max_tokens: int | None = Field(None, ge=1, le=10_000_000)
        seed: int | None = Field(None, ge=0, lt=2**63)
        stop: list[str] | None = Field(None, max_length=16)
        tools: list[Tool] | None = None

    return Sampling
