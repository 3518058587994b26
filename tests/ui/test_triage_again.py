"""Triage: the nearest example beside a call, and the call asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.ui.driving import press, shown, until
from tests.ui.test_triage import SMALL, pane, words
from tests.workspaces import Bench, make_bench

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.services import asking_again, datasets
from llmops_tui.ui.app import LlmopsApp


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint(token_ms=1) as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    made_bench = make_bench(tmp_path / "w.db", endpoint.base_url)
    yield made_bench
    made_bench.workspace.db.close()


async def test_a_call_is_asked_again_beside_its_nearest_example(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    bench.save_prompt("--- user ---\nShout the last word: {{ word }}\n")
    new = made(
        1,
        flags=[TRUNCATED],
        input="user: Repeat the last word: word7",
        output="word9",
        model="mock",
        prompt_name="repeat",
        prompt_version="1",
    )
    store(bench.workspace.db, replace(new, prompt_version_id=bench.prompt.id))
    row = ExampleDraft({"question": "Repeat the last word: word8"}, "word8")
    datasets.add_examples(bench.workspace, bench.project.id, "asked", iter([row]), source="made")
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "6")
        await until(pilot, lambda: "% alike, asked v1 row 1" in pane(app, "asked"))
        assert "expected: word8" in pane(app, "asked")
        await press(pilot, "z")
        assert "Asks as it was sent, of mock" in words(app, "choice")
        assert "Not asked yet" in pane(app, "new")
        assert "word9" in pane(app, "old")
        await press(pilot, "v", "down", "enter")
        await until(pilot, lambda: "Asks repeat v2, of mock" in words(app, "choice"))
        assert "Shout the last word: word7" in pane(app, "old")
        await press(pilot, "a")
        await until(pilot, lambda: "The new answer: repeat v2 · mock" in pane(app, "new"))
        assert pane(app, "new").endswith("\nword7")
        assert len(asking_again.asked(bench.workspace, 1)) == 1
        await press(pilot, "x")
        assert words(app, "status") == "the answer is corrected"
        await press(pilot, "z")
        assert "The new answer: repeat v2" in pane(app, "new"), "it stays with the call"
        assert "word7" in shown(app)
        endpoint.configure(hang_after=0)
        await pilot.press("a")
        await until(pilot, lambda: "Waiting…" in pane(app, "new"))
        await press(pilot, "s")
        assert "taken back" in words(app, "status")
        assert "The new answer: repeat v2" in pane(app, "new"), "what was answered stays"
        endpoint.configure(hang_after=-1, faults={"unauthorized": 1.0})
        await pilot.press("a")
        await until(pilot, lambda: pane(app, "new").startswith("No answer"))
        await press(pilot, "escape")
        assert app.unforeseen == []
