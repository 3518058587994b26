"""The demonstration workspace's data and prompts: fit to be shown, and what they claim to be."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter

import pytest

from llmops_tui.core import template
from llmops_tui.core.scorers import ScorerSpec, ScoringInput, build
from llmops_tui.services.demo import arithmetic
from llmops_tui.services.demo.content import (
    KITCHEN_SUMS,
    ORDER_NUMBER,
    PRODUCTION_FILE,
    SUPPORT_TOPIC,
    TASKS,
    TOPICS,
    DemoTask,
    data_text,
    production_messages,
)

EACH_TASK = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
FILES = (*(task.data_file for task in TASKS), PRODUCTION_FILE)


def squeezed(text: str) -> str:
    """A text with what a reader would overlook taken away."""
    return re.sub(r"\W+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def asked(task: DemoTask) -> list[str]:
    return [str(row.inputs[name]) for row in task.rows() for name in task.variables]


def scored(task: DemoTask, answer: str, expected: str | None) -> bool:
    check = build(ScorerSpec(task.scorer.name, task.scorer.parameters))
    return check(ScoringInput(answer=answer, expected=expected)).passed


@EACH_TASK
def test_rows_hold_what_the_prompts_ask_for_and_an_expected_answer(task: DemoTask) -> None:
    rows = task.rows()
    assert len(rows) >= 120
    for row in rows:
        assert tuple(row.inputs) == task.variables
        assert row.expected
        assert row.split in {"dev", "gate"}


@EACH_TASK
def test_no_two_rows_ask_the_same(task: DemoTask) -> None:
    repeated = [text for text, n in Counter(map(squeezed, asked(task))).items() if n > 1]
    assert repeated == []


@EACH_TASK
def test_no_prompt_gives_away_the_answer_to_a_row(task: DemoTask) -> None:
    rows = set(map(squeezed, asked(task)))
    shown = {squeezed(text) for version in task.versions for _, text in version.messages}
    assert rows & shown == set()


@EACH_TASK
def test_prompts_render_with_every_row_and_use_every_variable(task: DemoTask) -> None:
    row = task.rows()[0]
    for version in task.versions:
        used = {name for _, text in version.messages for name in template.variables(text)}
        assert used == set(task.variables)
        last = template.render(version.messages[-1][1], row.inputs)
        assert str(row.inputs[task.variables[0]]) in last


@EACH_TASK
def test_what_varies_stands_last_so_that_the_rest_of_the_prompt_is_cached(task: DemoTask) -> None:
    for version in task.versions:
        *fixed, (role, _) = version.messages
        assert role == "user"
        assert not any(template.variables(text) for _, text in fixed)


@EACH_TASK
def test_prompts_ask_for_short_answers_that_repeat(task: DemoTask) -> None:
    assert len(task.versions) >= 2
    for version in task.versions:
        assert version.parameters["temperature"] == 0
        max_tokens = version.parameters["max_tokens"]
        assert isinstance(max_tokens, int)
        assert max_tokens <= 24


@EACH_TASK
def test_versions_differ_and_say_what_is_new(task: DemoTask) -> None:
    assert len({version.messages for version in task.versions}) == len(task.versions)
    assert all(version.note.endswith(".") for version in task.versions)


@EACH_TASK
def test_the_scorer_passes_each_expected_answer_and_no_nonsense(task: DemoTask) -> None:
    for row in task.rows():
        assert scored(task, row.expected or "", row.expected)
        assert not scored(task, "I'm sorry for the confusion.", row.expected)


@EACH_TASK
def test_the_gate_is_large_enough_for_a_verdict_on_the_tolerance(task: DemoTask) -> None:
    gate = [row for row in task.rows() if row.split == task.split]
    assert len(gate) >= 80
    assert 0 < task.tolerance.max_wrong < 0.5
    # A model without a single wrong answer would be within: 1 - alpha^(1/n) is its upper bound.
    assert 1 - (1 - task.tolerance.confidence) ** (1 / len(gate)) < task.tolerance.max_wrong


def test_topics_are_balanced_in_each_split() -> None:
    for split in ("dev", "gate"):
        counts = Counter(row.expected for row in SUPPORT_TOPIC.rows() if row.split == split)
        assert set(counts) == set(TOPICS)
        assert len(set(counts.values())) == 1


def test_support_messages_differ_in_length_tone_and_language() -> None:
    rows = SUPPORT_TOPIC.rows()
    assert len(rows) >= 200
    tags = Counter(tag for row in rows for tag in row.tags)
    for kind in ("typos", "angry", "foreign words", "multi-line", "two topics", "long", "short"):
        assert tags[kind] >= 4, kind
    lengths = [len(text) for text in asked(SUPPORT_TOPIC)]
    assert min(lengths) < 25
    assert max(lengths) > 400
    for row in rows:
        assert ("\n" in str(row.inputs["message"])) == ("multi-line" in row.tags)


def test_expected_order_numbers_are_in_the_message_and_none_means_there_is_none() -> None:
    kinds = Counter(tag for row in ORDER_NUMBER.rows() for tag in row.tags)
    assert min(kinds.values()) >= 10
    for row in ORDER_NUMBER.rows():
        message = str(row.inputs["message"])
        if row.expected == "none":
            assert not re.search(r"\bK-?\d", message, re.IGNORECASE)
            assert row.tags == ("no number",)
        else:
            assert re.fullmatch(r"K-\d{5}", row.expected or "")
            assert (row.expected or "")[2:] in message


def test_sums_are_those_of_the_seeded_generator() -> None:
    made = [
        (problem.question, str(problem.answer), problem.steps) for problem in arithmetic.problems()
    ]
    kept = [
        (row.inputs["question"], row.expected, int(row.tags[0].split()[0]))
        for row in KITCHEN_SUMS.rows()
    ]
    assert kept == made


def test_sums_have_answers_that_make_sense() -> None:
    for seed in range(20):
        problems = arithmetic.problems(seed)
        assert len({problem.question for problem in problems}) == len(problems)
        assert all(problem.answer >= 0 for problem in problems)
        assert {problem.steps for problem in problems} == {1, 2, 3, 4}


def test_production_messages_are_forty_with_odd_and_hostile_ones_among_them() -> None:
    messages = production_messages()
    assert len(messages) == 40
    assert len(set(messages)) == 40
    assert any(not message.strip() for message in messages)
    assert any(len(message) > 1_500 for message in messages)
    assert any("Ignore all previous instructions" in message for message in messages)
    assert sum(not message.isascii() for message in messages) >= 5
    known = {squeezed(text) for task in TASKS for text in asked(task)}
    assert not {squeezed(message) for message in messages if squeezed(message)} & known


@pytest.mark.parametrize("name", FILES)
def test_files_are_one_json_object_a_line_in_composed_utf8(name: str) -> None:
    text = data_text(name)
    assert text.endswith("\n")
    assert text == unicodedata.normalize("NFC", text)
    assert "\ufffd" not in text
    assert "\r" not in text
    for line in text.removesuffix("\n").split("\n"):
        assert isinstance(json.loads(line), dict)


@pytest.mark.parametrize("name", FILES)
def test_nobody_real_is_in_the_data(name: str) -> None:
    text = data_text(name)
    assert set(re.findall(r"@([\w.-]+\w)", text)) <= {"example.com"}
    assert not re.search(r"https?://|www\.", text)
    # Telephone numbers are of the block kept for fiction; other long numbers are tracking numbers.
    for number in re.findall(r"\+?\d[\d /-]{5,}\d", text):
        assert re.fullmatch(r"555-01\d\d|\d{9}", number), number


def test_tasks_are_three_projects_with_a_data_set_and_a_prompt_each() -> None:
    for names in (
        {task.name for task in TASKS},
        {task.dataset for task in TASKS},
        {task.prompt for task in TASKS},
    ):
        assert len(names) == 3
