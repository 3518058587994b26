"""Choosing scorers in one line, as forms have it."""

# ruff: noqa: E501 - cases read better in one line
from __future__ import annotations

import pytest

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.services.scorer_choice import read_scorers, scorer_words


@pytest.mark.parametrize(
    ("name", "detail", "parameters", "words"),
    [
        ("equals", "", {}, "equals"),
        ("equals", "ignore_case=yes", {"ignore_case": True}, "equals"),
        ("regex", "^(yes|no)$", {"pattern": "^(yes|no)$"}, "regex ^(yes|no)$"),
        ("regex", "[a-z]+ + 1", {"pattern": "[a-z]+ + 1"}, "regex [a-z]+ + 1"),
        ("label", "a, b", {"labels": ["a", "b"]}, "label a, b"),
        ("length", "200", {"most": 200}, "length 200"),
        ("length", "least=1, most=9", {"least": 1, "most": 9}, "length 9"),
        ("json_schema", '{"type": "object"}', {"schema": {"type": "object"}}, "json_schema"),
        ("contains", '{"texts": ["a"], "mode": "all"}', {"texts": ["a"], "mode": "all"}, "contains"),
    ],
)  # fmt: skip
def test_what_a_scorer_needs_is_read_as_people_write_it(
    name: str, detail: str, parameters: dict[str, Json], words: str
) -> None:
    specs = read_scorers(name, detail)
    assert [(spec["name"], spec["parameters"]) for spec in specs] == [(name, parameters)]
    assert scorer_words(specs) == words


def test_several_scorers_stand_in_one_line() -> None:
    specs = read_scorers("equals", "ignore_case=yes + not contains texts=sorry + length 99")
    assert scorer_words(specs) == "equals, not contains, length 99"
    assert [spec["negate"] for spec in specs] == [False, True, False]
    assert scorer_words(read_scorers("equals", "+ refusal")) == "equals, refusal"
    composed = read_scorers("composite", '[{"name": "equals"}, {"name": "regex", "parameters": {"pattern": "a"}}]')  # fmt: skip
    assert scorer_words(composed) == "composite of equals, regex a"


def test_a_judge_is_chosen_with_what_it_is_told_and_the_model_that_judges() -> None:
    [spec] = read_scorers("judge_rubric", "rubric=It is kind, and short, model=local/small")
    assert spec["parameters"] == {"rubric": "It is kind, and short", "model": "local/small"}
    with pytest.raises(InputError, match="needs the judging model"):
        read_scorers("judge_rubric", "rubric=It is kind")


@pytest.mark.parametrize(
    ("name", "detail", "message"),
    [
        ("regex", "", "needs a pattern"),
        ("equals", "what", "What is 'what' to the scorer equals"),
        ("length", "many", "must be a whole number"),
        ("json_schema", "{", "is no JSON"),
        ("equals", "+ nothing", "no scorer 'nothing'"),
        ("python", "absent.py:judge", "There is no file"),
    ],
)
def test_what_can_not_be_used_is_said_at_once(name: str, detail: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_scorers(name, detail)
