"""What a question costs on a model, before it is asked."""

from __future__ import annotations

import pytest

from llmops_tui.core.chat import Model, Usage
from llmops_tui.services.question_cost import Heard, question_cost

MODEL = Model(1, 1, "m", input_price=1000, output_price=3000, context_window=2000)


def test_before_the_first_answer_the_length_is_all_that_is_known():
    cost = question_cost(MODEL, 100, Heard())
    assert (cost.tokens, cost.answer_tokens, cost.cost) == (100, None, 100_000)
    assert cost.context_share == pytest.approx(0.05)


def test_the_models_own_counts_correct_the_estimate_and_complete_the_price():
    heard = Heard().plus(100, Usage(150, 10)).plus(100, Usage(170, 30))
    cost = question_cost(MODEL, 50, Heard.from_text(heard.to_text()))
    assert (cost.tokens, cost.answer_tokens) == (80, 20)
    assert cost.cost == 80 * 1000 + 20 * 3000


def test_an_endpoint_that_counted_nothing_teaches_nothing():
    assert Heard().plus(100, Usage(40, 4, estimated=True)) == Heard()
    assert Heard().plus(0, Usage(40, 4)) == Heard()


@pytest.mark.parametrize("text", [None, "", "1,2", "a,b,c,d", "1,-2,3,4"])
def test_a_place_that_cannot_be_read_is_nothing_heard(text: str | None):
    assert Heard.from_text(text) == Heard()
