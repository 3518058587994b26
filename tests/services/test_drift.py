"""Production beside what was tested, a while before, or another version."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench

from llmops_tui.core.clock import now_ms
from llmops_tui.core.retention import RetentionPolicy
from llmops_tui.runner.worker import execute
from llmops_tui.services import drift, retention
from llmops_tui.services.drift import Against, Comparison, Subject

DAY = 2
"""Place of the window of 24 hours."""
HOUR_MS = 3_600_000
SUBJECT = Subject("repeat", "1")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    endpoint.configure(answer="last-word")
    found = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=60)
    yield found
    found.workspace.db.close()


def arrive(
    bench: Bench,
    numbers: range,
    *,
    asked: str = "",
    version: str = "1",
    hours_ago: float = 1,
    **fields: object,
) -> None:
    at = now_ms() - int(hours_ago * HOUR_MS)
    for n in numbers:
        told = {
            "input": (asked or f"user: Repeat the last word: word{n}").strip(),
            "output": f"word{n}",
            "prompt_name": "repeat",
            "prompt_version": version,
            "started_at": at,
            **fields,
        }
        store(bench.workspace.db, made(n, project_id=bench.project.id, **told))


def look(
    bench: Bench, against: Against, subject: Subject = SUBJECT, other: Subject | None = None
) -> Comparison:
    return drift.compare(bench.workspace, DAY, bench.project.id, subject, against, other)


def changed(found: Comparison) -> set[str]:
    return {aspect.name for aspect in found.changed}


def test_production_like_the_test_has_not_changed(bench: Bench) -> None:
    run_id = bench.plan()
    asyncio.run(execute(bench.workspace.db, run_id))
    arrive(bench, range(60), duration_ms=1.0)
    found = look(bench, Against.TEST)
    assert found.before == f"run {run_id} on words v1"
    assert (found.before_calls, found.now_calls) == (60, 60)
    assert changed(found) <= {"time to answer", "tokens out"}, "those are the mock's own"
    by_name = {aspect.name: aspect for aspect in found.aspects}
    assert by_name["question length"].before == by_name["question length"].now
    assert "answers given" not in by_name, "sixty different words are no labels"


def test_longer_questions_than_were_tested_are_found(bench: Bench) -> None:
    asyncio.run(execute(bench.workspace.db, bench.plan()))
    arrive(bench, range(60), asked="user: " + "Repeat the last word, please. " * 20)
    found = look(bench, Against.TEST)
    assert "question length" in changed(found)
    assert "question length (" in found.sentence()
    assert "605 chars" in found.sentence()


def test_what_was_never_tested_says_so(bench: Bench) -> None:
    arrive(bench, range(3))
    found = look(bench, Against.TEST)
    assert found.sentence() == (
        "repeat v1 has no finished run here, so nothing says what it was tested on."
    )
    assert not found.is_known
    assert "Choose a prompt version" in look(bench, Against.TEST, Subject()).sentence()


def test_the_time_before_tells_what_moved(bench: Bench) -> None:
    arrive(bench, range(50), output="delivery", hours_ago=30, output_tokens=4)
    arrive(bench, range(50, 80), output="delivery", duration_ms=90_000)
    arrive(bench, range(80, 120), output="payment", status="ok")
    arrive(bench, range(200, 260), output="delivery", version="v1", flags=[TRUNCATED])
    found = look(bench, Against.BEFORE)
    assert {"answers given", "flagged"} <= changed(found)
    labels = next(aspect for aspect in found.aspects if aspect.name == "answers given")
    assert labels.before == "delivery 100 %"
    assert labels.distance is not None
    assert labels.distance.p < 0.001
    assert found.before == "the 24 hours before"


def test_two_versions_are_set_side_by_side(bench: Bench) -> None:
    arrive(bench, range(40), version="1", status="error", output="", error="gone")
    arrive(bench, range(40, 80), version="1")
    arrive(bench, range(80, 160), version="2")
    subjects = drift.subjects(bench.workspace, DAY, bench.project.id)
    assert {one.name for one in subjects} == {"all calls", "repeat v1", "repeat v2"}
    found = look(bench, Against.VERSION, Subject("repeat", "2"), SUBJECT)
    errors = next(aspect for aspect in found.aspects if aspect.name == "errors")
    assert (errors.before, errors.now, errors.changed) == ("50 %", "0 %", True)
    assert "no other version" in look(bench, Against.VERSION, SUBJECT, None).sentence()


def test_with_few_answers_nothing_is_said(bench: Bench) -> None:
    arrive(bench, range(5), hours_ago=30)
    arrive(bench, range(5, 10))
    found = look(bench, Against.BEFORE)
    assert "Too little to compare" in found.sentence()
    assert {aspect.distance for aspect in found.aspects} == {None}


def test_applications_that_hand_out_no_text_are_compared_by_the_rest(bench: Bench) -> None:
    arrive(bench, range(40), asked=" ", output="", hours_ago=30)
    arrive(bench, range(40, 80), asked=" ", output="", duration_ms=9_000.0)
    found = look(bench, Against.BEFORE)
    assert "time to answer" in changed(found)
    lengths = next(aspect for aspect in found.aspects if aspect.name == "answer length")
    assert lengths.note == "too few"


def test_the_command_line_tells_scripts(bench: Bench) -> None:
    from tests.cli.test_commands import command

    asyncio.run(execute(bench.workspace.db, bench.plan()))
    arrive(bench, range(60), asked="user: " + "Repeat the last word, please. " * 20)
    told = command("drift", "--json", db=bench.workspace.path)
    assert told.returncode == 1, told.stderr
    said = json.loads(told.stdout)
    assert "question length" in {one["aspect"] for one in said["aspects"] if one["changed"]}
    assert command("drift", "repeat", "--version", "9", db=bench.workspace.path).returncode == 3


def test_what_retention_thinned_out_is_not_compared(bench: Bench) -> None:
    arrive(bench, range(40), hours_ago=30)
    arrive(bench, range(40, 80), asked="user: " + "What a long question. " * 30, hours_ago=5)
    arrive(bench, range(80, 120))
    assert "question length" in changed(look(bench, Against.BEFORE))
    retention.set_policy(bench.workspace, bench.project.id, RetentionPolicy(1, None))
    retention.run(bench.workspace, bench.project.id)
    found = look(bench, Against.BEFORE)
    assert found.before == "the 24 hours before, as far as retention left all of it"
    assert found.before_calls == 0
    assert not found.is_known


def test_without_a_call_that_is_what_it_says(bench: Bench) -> None:
    assert look(bench, Against.TEST).sentence() == "repeat v1, last 24 hours: no call."
