"""The tolerance on the command line: set, shown with its history, and what runs then save."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.test_commands import assert_error, command
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as found:
        yield found


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Bench]:
    made = make_bench(tmp_path / "workspace.db", endpoint.base_url, rows=1000)
    yield made
    made.workspace.db.close()


def test_a_tolerance_is_changed_piece_by_piece_and_keeps_its_history(bench: Bench) -> None:
    db = bench.workspace.path
    changed = command(
        "project",
        "tolerance",
        *(
            "1%",
            "--harmful",
            "0.1%",
            "--owner",
            "operations",
            "--on-breach",
            "go back",
            "--ask-all",
        ),
        db=db,
    )
    assert changed.returncode == 0, changed.stderr
    assert "At most 1 wrong in 100, at most 1 harmful in 1,000" in changed.stdout
    assert "operations acts: go back." in changed.stdout
    shown = command("project", "tolerance", db=db).stdout.splitlines()
    assert len(shown) == 3
    assert "wrong at most 2 % → 1 %; harmful at most none → 0.1 %" in shown[1]
    assert_error(command("project", "tolerance", "0", db=db), "can't be used")
    assert_error(
        command("project", "tolerance", "--count-by", "talk", db=db), "No data set", "word"
    )
    listed = json.loads(command("project", "list", "--json", db=db).stdout)[0]
    assert (listed["max_wrong"], listed["harmful_max_wrong"]) == (0.01, 0.001)


def test_runs_stop_once_decided_where_the_project_says_so(bench: Bench) -> None:
    db = bench.workspace.path
    assert command("project", "tolerance", "--stop-when-decided", db=db).returncode == 0
    ran = command("run", db=db)
    assert ran.returncode == 0, ran.stderr
    assert "Stopped once decided: " in ran.stdout
    assert " of 1,000 calls saved." in ran.stdout
    told = json.loads(command("run", "--ask-all", "--json", db=db).stdout)
    assert (told["done"], told["saved"]) == (1000, 0)
    saved = json.loads(command("run", "--list", "--json", db=db).stdout)[1]["saved"]
    assert 500 < saved <= 822
    listed = command("run", "--list", db=db).stdout
    assert f"{saved}" in listed


def test_the_plan_names_the_price_of_a_harmful_limit() -> None:
    told = command("plan", "--tolerance", "2%", "--harmful", "0.1%")
    assert "For the harmful limit at least 2,995 rows, none of them wrong." in told.stdout
