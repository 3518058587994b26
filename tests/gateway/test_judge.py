"""What is decided about a call on arrival."""

from __future__ import annotations

import pytest

from llmops_tui.core.call import CallDraft
from llmops_tui.core.chat import Endpoint, Model
from llmops_tui.core.flags import FlagRule
from llmops_tui.gateway.judge import Judge, flagger_of
from llmops_tui.store import endpoints
from llmops_tui.store.database import Database


def call(**fields) -> CallDraft:
    settings = {"input": "user: hi", "output": "Hello.", "started_at": 0, **fields}
    return CallDraft(**{"identity": b"1", "source": "otlp", **settings})


def flags(draft: CallDraft, *rules: FlagRule) -> list[str]:
    flagger = flagger_of(rules) if rules else flagger_of()
    return [flag.rule for flag in flagger(draft)]


def test_an_ordinary_call_is_not_flagged():
    assert flags(call()) == []


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"output": ""}, "empty answer"),
        ({"finish_reason": "length"}, "truncated"),
        ({"status": "error", "error": "timeout", "output": ""}, "error"),
        ({"output": "I'm sorry, but I can't help with that."}, "refusal"),
        ({"wants_json": True}, "invalid json"),
        ({"duration_ms": 3_600_000.0}, "slow"),
    ],
)
def test_each_kind_of_trouble_is_flagged(fields, rule):
    assert flags(call(**fields)) == [rule]


def test_rules_can_be_chosen_and_set():
    slow = FlagRule("slow", {"seconds": 0.5})
    assert flags(call(duration_ms=600.0, output=""), slow) == ["slow"]


def test_an_application_that_hands_no_texts_out_is_not_flagged_for_their_absence():
    assert flags(call(input="", output="")) == []
    assert flags(call(input="", output="", finish_reason="length")) == ["truncated"]


def test_a_client_that_left_is_no_error_and_its_half_answer_no_broken_json():
    left = {"status": "cancelled", "error": "The client went away.", "wants_json": True}
    assert flags(call(**left, output='{"half')) == []
    assert flags(call(**left, output="")) == []
    assert flags(call(**left, output="again and again " * 200)) == ["repetition"]


def test_a_call_is_priced_by_its_models_prices(tmp_path):
    db = Database(tmp_path / "w.db")
    endpoint = endpoints.add_endpoint(db, Endpoint(0, "one", "openai", "http://127.0.0.1:1/v1"))
    endpoints.add_model(db, Model(0, endpoint.id, "m-1", input_price=150, output_price=600))
    judge = Judge(db, flagger_of(), project_id=3, audit_probability=0.0)
    priced = judge.judge(call(model="m-1", input_tokens=1000, output_tokens=10))
    assert priced.cost == 156_000
    assert priced.project_id == 3
    assert priced.audit_probability is None
    for unknown in (
        call(model="m-2", input_tokens=1, output_tokens=1),
        call(model="m-1"),
        call(model="m-1", input_tokens=2**62, output_tokens=2**62),
    ):
        assert judge.judge(unknown).cost is None
    second = endpoints.add_endpoint(db, Endpoint(0, "two", "openai", "http://127.0.0.1:2/v1"))
    endpoints.add_model(db, Model(0, second.id, "m-1", input_price=1, output_price=1))
    fresh = Judge(db, flagger_of())  # which of the two was asked can't be told
    assert fresh.judge(call(model="m-1", input_tokens=1, output_tokens=1)).cost is None
    db.close()
