"""Prompts: messages with variables, edited as one text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmops_tui.core.chat import Message
from llmops_tui.core.errors import InputError, TemplateError
from llmops_tui.core.prompt import (
    ROLES,
    MessageError,
    PromptTemplate,
    check_variables,
    first_lines,
    odd_heading,
)

TEXT = """--- system ---
You answer in one word.

--- user ---
What is the capital of {{ country }}?
"""
PROMPT = PromptTemplate(
    (("system", "You answer in one word."), ("user", "What is the capital of {{ country }}?"))
)

lines = st.sampled_from(
    [
        "--- user ---",
        "\\--- user ---",
        "\\\\---system---",
        "--- User ---\r",
        "text",
        "",
        "---",
        "\t",
    ]
)
bodies = st.one_of(st.text(), st.lists(lines).map("\n".join))
prompts = st.lists(st.tuples(st.sampled_from(ROLES), bodies), max_size=5).map(PromptTemplate.of)


@given(prompts)
@example(PromptTemplate((("user", ""),)))
@example(PromptTemplate((("system", "\n\n"), ("user", "\n"))))
def test_every_prompt_survives_being_written_and_read(prompt: PromptTemplate) -> None:
    assert PromptTemplate.parse(prompt.format()) == prompt


@given(bodies)
def test_every_text_can_be_read_and_then_stays_the_same(text: str) -> None:
    once = PromptTemplate.parse(text)
    assert PromptTemplate.parse(once.format()) == once


def test_the_text_form_is_as_people_would_write_it() -> None:
    assert PROMPT.format() == TEXT
    assert PromptTemplate.parse(TEXT) == PROMPT


def test_headings_may_be_written_loosely() -> None:
    question = "What is the capital of {{ country }}?"
    loose = f"---System---\nYou answer in one word.\n---  USER --- \n{question}"
    assert PromptTemplate.parse(loose) == PROMPT


def test_text_without_a_heading_is_what_the_user_says() -> None:
    assert PromptTemplate.parse("Hello {{ name }}\n").messages == (("user", "Hello {{ name }}"),)
    both = PromptTemplate.parse("Hello\n--- assistant ---\nHi")
    assert both.messages == (("user", "Hello"), ("assistant", "Hi"))
    assert PromptTemplate.parse(" \n").messages == ()


def test_a_line_like_a_heading_inside_a_message_is_escaped() -> None:
    prompt = PromptTemplate((("user", "Format:\n--- system ---\nend"),))
    assert "\\--- system ---" in prompt.format()
    assert PromptTemplate.parse(prompt.format()) == prompt


def test_other_rules_of_dashes_are_ordinary_text() -> None:
    assert PromptTemplate.parse("a\n---\nb\n--- notes ---\nc").messages == (
        ("user", "a\n---\nb\n--- notes ---\nc"),
    )


def test_rendering_gives_the_messages_for_one_example() -> None:
    assert PROMPT.render({"country": "France"}) == (
        Message("system", "You answer in one word."),
        Message("user", "What is the capital of France?"),
    )


def test_an_error_says_in_which_message_and_line_it_is() -> None:
    with pytest.raises(MessageError) as caught:
        PromptTemplate.parse("--- system ---\nok\n\n--- user ---\na\n{{ oops").variables()
    assert str(caught.value).startswith("In the user message, line 2: ")
    assert (caught.value.index, caught.value.line) == (1, 2)
    with pytest.raises(TemplateError, match="In the user message, line 1: the variable `country`"):
        PROMPT.render({"contry": "France"})


def test_variables_are_listed_in_order_over_all_messages() -> None:
    prompt = PromptTemplate((("system", "{{ b }}"), ("user", "{{ a }} {{ b }} {{ c }}")))
    assert prompt.variables() == ("b", "a", "c")


def test_variables_and_columns_that_do_not_fit_are_named_with_a_suggestion() -> None:
    prompt = PromptTemplate((("user", "{{ qestion }} {{ context }} {{ zzz }}"),))
    problems = check_variables(prompt, ["question", "context", "id"])
    assert [problem.message for problem in problems] == [
        "The prompt asks for `qestion`, which the data don't have. Did you mean `question`?",
        "The prompt asks for `zzz`, which the data don't have.",
        "`question` isn't used by the prompt.",
        "`id` isn't used by the prompt.",
    ]


def test_equal_prompts_have_equal_hashes_and_others_do_not() -> None:
    assert PROMPT.content_hash == PromptTemplate.parse(TEXT).content_hash
    assert len(PROMPT.content_hash) == 16
    swapped = PromptTemplate((("user", PROMPT.messages[0][1]), PROMPT.messages[1]))
    assert swapped.content_hash != PROMPT.content_hash


def test_a_role_that_no_model_knows_is_refused() -> None:
    with pytest.raises(InputError, match="'wizard'"):
        PromptTemplate((("wizard", "hi"),))


def test_each_message_knows_the_line_of_the_text_where_it_begins() -> None:
    assert first_lines(TEXT) == (2, 5)
    assert first_lines("a plain question") == (1,)
    assert first_lines("before\n--- system ---\nafter") == (1, 3)
    assert first_lines(" \n ") == ()


@given(st.lists(lines).map("\n".join))
def test_every_message_has_a_line(text: str) -> None:
    assert len(first_lines(text)) == len(PromptTemplate.parse(text).messages)


def test_a_misspelled_heading_is_noticed() -> None:
    assert odd_heading("--- user ---\nhi\n--- sytem ---\nx") == (
        "Line 3: `--- sytem ---` begins no message. Did you mean `--- system ---`?"
    )
    assert odd_heading("--- System ---\n---\n-- a b --\n--------\n") == ""
    assert "Did you mean `--- user ---`?" in odd_heading("-- user --")
