"""Scorers beyond the plain ones: measures, limits, tools, and scorers made of scorers."""

# ruff: noqa: E501 - cases read better in one line
from __future__ import annotations

import json

import pytest

from llmops_tui.core.chat import Json, ToolCall
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers import Score, ScorerSpec, ScoringInput, build

EXACT: Json = {"name": "equals"}
SHORT: Json = {"name": "length", "parameters": {"most": 5}}


def score(
    name: str, answer: str, expected: str | None = None, *, negate: bool = False, **parameters: Json
) -> Score:
    return build(ScorerSpec(name, parameters, negate))(ScoringInput(answer, expected))


@pytest.mark.parametrize(
    ("name", "answer", "expected", "parameters", "passed", "reason"),
    [
        ("length", " hello ", None, {"most": 5}, True, "has 5 characters, within the limits"),
        ("length", "hello", None, {"most": 4}, False, "has 5 characters, at most 4 are allowed"),
        ("length", "", None, {"least": 1}, False, "has 0 characters, at least 1 are needed"),
        ("word_count", "one", None, {"least": 2}, False, "has 1 word, at least 2 are needed"),
        ("word_count", "don't stop", None, {"most": 2}, True, None),
        ("word_count", "我爱你", None, {"least": 3, "most": 3}, True, None),
        ("rouge_n", "the cat sat", "the cat was here", {"n": 1, "least": 0.5}, True, "has ROUGE-1 0.57 ≥ 0.50"),
        ("rouge_n", "the cat sat", "the cat was here", {"n": 2, "measure": "recall"}, False, "has ROUGE-2 0.33 < 0.50"),
        ("rouge_n", "the cat", '["a dog", "the cat"]', {"least": 1}, True, None),
        ("is_xml", "<a><b/></a>", None, {"elements": ["a.b"]}, True, "is XML with all elements"),
        ("is_xml", "<a><b/></a>", None, {"elements": ["a/c"]}, False, "is XML without the element “a/c”"),
        ("is_xml", "Sure: <a>1</a>!", None, {"anywhere": True}, True, None),
        ("is_xml", "Sure: <a>1</a>!", None, {}, False, None),
        ("is_xml", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', None, {}, False, "is no XML: it declares entities"),
        ("is_xml", "<a>" * 600, None, {}, False, "is no XML: nested too deeply"),
        ("refusal", "I'm sorry, but I can't help with that.", None, {}, True, "refuses: “I'm sorry, but I can't”"),
        ("refusal", "42", None, {}, False, "is no refusal"),
        ("refusal", "Es tut mir leid, das kann ich nicht. Ich kann Ihnen dabei nicht helfen.", None, {}, True, None),
        ("script", "Привет, мир 123", None, {"scripts": ["Cyrillic"]}, True, "is written in cyrillic"),
        ("script", "hello 世界", None, {"scripts": ["han"]}, False, "has 71% other letters, mostly latin"),
        ("script", "123", None, {"scripts": ["latin"]}, False, "holds no letter"),
        ("finish_reason", "x", None, {}, True, "ended for the reason “stop”"),
        ("finish_reason", "x", None, {"reasons": ["length"]}, False, "ended for the reason “stop”, not for “length”"),
        ("composite", "hello", "hello", {"scorers": [EXACT, SHORT]}, True, None),
        ("composite", "hello!", "hello", {"scorers": [EXACT, SHORT]}, False,
         "equals: is “hello!”, not “hello”; length: has 6 characters, at most 5 are allowed"),
        ("composite", "hello!", "hello!", {"scorers": [EXACT, SHORT], "mode": "any"}, True, "equals: is “hello!”, as expected"),
        ("composite", "hi, you", "x", {"scorers": [EXACT, SHORT], "mode": "any"}, False, None),
        ("composite", "hello!", "hello!", {"scorers": [EXACT, SHORT], "mode": "weighted", "weights": [3, 1], "least": 0.7}, True,
         "has 0.75 ≥ 0.70 of 2 scorers; length: has 6 characters, at most 5 are allowed"),
        ("composite", "hello!", "hello!", {"scorers": [EXACT, SHORT], "mode": "weighted", "least": 0.7}, False, None),
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
    assert found.passed is passed
    assert 0 <= found.value <= 1
    assert found.reason == reason or (reason is None and found.reason)


def test_a_measured_value_is_kept_beside_the_verdict() -> None:
    found = score("rouge_n", "the cat sat", "the cat was here", least=0.9)
    assert (found.passed, round(found.value, 2)) == (False, 0.57)
    negated = score("rouge_n", "the cat sat", "the cat was here", negate=True, least=0.9)
    assert (negated.passed, round(negated.value, 2)) == (True, 0.43)


def test_time_and_price_of_an_answer_can_be_limited() -> None:
    given = ScoringInput("x", latency_ms=1_500, cost=20_000_000)
    slow = build(ScorerSpec("latency", {"most_ms": 1_000}))(given)
    assert (slow.passed, slow.reason) == (False, "took 1,500 ms, more than 1,000 ms")
    assert build(ScorerSpec("latency", {"most_ms": 2_000}))(given).passed
    dear = build(ScorerSpec("cost", {"most": 0.01}))(given)
    assert (dear.passed, dear.reason) == (False, "cost 0.020000, more than 0.010000")
    assert build(ScorerSpec("cost", {"most": 0.02}))(given).passed


@pytest.mark.parametrize(
    ("parameters", "expected", "reason"),
    [
        ({"tool": "search", "arguments": {"q": "a"}}, None, "calls “search” with the right arguments"),
        ({"tool": "search", "arguments": {"q": "b"}}, None, "calls “search” with “\"a\"” as q, not “\"b\"”"),
        ({"tool": "search", "arguments": {"page": 1}}, None, "calls “search” without “page”"),
        ({"tool": "search", "exact": True}, None, "calls “search” with the argument “n” more"),
        ({"tool": "book"}, None, "calls “search”, not “book”"),
        ({}, '{"name": "search", "arguments": {"n": 1}}', "calls “search” with the right arguments"),
        ({}, "search", "calls “search”"),
        ({"tool": "search", "arguments": {"n": True}}, None, "calls “search” with “1” as n, not “true”"),
    ],
)  # fmt: skip
def test_a_tool_call_is_judged_by_name_and_arguments(
    parameters: dict[str, Json], expected: str | None, reason: str
) -> None:
    call = ToolCall("1", "search", '{"q": "a", "n": 1}')
    found = build(ScorerSpec("tool_call", parameters))(
        ScoringInput("", expected, tool_calls=(call,))
    )
    assert found.reason == reason


def test_an_answer_that_calls_no_tool_is_wrong_and_one_tool_more_can_be() -> None:
    assert (
        score("tool_call", "text", tool="search").reason == "calls no tool; “search” was expected"
    )
    calls = (ToolCall("1", "search", "{}"), ToolCall("2", "delete", "{}"))
    only = build(ScorerSpec("tool_call", {"tool": "search", "only": True}))
    assert only(ScoringInput("", tool_calls=calls)).reason == "calls “delete”, which it must not"
    broken = build(ScorerSpec("tool_call", {"tool": "search"}))
    assert not broken(ScoringInput("", tool_calls=(ToolCall("1", "search", "{"),))).passed


def test_scorers_within_a_composite_can_be_negated_and_nested() -> None:
    inner: Json = {"name": "composite", "parameters": {"scorers": [EXACT, SHORT], "mode": "any"}}
    spec: Json = {
        "name": "composite",
        "parameters": {"scorers": [inner, {"name": "contains", "parameters": {"texts": ["AI"]}, "negate": True}]},
    }  # fmt: skip
    scorer = build(ScorerSpec.from_json(spec))
    assert scorer(ScoringInput("hello", "other")).passed
    assert scorer(ScoringInput("AI", "AI")).reason == "not contains: contains “AI”; it must not"


def test_every_example_can_bring_scorers_of_its_own() -> None:
    scorer = build(ScorerSpec("per_example", {"column": "checks"}))
    checks: Json = [
        {"name": "contains", "parameters": {"texts": ["a"]}, "weight": 1},
        {"name": "contains", "parameters": {"texts": ["b"]}, "weight": 3},
    ]
    assert not scorer(ScoringInput("a", inputs={"checks": checks})).passed
    weighted: Json = {"scorers": checks, "mode": "weighted", "least": 0.5}
    assert not scorer(ScoringInput("a", inputs={"checks": weighted})).passed
    assert scorer(ScoringInput("b", inputs={"checks": json.dumps(weighted)})).value == 0.75
    with pytest.raises(InputError, match="no scorers in 'checks'"):
        scorer(ScoringInput("b"))
    with pytest.raises(InputError, match="can't be read"):
        scorer(ScoringInput("b", inputs={"checks": "[1]"}))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "length"}, "needs `least` or `most`"),
        ({"name": "length", "parameters": {"least": 3, "most": 2}}, "at least more than it has at most"),
        ({"name": "latency"}, "needs `most_ms`"),
        ({"name": "script", "parameters": {"scripts": ["klingon"]}}, "no script 'klingon'"),
        ({"name": "composite"}, "needs scorers"),
        ({"name": "composite", "parameters": {"scorers": [{"name": "equal"}]}}, "no scorer 'equal'"),
        ({"name": "composite", "parameters": {"scorers": ["equals"]}}, "a list of objects"),
        ({"name": "composite", "parameters": {"scorers": [EXACT], "weights": [1, 2]}}, "1 scorers and 2 weights"),
        ({"name": "composite", "parameters": {"scorers": [EXACT], "weights": ["x"]}}, "a list of numbers"),
        ({"name": "tool_call", "parameters": {"arguments": []}}, "an object"),
        ({"name": "language"}, "needs languages"),
        ({"name": "python", "parameters": {"function": "judge"}}, "needs a function"),
    ],
)  # fmt: skip
def test_a_specification_that_can_not_be_used_says_why(spec: Json, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ScorerSpec.from_json(spec)


def test_core_says_so_of_a_scorer_that_it_can_not_compile() -> None:
    with pytest.raises(InputError, match="can't be used here"):
        build(ScorerSpec("levenshtein"))
