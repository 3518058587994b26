"""Scorers: from an answer to right or wrong, and a reason people understand."""

# ruff: noqa: E501 - cases read better in one line
from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers import SCORERS, Score, ScorerSpec, ScoringInput, build
from llmops_tui.core.scorers.numeric import last_number
from llmops_tui.core.scorers.pattern_risk import degree, risky_part


def score(
    name: str, answer: str, expected: str | None = None, *, negate: bool = False, **parameters: Json
) -> Score:
    return build(ScorerSpec(name, parameters, negate))(ScoringInput(answer, expected))


LABELS: Json = ["card arrival", "card", "cash_withdrawal"]


@pytest.mark.parametrize(
    ("name", "answer", "expected", "parameters", "passed", "reason"),
    [
        ("equals", " Paris\n", "Paris", {}, True, "is “Paris”, as expected"),
        ("equals", "Lyon", "Paris", {}, False, "is “Lyon”, not “Paris”"),
        ("equals", "paris", "Paris", {}, False, "is “paris”, not “Paris”"),
        ("equals", "PARIS.", "Paris", {"ignore_case": True, "strip_punctuation": True}, True, None),
        ("equals", " Paris", "Paris", {"trim": False}, False, None),
        ("equals", "Lutetia", '["Paris", "Lutetia"]', {}, True, None),
        ("equals", "[1, 2]", "[1, 2]", {}, True, None),
        ("equals", "2", "[1, 2]", {}, True, None),
        ("equals", "caf\u00e9", "cafe\u0301", {}, True, None),
        ("equals", "yes", None, {"texts": ["yes"]}, True, None),
        ("contains", "It is Paris.", "Paris", {}, True, "contains “Paris”"),
        ("contains", "It is Lyon.", "Paris", {}, False, "lacks “Paris”"),
        ("contains", "it is paris", "Paris", {"ignore_case": True}, True, None),
        ("contains", "a c", None, {"texts": ["a", "b"], "mode": "all"}, False, "lacks “b”"),
        ("contains", "b a", None, {"texts": ["a", "b"], "mode": "all"}, True, "contains “a”, “b”"),
        ("contains", "x", None, {"texts": ["a", "b"]}, False, "contains none of “a”, “b”"),
        ("starts_with", "\nYes, it is", "Yes", {}, True, "starts with “Yes”"),
        ("starts_with", "No", "Yes", {}, False, "starts with “No”, not “Yes”"),
        ("starts_with", "yes", '["No", "Yes"]', {"ignore_case": True}, True, None),
        ("regex", "Answer: 42", None, {"pattern": r"\d+"}, True, r"matches “\d+” with “42”"),
        ("regex", "none", None, {"pattern": r"\d+"}, False, r"doesn't match “\d+”"),
        ("regex", "A42", None, {"pattern": r"\d+", "whole": True}, False, None),
        ("regex", "a\nFINAL: b", None, {"pattern": "^final:", "ignore_case": True}, True, None),
        ("is_json", '{"a": 1}', None, {}, True, "is JSON"),
        ("is_json", '```json\n{"a": [{"b": 1}]}\n```', None, {"keys": ["a[0].b"]}, True, None),
        ("is_json", '```\n{"a": 1}\n```', None, {"fenced": False}, False, None),
        ("is_json", '{"a": 1}', None, {"keys": ["b"]}, False, "is JSON without the key “b”"),
        ("is_json", '{"a": NaN}', None, {}, False, "is no JSON: NaN is no JSON"),
        ("is_json", "[" * 100_000, None, {}, False, "is no JSON: nested too deeply"),
        ("is_json", "Sure!", None, {}, False, None),
        ("json_field", '{"city": " paris"}', "Paris", {"path": "city", "ignore_case": True}, True, None),
        ("json_field", '{"n": 5.0}', "5", {"path": "n"}, True, "has “5.0” at “n”, as expected"),
        ("json_field", '{"n": 4}', '{"n": 5}', {"path": "n"}, False, "has “4” at “n”, not “5”"),
        ("json_field", '{"n": true}', "1", {"path": "n"}, False, None),
        ("json_field", '[{"x": [7]}]', "7", {"path": "[0].x[-1]"}, True, None),
        ("json_field", '{"a": 1}', "1", {"path": "b.c"}, False, "has nothing at “b.c”"),
        ("numeric", "so 1,234 it is.", "1234", {}, True, "ends in 1234, as expected"),
        ("numeric", "16 - 3 = 13", "#### 18", {}, False, "ends in 13, not 18"),
        ("numeric", "#### 18\nNot 20", "18", {}, True, None),
        ("numeric", "That is $5.00.", "5", {}, True, None),
        ("numeric", "about 3.1", "3.14159", {"absolute": 0.05}, True, None),
        ("numeric", "about 3.1", "3.14159", {"absolute": 0.01}, False, None),
        ("numeric", "101", "100", {"relative": 0.01}, True, None),
        ("numeric", "none", "1", {}, False, "holds no number; 1 was expected"),
        ("numeric", "1.234,5", "1.234,5", {"decimal_comma": True}, True, "ends in 1234.5, as expected"),
        ("numeric", "7", "[7, 8]", {}, True, None),
        ("label", "It's Card-Arrival.", "card arrival", {"labels": LABELS}, True, None),
        ("label", "cash withdrawal", "cash_withdrawal", {"labels": LABELS}, True, None),
        ("label", "cardinal", "card", {"labels": LABELS}, False, "names none of the labels"),
        ("label", "card, or cash withdrawal", "card", {"labels": LABELS}, False,
         "names several labels: “card” and “cash_withdrawal”"),
        ("label", "card, or cash withdrawal", "card", {"labels": LABELS, "which": "first"}, True, None),
        ("label", "card? card arrival!", "card", {"labels": LABELS, "which": "last"}, False,
         "names “card arrival”, not “card”"),
    ],
)  # fmt: skip
def test_scorers_judge_as_people_would(
    name: str,
    answer: str,
    expected: str | None,
    parameters: dict[str, Json],
    passed: bool,
    reason: str | None,
) -> None:
    found = score(name, answer, expected, **parameters)
    assert (found.passed, found.value, found.scorer) == (passed, float(passed), name)
    assert found.reason == reason or (reason is None and found.reason)


