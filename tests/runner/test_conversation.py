"""Rows of several turns, scripted and with a model that plays the user."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.runner.conversation import script_of, user_words
from llmops_tui.runner.worker import execute
from llmops_tui.services import runs

Make = Callable[..., Bench]


def talk(made: Bench, run_id: int) -> list[tuple[str, str]]:
    sample = runs.sample_page(made.workspace, run_id, limit=1)[0]
    request = json.loads(runs.sample_view(made.workspace, sample.id).detail.request)
    return [(message["role"], message["content"]) for message in request["messages"]]


def test_a_scripted_row_is_asked_turn_by_turn_and_its_last_answer_judged(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(answer="last-word")
    rows = [ExampleDraft({"word": "one", "turns": ["and two", "and three"]}, "three")]
    made = bench(rows=rows, input_price=1000)
    run_id = made.plan()
    asyncio.run(execute(made.workspace.db, run_id))
    counts = made.view(run_id).cells[0].counts
    assert (counts.right, endpoint.stats()["requests"]) == (1, 3)
    assert talk(made, run_id) == [
        ("user", "Repeat the last word: one"),
        ("assistant", "one"),
        ("user", "and two"),
        ("assistant", "two"),
        ("user", "and three"),
    ]
    assert counts.cost == counts.input_tokens * 1000
    again = made.plan()
    asyncio.run(execute(made.workspace.db, again))
    assert endpoint.stats()["requests"] == 3, "a conversation that was had is not paid for again"


def test_a_conversation_that_broke_off_goes_on_where_it_was(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(answer="last-word")
    rows = [ExampleDraft({"word": "one", "turns": ["fault:error:1 two"]}, "two")]
    made = bench(rows=rows)
    run_id = made.plan()
    asyncio.run(execute(made.workspace.db, run_id))
    assert made.view(run_id).cells[0].counts.right == 1
    assert endpoint.stats()["requests"] == 3


@pytest.mark.parametrize(("done", "answers", "asked"), [(True, 1, 2), (False, 3, 5)])
def test_a_model_plays_the_user_until_done_or_for_so_many_turns(
    bench: Make, endpoint: MockEndpoint, done: bool, answers: int, asked: int
):
    endpoint.configure(answer="=" + json.dumps({"message": "And then?", "done": done}))
    inputs: dict[str, Json] = {
        "word": "x", "simulated_user": "A child.", "user_model": "mock", "most_turns": 2,
    }  # fmt: skip
    made = bench(rows=[ExampleDraft(inputs, "x")])
    run_id = made.plan()
    asyncio.run(execute(made.workspace.db, run_id))
    said = talk(made, run_id)
    assert [role for role, _ in said].count("user") == answers
    assert endpoint.stats()["requests"] <= asked
    if not done:
        assert said[2] == ("user", "And then?")


def test_columns_that_the_prompt_uses_are_no_script():
    assert script_of({"turns": ["a"]}, ["turns"]) is None
    assert script_of({"turns": '["a", "b"]'}, []).turns == ("a", "b")
    assert script_of({"turns": ""}, []) is None
    with pytest.raises(InputError, match="needs the column user_model"):
        script_of({"simulated_user": "A child."}, [])


def test_what_the_user_says_is_read_leniently():
    assert user_words('{"message": "Why?", "done": false}') == "Why?"
    assert user_words("Why?") == "Why?"
    assert user_words('{"message": "Thanks", "done": true}') is None
