"""Patience and restraint: timeouts, retries, rate limits, adaptive concurrency, cost."""

import asyncio
import random
import time
from collections.abc import Callable

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Timeouts
from llmops_tui.core.run import RunStatus
from llmops_tui.runner.budget import Aside, CostCap
from llmops_tui.runner.concurrency import AdaptiveLimit, RateLimit
from llmops_tui.runner.retry import MAX_ATTEMPTS, CircuitBreaker, wait_before_retry
from llmops_tui.runner.worker import execute
from llmops_tui.services import runs
from llmops_tui.store import runs as run_store

Make = Callable[..., Bench]


def work(bench: Bench, run_id: int) -> RunStatus:
    return asyncio.run(execute(bench.workspace.db, run_id))


@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_what_never_answers_ends_as_a_timeout_and_the_run_ends(
    bench: Make, endpoint: MockEndpoint, fault: str
):
    endpoint.configure(faults={fault: 0.1}, fault_attempts=-1)
    made = bench(
        rows=30,
        concurrency=4,
        timeouts=Timeouts(connect=1, first_byte=0.3, between_bytes=0.3, total=2),
    )
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    view = made.view(run_id)
    assert view.errored > 0
    page = runs.sample_page(made.workspace, run_id, limit=100)
    assert {s.error_kind for s in page} == {None, "timeout"}
    # It was perhaps paid for: it is not asked again.
    assert all(s.attempts == 1 for s in page if s.error_kind)