def test_every_scorer_can_be_negated() -> None:
    found = score("contains", "as an AI model", negate=True, texts=["AI"])
    assert found == Score("not contains", 0.0, False, "contains “AI”; it must not")
    assert score("contains", "a model", negate=True, texts=["AI"]).passed


@pytest.mark.parametrize("name", ["equals", "contains", "starts_with", "numeric", "label"])
def test_an_example_without_an_expected_answer_is_an_error_not_a_wrong_answer(name: str) -> None:
    parameters: dict[str, Json] = {"labels": LABELS} if name == "label" else {}
    with pytest.raises(InputError, match="no expected answer"):
        score(name, "anything", None, **parameters)


def test_an_expected_answer_that_no_answer_could_meet_is_an_error() -> None:
    with pytest.raises(InputError, match="holds no number"):
        score("numeric", "1", "many")
    with pytest.raises(InputError, match="none of the labels"):
        score("label", "card", "loan", labels=LABELS)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "equal"}, "There is no scorer 'equal'"),
        ({}, "A scorer needs a name"),
        ({"name": "equals", "parameters": {"ignorecase": True}}, "no parameter 'ignorecase'"),
        ({"name": "equals", "parameters": {"trim": "yes"}}, "must be yes or no"),
        ({"name": "contains", "parameters": {"mode": "some"}}, "can't be 'some'"),
        ({"name": "numeric", "parameters": {"absolute": -1}}, "at least 0"),
        ({"name": "numeric", "parameters": {"absolute": True}}, "must be a number"),
        ({"name": "regex"}, "needs a pattern"),
        ({"name": "regex", "parameters": {"pattern": "("}}, "can't be read"),
        ({"name": "regex", "parameters": {"pattern": "(a+)+$"}}, "could take for ever"),
        ({"name": "json_field"}, "needs a path"),
        ({"name": "json_field", "parameters": {"path": "a[x]"}}, "is no path"),
        ({"name": "label"}, "needs the labels"),
        ({"name": "equals", "negate": "no"}, "can't be read"),
    ],
)
def test_a_specification_that_can_not_be_used_says_why(spec: Json, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ScorerSpec.from_json(spec)


def test_a_misspelled_name_gets_a_suggestion() -> None:
    with pytest.raises(InputError) as caught:
        ScorerSpec.from_json({"name": "contian"})
    assert caught.value.hint == "Did you mean 'contains'?"


def test_specifications_survive_json() -> None:
    spec = ScorerSpec("label", {"labels": LABELS, "which": "last"}, negate=True)
    assert ScorerSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_every_scorer_explains_itself_and_its_parameters() -> None:
    assert len(SCORERS) >= 29
    for kind in SCORERS.values():
        assert "\n" not in kind.explanation
        assert all(field.explanation and field.kind for field in kind.fields())


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        r"(\w+\s?)+$",
        "(a|aa)+$",
        r"(\d+|\w)+x",
        "((ab)*c?)*d",
        r"(.*,)*x",
        "(a|)+b",
    ],
)
def test_patterns_that_could_take_for_ever_are_refused(pattern: str) -> None:
    assert risky_part(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d+", r"^\s*(yes|no)\b", r"(\w+\s)+", r"(?:[a-z]+,)*[a-z]+", r"(\d{3})+", r".*answer.*",
        r"(foo|bar)+", r"(a{1,20})*b", r"\{.*\}", r"(?i:final)[^.]*\.", r"(?P<n>\d+)(?:\.\d+)?",
    ],
)  # fmt: skip
def test_ordinary_patterns_are_accepted(pattern: str) -> None:
    assert risky_part(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "power"),
    [
        ("yes|no", 1), (r"\d+", 1), (r"Answer:\s*(\d+)", 1), (r"Answer:\s*(\d+)\s*\.", 1), ("Final: .*", 1),
        (r"\d+x", 2), (r"\d+$", 2), (r"(\w+\s)+x", 2), ("foo.*bar", 2), (r"a*\d+", 2), ("x.*y.*z", 3),
    ],
)  # fmt: skip
def test_how_the_time_of_a_pattern_grows_is_guessed_on_the_safe_side(
    pattern: str, power: int
) -> None:
    assert degree(pattern, whole=False) == power


