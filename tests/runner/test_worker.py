"""A run from its plan to its verdict, against a real endpoint on loopback."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.errors import ConflictError, InputError
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.core.tolerance import State, Tolerance
from llmops_tui.runner import retry
from llmops_tui.runner.worker import execute
from llmops_tui.services import projects, runs
from llmops_tui.services.run_words import saved_words, where_words
from llmops_tui.store import runs as run_store

Make = Callable[..., Bench]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as in life, in a twentieth of the time."""
    monkeypatch.setattr(retry, "BASE_S", retry.BASE_S / 20)
    monkeypatch.setattr(retry, "LONGEST_PROBE_S", retry.LONGEST_PROBE_S / 20)


def work(bench: Bench, run_id: int) -> RunStatus:
    return asyncio.run(execute(bench.workspace.db, run_id, patience_s=0.3))


def kinds(bench: Bench, run_id: int) -> Counter[str | None]:
    page = runs.sample_page(bench.workspace, run_id, limit=100_000)
    return Counter(sample.error_kind for sample in page)


def test_every_example_is_asked_once_and_scored(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=50)
    run_id = made.plan()
    assert made.view(run_id).status is RunStatus.PLANNED
    assert work(made, run_id) is RunStatus.FINISHED
    view = made.view(run_id)
    assert (view.cells[0].counts.right, view.cells[0].counts.wrong, view.errored) == (50, 0, 0)
    assert view.run.done == view.run.total == 50
    assert endpoint.stats()["most_asked"] == 1
    assert endpoint.stats()["requests"] == 50


def test_wrong_answers_are_counted_with_a_reason(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(wrong=0.3)
    made = bench(rows=100)
    run_id = made.plan()
    work(made, run_id)
    counts = made.view(run_id).cells[0].counts
    assert counts.right + counts.wrong == 100
    assert 10 < counts.wrong < 60
    wrong = runs.sample_page(made.workspace, run_id, outcome=Outcome.WRONG, limit=500)
    assert len(wrong) == counts.wrong
    assert all(sample.reason and "wrong answer" in sample.answer_head for sample in wrong)
    detail = runs.sample_view(made.workspace, wrong[0].id)
    assert detail.expected == detail.inputs["word"]
    assert detail.detail.scores[0].scorer == "equals"
    assert "Repeat the last word" in detail.detail.request


def test_the_order_is_random_but_the_seeds(bench: Make):
    made = bench(rows=40)

    def order(seed: int) -> list[int]:
        run_id = made.plan(seed=seed, use_cache=False, concurrency=1)
        work(made, run_id)
        page = runs.sample_page(made.workspace, run_id, limit=100)
        return [sample.example_id for sample in sorted(page, key=lambda s: s.ordinal)]

    first = order(7)
    assert first == order(7)
    assert first != sorted(first)
    assert first != order(8)
    assert sorted(first) == sorted(order(8))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("invalid-json", "invalid JSON"),
        ("html", "not an answer"),
        ("empty", "empty answer"),
        ("null", "empty answer"),
        ("context", "context too long"),
        ("filter", "content filter"),
        ("truncated", "truncated stream"),
    ],
)
def test_garbage_costs_its_sample_a_named_cause_and_never_the_run(
    bench: Make, endpoint: MockEndpoint, fault: str, kind: str
):
    endpoint.configure(faults={fault: 0.2}, fault_attempts=-1)
    made = bench(rows=30)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    found = kinds(made, run_id)
    assert set(found) == {None, kind}
    errored = runs.sample_page(made.workspace, run_id, outcome=Outcome.ERRORED)[0]
    detail = runs.sample_view(made.workspace, errored.id).detail
    assert detail.error_message
    assert detail.request
    view = made.view(run_id)
    assert view.errored == found[kind]
    assert view.cells[0].counts.wrong == 0


@pytest.mark.parametrize("fault", ["throttle", "error", "reset"])
def test_what_may_pass_is_asked_again(bench: Make, endpoint: MockEndpoint, fault: str):
    endpoint.configure(faults={fault: 0.2})
    made = bench(rows=40)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    assert made.view(run_id).cells[0].counts.right == 40
    assert endpoint.stats()["most_asked"] == 2
    assert endpoint.stats()["most_answered"] == 1


def test_an_example_without_what_the_prompt_needs_is_errored_and_costs_nothing(
    bench: Make, endpoint: MockEndpoint
):
    from llmops_tui.core.dataset import ExampleDraft

    rows = [ExampleDraft({"word": "a"}, "a"), ExampleDraft({"other": "b"}, "b")]
    made = bench(rows=rows)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    assert kinds(made, run_id) == {None: 1, "template error": 1}
    assert endpoint.stats()["requests"] == 1


