"""A production call asked again, and the example that is most like it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.call import CallDetail
from llmops_tui.core.chat import Message
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.core.filled_in import values_of
from llmops_tui.services import asking_again, datasets, triage
from llmops_tui.services.nearest_example import Nearby


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint(token_ms=1) as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.reset()
    made_bench = make_bench(tmp_path / "w.db", endpoint.base_url, input_price=1000)
    yield made_bench
    made_bench.workspace.db.close()


def call(bench: Bench, number: int = 1, **fields: object) -> CallDetail:
    told = {
        "input": "user: Repeat the last word: tapir",
        "output": "lynx",
        "model": "mock",
        "prompt_name": "repeat",
        "prompt_version": "1",
        **fields,
    }
    new = made(number, flags=[TRUNCATED], **told)
    (call_id,) = store(bench.workspace.db, replace(new, prompt_version_id=bench.prompt.id))
    return triage.open_call(bench.workspace, call_id)


class TestFilledIn:
    """What a template was filled in with is read off the text that came of it."""

    @pytest.mark.parametrize(
        ("template", "text", "values"),
        [
            ("Say {{ word }}.", "Say tapir.", {"word": "tapir"}),
            ("{{a}} and {{- b }}", "salt and\npepper", None),
            ("{{a}}, {{b}}!", "salt, pepper, oil!", {"a": "salt", "b": "pepper, oil"}),
            ("{{a}}-{{a}}", "x-x", {"a": "x"}),
            ("{{a}}-{{a}}", "x-y", None),
            ("{{a}}{{b}}", "xy", None),
            ("{% if a %}{{ a }}{% endif %}", "x", None),
            ("{{ a | upper }}", "X", None),
            ("Fixed.", "Fixed.", {}),
            ("Fixed.", "Other.", None),
            ("aba{{x}}aba", "aba", None),
        ],
    )
    def test_one_message(self, template: str, text: str, values: dict[str, str] | None) -> None:
        assert values_of([("user", template)], [("user", text)]) == values

    def test_a_conversation_may_go_on_and_roles_count(self) -> None:
        templates = [("system", "Sort by {{ key }}."), ("user", "{{ text }}")]
        said = [("system", "Sort by age."), ("user", "b a"), ("assistant", "a b")]
        assert values_of(templates, said) == {"key": "age", "text": "b a"}
        assert values_of(templates, said[1:]) is None
        assert values_of(templates, said[:1]) is None


def test_the_same_is_asked_as_it_was_sent(bench: Bench) -> None:
    request = {
        "system": "Be short.",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "user: a\nuser: b"}]},
            {"role": "assistant", "content": "ok"},
            {"role": "user", "content": "and: zebra"},
        ],
        "temperature": 0,
        "stream": True,
    }
    detail = call(bench, attributes=json.dumps({"request": request}))
    exact = asking_again.question(bench.workspace, detail)
    assert [(one.role, one.content) for one in exact.messages] == [
        ("system", "Be short."),
        ("user", "user: a\nuser: b"),
        ("assistant", "ok"),
        ("user", "and: zebra"),
    ]
    assert (exact.parameters, exact.how) == ({"temperature": 0}, "")
    read = asking_again.question(bench.workspace, call(bench, 2, input="system: Hi\nuser: x\ny"))
    assert read.messages == (Message("system", "Hi"), Message("user", "x\ny"))
    assert read.how == "put together from the text that is kept"
    with pytest.raises(InputError, match="Nothing is kept"):
        asking_again.question(bench.workspace, call(bench, 3, input=""))


def test_another_version_is_filled_in_with_the_same_and_the_answer_stays_with_the_call(
    bench: Bench,
) -> None:
    shouted = bench.save_prompt("--- user ---\nOnce more, shout: {{ word }}\n")
    detail = call(bench)
    assert [one.number for one in asking_again.versions(bench.workspace, detail)] == [2, 1]
    question = asking_again.question(bench.workspace, detail, shouted)
    assert question.messages == (Message("user", "Once more, shout: tapir"),)
    assert question.title == "repeat v2"
    view = asking_again.model_for(bench.workspace, detail)
    heard: list[str] = []
    found = asking_again.ask(bench.workspace, detail.row.id, question, view, on_delta=heard.append)
    assert found.text == "tapir"
    assert "".join(heard) == "tapir"
    assert found.cost > 0
    assert asking_again.asked(bench.workspace, detail.row.id) == [found]
    two = bench.save_prompt("--- user ---\n{{ word }} in {{ language }}\n")
    with pytest.raises(InputError, match="can't be told"):
        asking_again.question(bench.workspace, detail, two)
    unlike = call(bench, 2, input="user: Something else altogether")
    alone = asking_again.question(bench.workspace, unlike, shouted)
    assert alone.messages[-1].content == "Once more, shout: Something else altogether"


def test_the_nearest_example_is_of_the_newest_data_set_where_none_was_tested(
    bench: Bench,
) -> None:
    rows = [ExampleDraft({"question": f"Where is parcel number {n}?"}, f"at {n}") for n in range(9)]
    rows.append(ExampleDraft({"question": "My card was charged twice, why?"}, "payment"))
    datasets.add_examples(bench.workspace, bench.project.id, "questions", iter(rows), source="made")
    near = Nearby(bench.workspace, bench.project.id)
    found = near.find(call(bench, input="system: Sort.\nuser: why was my card charged TWICE"))
    assert found is not None
    assert found.example.expected == "payment"
    assert found.heading == "Nearest example: 100 % alike, questions v1 row 10"
    assert found.text == "My card was charged twice, why?\nexpected: payment"
    run_id = bench.plan()
    with bench.workspace.db.write() as connection:
        connection.execute("UPDATE run_cell SET correct = 1 WHERE run_id = ?", (run_id,))
    tested = near.find(call(bench, 4, input="user: word7"))
    assert tested is not None
    assert (tested.dataset, tested.example.expected) == ("words v1", "word7"), "tested on that one"
    assert near.find(call(bench, 2, input="user: ὅ πού ποτ ἐστί")) is None
    assert near.find(call(bench, 3, input="")) is None