def test_a_stream_tells_the_time_to_the_first_token(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(latency_ms=30)
    made = bench(rows=5)
    run_id = made.plan(stream=True)
    work(made, run_id)
    page = runs.sample_page(made.workspace, run_id)
    assert all(s.first_token_ms and 25 < s.first_token_ms <= s.latency_ms for s in page)
    plain = made.plan(use_cache=False)
    work(made, plain)
    assert all(s.first_token_ms is None for s in runs.sample_page(made.workspace, plain))


def test_requests_a_minute_are_kept(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=21, requests_per_minute=600)
    run_id = made.plan()
    started = time.monotonic()
    work(made, run_id)
    # Ten a second, and one second's worth may go out at once.
    assert time.monotonic() - started >= 0.9
    assert made.view(run_id).cells[0].counts.right == 21


def test_workers_at_one_endpoint_share_its_limit(bench: Make, endpoint: MockEndpoint):
    made = bench(rows=12, requests_per_minute=600)
    db = made.workspace.db
    other, mine = made.plan(), made.plan()
    assert run_store.claim(db, other, "another worker", 1, 60_000)
    limited = {made.model.endpoint.id}
    assert run_store.beat(db, other, "another worker", 60_000, 0, limited=limited).workers == {
        made.model.endpoint.id: 1
    }
    started = time.monotonic()
    work(made, mine)
    # Five a second is half of the limit, and one second's worth may go out at once.
    assert time.monotonic() - started >= 1.0
    assert made.view(mine).cells[0].counts.right == 12
    left = run_store.beat(db, other, "another worker", 60_000, 0, limited=limited)
    assert left.workers == {made.model.endpoint.id: 1}, "the one that ended is not counted"


def test_judges_keep_to_the_limit_of_their_endpoint(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(answer='={"reason": "kind", "pass": true}')
    rubric = {"name": "judge_rubric", "parameters": {"rubric": "Kind.", "model": "mock"}}
    made = bench(rows=11, requests_per_minute=600, scorers=(rubric,))
    run_id = made.plan()
    started = time.monotonic()
    work(made, run_id)
    assert time.monotonic() - started >= 0.9, "11 rows and 11 judgements, ten a second"
    assert made.view(run_id).cells[0].counts.right == 11


def test_an_endpoint_that_bears_little_gets_little_and_answers_all(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(capacity=4, latency_ms=20)
    made = bench(rows=150, concurrency=50)
    run_id = made.plan()
    assert work(made, run_id) is RunStatus.FINISHED
    assert made.view(run_id).cells[0].counts.right == 150
    stats = endpoint.stats()
    assert stats["statuses"]["429"] < 75
    assert stats["most_answered"] == 1


def test_the_limit_grows_to_its_ceiling_while_all_is_well():
    limit = AdaptiveLimit(50)
    assert limit.limit <= 8
    for n in range(200):
        limit.answered(n * 0.01, 0.05)
    assert limit.limit == 50


def test_throttling_halves_the_limit_once_for_all_that_was_under_way():
    limit = AdaptiveLimit(64)
    for n in range(200):
        limit.answered(n * 0.01, 0.05)
    for _ in range(10):
        limit.throttled(2.0)
    assert limit.limit == 32
    limit.throttled(2.5)
    assert limit.limit == 16
    for n in range(30):
        limit.answered(3 + n * 0.01, 0.05)
    assert 17 <= limit.limit <= 18  # from here on it creeps


def test_the_limit_gives_way_where_more_at_once_only_makes_answers_slower():
    limit = AdaptiveLimit(64)
    now = 0.0
    for _ in range(40):  # sixteen at once, each in 0.1 s
        now += 0.1 / 16
        limit.answered(now, 0.1)
    highest = lowest = limit.limit
    for _ in range(1000):  # as many a second, but each takes four times as long
        now += 0.1 / 16
        limit.answered(now, 0.4)
        lowest, highest = min(lowest, limit.limit), max(highest, limit.limit)
        if limit.limit == highest:
            lowest = highest
    assert lowest < 0.8 * highest


def test_the_ceiling_can_be_moved_at_any_time():
    limit = AdaptiveLimit(10)
    for n in range(50):
        limit.answered(n * 0.01, 0.05)
    limit.ceiling = 3
    assert limit.limit == 3
    limit.ceiling = 0
    assert limit.limit == 1


def test_a_rate_limit_spreads_requests_and_forgives_idleness_only_for_a_second():
    rate = RateLimit(60)
    assert rate.delay(100.0) == 0.0
    assert rate.delay(100.0) == 0.0  # the second that passed before
    assert rate.delay(100.0) == pytest.approx(1.0)
    assert rate.delay(100.0) == pytest.approx(2.0)
    assert RateLimit(None).delay(0.0, 1e9) == 0.0


def failure(kind: AnswerErrorKind, *, retryable: bool = True, after: float | None = None):
    return AnswerError(kind, "no", retryable=retryable, retry_after_s=after)


def test_retries_wait_longer_each_time_with_full_jitter():
    chance = random.Random(1)
    error = failure(AnswerErrorKind.SERVER)
    for attempt in range(1, MAX_ATTEMPTS):
        waits = [wait_before_retry(error, attempt, chance) or 0 for _ in range(300)]
        bound = min(30, 0.5 * 2**attempt)
        assert 0 <= min(waits) < 0.1 * bound
        assert 0.9 * bound < max(waits) <= bound
    assert wait_before_retry(error, MAX_ATTEMPTS, chance) is None


def test_what_the_endpoint_asks_for_is_honoured():
    chance = random.Random(1)
    asked = failure(AnswerErrorKind.THROTTLED, after=20)
    assert 20 <= (wait_before_retry(asked, 1, chance) or 0) <= 21
    absurd = failure(AnswerErrorKind.THROTTLED, after=86_400)
    assert wait_before_retry(absurd, 1, chance) is None


def test_what_can_not_succeed_is_not_asked_again():
    chance = random.Random(1)
    refused = failure(AnswerErrorKind.CONTEXT_LENGTH, retryable=False)
    assert wait_before_retry(refused, 1, chance) is None
    broken = failure(AnswerErrorKind.TRUNCATED)
    assert wait_before_retry(broken, 1, chance) is not None
    assert wait_before_retry(broken, 2, chance) is None


DOWN = failure(AnswerErrorKind.CONNECT)


def fail(breaker: CircuitBreaker, times: int, *, at: float = 0.0, suspect: bool = False) -> bool:
    return [breaker.failed(DOWN, at, at, suspect=suspect) for _ in range(times)][-1]


def test_the_breaker_opens_only_for_failures_in_a_row():
    breaker = CircuitBreaker("e", threshold=3, patience_s=0)
    for _ in range(10):
        fail(breaker, 2, at=2.0)
        breaker.answered(1.0)
    assert breaker.cause == ""
    fail(breaker, 3, at=2.0)
    assert "e seems to be down: 3 requests in a row" in breaker.cause


def test_a_server_that_answered_before_has_time_to_come_back():
    breaker = CircuitBreaker("e", threshold=3, patience_s=30)
    breaker.answered(1.0)
    fail(breaker, 50, at=10.0)
    assert breaker.doubtful, "it gets one request at a time"
    assert breaker.cause == ""
    fail(breaker, 1, at=41.0)
    assert "seems to be down" in breaker.cause
    never = CircuitBreaker("e", threshold=3, patience_s=30)
    fail(never, 3)
    assert "seems to be down" in never.cause, "nothing speaks for waiting"


def test_a_row_that_fails_while_others_are_answered_is_no_outage():
    breaker = CircuitBreaker("e", threshold=3, patience_s=0)
    breaker.answered(5.0)
    hung = failure(AnswerErrorKind.TIMEOUT, retryable=False)
    for _ in range(50):
        assert breaker.failed(hung, 100.0, 4.0, suspect=False), "it was sent before that answer"
    assert fail(breaker, 50, at=101.0, suspect=True), "it had failed in good times before"
    assert breaker.cause == ""
    assert not breaker.doubtful


def test_who_only_throttles_is_asked_one_by_one_and_waited_for():
    breaker = CircuitBreaker("e", threshold=3, patience_s=30)
    slow_down = failure(AnswerErrorKind.THROTTLED, after=7)
    for second in range(200):
        breaker.failed(slow_down, second, second, suspect=False)
    assert breaker.doubtful
    assert breaker.cause == ""
    at_once = failure(AnswerErrorKind.THROTTLED, after=0)
    assert breaker.probe_after(at_once, random.Random(1)) > 1, "asked for or not"
    asked = failure(AnswerErrorKind.THROTTLED, after=70)
    assert breaker.probe_after(asked, random.Random(1)) == 70
    breaker.failed(slow_down, 601.0, 601.0, suspect=False)
    assert "e only throttles" in breaker.cause


def test_a_wait_of_hours_pauses_the_run_instead():
    breaker = CircuitBreaker("e")
    breaker.failed(failure(AnswerErrorKind.THROTTLED, after=7200), 1.0, 0.0, suspect=False)
    assert breaker.cause.startswith("e asks for no request within 2 h")


def test_garbage_is_no_outage():
    breaker = CircuitBreaker("e", threshold=3)
    garbage = failure(AnswerErrorKind.INVALID_JSON, retryable=False)
    for _ in range(50):
        assert breaker.failed(garbage, 1.0, 0.0, suspect=False)
    assert breaker.cause == ""


def test_a_cap_counts_what_is_under_way():
    cap = CostCap(100, spent=0)
    held = [cap.reserve(30) for _ in range(4)]
    assert held == [Aside(30), Aside(30), Aside(30), None]
    cap.settle(Aside(30), 5)
    assert cap.reserve(30) == Aside(30)
    assert cap.reserve(30) is None


def test_a_cap_lets_one_request_of_unknown_price_out_at_a_time_first_and_last():
    cap = CostCap(1000, spent=0)
    assert cap.reserve(None) == Aside(0)
    assert cap.reserve(None) is None, "nothing is known of its price"
    cap.settle(Aside(0), 40)
    assert cap.reserve(None) == Aside(80), "twice the dearest so far"
    assert cap.reserve(None) is None, "no more at once than were answered"
    cap.settle(Aside(80), 45)
    cap.spent = 900
    assert cap.reserve(None) == Aside(90)
    assert cap.reserve(None) is None  # 900 + 90 + 90 would be too much
    cap.settle(Aside(90), 60)
    assert cap.reserve(None) == Aside(120)  # 960 are spent: the last one
    cap.settle(Aside(120), 95)
    assert cap.spent == 1055  # by one request, no more
    assert cap.reserve(None) is None


@pytest.mark.parametrize("spread", [0.3, 0.6, 0.9])
def test_answers_of_very_different_length_exceed_a_cap_by_one_request_at_most(spread: float):
    for seed in range(100):
        chance = random.Random(seed)
        cap = CostCap(100_000, spent=0)
        waiting: list[tuple[Aside, int]] = []
        dearest = 0
        while True:
            aside = cap.reserve(None) if len(waiting) < 50 else None
            if aside is not None:
                waiting.append((aside, round(500 * chance.lognormvariate(0, spread))))
            elif waiting:
                aside, cost = waiting.pop(chance.randrange(len(waiting)))
                cap.settle(aside, cost)
                dearest = max(dearest, cost)
            else:
                break
        assert 100_000 <= cap.spent <= 100_000 + dearest


def test_what_costs_nothing_goes_on_when_the_cap_is_reached():
    cap = CostCap(100, spent=130)
    assert cap.reserve(0) == Aside(0)
    assert cap.reserve(0, judged=True) is None, "its judge may cost"


def test_a_run_stops_before_its_judges_spend_more_than_the_cap(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(answer='={"reason": "kind", "pass": true}')
    rubric = {"name": "judge_rubric", "parameters": {"rubric": "Kind.", "model": "mock"}}
    made = bench(rows=60, scorers=(rubric,), input_price=1000, output_price=1000)
    whole = made.plan(limit=10, use_cache=False)
    work(made, whole)
    a_row = made.view(whole).cost // 10
    capped = made.plan(cost_cap=20 * a_row, seed=3, use_cache=False)
    assert work(made, capped) is RunStatus.PAUSED
    assert made.view(capped).run.cause == "cost cap reached"
    spent = made.view(capped).cost
    assert 15 * a_row <= spent <= 21 * a_row + a_row // 10


@pytest.mark.parametrize("price", [2_000, None], ids=["known", "unknown"])
def test_judges_are_under_the_cap_too(price: int | None):
    for seed in range(100):
        chance = random.Random(seed)
        cap = CostCap(100_000, spent=0)
        asked: list[Aside] = []
        to_judge: list[Aside] = []
        dearest = 0
        while True:
            few = len(asked) + len(to_judge) < 50
            aside = cap.reserve(price, judged=True) if few else None
            if aside is not None:
                asked.append(aside)
            elif asked and (not to_judge or chance.random() < 0.5):
                to_judge.append(asked.pop(chance.randrange(len(asked))))
                cap.settle(to_judge[-1], cost := round(1_000 * chance.uniform(0.5, 2)))
                dearest = max(dearest, cost)
            elif to_judge:
                one = to_judge.pop(chance.randrange(len(to_judge)))
                cap.judged(one, cost := round(500 * chance.lognormvariate(0, 0.5)))
                dearest = max(dearest, cost)
            else:
                break
        assert cap.spent <= 100_000 + 2 * dearest, "by one row at most: its answer and its judge"
        assert cap.spent >= 90_000


def test_without_a_cap_anything_goes():
    cap = CostCap(None, spent=10**12)
    assert cap.reserve(None) == Aside(0)
    assert cap.reserve(10**15) == Aside(10**15)
