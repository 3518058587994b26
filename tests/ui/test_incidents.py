"""Production beyond its tolerance: said, owned, rolled back on one confirmed key, kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.cli.test_commands import command
from tests.services.test_labels import finished
from tests.ui.driving import enter, footer, press, shown, until
from tests.workspaces import Bench, make_bench

from llmops_tui.core.dataset import ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import incidents, labels, projects, prompts, reviews
from llmops_tui.ui.app import LlmopsApp


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    rows = [ExampleDraft({"word": f"w{n}"}, f"w{n}", (), "gate") for n in range(20)]
    bench = make_bench(tmp_path / "w.db", "http://127.0.0.1:9/v1", rows=rows)
    tolerance = Tolerance(0.3, 0.9, owner="ana", on_breach="roll back, then tell support")
    projects.set_tolerance(bench.workspace, bench.project.id, tolerance)
    yield bench
    bench.workspace.db.close()


def released_badly(bench: Bench) -> None:
    """v1 passed the gate, v2 was released past it, and most of its answers are wrong."""
    finished(bench, right=20, wrong=0)
    worse = bench.save_prompt("--- user ---\nJust {{ word }}\n")
    labels.move(bench.workspace, worse, "production", "in a hurry", override=True)
    store(bench.workspace.db, *(made(n, flags=[TRUNCATED]) for n in range(12)))
    for call_id in range(1, 13):
        reviews.give(bench.workspace, call_id, "wrong" if call_id < 12 else "right")


def where_production_is(bench: Bench) -> int:
    return prompts.get_version(
        bench.workspace, bench.project.id, "repeat", label="production"
    ).number


async def test_an_incident_is_told_rolled_back_and_closed_by_keys(bench: Bench) -> None:
    app = LlmopsApp(bench.workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "1")
        assert "Incident" not in footer(app)
        await press(pilot, "i")
        assert "INCIDENT" not in shown(app)
        await asyncio.to_thread(released_badly, bench)
        await until(pilot, lambda: "INCIDENT 1, ana answers for it: i shows it." in shown(app))
        await press(pilot, "i")
        assert "Agreed for this case: roll back, then tell support." in shown(app)
        assert "b: Move production of repeat from v2 back to v1" in shown(app)
        await press(pilot, "b")
        assert "Roll back?" in shown(app)
        await press(pilot, "y")
        await until(pilot, lambda: "rolled back, tester: production moved back" in shown(app))
        assert where_production_is(bench) == 1
        await press(pilot, "a")
        assert "instead of 0 %" in shown(app)
        await press(pilot, "y")
        await until(pilot, lambda: "a: Draw 20 % of the unflagged calls" in shown(app))
        raised = incidents.view(bench.workspace, 1).timeline[-1]
        assert (raised.kind, raised.author) == ("audit raised", "tester")
        assert "10 % of the unflagged calls are drawn for the audit" in raised.sentence
        await press(pilot, "x")
        await enter(pilot, "v2 sorted nothing")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "Incident 1, closed" in shown(app))
        assert "v2 sorted nothing" in shown(app)
        assert "Roll back" not in footer(app)
        assert app.unforeseen == []
    (move, *_) = labels.history(bench.workspace, prompts.list_prompts(
        bench.workspace, bench.project.id
    )[0].prompt)  # fmt: skip
    assert move.reason == "incident 1: rolled back"


def test_scripts_see_it_and_what_may_still_be_within_opens_none(bench: Bench) -> None:
    db = bench.workspace.path
    store(bench.workspace.db, *(made(n, flags=[TRUNCATED]) for n in range(4)))
    for call_id in range(1, 5):
        reviews.give(bench.workspace, call_id, "wrong" if call_id == 1 else "right")
    quiet = command("incidents", "list", db=db)
    assert (quiet.returncode, "No incident" in quiet.stdout) == (0, True)
    with bench.workspace.db.write() as connection:
        connection.execute("DELETE FROM review")
        connection.execute("UPDATE call SET review = ''")
        connection.execute("DELETE FROM flag")
        connection.execute("DELETE FROM call_body")
        connection.execute("DELETE FROM call")
    released_badly(bench)
    loud = command("incidents", "list", db=db)
    assert (loud.returncode, "ana" in loud.stdout) == (1, True)
    shown_text = command("incidents", "show", "1", db=db).stdout
    assert "may be done: Move production of repeat from v2 back to v1" in shown_text
    done = command("incidents", "roll-back", "1", "--yes", db=db)
    assert done.stdout == "production moved back: repeat v2 → v1.\n"
    with pytest.raises(InputError, match="No earlier version"):
        incidents.roll_back(bench.workspace, 1)
    command("incidents", "close", "1", "it was v2", db=db)
    found = incidents.view(bench.workspace, 1)
    assert [event.kind for event in found.timeline] == ["opened", "rolled back", "closed"]
