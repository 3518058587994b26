"""promptfoo's model-graded assertions as judges of ours.

What a judge is told are this program's words, and the model is the one that is named when the
configuration runs; the rubric, the criterion and the reference are the configuration's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.scorers.judge_prompts import data
from llmops_tui.interchange.promptfoo.model import AssertionItem

Parameters: TypeAlias = dict[str, Json]
Made: TypeAlias = tuple[str, Parameters]
JudgeMaker: TypeAlias = Callable[[AssertionItem, str, Mapping[str, Json]], Made]
"""From an assertion, its value as text and the test's variables to a judge."""

UNNAMED: Final = "a model judges it: name one with --judge"
G_EVAL_SCALE: Final = 10
G_EVAL_LEAST: Final = 0.7
CONTEXT: Final = "context"
NOT_THE_ANSWER: Final[Mapping[str, str]] = {
    "context-recall": "it judges what was retrieved, not the answer",
    "context-relevance": "it judges what was retrieved, not the answer",
    "conversation-relevance": "it judges every turn of a conversation for itself",
}


def judged(item: AssertionItem, value: Json, variables: Mapping[str, Json], judge: str) -> Made:
    """The judge of an assertion.

    Args:
        item: the assertion.
        value: its value, with the variables filled in.
        variables: of the test.
        judge: the judging model's name.

    Raises:
        InputError: it can't be judged here, and why.
    """
    if item.base in NOT_THE_ANSWER:
        raise InputError(NOT_THE_ANSWER[item.base])
    if not judge:
        raise InputError(UNNAMED)
    name, parameters = MAKERS[item.base](item, _text(value), variables)
    return name, parameters | {"model": judge}


def note_of(item: AssertionItem, judge: str) -> str:
    """What is different from promptfoo's own judging."""
    own = item.raw.get("provider")
    instead = ", not the provider that it names" if own else ""
    return f"judged by {judge}{instead}, told in this program's words"


def _rubric(item: AssertionItem, text: str, _: Mapping[str, Json]) -> Made:
    parameters: Parameters = {"rubric": _needed(text, "a rubric")}
    return "judge_rubric", parameters | _least(item)


def _closed(_: AssertionItem, text: str, __: Mapping[str, Json]) -> Made:
    question = f"Does the answer meet this criterion? {_needed(text, 'a criterion')}"
    return "judge_choice", {"question": question, "choices": ["yes", "no"], "passing": ["yes"]}


def _factuality(_: AssertionItem, text: str, __: Mapping[str, Json]) -> Made:
    return "judge_factuality", {"reference": _needed(text, "a reference")}


def _g_eval(item: AssertionItem, text: str, _: Mapping[str, Json]) -> Made:
    least = G_EVAL_LEAST if item.threshold is None else item.threshold
    criterion = _needed(text, "a criterion")
    return "judge_steps", {"criterion": criterion, "most": G_EVAL_SCALE, "least": least}


def _relevance(item: AssertionItem, _: str, __: Mapping[str, Json]) -> Made:
    rubric = "The answer is about what was asked, and nothing in it is beside the question."
    parameters: Parameters = {"rubric": rubric}
    return "judge_rubric", parameters | _least(item)


def _faithfulness(item: AssertionItem, _: str, variables: Mapping[str, Json]) -> Made:
    context = _text(variables.get(CONTEXT))
    if not context.strip():
        raise InputError(f"its test has no variable `{CONTEXT}`")
    rubric = "Everything that the answer states follows from the context."
    parameters: Parameters = {"rubric": f"{rubric}\n\n{data('Context', context)}"}
    return "judge_rubric", parameters | _least(item)


MAKERS: Final[Mapping[str, JudgeMaker]] = {
    "llm-rubric": _rubric,
    "model-graded-closedqa": _closed,
    "factuality": _factuality,
    "model-graded-factuality": _factuality,
    "g-eval": _g_eval,
    "answer-relevance": _relevance,
    "context-faithfulness": _faithfulness,
}
TYPES: Final = frozenset({*MAKERS, *NOT_THE_ANSWER})


def _least(item: AssertionItem) -> Parameters:
    return {} if item.threshold is None else {"least": item.threshold}


def _needed(text: str, what: str) -> str:
    if not text.strip():
        raise InputError(f"it needs {what} as its value")
    return text


def _text(value: Json) -> str:
    from llmops_tui.services.promptfoo.scorers import text_of  # which maps these among others

    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(text_of(part) for part in value)
    return text_of(value)
