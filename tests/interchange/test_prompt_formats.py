"""Prompts in other tools' files: what is read, and that nothing is lost on the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from llmops_tui.core.errors import InputError, LlmopsError
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.interchange.prompts import formats, own
from llmops_tui.interchange.prompts.model import PromptFile

DOT = """# a licence
---
model: vendor/name
config:
  temperature: 0.5
  maxOutputTokens: 9
  vendorKnob: 3
output:
  schema:
    answer(string, in one word): string
    notes?(array, further): string
metadata:
  team: support
---
{{role "system"}}
You help {{customer.name}}.
{{#each items}}
- {{this}} of {{@root.shop}}
{{/each}}
{{#if vip}}Be quick.{{else}}Be kind.{{/if}}
{{role "model"}}
Sure. {{! a comment }}
"""


def test_dotprompt_is_translated_and_rendered():
    (prompt,) = formats.read(DOT, "greet.prompt")
    assert prompt.name == "greet"
    assert dict(prompt.parameters) == {"temperature": 0.5, "max_tokens": 9, "vendorKnob": 3}
    assert prompt.response_schema is not None
    assert prompt.response_schema["required"] == ["answer"]
    made = PromptTemplate(prompt.messages).render(
        {"customer": {"name": "Ann"}, "items": ["a", "b"], "shop": "X", "vip": True}
    )
    assert [message.role for message in made] == ["system", "assistant"]
    assert made[0].content == "You help Ann.\n- a of X\n- b of X\nBe quick."


def test_what_only_the_other_tool_knows_is_kept_as_text_and_said():
    (prompt,) = formats.read("Hi {{name}} {{>footer}} {{media url=x}}", "a.prompt")
    assert len(prompt.warnings) == 2
    (message,) = PromptTemplate(prompt.messages).render({"name": "Ann"})
    assert message.content == "Hi Ann {{>footer}} {{media url=x}}"


@pytest.mark.parametrize(
    ("text", "file_name"),
    [
        (DOT, "a.prompt"),
        ("---\nname: x\nmodel:\n  id: m\n  options: {topP: 1}\nteam: y\n---\nsystem:\nHi {{a}}\n",
         "a.prompty"),
        ("---\nname: x\nmodel:\n  api: chat\n  parameters: {top_p: 1}\nteam: y\n---\n"
         "system:\nHi {{a}}\n", "a.prompty"),
        ("system: Be short, $$5\nprompt: 'About: $input'\nteam: y\n", "a.yaml"),
        ('{"model": "m", "messages": [{"role": "user", "content": "Hi {{a}}", "name": "y"}],'
         ' "metadata": {"team": "y"}}', "a.json"),
        ("---\nprompt: x\nteam: y\n---\n--- user ---\nHi {{ a }}\n", "a.prompt.md"),
    ],
)  # fmt: skip
def test_round_trips_keep_unknown_keys(text: str, file_name: str):
    (prompt,) = formats.read(text, file_name)
    assert formats.write(prompt, prompt.format, prompt) == text
    changed = replace(prompt, parameters={**prompt.parameters, "temperature": 0.25})
    written = formats.write(changed, prompt.format, prompt)
    (again,) = formats.read(written, file_name)
    assert again.messages == prompt.messages
    assert dict(again.parameters) == dict(changed.parameters)
    assert "team" in written


def test_promptfoo_texts_and_configurations_hold_several_prompts():
    two = formats.read("Hello {{a}}\n---\nBye {{a}}\n", "prompts.txt")
    assert [(one.name, one.messages[0][1]) for one in two] == [
        ("prompts 1", "Hello {{a}}"),
        ("prompts 2", "Bye {{a}}"),
    ]
    chat = '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{a}}"}]'
    text, talk = formats.read(f"[1] Say {{{{a}}}}\n---\n{chat}\n", "prompts.txt")
    assert text.messages == (("user", "[1] Say {{a}}"),)
    assert talk.messages == (("system", "Be brief."), ("user", "{{a}}"))
    config = "prompts:\n  - label: short\n    raw: 'Say {{a}}'\n  - file://b.txt\nproviders: [x]\n"
    (short,) = formats.read(config, "promptfooconfig.yaml")
    assert (short.name, short.messages) == ("short", (("user", "Say {{a}}"),))
    with pytest.raises(InputError, match="files of their own"):
        formats.read("prompts: [file://b.txt]\n", "promptfooconfig.yaml")


def test_what_a_format_cannot_say_is_refused_not_lost():
    prompt = PromptFile("x", (("user", "{% if a is string %}b{% endif %}"),), "own")
    for format_name in ("dotprompt", "llm"):
        with pytest.raises(InputError):
            formats.write(prompt, format_name)
    chat = PromptFile("x", (("user", "a"), ("assistant", "b"), ("user", "c")), "own")
    with pytest.raises(InputError, match="one system text"):
        formats.write(chat, "llm")


@pytest.mark.parametrize(
    "text",
    [
        "---\n- a\n---\nx",
        "---\na: [\n---\nx",
        "",
        "---\nprompt: 3\n---\nx",
        "\x00" * 9,
        "---\n---\n",
    ],
)
def test_broken_files_are_a_sentence(text: str):
    with pytest.raises(LlmopsError):
        formats.read(text, "a.prompt.md")


def test_names_lie_in_a_directory_whatever_they_hold():
    for name in ("a/b", "../x", ".hidden", "ä ö", "con%"):
        made = own.file_name(name)
        assert "/" not in made
        assert not made.startswith(".")


def test_every_prompt_file_of_the_collection_is_read_or_refused_with_a_reason(shared_data: Path):
    read, refused = 0, []
    for folder in ("dotprompt", "prompty", "llm", "promptfoo", "promptfoo_anthropic"):
        for path in sorted((shared_data / "configs" / folder).rglob("*")):
            is_page = folder == "llm" and path.suffix != ".yaml"
            if not path.is_file() or path.suffix == ".csv" or is_page:
                continue
            try:
                found = formats.read(path.read_text("utf-8"), path.name)
            except InputError as error:
                refused.append(str(error))
                continue
            read += 1
            for prompt in found:
                assert formats.write(prompt, prompt.format, prompt) == prompt.source
    assert read >= 200
    known = ("can't be read in line", "files of their own", "no list of messages", "no text",
             "without a role")  # fmt: skip
    assert [reason for reason in refused if not any(part in reason for part in known)] == []


def test_prompty_asks_for_a_schema_by_response_format_and_keeps_the_rest_of_it():
    text = """---
name: a
model:
  api: chat
  parameters:
    temperature: 0
    response_format:
      type: json_schema
      json_schema:
        name: topic
        strict: true
        schema:
          type: object
          properties:
            topic:
              type: string
---
user:
Hi {{a}}
"""
    (read,) = formats.read(text, "a.prompty")
    assert read.response_schema == {"type": "object", "properties": {"topic": {"type": "string"}}}
    assert dict(read.parameters) == {"temperature": 0}
    assert formats.write(read, "prompty", read) == text
    changed = replace(read, response_schema={"type": "object"}, parameters={"temperature": 1})
    (again,) = formats.read(formats.write(changed, "prompty", read), "a.prompty")
    assert again.content == changed.content
    assert "strict: true" in again.source
    assert "outputs" not in again.source
    (plain,) = formats.read(formats.write(replace(changed, response_schema=None), "prompty", read),
                            "a.prompty")  # fmt: skip
    assert plain.response_schema is None
    (json_object,) = formats.read(
        "---\nmodel:\n  parameters:\n    response_format: {type: json_object}\n---\nuser:\nx\n",
        "b.prompty",
    )
    assert json_object.parameters["response_format"] == {"type": "json_object"}
