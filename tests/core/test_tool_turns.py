"""Calls of tools and what they said, as blocks of a prompt."""

from __future__ import annotations

import json

import pytest

from llmops_tui.core.chat import chat_message
from llmops_tui.core.errors import InputError, TemplateError
from llmops_tui.core.prompt import MessageError, PromptTemplate
from llmops_tui.interchange.prompts import formats

WEATHER = """--- user ---
Weather in {{ city }}?

--- assistant ---
I look.

--- call ---
weather {"city": {{ city | tojson }}}

--- call ---
clock

--- tool ---
18 °C

--- tool ---
noon

--- user ---
So?
"""


def test_calls_belong_to_the_assistant_and_results_answer_them_in_order():
    made = PromptTemplate.parse(WEATHER).render({"city": 'New "York"'})
    assert [message.role for message in made] == ["user", "assistant", "tool", "tool", "user"]
    assert made[1].content == "I look."
    assert [(call.id, call.name) for call in made[1].tool_calls] == [
        ("call_1", "weather"),
        ("call_2", "clock"),
    ]
    assert json.loads(made[1].tool_calls[0].arguments) == {"city": 'New "York"'}
    assert [message.tool_call_id for message in made[2:4]] == ["call_1", "call_2"]
    assert PromptTemplate.parse(WEATHER).format() == WEATHER


def test_a_call_without_a_text_before_it_is_a_message_of_its_own():
    (made,) = PromptTemplate((("call", "clock"),)).render({})
    assert (made.role, made.content) == ("assistant", "")
    assert chat_message(made)["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    ]


@pytest.mark.parametrize("text", ["", '{"a": 1}', "clock [1]", "clock {", "clock " + "[" * 99_999])
def test_what_is_no_call_is_said_of_its_block(text: str):
    with pytest.raises(MessageError, match="In the call message"):
        PromptTemplate((("user", "x"), ("call", text))).render({})


def test_openai_chats_with_calls_come_in_and_go_out_as_they_were():
    chat = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "abc",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "abc", "content": "18"},
        {"role": "user", "content": "So?", "name": "ann"},
    ]
    text = json.dumps({"model": "m", "messages": chat})
    (read,) = formats.read(text, "a.json", "openai")
    assert read.messages[1] == ("call", 'weather {"city": "Rome"}')
    assert formats.write(read, "openai", read) == text
    changed = formats.read(text.replace("18", "19"), "a.json", "openai")[0]
    written = json.loads(formats.write(changed, "openai", read))
    assert written["messages"][2] == {"role": "tool", "tool_call_id": "abc", "content": "19"}
    assert written["messages"][1] == chat[1]
    assert written["messages"][3] == chat[3]
    fresh = json.loads(formats.write(changed, "openai"))["messages"]
    assert fresh[1]["tool_calls"][0]["id"] == fresh[2]["tool_call_id"] == "call_1"
    for other in ("dotprompt", "prompty", "llm"):
        with pytest.raises((InputError, TemplateError)):
            formats.write(changed, other)
