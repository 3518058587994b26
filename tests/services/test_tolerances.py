"""Setting a tolerance: what was typed is read, explained, priced and kept with its history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import Evidence, State, Tolerance
from llmops_tui.services import projects, runs, tolerances
from llmops_tui.services.planning import price_of_proof

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    bench = make_bench(tmp_path / "w.db", NOWHERE, rows=300, input_price=1_000, output_price=2_000)
    yield bench
    bench.workspace.db.close()


def typed(**changes: str) -> dict[str, str]:
    return {**tolerances.values_of(Tolerance(max_wrong=0.02), False), **changes}


def count(bench: Bench, run_id: int, **columns: int) -> None:
    """Write counts as if the run's first cell had been asked."""
    sets = ", ".join(f"{name} = {number}" for name, number in columns.items())
    with bench.workspace.db.write("run") as connection:
        connection.execute(f"UPDATE run_cell SET {sets} WHERE run_id = ? AND cell = 0", (run_id,))


@pytest.mark.parametrize(
    "tolerance",
    [
        Tolerance(0.02),
        Tolerance(0.0125, 0.975, harmful_max_wrong=0.00125),
        Tolerance(1 / 3, unit="word", window_days=7, owner="ops", on_breach="roll back"),
        Tolerance(0.05, evidence=frozenset({Evidence.HUMAN})),
    ],
)
def test_what_a_form_shows_is_exactly_what_it_saves(tolerance: Tolerance) -> None:
    values = tolerances.values_of(tolerance, True)
    again = tolerances.read_tolerance(values)
    assert again.max_wrong == pytest.approx(tolerance.max_wrong, abs=1e-12)
    assert tolerances.values_of(again, True) == values


