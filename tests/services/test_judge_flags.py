"""The flag rule `judge`: a model reads a share of what comes, and stops at what it may cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.calls_made import made, store
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.call import Lane, ReviewDraft, ReviewVerdict
from llmops_tui.core.errors import InputError
from llmops_tui.core.flags import FlagRule
from llmops_tui.services import flag_rules, judge_flags
from llmops_tui.services.judge_flags import JudgeThread
from llmops_tui.store import call_judgements, calls, verdicts

WRONG = '={"reason": "rude", "pass": false}'
RIGHT = '={"reason": "kind", "pass": true}'
RULE = FlagRule("judge", {"model": "mock", "rubric": "It is kind.", "share": 1.0})


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    found = make_bench(tmp_path / "workspace.db", endpoint.base_url, input_price=1000)
    yield found
    found.workspace.db.close()


def switch_on(bench: Bench, **parameters: object) -> FlagRule:
    rule = replace(RULE, parameters={**RULE.parameters, **parameters})
    flag_rules.change(bench.workspace, bench.project.id, rule)
    assert JudgeThread(bench.workspace.db).round() == 0, "what was there already is not read"
    return rule


def flags_of(bench: Bench, call_id: int) -> list[str]:
    return [flag.reason for flag in calls.detail(bench.workspace.db, call_id).flags]


def test_what_comes_is_read_once_and_flagged_where_the_model_finds_it_wrong(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    db, project_id = bench.workspace.db, bench.project.id
    store(db, made(1, project_id=project_id))
    switch_on(bench)
    endpoint.configure(answer=WRONG)
    store(
        db,
        made(2, project_id=project_id),
        made(3, project_id=project_id, status="error", output="", error="gone"),
    )
    judge = JudgeThread(db)
    assert judge.round() == 1
    assert judge.round() == 0
    assert flags_of(bench, 1) == []
    [reason] = flags_of(bench, 2)
    assert reason == "A model judged it: doesn't meet the rubric: rude"
    assert flags_of(bench, 3) == [], "nothing was answered, so there is nothing to judge"

    endpoint.configure(answer=RIGHT)
    store(db, made(4, project_id=project_id))
    assert judge.round() == 1
    assert flags_of(bench, 4) == []
    said = call_judgements.of_call(db, 4)
    assert said is not None
    assert (said.passed, '"model":"mock"' in said.judge) == (True, True)


def test_it_reads_the_share_that_it_was_given(bench: Bench, endpoint: MockEndpoint) -> None:
    switch_on(bench, share=0.25)
    endpoint.configure(answer=RIGHT)
    numbers = range(100)
    store(bench.workspace.db, *(made(n, project_id=bench.project.id) for n in numbers))
    judge = JudgeThread(bench.workspace.db)
    while judge.round():
        pass
    judged = call_judgements.since(bench.workspace.db, bench.project.id, 0).judged
    drawn = [n for n in range(1, 101) if judge_flags.parameters_of(switch(0.25)).draws(n)]
    assert judged == len(drawn)
    assert 10 < judged < 45


def switch(share: float) -> FlagRule:
    return replace(RULE, parameters={**RULE.parameters, "share": share})


@pytest.mark.parametrize(("cap", "most"), [({"most_a_day": 3}, 3), ({"cost_a_day": 0.0}, 8)])
def test_it_stops_at_what_it_may_a_day(
    bench: Bench, endpoint: MockEndpoint, cap: dict[str, float], most: int
) -> None:
    rule = switch_on(bench, **cap)
    endpoint.configure(answer=RIGHT)
    judge = JudgeThread(bench.workspace.db)
    for start in range(0, 40, 10):
        new = (made(n, project_id=bench.project.id) for n in range(start, start + 10))
        store(bench.workspace.db, *new)
        while judge.round():
            pass
    did = call_judgements.since(bench.workspace.db, bench.project.id, 0)
    assert did.judged <= most
    assert did.cost > 0
    day = judge_flags.today(bench.workspace, bench.project.id, rule)
    assert day.is_capped
    assert "it reads on tomorrow" in day.sentence()


def test_two_gateways_never_ask_twice(bench: Bench, endpoint: MockEndpoint) -> None:
    switch_on(bench)
    endpoint.configure(answer=WRONG)
    for n in range(6):
        store(bench.workspace.db, made(n, project_id=bench.project.id, output=f"answer {n}"))
    first, second = JudgeThread(bench.workspace.db), JudgeThread(bench.workspace.db)
    assert first.round() + second.round() == 6
    assert endpoint.stats()["requests"] == 6


def test_what_a_killed_gateway_took_is_judged_by_the_next(
    bench: Bench, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = switch_on(bench)
    endpoint.configure(answer=WRONG)
    db, project_id = bench.workspace.db, bench.project.id
    store(db, made(1, project_id=project_id))
    draws = judge_flags.parameters_of(rule).draws
    assert call_judgements.take(db, project_id, draws, limit=8) == [1]  # and then it was killed
    assert JudgeThread(db).round() == 0, "it may still be asking"
    monkeypatch.setattr(call_judgements, "GIVEN_UP_MS", -1)
    assert JudgeThread(db).round() == 1
    assert len(flags_of(bench, 1)) == 1


def test_an_answer_that_is_no_judgement_is_counted_and_flags_nothing(
    bench: Bench, endpoint: MockEndpoint
) -> None:
    rule = switch_on(bench)
    endpoint.configure(answer="=I would rather not say.")
    store(bench.workspace.db, made(1, project_id=bench.project.id))
    assert JudgeThread(bench.workspace.db).round() == 1
    assert flags_of(bench, 1) == []
    said = judge_flags.today(bench.workspace, bench.project.id, rule).sentence()
    assert "Read 0 calls today (UTC), 0 found wrong, 1 without a judgement" in said


def test_it_is_tried_on_what_is_stored(bench: Bench, endpoint: MockEndpoint) -> None:
    store(bench.workspace.db, *(made(n, project_id=bench.project.id) for n in range(3)))
    endpoint.configure(answer=WRONG)
    trial = flag_rules.try_rule(bench.workspace, bench.project.id, RULE)
    assert trial.sentence().startswith("3 of the newest 3 answers would have been flagged, for ")
    assert trial.examples[0] == "doesn't meet the rubric: rude"
    with pytest.raises(InputError, match="no model 'nobody'"):
        flag_rules.try_rule(
            bench.workspace, None, replace(RULE, parameters={"model": "nobody", "rubric": "r"})
        )
    with pytest.raises(InputError, match="needs a model and a rubric"):
        flag_rules.change(bench.workspace, None, FlagRule("judge"))


def test_people_tell_how_the_judge_errs(bench: Bench, endpoint: MockEndpoint) -> None:
    switch_on(bench, most_a_day=100)
    db, project_id = bench.workspace.db, bench.project.id
    judge = JudgeThread(db)
    for answer, verdict, numbers in (
        (WRONG, ReviewVerdict.WRONG, range(9)),
        (RIGHT, ReviewVerdict.WRONG, range(10, 13)),
        (RIGHT, ReviewVerdict.RIGHT, range(20, 40)),
    ):
        endpoint.configure(answer=answer)
        ids = store(db, *(made(n, project_id=project_id) for n in numbers))
        while judge.round():
            pass
        for call_id in ids:
            verdicts.add_review(db, ReviewDraft(call_id, verdict, "ada", Lane.CHOSEN, 1.0))
    said = judge_flags.against_people(bench.workspace, project_id, 30)
    assert said.startswith("The judge finds 75% of 12 wrong answers and passes 100% of 20 right")
