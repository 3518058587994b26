"""Labels are how applications find a version, so moving a protected one is a release."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspaces import Bench, make_bench

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import ExitCode, InputError
from llmops_tui.core.run import RunStatus
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import labels, projects, prompts
from llmops_tui.services.labels import GateError
from llmops_tui.store import runs


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    rows = [
        ExampleDraft({"word": f"w{n}"}, f"w{n}", (), "gate" if n % 2 else "dev") for n in range(40)
    ]
    made = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=rows)
    projects.set_tolerance(made.workspace, made.project.id, Tolerance(0.5, 0.9))
    return made


def finished(bench: Bench, *, right: int, wrong: int, split: str | None = "gate") -> int:
    """A finished run with these counts, as a worker leaves it."""
    run_id = bench.plan(split=split)
    db = bench.workspace.db
    runs.claim(db, run_id, "w", 1, 60_000)
    with db.write("run") as connection:
        connection.execute(
            "UPDATE run_cell SET correct = ?, wrong = ? WHERE run_id = ?", (right, wrong, run_id)
        )
        connection.execute("UPDATE run SET total = ? WHERE id = ?", (right + wrong, run_id))
    runs.end(db, run_id, "w", RunStatus.FINISHED)
    return run_id


def test_a_protected_label_asks_for_a_passed_gate(bench: Bench):
    with pytest.raises(GateError, match="No finished run") as refused:
        labels.move(bench.workspace, bench.prompt, "production", "in a hurry")
    assert refused.value.exit_code is ExitCode.UNDECIDED
    run_id = finished(bench, right=20, wrong=0)
    moved = labels.move(bench.workspace, bench.prompt, "production")
    assert (moved.gate_run_id, moved.overridden) == (run_id, False)
    assert labels.grounds(moved) == f"gate run {run_id}"


def test_neither_another_split_nor_an_older_pass_opens_the_gate(bench: Bench):
    finished(bench, right=20, wrong=0, split="dev")
    finished(bench, right=20, wrong=0, split=None)
    with pytest.raises(GateError):
        labels.move(bench.workspace, bench.prompt, "production")
    finished(bench, right=20, wrong=0)
    finished(bench, right=0, wrong=20)
    with pytest.raises(GateError, match="exceeded"):
        labels.move(bench.workspace, bench.prompt, "production")


def test_the_gate_is_held_to_the_tolerance_as_it_stands_now(bench: Bench):
    finished(bench, right=20, wrong=0)
    assert labels.gate_of(bench.workspace, bench.project.id, bench.prompt).passed
    projects.set_tolerance(bench.workspace, bench.project.id, Tolerance(0.01, 0.99))
    gate = labels.gate_of(bench.workspace, bench.project.id, bench.prompt)
    assert not gate.passed
    assert "undecided" in gate.words


def test_an_override_needs_a_reason_and_is_recorded(bench: Bench):
    with pytest.raises(InputError, match="needs a reason"):
        labels.move(bench.workspace, bench.prompt, "production", " ", override=True)
    labels.move(bench.workspace, bench.prompt, "production", "the old one leaks", override=True)
    (move,) = labels.history(
        bench.workspace, prompts.get_prompt(bench.workspace, bench.project.id, "repeat")
    )
    assert (move.overridden, move.reason) == (True, "the old one leaks")
    assert move.author == bench.workspace.person
    assert labels.grounds(move) == "override"


def test_protection_is_the_projects_choice(bench: Bench):
    workspace, project_id = bench.workspace, bench.project.id
    assert labels.protected_labels(workspace, project_id) == ("production",)
    labels.protect(workspace, project_id, "live", True)
    labels.protect(workspace, project_id, "production", False)
    assert labels.protected_labels(workspace, project_id) == ("live",)
    assert not labels.move(workspace, bench.prompt, "production").overridden
    with pytest.raises(GateError):
        labels.move(workspace, bench.prompt, "live")
    with pytest.raises(InputError, match="one word"):
        labels.protect(workspace, project_id, "two words", True)
