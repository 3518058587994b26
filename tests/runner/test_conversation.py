"""Rows of several turns, scripted and with a model that plays the user."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.chat import Endpoint, Json, Model
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import RunStatus
from llmops_tui.runner import retry
from llmops_tui.runner.conversation import script_of, user_words
from llmops_tui.runner.worker import execute
from llmops_tui.services import models, runs

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


def test_a_conversation_that_never_ends_says_what_its_turns_cost(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(answer="last-word")
    rows = [ExampleDraft({"word": "one", "turns": ["fault:filter", "three"]}, "three")]
    made = bench(rows=rows, input_price=1000)
    run_id = made.plan()
    asyncio.run(execute(made.workspace.db, run_id))
    counts = made.view(run_id).cells[0].counts
    assert counts.errored == 1
    assert counts.output_tokens == 5, "one of the first answer, four of the one that was filtered"
    assert counts.cost == counts.input_tokens * 1000 > 0


def test_each_turn_keeps_to_the_rate_limit(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(answer="last-word")
    rows = [ExampleDraft({"word": "one", "turns": ["two", "three", "four"]}, "four")]
    made = bench(rows=rows, requests_per_minute=120)
    run_id = made.plan()
    begun = time.monotonic()
    asyncio.run(execute(made.workspace.db, run_id))
    assert made.view(run_id).cells[0].counts.right == 1
    assert time.monotonic() - begun > 0.4, (
        "four requests at two a second; the first three are let out at once"
    )


def test_a_judge_reads_a_conversation_that_was_had_before_as_it_read_it_then(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(answer='={"reason": "ok", "pass": true}')
    rubric = {"name": "judge_rubric", "parameters": {"rubric": "Kind.", "model": "mock"}}
    row = ExampleDraft({"word": "one", "turns": ["two"]}, "x")
    twin = ExampleDraft({"word": "one", "turns": ["two"], "note": "twin"}, "x")
    made = bench(rows=[row, twin], scorers=(rubric,))
    for _ in range(2):
        run_id = made.plan()
        asyncio.run(execute(made.workspace.db, run_id))
        assert made.view(run_id).cells[0].counts.right == 2
        assert endpoint.stats()["requests"] == 3, "two turns and one judgement, once for all"


def playing(made_by: Make, user: Endpoint, *, turns: int = 1) -> Bench:
    """One row whose user is played by a model at an endpoint of its own."""
    inputs: dict[str, Json] = {
        "word": "x", "simulated_user": "A child.", "user_model": "user", "most_turns": turns,
    }  # fmt: skip
    made = made_by(rows=[ExampleDraft(inputs, "x")])
    models.add_endpoint(made.workspace, user, [Model(0, 0, "user", {}, input_price=1000)])
    return made


def test_what_the_users_model_costs_counts(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(answer='={"message": "And then?", "done": false}')
    made = playing(bench, Endpoint(0, "users", "openai", endpoint.base_url, ""))
    run_id = made.plan()
    asyncio.run(execute(made.workspace.db, run_id))
    assert made.view(run_id).cells[0].counts.cost > 0, "the tested model itself is free here"


def test_a_users_model_that_says_nothing_is_no_fault_of_the_tested_endpoint(
    bench: Make, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
):
    endpoint.configure(answer="last-word")
    monkeypatch.setattr(retry, "BASE_S", 0.001)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        made = playing(bench, Endpoint(0, "users", "openai", f"http://127.0.0.1:{port}/v1", ""))
        run_id = made.plan()
        assert asyncio.run(execute(made.workspace.db, run_id)) is RunStatus.FINISHED
    sample = runs.sample_page(made.workspace, run_id, limit=1)[0]
    assert sample.reason.startswith("connect: user, which plays the user: ")
    assert endpoint.stats()["requests"] == 1, "what the tested model said isn't asked again"


def test_a_users_model_that_refuses_the_key_pauses_the_run_by_its_name(
    bench: Make, endpoint: MockEndpoint
):
    made = playing(bench, Endpoint(0, "users", "openai", endpoint.base_url, ""))
    run_id = made.plan()
    endpoint.configure(answer="=fault:unauthorized")
    assert asyncio.run(execute(made.workspace.db, run_id)) is RunStatus.PAUSED
    assert made.view(run_id).run.cause.startswith("user, which plays the user: ")


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