def test_a_refused_key_pauses_the_run_instead_of_burning_the_data_set(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(key="secret")
    made = bench(rows=200, concurrency=4)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.PAUSED
    view = made.view(run_id)
    assert "mock" in view.run.cause
    assert view.run.done == 0
    assert endpoint.stats()["requests"] <= 8


def test_an_endpoint_that_goes_down_pauses_the_run_and_resuming_finishes_it(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(down_after=20)
    made = bench(rows=60, concurrency=16)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.PAUSED
    view = made.view(run_id)
    assert "seems to be down" in view.run.cause
    assert view.errored == 0
    assert view.run.done <= 20
    endpoint.configure(down_after=-1)
    assert work(made, run_id) is RunStatus.FINISHED
    assert made.view(run_id).cells[0].counts.right == 60
    assert endpoint.stats()["most_answered"] == 1


def test_an_endpoint_that_is_not_there_pauses_the_run(bench: Make):
    made = bench(rows=30)
    from dataclasses import replace

    from llmops_tui.services import models

    gone = replace(made.model.endpoint, name="gone", base_url="http://127.0.0.1:9/v1")
    models.add_endpoint(made.workspace, gone, [replace(made.model.model, name="ghost")])
    ghost = models.find_model(made.workspace, "ghost")
    run_id = made.plan(model_ids=(ghost.model.id,), concurrency=16)
    assert work(made, run_id) is RunStatus.PAUSED
    assert "gone seems to be down" in made.view(run_id).run.cause


def test_changing_only_the_scorer_asks_no_model(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=30)
    work(made, made.plan())
    again = made.plan(scorers=({"name": "contains"},))
    work(made, again)
    assert endpoint.stats()["requests"] == 30
    counts = made.view(again).cells[0].counts
    assert (counts.right, counts.cached, counts.cost) == (30, 30, 0)


def test_without_the_cache_everything_is_asked_again(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=10)
    work(made, made.plan())
    work(made, made.plan(use_cache=False))
    assert endpoint.stats()["requests"] == 20


def test_repeats_are_never_served_from_each_others_cache(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=10)
    run_id = made.plan(repeats=3)
    work(made, run_id)
    assert endpoint.stats()["requests"] == 30
    view = made.view(run_id)
    assert view.run.done == view.run.total == 30
    # Ten examples, thrice each, are ten rows of evidence and not thirty.
    assert view.cells[0].verdict.clusters is not None
    assert view.cells[0].verdict.clusters.groups == 10


def test_prompts_and_models_are_crossed_and_stay_paired(bench: Make):
    made = bench(rows=10)
    other = made.save_prompt("--- user ---\nSay it: {{ word }}\n")
    run_id = made.plan(prompt_version_ids=(made.prompt.id, other.id))
    work(made, run_id)
    view = made.view(run_id)
    assert [cell.title for cell in view.cells] == ["repeat v1 · mock", "repeat v2 · mock"]
    assert [cell.counts.right for cell in view.cells] == [10, 10]


def test_a_limit_draws_examples_at_random(bench: Make):
    made = bench(rows=100)
    run_id = made.plan(limit=20, seed=3)
    work(made, run_id)
    page = runs.sample_page(made.workspace, run_id)
    ids = {sample.example_id for sample in page}
    assert len(ids) == made.view(run_id).run.total == 20
    assert max(ids) > 20


def test_a_second_worker_is_kept_off(bench: Make):
    made = bench(rows=5)
    run_id = made.plan()
    assert run_store.claim(made.workspace.db, run_id, "first", 1234, 10_000)
    with pytest.raises(ConflictError, match="process 1234"):
        work(made, run_id)
    assert made.view(run_id).run.done == 0


def test_a_worker_takes_over_once_the_lease_ran_out(bench: Make):
    made = bench(rows=5)
    run_id = made.plan()
    assert run_store.claim(made.workspace.db, run_id, "first", 1234, -1)
    assert made.view(run_id).status is RunStatus.INTERRUPTED
    assert work(made, run_id) is RunStatus.FINISHED


def test_a_run_that_may_stop_early_says_so_and_saves_calls(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=2000, concurrency=8)
    run_id = made.plan(stop_when_decided=True)
    assert work(made, run_id) is RunStatus.FINISHED
    view = made.view(run_id)
    assert view.run.cause == "decided"
    verdict = view.cells[0].verdict
    assert verdict.state is State.WITHIN
    assert verdict.anytime
    assert 178 <= view.run.done < 400
    assert endpoint.stats()["requests"] == view.run.done
    assert view.saved == 2000 - view.run.done
    assert saved_words(view) == f"stopped once decided: {view.saved:,} of 2,000 calls saved"
    assert where_words(view) == saved_words(view)


def test_a_run_of_repeats_stops_once_its_rows_decide_not_its_answers(bench: Make):
    made = bench(rows=2000, concurrency=8)
    run_id = made.plan(stop_when_decided=True, repeats=3)
    assert work(made, run_id) is RunStatus.FINISHED
    view = made.view(run_id)
    assert view.cells[0].verdict.state is State.WITHIN
    assert 3 * 178 <= view.run.done < 3 * 500
    assert view.saved == 6000 - view.run.done


def test_a_run_that_asked_everything_saved_nothing(bench: Make):
    made = bench(rows=20)
    run_id = made.plan(stop_when_decided=True)
    work(made, run_id)
    view = made.view(run_id)
    assert (view.saved, saved_words(view)) == (0, "")
    assert view.cells[0].verdict.anytime, "it was looked at after every row"


def test_runs_stop_as_the_project_says_unless_told_otherwise(bench: Make):
    made = bench(rows=5)

    def stops(**asked: object) -> bool:
        return made.view(made.plan(**asked)).run.spec.stop_when_decided

    assert not stops()
    projects.set_stops_when_decided(made.workspace, made.project.id, True)
    assert stops()
    assert not stops(stop_when_decided=False)
    projects.set_tolerance(made.workspace, made.project.id, Tolerance(0.02, unit="word"))
    assert not stops()
    with pytest.raises(InputError, match="counted by word can't stop once decided"):
        stops(stop_when_decided=True)


def test_a_cost_cap_holds(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=500, concurrency=20, input_price=1000, output_price=1000)
    cap = 1_000_000
    run_id = made.plan(cost_cap=cap)
    assert work(made, run_id) is RunStatus.PAUSED
    view = made.view(run_id)
    dearest = max(s.cost for s in runs.sample_page(made.workspace, run_id, limit=1000))
    assert "cost cap" in view.run.cause
    assert cap - 3 * dearest < view.cost <= cap + dearest
    runs.retune(made.workspace, run_id, cost_cap=10**12)
    assert work(made, run_id) is RunStatus.FINISHED
    assert made.view(run_id).cells[0].counts.right == 500
    assert endpoint.stats()["most_asked"] == 1


def test_what_makes_no_sense_is_refused_before_anything_is_asked(bench: Make):
    made = bench(rows=5)
    with pytest.raises(InputError, match="prompt version and a model"):
        made.plan(model_ids=())
    with pytest.raises(InputError, match="no example in the split 'gate'"):
        made.plan(split="gate")
    with pytest.raises(InputError, match="uses answer"):
        made.plan(prompt_version_ids=(made.save_prompt("{{ answer }}", "other").id,))


def test_the_verdict_is_about_the_projects_tolerance(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(wrong=0.2)
    made = bench(rows=200)
    projects.set_tolerance(made.workspace, made.project.id, Tolerance(max_wrong=0.5))
    run_id = made.plan()
    work(made, run_id)
    assert made.view(run_id).cells[0].verdict.state is State.WITHIN
    projects.set_tolerance(made.workspace, made.project.id, Tolerance(max_wrong=0.02))
    assert made.view(run_id).cells[0].verdict.state is State.EXCEEDED


def test_rows_of_one_conversation_are_not_independent_rows(bench: Make, endpoint: MockEndpoint):
    from llmops_tui.core.dataset import ExampleDraft

    rows = [
        ExampleDraft({"word": f"word{n}", "conversation": f"c{n % 30}"}, f"word{n}")
        for n in range(300)
    ]
    made = bench(rows=rows)
    run_id = made.plan()
    work(made, run_id)
    plain = made.view(run_id).cells[0].verdict
    clustered = Tolerance(max_wrong=0.02, unit="conversation")
    projects.set_tolerance(made.workspace, made.project.id, clustered)
    verdict = made.view(run_id).cells[0].verdict
    assert verdict.clusters is not None
    assert verdict.clusters.groups == 30
    assert verdict.upper > plain.upper
    assert (plain.state, verdict.state) == (State.WITHIN, State.UNDECIDED)


def test_each_look_at_the_gate_split_is_counted(bench: Make):
    from llmops_tui.core.dataset import ExampleDraft
    from llmops_tui.services.verdicts import gate_wear

    rows = [ExampleDraft({"word": "a"}, "a", split="gate"), ExampleDraft({"word": "b"}, "b")]
    made = bench(rows=rows)
    assert gate_wear(made.workspace, made.dataset.id).looks == 0
    made.plan(split="gate")
    made.plan()
    assert gate_wear(made.workspace, made.dataset.id).looks == 1
    for _ in range(10):
        made.plan(split="gate")
    assert "looked at 11 times" in gate_wear(made.workspace, made.dataset.id).warning
