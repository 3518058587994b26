"""How a prompt is asked: read from a form, checked, and kept whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError
from llmops_tui.services.prompt_settings import PromptSettings, read, shown

TOOLS = [{"type": "function", "function": {"name": "find_order", "parameters": {}}}]
SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}}}


def test_what_a_form_shows_reads_back_as_it_was() -> None:
    settings = PromptSettings(
        {"temperature": 0.0, "max_tokens": 64, "stop": ["END", "###"], "tools": TOOLS}, SCHEMA
    )
    assert read(shown(settings), settings) == settings
    assert PromptSettings.from_text(settings.to_text()) == settings


def test_an_empty_form_leaves_it_to_the_endpoint_and_keeps_what_it_does_not_know() -> None:
    before = PromptSettings({"temperature": 1.0, "reasoning_effort": "low"}, SCHEMA)
    assert read({}, before) == PromptSettings({"reasoning_effort": "low"}, None)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"temperature": "3"}, "temperature: input should be less than or equal to 2"),
        ({"temperature": "warm", "seed": "-1"}, "seed: input should be greater than"),
        ({"temperature": "nan"}, "temperature"),
        ({"top_p": "0"}, "top_p: input should be greater than 0"),
        ({"max_tokens": "1.5"}, "max_tokens: input should be a valid integer"),
        ({"tools": "[{"}, "tools can't be read: it is no JSON"),
        ({"tools": json.dumps([{"type": "function"}])}, "tools.0.function: field required"),
        ({"tools": "[" * 200_000}, "tools can't be read: it is no JSON"),
        ({"schema": "nowhere.json"}, "the schema is neither JSON nor a file"),
        ({"schema": "."}, "the schema is neither JSON nor a file"),
        ({"schema": "[1]"}, "A JSON Schema is an object."),
        ({"schema": '{"type": "objekt"}'}, "objekt"),
    ],
)
def test_what_cannot_be_used_is_said(values: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(values, PromptSettings())
    assert said in str(caught.value)


def test_schema_and_tools_are_read_from_files_that_are_named(tmp_path: Path) -> None:
    schema, tools = tmp_path / "schema.json", tmp_path / "tools.json"
    schema.write_text(json.dumps(SCHEMA, indent=2), "utf-8-sig")
    tools.write_text(json.dumps(TOOLS))
    settings = read({"schema": str(schema), "tools": f" {tools} "}, PromptSettings())
    assert settings == PromptSettings({"tools": TOOLS}, SCHEMA)
    tools.write_bytes(b"[" + b" " * 1_000_000)
    with pytest.raises(InputError, match="larger than 1,000 kB"):
        read({"tools": str(tools)}, PromptSettings())


@pytest.mark.parametrize("text", ["", "{", "1", '"x"', "[1, 2]", '[{}, "x"]', "[{}]"])
def test_a_place_that_holds_something_else_is_as_none(text: str) -> None:
    assert PromptSettings.from_text(text) is None
