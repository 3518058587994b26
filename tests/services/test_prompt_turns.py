"""Few-shot examples and conversations in the text of a prompt."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.core.prompt import PromptTemplate
from llmops_tui.runner.scorers import meaning
from llmops_tui.services import datasets, few_shot, prompt_turns

TEXT = "--- system ---\nBe short.\n\n--- user ---\nRepeat {{ word }}\n"
ROWS = [
    ExampleDraft({"word": "a"}, "A", ("easy",), "dev"),
    ExampleDraft({"word": "{{ b }}"}, "B", ("easy",), "dev"),
    ExampleDraft({"word": "c"}, "C", ("easy",), "gate"),
    ExampleDraft({"word": "d"}, None, ("easy",), "dev"),
    ExampleDraft({"word": "c"}, "C", ("hard",), "dev"),
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=ROWS)


def shots(bench: Bench, *positions: int):
    page = datasets.example_page(bench.workspace, bench.dataset)
    return [one for one in page if one.position in positions]


def with_shots(bench: Bench, *positions: int) -> str:
    found = shots(bench, *positions)
    return prompt_turns.with_shots(bench.workspace, TEXT, bench.dataset, found)


def test_examples_are_asked_as_the_prompt_asks_and_stand_before_its_question(bench: Bench):
    made = PromptTemplate.parse(with_shots(bench, 1, 2)).render({"word": "x"})
    assert [(one.role, one.content) for one in made] == [
        ("system", "Be short."),
        ("user", "Repeat a"),
        ("assistant", "A"),
        ("user", "Repeat {{ b }}"),
        ("assistant", "B"),
        ("user", "Repeat x"),
    ]


@pytest.mark.parametrize(
    ("position", "why"), [(3, "is in the gate split"), (5, "gate split too"), (4, "no expected")]
)
def test_what_would_leak_the_gate_or_shows_nothing_is_refused(
    bench: Bench, position: int, why: str
):
    with pytest.raises(InputError, match=why):
        with_shots(bench, position)


def test_a_tag_picks_labelled_examples_outside_the_gate(bench: Bench):
    found = few_shot.tagged(bench.workspace, bench.dataset, "easy", 9).shots
    assert [one.position for one in found] == [1, 2]


def test_rows_are_picked_by_their_numbers_in_the_order_asked_for(bench: Bench):
    found = few_shot.numbered(bench.workspace, bench.dataset, "2, 1").shots
    assert [one.position for one in found] == [2, 1]
    for text, why in (("99", "no row 99"), ("easy", "list of their numbers"), ("", "numbers")):
        with pytest.raises(InputError, match=why):
            few_shot.numbered(bench.workspace, bench.dataset, text)


SENTENCES = [
    ExampleDraft({"word": "I can't log in to my account"}, "login", (), "dev"),
    ExampleDraft({"word": "i  CAN'T log in to my account"}, "login", (), "dev"),
    ExampleDraft({"word": "My account refuses to log me in"}, "login", (), "dev"),
    ExampleDraft({"word": "The parcel never arrived"}, "delivery", (), "dev"),
    ExampleDraft({"word": "Log in to my account fails"}, "login", (), "gate"),
    ExampleDraft({"word": "Please refund the parcel"}, None, (), "dev"),
]


@pytest.mark.parametrize("installed", [True, False], ids=["embedding", "words alone"])
def test_the_most_similar_come_last_and_never_the_gate_nor_the_question_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
):
    bench = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=SENTENCES)
    if not installed:
        monkeypatch.setitem(sys.modules, "wordllama", None)
        meaning.vectors.cache_clear()
    else:
        pytest.importorskip("wordllama")
    (like,) = shots(bench, 1)
    found = few_shot.similar(bench.workspace, bench.dataset, like, 5)
    assert [one.position for one in found.shots] == [4, 3]
    assert ("is not installed" in found.how) is not installed
    bench.workspace.db.close()


def test_a_row_that_differs_from_one_of_the_gate_in_blanks_and_case_leaks_it_too(tmp_path: Path):
    rows = [
        ExampleDraft({"word": "log  IN"}, "A", (), "dev"),
        ExampleDraft({"word": "Log in"}, "A", (), "gate"),
    ]
    bench = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=rows)
    with pytest.raises(InputError, match="gate split too, as 2"):
        with_shots(bench, 1)
    bench.workspace.db.close()


def test_a_conversation_goes_on_with_the_answer_as_it_was(bench: Bench):
    made = PromptTemplate.parse(prompt_turns.continued(TEXT, "I say {% if %}")).messages
    assert [role for role, _ in made] == ["system", "user", "assistant", "user"]
    rendered = PromptTemplate(made[:3]).render({"word": "x"})
    assert rendered[2].content == "I say {% if %}"
