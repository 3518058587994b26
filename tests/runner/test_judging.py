"""Judging models: asked through a real endpoint, each judgement with its judge beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from tests.endpoints.process import MockEndpoint
from tests.workspaces import Bench

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.run import Outcome, RunStatus, SampleScore
from llmops_tui.runner.worker import execute
from llmops_tui.services import anchors, judging, rescoring, runs

Make = Callable[..., Bench]
RUBRIC: dict[str, Json] = {
    "name": "judge_rubric",
    "parameters": {"rubric": "It is a word.", "model": "mock"},
}


def judge(name: str, **parameters: Json) -> list[dict[str, Json]]:
    return [{"name": name, "parameters": {"model": "mock/mock", **parameters}}]


@pytest.fixture
def answered(bench: Make, endpoint: MockEndpoint) -> tuple[Bench, int]:
    """A finished run of four rows, and an endpoint that from now on is the judge."""
    endpoint.configure(answer="last-word")
    made = bench(rows=4, input_price=1000)
    run_id = made.plan()
    assert asyncio.run(execute(made.workspace.db, run_id)) is RunStatus.FINISHED
    return made, run_id


def counts(made: Bench, run_id: int) -> tuple[int, int, int]:
    found = made.view(run_id).cells[0].counts
    return found.right, found.wrong, found.errored


def score_of(made: Bench, run_id: int) -> SampleScore:
    sample = runs.sample_page(made.workspace, run_id, limit=1)[0]
    return runs.sample_view(made.workspace, sample.id).detail.scores[0]


def test_a_rubric_is_judged_with_model_prompt_and_parameters_beside_the_score(
    answered: tuple[Bench, int], endpoint: MockEndpoint
):
    made, run_id = answered
    endpoint.configure(answer='={"reason": "too short", "pass": false, "score": 0.2}')
    rescoring.rescore_run(made.workspace, run_id, [RUBRIC])
    assert counts(made, run_id) == (0, 4, 0)
    score = score_of(made, run_id)
    assert (score.value, score.reason) == (0.2, "doesn't meet the rubric: too short")
    mark = json.loads(score.judge)
    assert (mark["model"], mark["parameters"]) == ("mock", {"temperature": 0})
    assert len(mark["prompt"]) == 12
    assert score.cost > 0
    asked = endpoint.stats()["requests"]
    rescoring.rescore_run(made.workspace, run_id, [RUBRIC])
    assert endpoint.stats()["requests"] == asked, "the same judgement is not paid for twice"


def test_a_judge_takes_part_in_a_run_and_its_words_in_a_composite(
    bench: Make, endpoint: MockEndpoint
):
    endpoint.configure(answer='={"reason": "ok", "pass": true}')
    both: dict[str, Json] = {"name": "composite", "parameters": {"scorers": [RUBRIC, RUBRIC]}}
    made = bench(rows=5, scorers=(RUBRIC, both))
    run_id = made.plan()
    assert asyncio.run(execute(made.workspace.db, run_id)) is RunStatus.FINISHED
    assert counts(made, run_id) == (5, 0, 0)
    assert score_of(made, run_id).judge


def test_an_unreadable_judgement_is_an_error_and_can_be_asked_again(
    answered: tuple[Bench, int], endpoint: MockEndpoint
):
    made, run_id = answered
    endpoint.configure(answer="=Hard to say.")
    rescoring.rescore_run(made.workspace, run_id, [RUBRIC])
    assert counts(made, run_id) == (0, 0, 4)
    sample = runs.sample_page(made.workspace, run_id, limit=1)[0]
    assert sample.outcome is Outcome.ERRORED
    assert "can't be read" in sample.reason


@pytest.mark.parametrize(
    ("name", "parameters", "reply", "passed", "reason"),
    [
        ("judge_choice", {"question": "Is it polite?"}, {"reason": "r", "choice": "yes"}, True,
         "is judged “yes”: r"),
        ("judge_choice", {"question": "Is it polite?"}, {"reason": "r", "choice": "no"}, False,
         "is judged “no”: r"),
        ("judge_factuality", {}, {"reason": "r", "choice": "conflict"}, False,
         "has facts that are judged “conflict”: r"),
        ("judge_factuality", {}, {"reason": "r", "choice": "same"}, True,
         "has facts that are judged “same”: r"),
        ("judge_steps", {"criterion": "coherence", "steps": ["Read it."]},
         {"reason": "r", "score": 2}, False, "gets 2 of 5 for coherence: r"),
        ("judge_steps", {"criterion": "coherence"}, {"reason": "r", "score": 4}, True,
         "gets 4 of 5 for coherence: r"),
        ("judge_pairwise", {}, {"reason": "r", "better": "tie"}, True,
         "is as good as the expected one: r"),
        ("judge_pairwise", {"ties": False}, {"reason": "r", "better": "first"}, False,
         "can't be told from the other: the judge prefers whatever stands first: r"),
    ],
)  # fmt: skip
def test_each_kind_of_judge_says_what_it_found(
    answered: tuple[Bench, int],
    endpoint: MockEndpoint,
    name: str,
    parameters: dict[str, Json],
    reply: dict[str, Json],
    passed: bool,
    reason: str,
):
    made, run_id = answered
    endpoint.configure(answer=f"={json.dumps(reply)}")
    rescoring.rescore_run(made.workspace, run_id, judge(name, **parameters))
    assert counts(made, run_id) == ((4, 0, 0) if passed else (0, 4, 0))
    assert score_of(made, run_id).reason == reason


def test_position_bias_is_measured_and_said(answered: tuple[Bench, int], endpoint: MockEndpoint):
    made, run_id = answered
    endpoint.configure(answer='={"reason": "r", "better": "first"}')
    rescoring.rescore_run(made.workspace, run_id, judge("judge_pairwise"))
    [note] = judging.judge_notes(made.workspace, run_id, judge("judge_pairwise"))
    assert "unverified judge: judge_pairwise by mock/mock" in note
    assert "in 4 of 4 pairs it preferred a place (4 the first)" in note


def test_peoples_labels_say_how_a_judge_errs(
    answered: tuple[Bench, int], endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(judging, "LEAST_LABELS", 1)
    made, run_id = answered
    endpoint.configure(answer='={"reason": "r", "pass": true}')
    rescoring.rescore_run(made.workspace, run_id, [RUBRIC])
    first, second, third, _ = runs.sample_page(made.workspace, run_id, limit=4)
    assert (
        "people labelled 0 wrong and 0 right"
        in judging.judge_notes(made.workspace, run_id, [RUBRIC])[0]
    )
    judging.label_sample(made.workspace, first.id, right=False)
    judging.label_sample(made.workspace, second.id, right=False)
    judging.label_sample(made.workspace, second.id, right=True)
    judging.label_sample(made.workspace, third.id, right=True)
    [note] = judging.judge_notes(made.workspace, run_id, [RUBRIC])
    assert "finds 0% of 1 wrong answers, passes 100% of 2 right ones" in note
    assert "no better than chance" in note
    assert runs.sample_view(made.workspace, second.id).label[0] == "right"


def test_a_judge_that_changes_is_held_against_the_one_before_on_labelled_answers(
    bench: Make, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(judging, "LEAST_LABELS", 1)
    endpoint.configure(answer="last-word")
    made = bench(rows=8)
    run_id = made.plan()
    assert asyncio.run(execute(made.workspace.db, run_id)) is RunStatus.FINISHED
    endpoint.configure(answer='={"reason": "r", "pass": true}')
    rescoring.rescore_run(made.workspace, run_id, [RUBRIC])
    with pytest.raises(InputError, match="People labelled no answer yet"):
        anchors.anchor(made.workspace, made.project.id, [RUBRIC])
    for number, sample in enumerate(runs.sample_page(made.workspace, run_id, limit=7)):
        judging.label_sample(made.workspace, sample.id, right=number == 0)
    with pytest.raises(InputError, match="None of the scorers asks a model"):
        anchors.anchor(made.workspace, made.project.id, [{"name": "equals"}])

    stricter = judge("judge_rubric", rubric="It is a sentence.")
    endpoint.configure(answer='={"reason": "r", "pass": false}')
    told: list[tuple[int, int]] = []
    [view] = anchors.anchor(
        made.workspace, made.project.id, stricter, lambda *at: told.append(at) is None
    )
    assert told == [(7, 7)]
    assert (view.flips.rows, view.flips.only_old_right, view.flips.only_new_right) == (7, 7, 0)
    assert view.differs
    assert "agrees with people on 6 of 7 answers" in view.sentence()
    assert "rates of before and after don't compare" in view.sentence()
    assert counts(made, run_id) == (8, 0, 0), "the run stays as it was measured"

    # What was found counts among what is known of the judge: its first run has a verified judge.
    rescoring.rescore_run(made.workspace, run_id, stricter)
    [note] = judging.judge_notes(made.workspace, run_id, stricter)
    assert "finds 100% of 6 wrong answers, passes 0% of 1 right ones" in note
    [again] = anchors.anchor(made.workspace, made.project.id, stricter)
    assert again.before is None


def test_a_judge_that_does_not_exist_is_said_before_anything_is_asked(
    answered: tuple[Bench, int],
):
    made, run_id = answered
    with pytest.raises(InputError, match="no model 'gpt' to judge with"):
        rescoring.rescore_run(made.workspace, run_id, judge("judge_factuality", model="gpt"))
    assert counts(made, run_id) == (4, 0, 0)


def test_an_endpoint_that_is_down_makes_judged_samples_errored(
    answered: tuple[Bench, int], endpoint: MockEndpoint
):
    made, run_id = answered
    endpoint.configure(faults={"html": 1.0})
    rescoring.rescore_run(made.workspace, run_id, [RUBRIC])
    assert counts(made, run_id) == (0, 0, 4)
