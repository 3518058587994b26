"""Comparing runs, judging stored answers anew and testing scorers, as scripts do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.test_commands import assert_error, command
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.services import judging, runs


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as found:
        yield found


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.configure(answer="last-word", wrong=0, latency_ms=0)
    rows = [
        ExampleDraft({"word": f"word{n}", "known_wrong": ["", f"WORD{n}"]}, f"word{n}")
        for n in range(100)
    ]
    made = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=rows)
    yield made
    made.workspace.db.close()


def finished(bench: Bench) -> int:
    run_id = bench.plan(use_cache=False)
    runs.work(bench.workspace, run_id, lambda _: None)
    return run_id


def test_two_runs_are_compared_with_a_verdict_and_the_rows_that_flipped(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    db = bench.workspace.path
    old = finished(bench)
    endpoint.configure(wrong=0.4)
    new = finished(bench)
    said = command("compare", str(old), "latest", "--json", db=db)
    assert said.returncode == 1, said.stderr
    found = json.loads(said.stdout)
    assert (found["state"], found["rows"], found["mended"]) == ("worse", 100, 0)
    assert found["upper"] < -found["margin"] < 0
    assert len(found["flips"]) == 10
    assert all(flip["broken"] for flip in found["flips"])
    turned = command("compare", str(new), str(old), "--flips", "2", db=db)
    assert turned.returncode == 0
    assert "not worse by 2 % or more" in turned.stdout
    assert turned.stdout.count("mended") >= 2
    same = command("compare", f"{old}:1", str(old), "--margin", "5%", db=db)
    assert (same.returncode, "0 broken of 100 rows" in same.stdout) == (0, True)
    assert_error(command("compare", f"{old}:2", db=db), "has no cell 2")
    assert_error(command("compare", "first", db=db), "is no run")


def test_stored_answers_are_judged_anew_without_asking_a_model(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    db = bench.workspace.path
    run_id = finished(bench)
    endpoint.reset()
    found = command("rescore", "latest", "--scorer", "is_json", "--json", db=db)
    assert json.loads(found.stdout) == {
        "run": run_id,
        "scored": 100,
        "changed": 100,
        "finished": True,
    }
    assert bench.view(run_id).cells[0].counts.wrong == 100
    back = command("rescore", str(run_id), db=db)
    assert "100 answers scored again without asking a model, 100 with another" in back.stdout
    assert endpoint.stats()["requests"] == 0
    assert_error(command("rescore", "latest", "--scorer", "nothing", db=db), "no scorer")


def test_known_answers_tell_what_a_scorer_gets_wrong(bench: Bench) -> None:
    db = bench.workspace.path
    good = command("self-test", db=db)
    assert good.returncode == 0, good.stdout
    assert "100 answers known to be right, 200 known to be wrong: 0 right ones" in good.stdout
    lax = json.dumps({"name": "equals", "parameters": {"ignore_case": True}})
    found = command("self-test", "--scorer", lax, "--json", db=db)
    assert found.returncode == 1
    said = json.loads(found.stdout)
    assert {fault["fault"] for fault in said["faults"]} == {"passes a wrong answer"}
    assert len(said["faults"]) == 100


def test_judges_are_anchored_on_what_people_labelled(bench: Bench, endpoint: MockEndpoint) -> None:
    db = bench.workspace.path
    assert_error(command("anchors", db=db), "None of the scorers asks a model.")
    run_id = finished(bench)
    for number, sample in enumerate(runs.sample_page(bench.workspace, run_id, limit=3)):
        judging.label_sample(bench.workspace, sample.id, right=number > 0)
    endpoint.configure(answer='={"reason": "r", "pass": true}')
    judge = json.dumps({"name": "judge_rubric", "parameters": {"rubric": "r", "model": "mock"}})
    found = command("anchors", "--scorer", judge, "--json", db=db)
    assert found.returncode == 0, found.stderr
    [said] = json.loads(found.stdout)
    assert (said["labelled_right"], said["passed_right"]) == (2, 2)
    assert (said["labelled_wrong"], said["found_wrong"], said["before"]) == (1, 0, None)
    again = command("anchors", "--scorer", judge, db=db)
    assert "agrees with people on 2 of 3 answers; no other judge judged" in again.stdout