def test_an_answer_too_long_for_its_pattern_is_an_error_not_a_wrong_answer() -> None:
    assert score("regex", "x" * 100_000, pattern="y").passed is False
    with pytest.raises(InputError, match="20,000 characters"):
        score("regex", "x" * 20_001, pattern=r"x+y")
    with pytest.raises(InputError, match="too many open repetitions"):
        ScorerSpec.from_json({"name": "regex", "parameters": {"pattern": "a.*b.*c.*d"}})


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [(r"\d+x", "1" * 20_000), (r".*x.*y", "x" * 20_000), (r"x.*y.*z", "xy" * 1_000)],
    ids=["square", "square after a leading dot", "cube"],
)
def test_the_worst_answer_for_an_accepted_pattern_takes_seconds_at_most(
    pattern: str, answer: str
) -> None:
    began = thread_time()
    assert not score("regex", answer, pattern=pattern).passed
    assert thread_time() - began < 10


def test_long_answers_cost_little() -> None:
    answer = "a1 " * 1_000_000
    began = thread_time()
    for name in ("equals", "contains", "starts_with", "is_json", "numeric", "label"):
        parameters = EXAMPLES.get(name, {})
        score(name, answer, "1" if name == "numeric" else "card", **parameters)
    assert thread_time() - began < 2


EXAMPLES: dict[str, dict[str, Json]] = {
    "contains": {},
    "starts_with": {},
    "regex": {"pattern": r"\d+"},
    "is_json": {},
    "numeric": {},
    "label": {"labels": LABELS},
}


@given(st.text(), st.text())
def test_scorers_never_break_on_odd_texts(answer: str, expected: str) -> None:
    for name, parameters in EXAMPLES.items():
        try:
            found = score(name, answer, expected, **parameters)
        except InputError:
            continue
        assert found.reason
        assert found.value in (0.0, 1.0)


@given(st.text(min_size=1))
def test_an_answer_equal_to_the_expected_one_is_right(text: str) -> None:
    for name in ("equals", "contains", "starts_with"):
        assert score(name, text, json.dumps([text])).passed


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1e9, max_value=1e9))
def test_numbers_are_read_as_they_were_written(number: Decimal) -> None:
    for text in (f"{number}", f"{number:,}", f"The answer is {number:,}.", f"**{number}**"):
        assert last_number(text) == number, text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-$5.50", "-5.50"), ("$-5", "-5"), ("€ 1'000", "1000"), ("3-4", "4"), ("- 5 apples", "5"),
        (".5", "0.5"), ("50%", "50"), ("−7", "-7"), ("1.5e3 J", "1500"), ("H2O", None), ("v1.2.3", None),
        ("12,34", "34"), ("9" * 50, "9" * 50), ("5km", "5"), ("1e99999", "1"),
    ],
)  # fmt: skip
def test_numbers_are_found_in_the_ways_people_write_them(text: str, number: str | None) -> None:
    assert last_number(text) == (None if number is None else Decimal(number))


def test_arithmetic_answers_of_a_real_model_are_judged_as_their_authors_did(
    shared_data: Path,
) -> None:
    path = shared_data / "evals/gsm8k/example_model_solutions.first100.jsonl"
    scorer = build(ScorerSpec("numeric"))
    agreed = total = 0
    for line in path.read_text().splitlines():
        row = json.loads(line)
        for said in row.values():
            if isinstance(said, dict) and "solution" in said:
                found = scorer(ScoringInput(said["solution"], row["ground_truth"]))
                agreed += found.passed is said["is_correct"]
                total += 1
    assert total > 300
    assert agreed == total
