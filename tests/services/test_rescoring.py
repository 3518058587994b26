"""Stored answers judged again: by other scorers, by another label; and rows asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.runner.worker import execute
from llmops_tui.services import datasets, rescoring, runs
from llmops_tui.store import rescoring as stored
from llmops_tui.store import runs as run_store

Make = Callable[..., Bench]
NEVER: dict[str, Json] = {"name": "contains", "parameters": {"texts": ["§"]}}


@pytest.fixture(scope="module")
def shared_endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def endpoint(shared_endpoint: MockEndpoint) -> MockEndpoint:
    shared_endpoint.configure(latency_ms=0, faults={}, wrong=0)
    shared_endpoint.reset()
    return shared_endpoint


@pytest.fixture
def make(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Make]:
    made: list[Bench] = []

    def one(**options: object) -> Bench:
        made.append(make_bench(tmp_path / f"w{len(made)}.db", endpoint.base_url, **options))
        return made[-1]

    yield one
    for bench in made:
        bench.workspace.db.close()


def finished(bench: Bench, **changes: object) -> int:
    run_id = bench.plan(**changes)
    asyncio.run(execute(bench.workspace.db, run_id))
    return run_id


def counts(bench: Bench, run_id: int) -> tuple[int, int, int]:
    found = bench.view(run_id).cells[0].counts
    return found.right, found.wrong, found.errored


def test_other_scorers_judge_the_same_answers_without_asking(make: Make, endpoint: MockEndpoint):
    bench = make(rows=30)
    run_id = finished(bench)
    asked = endpoint.stats()["requests"]
    assert counts(bench, run_id) == (30, 0, 0)
    found = rescoring.rescore_run(bench.workspace, run_id, [{"name": "equals"}, NEVER])
    assert (found.scored, found.changed, found.finished) == (30, 30, True)
    assert counts(bench, run_id) == (0, 30, 0)
    assert endpoint.stats()["requests"] == asked
    sample = runs.sample_page(bench.workspace, run_id, limit=1)[0]
    assert sample.reason == "contains: lacks “§”"
    scores = runs.sample_view(bench.workspace, sample.id).detail.scores
    assert [(score.scorer, score.passed) for score in scores] == [
        ("equals", True),
        ("contains", False),
    ]
    back = rescoring.rescore_run(bench.workspace, run_id)
    assert (back.changed, counts(bench, run_id)) == (30, (30, 0, 0))


def test_what_the_scorers_were_before_is_kept(make: Make):
    bench = make(rows=3)
    run_id = finished(bench)
    rescoring.rescore_run(bench.workspace, run_id, [NEVER])
    [once] = stored.history(bench.workspace.db, run_id)
    assert (once.before, once.after) == ([{"name": "equals"}], [NEVER])
    assert (once.scored, once.changed) == (3, 3)
    assert once.finished_at


def test_scoring_that_was_cut_short_goes_on_from_there(make: Make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("llmops_tui.runner.rescore.BATCH", 4)
    bench = make(rows=10)
    run_id = finished(bench)
    cut = rescoring.rescore_run(bench.workspace, run_id, [NEVER], lambda scored, _: scored < 4)
    assert (cut.scored, cut.finished) == (4, False)
    assert counts(bench, run_id) == (6, 4, 0)
    rest = rescoring.rescore_run(bench.workspace, run_id, [NEVER])
    assert (rest.scored, rest.changed, rest.finished) == (10, 10, True)
    assert counts(bench, run_id) == (0, 10, 0)


def test_a_run_under_way_is_left_alone(make: Make):
    bench = make(rows=3)
    run_id = finished(bench)
    run_store.claim(bench.workspace.db, run_id, "somebody", 1, 60_000)
    with pytest.raises(ConflictError, match="A worker is at run"):
        rescoring.rescore_run(bench.workspace, run_id, [NEVER])
    assert counts(bench, run_id) == (3, 0, 0)


def test_a_scorer_that_can_not_judge_makes_samples_errored_and_back(make: Make):
    bench = make(rows=3)
    run_id = finished(bench)
    numbers: list[Json] = [{"name": "label", "parameters": {"labels": ["other"]}}]
    rescoring.rescore_run(bench.workspace, run_id, numbers)
    assert counts(bench, run_id) == (0, 0, 3)
    sample = runs.sample_page(bench.workspace, run_id, limit=1)[0]
    assert sample.error_kind == "scorer error"
    detail = runs.sample_view(bench.workspace, sample.id).detail
    assert "none of the labels" in detail.error_message
    assert detail.answer is not None
    rescoring.rescore_run(bench.workspace, run_id)
    assert counts(bench, run_id) == (3, 0, 0)


def test_a_new_label_makes_a_new_version_and_judges_the_row_anew(make: Make):
    bench = make(rows=5)
    run_id = finished(bench)
    sample = runs.sample_page(bench.workspace, run_id, limit=1)[0]
    outcome, reason = rescoring.relabel_sample(bench.workspace, sample.id, "another")
    assert (outcome, "another" in reason) == (Outcome.WRONG, True)
    assert counts(bench, run_id) == (4, 1, 0)
    view = bench.view(run_id)
    assert view.dataset == "words v2"
    assert runs.sample_view(bench.workspace, sample.id).expected == "another"
    [dataset] = datasets.list_datasets(bench.workspace, bench.project.id)
    assert (dataset.version.number, dataset.version.rows) == (2, 5)
    again = rescoring.relabel_sample(bench.workspace, sample.id, None)
    assert again[0] is Outcome.ERRORED


def test_a_label_is_not_changed_under_a_newer_version(make: Make):
    bench = make(rows=2)
    run_id = finished(bench)
    datasets.add_examples(bench.workspace, bench.project.id, "words", iter(()), source="later")
    sample = runs.sample_page(bench.workspace, run_id, limit=1)[0]
    with pytest.raises(ConflictError, match="newer version"):
        rescoring.relabel_sample(bench.workspace, sample.id, "x")


def test_rows_without_an_answer_are_asked_again_in_place(make: Make, endpoint: MockEndpoint):
    endpoint.configure(faults={"html": 1.0})
    bench = make(rows=4)
    run_id = finished(bench)
    assert counts(bench, run_id) == (0, 0, 4)
    endpoint.configure(faults={})
    assert rescoring.ask_errored_again(bench.workspace, run_id) == 4
    assert bench.view(run_id).status is RunStatus.PAUSED
    asyncio.run(execute(bench.workspace.db, run_id))
    assert counts(bench, run_id) == (4, 0, 0)


def test_chosen_rows_are_asked_again_in_a_run_of_their_own(make: Make, endpoint: MockEndpoint):
    bench = make(rows=10)
    run_id = finished(bench)
    chosen = [sample.example_id for sample in runs.sample_page(bench.workspace, run_id, limit=3)]
    asked = endpoint.stats()["requests"]
    again = rescoring.run_again(bench.workspace, run_id, chosen)
    asyncio.run(execute(bench.workspace.db, again))
    assert endpoint.stats()["requests"] == asked + 3
    found = runs.sample_page(bench.workspace, again, limit=10)
    assert sorted(sample.example_id for sample in found) == sorted(chosen)
    assert "again" in bench.view(again).run.note
    with pytest.raises(InputError, match="No row"):
        rescoring.run_again(bench.workspace, run_id, [])
