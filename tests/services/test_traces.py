"""The trace around a call: a tree in time, each step readable whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls_made import made

from llmops_tui.core.call import CallDetail
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import NotFoundError
from llmops_tui.core.trace import SpanDraft
from llmops_tui.services import projects
from llmops_tui.services import traces as trace_service
from llmops_tui.services.traces import StepTexts
from llmops_tui.services.workspace import Workspace, open_workspace
from llmops_tui.store import traces

TRACE = "ab" * 16


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "workspace.db")
    projects.create_project(opened, "test")
    yield opened
    opened.db.close()


def step(number: int, parent: int | None, *, at: int, ms: float, **fields: str) -> SpanDraft:
    told = {"name": f"step {number}", "kind": "tool", "status": "ok", "error": "", **fields}
    return SpanDraft(
        identity=number.to_bytes(24),
        trace_id=TRACE,
        span_id=f"{number:016x}",
        parent_span_id="" if parent is None else f"{parent:016x}",
        started_at=at,
        duration_ms=ms,
        **told,
    )


def agent_with_call(workspace: Workspace) -> None:
    begin = now_ms() - 10_000
    traces.add(
        workspace.db,
        [
            step(1, None, at=begin, ms=1000, name="agent", kind="agent"),
            step(2, 1, at=begin + 100, ms=200, input="order 7", output="shipped"),
            made(
                3,
                trace_id=TRACE,
                span_id=f"{3:016x}",
                parent_span_id=f"{1:016x}",
                started_at=begin + 400,
                duration_ms=500.0,
            ),
            step(4, 99, at=begin + 950, ms=50, status="error", error="no such table"),
        ],
    )


def test_a_trace_is_a_tree_in_time(workspace: Workspace) -> None:
    agent_with_call(workspace)
    view = trace_service.trace_of_call(workspace, 1)

    assert [(n.step.name, n.depth, n.offset_ms) for n in view.nodes] == [
        ("agent", 0, 0),
        ("step 2", 1, 100),
        ("smol", 1, 400),
        ("step 4", 0, 950),
    ]
    assert [(n.begins, n.ends) for n in view.nodes] == [(0, 1), (0.1, 0.3), (0.4, 0.9), (0.95, 1)]
    assert (view.took_ms, view.calls, view.errors, view.orphans) == (1000, 1, 1, 1)
    assert not view.cut


def test_a_step_is_read_whole(workspace: Workspace) -> None:
    agent_with_call(workspace)
    _, tool, call, _ = trace_service.trace(workspace, TRACE).nodes

    found = trace_service.step_texts(workspace, tool.step)
    assert isinstance(found, StepTexts)
    assert (found.input, found.output, json.loads(found.attributes)) == ("order 7", "shipped", {})
    detail = trace_service.step_texts(workspace, call.step)
    assert isinstance(detail, CallDetail)
    assert detail.output == "delivery 3"


def test_what_has_no_trace_says_so(workspace: Workspace) -> None:
    traces.add(workspace.db, [made(1)])
    with pytest.raises(NotFoundError, match="came without a trace"):
        trace_service.trace_of_call(workspace, 1)
    with pytest.raises(NotFoundError, match="no call 2"):
        trace_service.trace_of_call(workspace, 2)
    assert trace_service.trace(workspace, "unknown").nodes == ()


def test_steps_that_name_each_other_as_parents_are_shown_once(workspace: Workspace) -> None:
    begin = now_ms()
    traces.add(workspace.db, [step(1, 2, at=begin, ms=1), step(2, 1, at=begin, ms=1)])
    nodes = trace_service.trace(workspace, TRACE).nodes
    assert sorted(node.step.name for node in nodes) == ["step 1", "step 2"]
