"""What goes into a project and what comes out: stated once, and prompts are held against it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.core.errors import InputError
from llmops_tui.services import projects, prompt_trying
from llmops_tui.services.composition import composer
from llmops_tui.services.project_spec import read_inputs, set_spec, spec_words

SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}}}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=2)


def test_inputs_and_answer_are_stated_and_taken_back(bench: Bench, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    stated = set_spec(bench.workspace, bench.project, inputs="word, tone word", schema=str(schema))
    assert (stated.variables, stated.answer_schema) == (("word", "tone"), SCHEMA)
    assert spec_words(stated) == "Inputs: word, tone. Answers fit a JSON Schema with label."
    kept = set_spec(bench.workspace, stated, inputs="")
    assert spec_words(kept) == "Any inputs. Answers fit a JSON Schema with label."
    assert spec_words(set_spec(bench.workspace, kept, schema="")) == "Any inputs. Any answers."


@pytest.mark.parametrize("text", ["a b-c", "1st", "{{ x }}"])
def test_an_input_is_a_name_that_a_template_can_use(text: str) -> None:
    with pytest.raises(InputError, match="can't be a variable"):
        read_inputs(text)


def test_a_schema_that_is_none_changes_nothing(bench: Bench) -> None:
    with pytest.raises(InputError, match="objekt"):
        set_spec(bench.workspace, bench.project, inputs="word", schema='{"type": "objekt"}')
    assert projects.find_project(bench.workspace).variables == ()


def test_a_prompt_is_held_against_the_inputs_of_the_project(bench: Bench) -> None:
    inputs = set_spec(bench.workspace, bench.project, inputs="word, tone").variables
    compose = composer(bench.workspace, bench.project.id, "repeat")

    def said(text: str, *columns: str) -> list[str]:
        shown = prompt_trying.preview(text, None, columns, compose, inputs)
        return [problem.message for problem in shown.variables]

    ask = "--- user ---\nSay {{ word }} in a {{ tnoe }}."
    assert said(ask) == [
        "The prompt asks for `tnoe`, which the data don't have. Did you mean `tone`?",
        "`tone` isn't used by the prompt.",
    ]
    # A column that is no input is nobody's business until a prompt asks for it.
    assert said("--- user ---\n{{ word }} {{ tone }}", "word", "tone", "id") == []
    assert said("--- user ---\n{{ word }} {{ tone }} {{ id }}", "word", "tone", "id") == [
        "`id` is no input of the project."
    ]
