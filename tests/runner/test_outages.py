"""Whole runs against endpoints that do their worst: rows end with a cause, and the run ends."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.chat import Timeouts
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.run import Outcome, RunStatus
from llmops_tui.runner import retry
from llmops_tui.runner.worker import execute
from llmops_tui.services import runs

Make = Callable[..., Bench]
IMPATIENT = Timeouts(connect=1, first_byte=0.4, between_bytes=0.4, total=3)


def work(bench: Bench, run_id: int, patience_s: float = 30.0) -> RunStatus:
    return asyncio.run(execute(bench.workspace.db, run_id, patience_s=patience_s))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as in life, in a twentieth of the time."""
    monkeypatch.setattr(retry, "BASE_S", retry.BASE_S / 20)
    monkeypatch.setattr(retry, "LONGEST_PROBE_S", retry.LONGEST_PROBE_S / 20)


def kinds(bench: Bench, run_id: int) -> Counter[str | None]:
    page = runs.sample_page(bench.workspace, run_id, limit=100_000)
    return Counter(sample.error_kind for sample in page)


def words(n: int) -> list[ExampleDraft]:
    return [ExampleDraft({"word": f"word{i}"}, f"word{i}") for i in range(n)]


def faulty(n: int, *faults: str) -> list[ExampleDraft]:
    """Good rows, and one for each named fault."""
    return words(n) + [ExampleDraft({"word": f"fault:{name}"}, "never") for name in faults]


@pytest.mark.usefixtures("hasty")
def test_every_way_of_not_answering_ends_as_a_named_cause_with_its_evidence(
    bench: Make, endpoint: MockEndpoint
):
    causes = {
        "hang": "timeout",
        "stall": "timeout",
        "invalid-json": "invalid JSON",
        "html": "not an answer",
        "error-200": "server error",
        "cut": "truncated stream",
        "empty": "empty answer",
        "null": "empty answer",
        "context": "context too long",
        "filter": "content filter",
    }
    made = bench(rows=faulty(60, *causes), timeouts=IMPATIENT, concurrency=20)
    run_id = made.plan()
    assert work(made, run_id, patience_s=0) is RunStatus.FINISHED
    view = made.view(run_id)
    assert (view.cells[0].counts.right, view.errored) == (60, len(causes))
    page = runs.sample_page(made.workspace, run_id, limit=100, outcome=Outcome.ERRORED)
    for sample in page:
        found = runs.sample_view(made.workspace, sample.id)
        fault = str(found.inputs["word"]).removeprefix("fault:")
        assert sample.error_kind == causes[fault], fault
        assert found.detail.error_message
        assert found.detail.evidence, fault
        assert f"fault:{fault}" in found.detail.request


def test_rows_that_hang_until_the_end_are_no_outage(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=words(200) + hanging(31), timeouts=IMPATIENT, concurrency=50)
    run_id = made.plan()
    assert work(made, run_id, patience_s=0) is RunStatus.FINISHED
    assert kinds(made, run_id) == {None: 200, "timeout": 31}


def hanging(n: int) -> list[ExampleDraft]:
    return [ExampleDraft({"word": f"number {i} fault:hang"}, "never") for i in range(n)]


@pytest.mark.parametrize(("fault", "kind"), [("error", "server error"), ("throttle", "throttled")])
@pytest.mark.usefixtures("hasty")
def test_rows_that_never_succeed_end_errored_and_are_no_outage(
    bench: Make, endpoint: MockEndpoint, fault: str, kind: str
):
    endpoint.configure(faults={fault: 0.05}, fault_attempts=-1, retry_after="0")
    made = bench(rows=400, concurrency=20)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    found = kinds(made, run_id)
    assert set(found) == {None, kind}
    assert found[None] == made.view(run_id).cells[0].counts.right
    assert endpoint.stats()["most_answered"] == 1
    assert endpoint.stats()["most_asked"] <= 6


