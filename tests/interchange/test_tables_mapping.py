"""Which column is what: guessed from names and first rows, then applied to each row."""

from __future__ import annotations

import pytest

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables import (
    ColumnMapping,
    ExampleDraft,
    Row,
    columns,
    guess_mapping,
    to_example,
)


def rows(*values: dict[str, Json]) -> list[Row]:
    return [Row(line, value) for line, value in enumerate(values, 2)]


def guess(*values: dict[str, Json]) -> ColumnMapping:
    first = rows(*values)
    return guess_mapping(columns(first), first)


@pytest.mark.parametrize(
    ("names", "inputs", "expected"),
    [
        (("id", "input", "expected"), ("input",), "expected"),
        (("question", "answer"), ("question",), "answer"),
        (("input", "ideal"), ("input",), "ideal"),
        (("prompt", "completion"), ("prompt",), "completion"),
        (("text", "category"), ("text",), "category"),
        (("query", "correct_answer", "__expected"), ("query",), "correct_answer"),
        (("input", "actual_output", "expected_output"), ("input",), "expected_output"),
        (("Type", "Category", "Question", "Best Answer"), ("Question",), "Best Answer"),
        (("userInput", "context", "labels"), ("userInput", "context"), "labels"),
        (("testCaseId", "input", "context", "output"), ("input", "context"), "output"),
        (("instruction", "input", "output"), ("instruction", "input"), "output"),
        (("question", "choices", "target"), ("question", "choices"), "target"),
        (("input1", "input2"), ("input1", "input2"), None),
        (("messages",), ("messages",), None),
        (("full_text", "masked"), ("full_text",), None),
    ],
)
def test_columns_are_known_by_name(
    names: tuple[str, ...], inputs: tuple[str, ...], expected: str | None
) -> None:
    mapping = guess(dict.fromkeys(names, "some text"))
    assert mapping.inputs == inputs
    assert mapping.expected == expected


def test_split_and_tags_are_found() -> None:
    mapping = guess({"question": "q", "answer": "a", "level": "hard", "tags": "x", "split": "dev"})
    assert (mapping.split, mapping.tags) == ("split", ("level", "tags"))


def test_long_texts_are_no_tags() -> None:
    assert guess({"question": "q", "answer": "a", "source": "http://" + "x" * 80}).tags == ()


def test_without_a_known_name_the_longest_text_is_the_input() -> None:
    mapping = guess({"user_id": "77", "utter": "word " * 30, "score": 1})
    assert mapping.inputs == ("utter",)


def test_without_texts_all_columns_but_ids_are_inputs() -> None:
    assert guess({"id": "1", "a": "x", "b": "y"}).inputs == ("a", "b")


def test_in_a_file_without_header_the_repeated_word_is_the_label() -> None:
    values: list[dict[str, Json]] = [
        {"c1": "spam" if n % 3 else "ham", "c2": f"a message with the number {n}"}
        for n in range(20)
    ]
    mapping = guess(*values)
    assert (mapping.inputs, mapping.expected) == (("c2",), "c1")


def test_nothing_at_all_can_still_be_mapped() -> None:
    assert guess_mapping((), []) == ColumnMapping(())
    assert guess_mapping(("input",), []).inputs == ("input",)


def test_a_row_becomes_an_example() -> None:
    mapping = ColumnMapping(("q",), "a", ("tags", "level"), "split")
    row = Row(7, {"q": "why?", "a": "so", "tags": "x; y,x", "level": "hard", "split": "dev"})
    assert to_example(row, mapping) == ExampleDraft(
        {"q": "why?"}, "so", ("x", "y", "level:hard"), "dev", 7
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("yes", "yes"),
        ("", None),
        (None, None),
        ([], None),
        (["one"], "one"),
        (["one", "zwei €"], '["one", "zwei €"]'),
        (42, "42"),
        (True, "true"),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_an_expected_answer_is_text_and_nothing_is_lost(value: Json, expected: str | None) -> None:
    assert to_example(Row(1, {"e": value}), ColumnMapping((), "e")).expected == expected


def test_of_scored_choices_the_best_is_expected() -> None:
    mapping = guess({"input": "2+2", "target_scores": {"3": 0, "4": 1}})
    row = Row(1, {"input": "2+2", "target_scores": {"3": 0, "4": 1}})
    assert to_example(row, mapping).expected == "4"
    tie = Row(1, {"input": "2+2", "target_scores": {"3": 1, "4": 1}})
    assert to_example(tie, mapping).expected == '{"3": 1, "4": 1}'


def test_columns_that_templates_cant_name_get_a_variable() -> None:
    mapping = guess({"Best Input": "x", "answer": "y"})
    assert mapping.variables == {"Best Input": "best_input"}
    assert to_example(Row(1, {"Best Input": "x"}), mapping).inputs == {"best_input": "x"}


def test_the_answer_at_the_end_of_a_conversation_is_the_expected_one() -> None:
    messages: Json = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
    ]
    mapping = guess({"messages": messages})
    assert mapping.answer_in_messages
    example = to_example(Row(1, {"messages": messages}), mapping)
    assert example.inputs == {"messages": [{"role": "user", "content": "hi"}]}
    assert example.expected == "hello"


def test_a_column_that_is_missing_in_a_row_is_missing_in_the_example() -> None:
    example = to_example(Row(1, {"b": "x"}), ColumnMapping(("a", "b"), "e", ("t",), "s"))
    assert example == ExampleDraft({"b": "x"}, None, (), None, 1)
