"""Raising the audited share so that the estimate stays one: what is stored is drawn from too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import TRUNCATED, made, store
from tests.cli.test_commands import command

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import InputError
from llmops_tui.gateway.judge import Judge, flagger_of
from llmops_tui.services import auditing, projects
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import calls

DAY_MS = 86_400_000
DRAWN = "SELECT id FROM call WHERE audit_probability = ?"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "test")
    yield opened
    opened.db.close()


def drawn(workspace: Workspace, probability: float) -> set[int]:
    return {row["id"] for row in workspace.db.rows(DRAWN, (probability,))}


def test_every_unflagged_call_of_the_window_then_had_the_same_chance(workspace: Workspace) -> None:
    first = (made(n, audit=0.1 if n % 10 == 0 else None) for n in range(2000))
    flagged = (made(n, flags=[TRUNCATED]) for n in range(2000, 2400))
    failed = (made(n, status="error", output="", error="gone") for n in range(2400, 2500))
    old = (made(n, started_at=now_ms() - 40 * DAY_MS) for n in range(2500, 2900))
    store(workspace.db, *first, *flagged, *failed, *old)
    before = drawn(workspace, 0.1)
    assert auditing.share(workspace, 1) == 0.1

    said = auditing.raise_share(workspace, 1, 0.4)
    now = drawn(workspace, 0.4)
    assert before < now, "what was drawn stays drawn, with the new chance"
    assert max(now) <= 2000, "no flagged, failed or old call is drawn"
    assert 700 < len(now) < 900, "two in five of two thousand"
    assert said == (
        "40 % of the unflagged calls are drawn for the audit, 10 % before; "
        f"{len(now) - len(before):,} more of the last 30 days wait for a verdict."
    )
    assert auditing.share(workspace, 1) == 0.4


def test_it_is_only_ever_raised(workspace: Workspace) -> None:
    auditing.raise_share(workspace, 1, 0.2)
    for share, words in ((0.2, "drawn already"), (0.1, "drawn already"), (1.5, "at most 1")):
        with pytest.raises(InputError, match=words):
            auditing.raise_share(workspace, 1, share)
    assert auditing.larger(0.0) == 0.1
    assert auditing.larger(0.3) == 0.6
    assert auditing.larger(0.8) == 1.0


def test_a_gateway_follows(workspace: Workspace) -> None:
    auditing.raise_share(workspace, 1, 1.0)
    judge = Judge(workspace.db, flagger_of(), project_id=1, audit_probability=0.0)
    calls.add(workspace.db, [judge.judge(made(1).call)])
    assert drawn(workspace, 1.0) == {1}
    lower = Judge(workspace.db, flagger_of(), project_id=None, audit_probability=0.0)
    calls.add(workspace.db, [lower.judge(made(2, prompt_name="").call)])
    assert drawn(workspace, 1.0) == {1}, "another project's share is its own affair"


def test_scripts_say_and_raise_it(workspace: Workspace) -> None:
    store(workspace.db, *(made(n) for n in range(50)))
    told = command("triage", "audit", db=workspace.path)
    assert told.stdout == "0 % of the unflagged calls are drawn for the audit.\n"
    raised = command("triage", "audit", "1", db=workspace.path)
    assert "50 more of the last 30 days wait" in raised.stdout
    assert len(drawn(workspace, 1.0)) == 50
