"""The Overview's pipeline: what each stage knows of the question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.project import Stage
from llmops_tui.services import models, overview, runs


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.configure(wrong=0, answer="last-word", key="", faults={})
    made = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=200)
    yield made
    made.workspace.db.close()


def state(bench: Bench, stage: Stage) -> str:
    shown = overview.overview(bench.workspace, bench.project.id)
    return next(item.state for item in shown.stages if item.stage is stage)


def test_prompting_and_usage_know_nothing_before_a_run(bench: Bench) -> None:
    assert state(bench, Stage.PROMPTING).endswith("not measured")
    assert state(bench, Stage.USAGE).endswith("nothing spent in the last runs")


def test_prompting_knows_the_wrong_rate_and_how_it_lies_to_the_tolerance(bench: Bench) -> None:
    run_id = bench.plan()
    runs.work(bench.workspace, run_id, lambda outcome: None)
    found = state(bench, Stage.PROMPTING)
    assert "0 % [0–1.5] wrong" in found
    assert found.endswith("wrong: within")


def test_usage_knows_what_a_right_answer_costs_in_its_own_currency(bench: Bench) -> None:
    bare = bench.model.model
    priced = models.add_model(
        bench.workspace,
        replace(bare, id=0, name="mock-euro", input_price=2000, output_price=9000, currency="EUR"),
    )
    run_id = bench.plan(model_ids=(priced.id,))
    runs.work(bench.workspace, run_id, lambda outcome: None)
    found = state(bench, Stage.USAGE)
    assert "EUR in the last runs" in found
    assert found.endswith("EUR a right answer")
    assert "USD" not in found
