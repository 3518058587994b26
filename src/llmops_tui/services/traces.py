"""The trace of a call: what surrounded it, as a tree with times, each step readable whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llmops_tui.core.call import CallDetail
from llmops_tui.core.errors import NotFoundError
from llmops_tui.core.trace import TraceStep, tree
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import calls, traces

MOST_STEPS: Final = 2000
"""Of each kind, calls and other steps: more than anybody reads; the page says what it left out."""


@dataclass(frozen=True, slots=True)
class TraceNode:
    """A step with its place in the tree and in time."""

    step: TraceStep
    depth: int
    offset_ms: float
    """After the trace's first step began."""
    begins: float
    """Where it began and ended in the trace, as shares of the whole time."""
    ends: float


@dataclass(frozen=True, slots=True)
class TraceView:
    """A trace as a tree, parents before children, the earliest first."""

    trace_id: str
    nodes: tuple[TraceNode, ...]
    took_ms: float
    """From the first beginning to the last end, by the clocks of whoever sent the steps."""
    orphans: int
    """Steps that name a parent which isn't here: not arrived yet, dropped, or not sampled."""
    cut: bool
    """Whether there may be more steps than were read."""

    @property
    def calls(self) -> int:
        """Steps that are calls."""
        return sum(node.step.is_call for node in self.nodes)

    @property
    def errors(self) -> int:
        """Steps that failed."""
        return sum(node.step.status == "error" for node in self.nodes)


@dataclass(frozen=True, slots=True)
class StepTexts:
    """What a step that is no call was given, gave, and came with."""

    input: str
    output: str
    attributes: str
    """JSON."""


def trace_of_call(workspace: Workspace, call_id: int) -> TraceView:
    """The trace that a call belongs to.

    Raises:
        NotFoundError: there is no such call, or it came without a trace.
    """
    found = calls.trace_id_of(workspace.db, call_id)
    if found is None:
        raise NotFoundError(f"There is no call {call_id}.")
    if not found:
        raise NotFoundError(
            f"Call {call_id} came without a trace.",
            "Calls that an OpenTelemetry instrumentation sends belong to one.",
        )
    return trace(workspace, found)


def trace(workspace: Workspace, trace_id: str) -> TraceView:
    """A trace by its id; without nodes where nothing of it is kept."""
    steps = traces.steps(workspace.db, trace_id, MOST_STEPS)
    if not steps:
        return TraceView(trace_id, (), 0.0, 0, cut=False)
    begin = min(step.started_at for step in steps)
    took = max(step.started_at + step.duration_ms for step in steps) - begin
    known = {step.span_id for step in steps}

    def node(step: TraceStep, depth: int) -> TraceNode:
        offset = step.started_at - begin
        whole = took or 1.0
        return TraceNode(step, depth, offset, offset / whole, (offset + step.duration_ms) / whole)

    return TraceView(
        trace_id,
        tuple(node(placed.step, placed.depth) for placed in tree(steps)),
        took,
        sum(bool(step.parent_span_id) and step.parent_span_id not in known for step in steps),
        cut=max(sum(s.is_call for s in steps), sum(not s.is_call for s in steps)) >= MOST_STEPS,
    )


def step_texts(workspace: Workspace, step: TraceStep) -> StepTexts | CallDetail:
    """A step whole; of a call, the call.

    Raises:
        NotFoundError: it is a call that is no longer there.
    """
    if step.is_call:
        return calls.detail(workspace.db, step.id)
    return StepTexts(*traces.span_texts(workspace.db, step.id))