@pytest.mark.slow
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_an_endpoint_that_throttles_all_is_not_hammered_but_waited_for(
    bench: Make, endpoint: MockEndpoint, form: str
):
    # Everything is throttled once: 60 rows, so 60 refusals if each were sent without regard.
    after = "1" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
    endpoint.configure(faults={"throttle": 1.0}, fault_attempts=-1, retry_after=after)
    made = bench(rows=60, concurrency=20)
    run_id = made.plan()

    async def recover() -> RunStatus:
        running = asyncio.create_task(execute(made.workspace.db, run_id))
        await asyncio.sleep(2.5)
        refused = endpoint.stats()["requests"]
        endpoint.configure(faults={})
        status = await running
        assert refused <= 14, "eight that began together, then one after each wait"
        return status

    assert asyncio.run(recover()) is RunStatus.FINISHED
    assert made.view(run_id).cells[0].counts.right == 60
    assert endpoint.stats()["most_answered"] == 1


@pytest.mark.usefixtures("hasty")
def test_a_restarting_server_costs_no_row(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(latency_ms=20)
    made = bench(rows=150, concurrency=10)
    run_id = made.plan()

    async def restart() -> RunStatus:
        running = asyncio.create_task(execute(made.workspace.db, run_id))
        while endpoint.stats()["answered"] < 30:
            await asyncio.sleep(0.02)
        endpoint.configure(down_after=0)
        await asyncio.sleep(2)
        down = endpoint.stats()["statuses"].get("500", 0)
        endpoint.configure(down_after=-1)
        status = await running
        assert down <= 30, "it is asked one by one while it is away"
        return status

    assert asyncio.run(restart()) is RunStatus.FINISHED
    view = made.view(run_id)
    assert (view.cells[0].counts.right, view.errored) == (150, 0)


def test_an_answer_that_says_nothing_was_paid_for_all_the_same(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=faulty(3, "empty"), input_price=1000, output_price=1000)
    run_id = made.plan()
    work(made, run_id)
    page = runs.sample_page(made.workspace, run_id)
    errored = next(sample for sample in page if sample.error_kind)
    assert errored.error_kind == "empty answer"
    assert errored.cost > 0
    assert made.view(run_id).cost == sum(sample.cost for sample in page)


def test_rows_that_ask_the_same_are_paid_for_once_whatever_the_timing(
    bench: Make, endpoint: MockEndpoint
):
    rows = [ExampleDraft({"word": f"word{i % 10}"}, f"word{i % 10}") for i in range(100)]
    for latency in (0, 30):
        endpoint.configure(latency_ms=latency)
        endpoint.reset()
        made = bench(rows=rows, concurrency=20, input_price=10, output_price=10)
        run_id = made.plan()
        work(made, run_id)
        counts = made.view(run_id).cells[0].counts
        assert endpoint.stats()["requests"] == 10
        assert (counts.right, counts.cached) == (100, 90)
        page = runs.sample_page(made.workspace, run_id, limit=200)
        answers = {runs.sample_view(made.workspace, s.id).detail.request for s in page}
        assert len(answers) == 10
        assert sum(sample.cost > 0 for sample in page) == 10
    endpoint.reset()
    work(made, made.plan(use_cache=False))
    assert endpoint.stats()["requests"] == 100


def test_rows_that_wait_for_an_equal_one_ask_themselves_when_it_gets_no_answer(
    bench: Make, endpoint: MockEndpoint
):
    rows = [ExampleDraft({"word": "fault:invalid-json:2"}, "fault:invalid-json:2")] * 5
    made = bench(rows=rows, concurrency=5)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    assert kinds(made, run_id) == {"invalid JSON": 2, None: 3}
    assert endpoint.stats()["requests"] == 3


def test_a_stream_tells_how_fast_its_tokens_came(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(answer="echo", token_ms=15)
    made = bench(rows=4, concurrency=2)
    run_id = made.plan(stream=True)
    work(made, run_id)
    for sample in runs.sample_page(made.workspace, run_id):
        answer = runs.sample_view(made.workspace, sample.id).detail.answer
        assert answer is not None
        assert answer.between_tokens_ms is not None
        assert 10 < answer.between_tokens_ms < 60
        assert answer.first_token_ms is not None
        assert answer.first_token_ms < answer.latency_ms