def test_a_tolerance_is_saved_with_what_runs_do_by_default(made: Bench) -> None:
    values = typed(
        max_wrong="1 in 100",
        confidence="19 in 20",
        harmful="0.1%",
        unit="word",
        window="7 days",
        evidence="people",
        owner=" operations ",
        on_breach="go back",
        stops="yes",
    )
    tolerances.save(made.workspace, made.project.id, values)
    found = projects.tolerance_of(made.workspace, made.project.id)
    assert found == Tolerance(
        0.01,
        0.95,
        unit="word",
        harmful_max_wrong=0.001,
        window_days=7,
        owner="operations",
        evidence=frozenset({Evidence.HUMAN}),
        on_breach="go back",
    )
    assert projects.stops_when_decided(made.workspace, made.project.id)


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("max_wrong", "2", "isn't between 0 % and 100 %"),
        ("max_wrong", "", "is no share"),
        ("max_wrong", "0", "can't be shown by any number of rows"),
        ("confidence", "20%", "can't be used"),
        ("harmful", "5%", "More harmful answers are tolerated than wrong ones"),
        ("window", "a month", "is no number of days"),
        ("window", "0", "A window has 1 to 3,650 days"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(field: str, text: str, says: str) -> None:
    problem = tolerances.problem_with(field, typed(**{field: text}))
    assert problem is not None
    assert says in problem
    for other in typed():
        if other not in (field, "harmful"):
            assert tolerances.problem_with(other, typed(**{field: text})) is None


def test_a_tolerance_explains_itself_in_words() -> None:
    plain = tolerances.words_of(Tolerance(0.02), False)
    assert plain == (
        "At most 2 wrong in 100, and 19 times in 20 we want to be right about that. "
        "In production that is a budget of 20 wrong answers in 1,000 over 30 days."
    )
    full = tolerances.words_of(
        Tolerance(
            0.0001,
            unit="conversation",
            window_days=1,
            evidence=frozenset({Evidence.HUMAN, Evidence.SCORER}),
            on_breach="Switch it off.",
        ),
        True,
    )
    assert "Rows with the same conversation belong together and count as one group." in full
    assert "a budget of 100 wrong answers in a million over 1 day." in full
    assert "Wrong is only what a scorer or a person calls wrong." in full
    assert "Runs stop" not in full, "they can't, where rows are counted in clusters"
    assert full.endswith("When it is exceeded, nobody yet acts: Switch it off.")


def test_the_history_says_who_changed_what(made: Bench) -> None:
    for values in (typed(max_wrong="1 %"), typed(max_wrong="1 %", owner="ops", unit="word")):
        tolerances.save(made.workspace, made.project.id, values)
    tolerances.save(made.workspace, made.project.id, values)
    lines = tolerances.tolerance_view(made.workspace, made.project.id).history
    assert len(lines) == 3, "setting the same again changes nothing"
    me = made.workspace.person
    assert lines[0] == f"v3, just now, {me}: counted by row → word; owner nobody → ops"
    assert lines[1] == f"v2, just now, {me}: wrong at most 2 % → 1 %"
    assert lines[2].startswith(f"v1, just now, {me}: at most 2 wrong in 100")


def test_rows_are_counted_by_columns_that_exist(made: Bench) -> None:
    assert tolerances.tolerance_view(made.workspace, made.project.id).columns == ("word",)
    with pytest.raises(InputError, match="No data set has the column 'conversation'"):
        tolerances.save(made.workspace, made.project.id, typed(unit="conversation"))


def test_a_row_costs_what_rows_cost_so_far_at_the_present_prices(made: Bench) -> None:
    assert tolerances.row_cost(made.workspace, made.project.id) is None
    run_id = made.plan()
    assert tolerances.row_cost(made.workspace, made.project.id) is None, "nothing was asked yet"
    count(made, run_id, correct=8, wrong=2, errored=5, input_tokens=1000, output_tokens=50)
    cost = tolerances.row_cost(made.workspace, made.project.id)
    assert cost is not None
    assert (cost.nano, cost.currency, cost.model) == (100 * 1_000 + 5 * 2_000, "USD", "mock")


def test_the_price_of_a_harmful_limit_is_said(made: Bench) -> None:
    price = price_of_proof(Tolerance(0.02, harmful_max_wrong=0.001))
    assert (price.least_rows, price.least_rows_harmful) == (149, 2995)
    assert price_of_proof(Tolerance(0.02)).least_rows_harmful is None


def test_a_harmful_limit_leaves_wrong_answers_open_until_somebody_says(made: Bench) -> None:
    run_id = made.plan()
    with made.workspace.db.write("run") as connection:
        connection.execute("UPDATE run SET status = 'finished', total = 300 WHERE id = 1")
    count(made, run_id, correct=299, wrong=1)
    tolerances.save(made.workspace, made.project.id, typed(harmful="1 %"))
    verdict = made.view(run_id).cells[0].verdict
    assert verdict.state is State.UNDECIDED
    assert verdict.sentence().startswith(
        "undecided: within for wrong answers, but nobody said whether the wrong one is harmful;"
    )
    tolerances.save(made.workspace, made.project.id, typed())
    assert made.view(run_id).cells[0].verdict.state is State.WITHIN


def test_a_worn_gate_split_is_said_where_a_run_on_it_is_shown(tmp_path: Path) -> None:
    from llmops_tui.core.dataset import ExampleDraft
    from llmops_tui.services.run_start import plan_words, start_choices

    rows = [ExampleDraft({"word": "a"}, "a", split="gate"), ExampleDraft({"word": "b"}, "b")]
    bench = make_bench(tmp_path / "gate.db", NOWHERE, rows=rows)
    choices = start_choices(bench.workspace, bench.project.id)
    values = {
        "prompts": str(bench.prompt.id),
        "models": str(bench.model.model.id),
        "dataset": str(bench.dataset.id),
        "split": "gate",
    }
    assert plan_words(values, choices).endswith("The gate split is fresh.")
    first = bench.plan(split="gate")
    wear = bench.view(first).wear
    assert wear is not None
    assert wear.words == "The gate split was looked at once."
    assert bench.view(bench.plan()).wear is None
    for _ in range(10):
        bench.plan(split="gate")
    choices = start_choices(bench.workspace, bench.project.id)
    assert "looked at 11 times: what does well there may have been" in plan_words(values, choices)
    assert runs.run_view(bench.workspace, first).wear == choices.wear[bench.dataset.id]
    bench.workspace.db.close()


def test_the_form_begins_with_what_the_project_does(made: Bench) -> None:
    from llmops_tui.services.run_start import start_choices

    assert not start_choices(made.workspace, made.project.id).stops
    tolerances.save(made.workspace, made.project.id, typed(stops="yes"))
    assert start_choices(made.workspace, made.project.id).stops
    tolerances.save(made.workspace, made.project.id, typed(stops="yes", unit="word"))
    assert not start_choices(made.workspace, made.project.id).can_stop
