"""Real workers in real processes, killed at any moment: nothing lost, nothing paid twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.run import RunStatus, Wanted
from llmops_tui.services import runs
from llmops_tui.store import pending_answers, samples
from llmops_tui.store import runs as run_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]
Make = Callable[..., Bench]


def start(bench: Bench, run_id: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "llmops_tui.runner", str(bench.workspace.path), str(run_id)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def let_lease_run_out(bench: Bench, run_id: int) -> None:
    with bench.workspace.db.write() as connection:
        connection.execute("UPDATE run SET lease_until = 1 WHERE id = ?", (run_id,))


def summary(bench: Bench, run_id: int) -> tuple[object, ...]:
    cell = bench.view(run_id).cells[0].counts
    outcomes = [outcome for _, outcome in samples.outcomes(bench.workspace.db, run_id)]
    return (cell.right, cell.wrong, cell.errored, cell.cost, cell.input_tokens, outcomes)


def test_killed_at_many_points_it_ends_as_if_undisturbed(
    bench: Make, endpoint: MockEndpoint, tmp_path: Path
):
    endpoint.configure(wrong=0.1, latency_ms=40)
    made = bench(rows=400, concurrency=10, input_price=100, output_price=300)
    undisturbed = made.plan(seed=5, use_cache=False)
    assert start(made, undisturbed).wait(60) == 0

    endpoint.reset()
    run_id = made.plan(seed=5, use_cache=False)
    in_flight = 0
    for goal in (1, 37, 90, 160, 161, 250, 330, 370):
        # The endpoint falls silent soon after, so that the worker can't end before it is killed.
        left = goal - made.view(run_id).run.done
        endpoint.configure(hang_after=endpoint.stats()["requests"] + max(left, 0) + 20)
        worker = start(made, run_id)
        wait_for(lambda goal=goal: made.view(run_id).run.done >= goal)
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        in_flight += 10
        assert made.view(run_id).status in (RunStatus.INTERRUPTED, RunStatus.RUNNING)
        let_lease_run_out(made, run_id)
        assert made.view(run_id).status is RunStatus.INTERRUPTED
    endpoint.configure(hang_after=-1)
    last = start(made, run_id)
    assert last.wait(60) == 0

    assert made.view(run_id).status is RunStatus.FINISHED
    assert summary(made, run_id) == summary(made, undisturbed)
    stats = endpoint.stats(prompts=True)
    assert stats["distinct_prompts"] == 400
    # Asked twice is only what was under way, or answered in the last 200 ms, when it was killed.
    window = in_flight + 8 * 10 * (200 // 40)
    assert stats["requests"] - 400 <= window


def test_a_stored_answer_is_never_asked_for_again(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(latency_ms=5)
    made = bench(rows=300, concurrency=10)
    run_id = made.plan()
    worker = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.done >= 100)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    stored = samples.done_ordinals(made.workspace.db, run_id)
    assert len(stored) == made.view(run_id).run.done
    endpoint.reset()
    let_lease_run_out(made, run_id)
    assert start(made, run_id).wait(60) == 0
    assert endpoint.stats()["requests"] == 300 - len(stored)


RUBRIC = {"name": "judge_rubric", "parameters": {"rubric": "Kind.", "model": "mock"}}
SAID = '={"reason": "kind", "pass": true}'


@pytest.mark.parametrize("kind", ["in a conversation", "while it is judged"])
def test_an_answer_that_is_no_sample_yet_is_not_paid_for_again(
    bench: Make, endpoint: MockEndpoint, kind: str
):
    endpoint.configure(answer=SAID)
    judged = kind == "while it is judged"
    more: dict[str, Json] = {} if judged else {"turns": ["and on"]}
    rows = [ExampleDraft({"word": f"word{n}", **more}, SAID[1:]) for n in range(4)]
    scorers = (RUBRIC,) if judged else ({"name": "equals"},)
    made = bench(rows=rows, scorers=scorers, concurrency=4, input_price=100, output_price=300)
    run_id = made.plan(use_cache=False)
    endpoint.configure(hang_after=4)
    worker = start(made, run_id)
    wait_for(lambda: len(pending_answers.of_run(made.workspace.db, run_id)) == 4)
    wait_for(lambda: endpoint.stats()["requests"] == 8)
    worker.kill()
    worker.wait(10)
    let_lease_run_out(made, run_id)
    endpoint.configure(hang_after=-1)
    assert start(made, run_id).wait(60) == 0
    assert endpoint.stats()["requests"] == 12, "asked twice is only what had no answer"
    assert pending_answers.of_run(made.workspace.db, run_id) == {}
    counts = made.view(run_id).cells[0].counts
    assert (counts.right, counts.cached) == (4, 0)
    assert counts.cost == 100 * counts.input_tokens + 300 * counts.output_tokens > 0


def test_a_detached_worker_survives_the_process_that_started_it(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(latency_ms=20)
    made = bench(rows=100, concurrency=4)
    run_id = made.plan()
    program = (
        "import sys; from llmops_tui.runner.detach import start_worker; from pathlib import Path;"
        "print(start_worker(Path(sys.argv[1]), int(sys.argv[2])))"
    )
    starter = subprocess.run(
        [sys.executable, "-c", program, str(made.workspace.path), str(run_id)],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    pid = int(starter.stdout)
    assert os.getsid(pid) == pid
    wait_for(lambda: made.view(run_id).status is RunStatus.FINISHED)
    assert made.view(run_id).cells[0].counts.right == 100


def test_it_can_be_paused_resumed_retuned_and_cancelled_through_the_file(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(latency_ms=50)
    made = bench(rows=500, concurrency=4)
    run_id = made.plan()
    worker = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.done >= 8)
    assert endpoint.stats()["peak_in_flight"] <= 4
    runs.retune(made.workspace, run_id, concurrency=2)
    time.sleep(0.5)
    assert endpoint.stats()["in_flight"] <= 2
    runs.pause(made.workspace, run_id)
    assert worker.wait(10) == 0
    paused = made.view(run_id)
    assert paused.status is RunStatus.PAUSED
    assert endpoint.stats()["answered"] == paused.run.done

    run_store.want(made.workspace.db, run_id, Wanted.RUN)
    worker = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.done > paused.run.done + 4)
    runs.cancel(made.workspace, run_id)
    assert worker.wait(15) == 0
    assert made.view(run_id).status is RunStatus.CANCELLED
    assert endpoint.stats()["most_asked"] == 1


def test_a_polite_signal_pauses_the_run_with_everything_kept(bench: Make, endpoint: MockEndpoint):
    endpoint.configure(latency_ms=50)
    made = bench(rows=500, concurrency=4)
    run_id = made.plan()
    worker = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.done >= 8)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    view = made.view(run_id)
    assert view.status is RunStatus.PAUSED
    assert "asked to stop" in view.run.cause
    assert endpoint.stats()["answered"] == view.run.done


def test_a_worker_that_slept_through_its_lease_writes_nothing_more(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(latency_ms=20)
    made = bench(rows=200, concurrency=4)
    run_id = made.plan()
    sleeper = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.done >= 8)
    sleeper.send_signal(signal.SIGSTOP)
    let_lease_run_out(made, run_id)
    second = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.worker_pid == second.pid)
    sleeper.send_signal(signal.SIGCONT)
    sleeper.wait(20)
    assert second.wait(30) == 0
    view = made.view(run_id)
    assert view.status is RunStatus.FINISHED
    assert view.cells[0].counts.right == 200


def test_while_the_file_is_locked_answers_wait_and_nothing_is_lost(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(latency_ms=10)
    made = bench(rows=300, concurrency=4)
    run_id = made.plan()
    worker = start(made, run_id)
    wait_for(lambda: made.view(run_id).run.done >= 8)
    connection = made.workspace.db.connection
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(6.5)  # longer than the busy timeout
    connection.execute("ROLLBACK")
    assert worker.wait(30) == 0
    assert made.view(run_id).cells[0].counts.right == 300
    assert endpoint.stats()["most_asked"] == 1
