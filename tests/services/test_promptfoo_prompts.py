"""Prompts of a promptfoo configuration that a Python function makes."""

from __future__ import annotations

import json
from pathlib import Path

from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.interchange.promptfoo.reading import read_suite
from llmops_tui.services.promptfoo.coverage import Plan, plan_suite
from llmops_tui.services.promptfoo.functions import OwnFunctions

FUNCTIONS = """
def text(context):
    return f"Capital of {context['vars']['country']}?"

def chat(context):
    return [{"role": "system", "content": "About {{ country }}."},
            {"role": "user", "content": context["vars"]["country"]}]

def as_json(context):
    import json
    return json.dumps(chat(context))

def uneven(context):
    return chat(context)[: 1 + (context["vars"]["country"] == "Peru")]

def broken(context):
    raise ValueError("no such index")

def nothing(context):
    return 3
"""


def plan(folder: Path, *names: str) -> Plan:
    (folder / "make.py").write_text(FUNCTIONS)
    config = {
        "prompts": [f"file://make.py:{name}" for name in names],
        "providers": ["openai:m"],
        "tests": [
            {"vars": {"country": name}, "assert": [{"type": "contains", "value": "x"}]}
            for name in ("Peru", "Chad")
        ],
    }
    path = folder / "promptfooconfig.yaml"
    path.write_text(json.dumps(config))
    return plan_suite(read_suite(path, {}), {}, OwnFunctions(folder / "functions"))


def asked(found: Plan, prompt: int, test: int) -> list[tuple[str, str]]:
    template = PromptTemplate(found.prompts[prompt].messages)
    return [(m.role, m.content) for m in template.render(found.examples[test].inputs)]


def test_what_a_function_makes_is_asked_as_it_made_it(tmp_path: Path) -> None:
    found = plan(tmp_path, "text", "chat", "as_json")
    assert found.prompt_count.words == "3 of 3"
    assert asked(found, 0, 1) == [("user", "Capital of Chad?")]
    chat = [("system", "About Peru."), ("user", "Peru")]
    assert asked(found, 1, 0) == chat
    assert asked(found, 2, 0) == chat
    assert found.examples[0].inputs["country"] == "Peru"


def test_a_function_that_makes_no_prompt_is_told_of_and_left_out(tmp_path: Path) -> None:
    found = plan(tmp_path, "uneven", "broken", "nothing", "text", "missing")
    assert found.prompt_count.words == "1 of 5"
    told = [note.sentence() for note in found.notes if note.what.startswith("prompt ")]
    assert "whose roles differ from test to test" in told[0]
    assert "broken raised ValueError: no such index" in told[1]
    assert "neither a text nor messages" in told[2]
    assert "has no attribute 'missing'" in told[3]
