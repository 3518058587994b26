"""What arrives beside calls: steps of their traces, log events with their texts, and feedback."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpanDraft:
    """A span that is no call, as it arrives: an agent, a tool, a retrieval, a web request."""

    identity: bytes
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    """What the client calls it: `agent`, `tool`, `retriever`, …; empty where it doesn't say."""
    status: str
    error: str
    started_at: int
    duration_ms: float
    input: str = ""
    output: str = ""
    attributes: str = "{}"


@dataclass(frozen=True, slots=True)
class EventDraft:
    """A log event that carries texts of a call: it belongs to the span that it names."""

    identity: bytes
    call_identity: bytes
    """Trace id and span id of the call."""
    name: str
    attributes: str
    """The event's attributes, and its body as `body`, as JSON."""
    happened_at: int


@dataclass(frozen=True, slots=True)
class FeedbackDraft:
    """What a user or an evaluator says of a call, as it arrives."""

    identity: bytes
    """Equal for a second delivery."""
    source: str
    """`user` or `evaluation`."""
    given_at: int
    trace_id: str = ""
    span_id: str = ""
    response_id: str = ""
    name: str = ""
    thumbs: int | None = None
    """1 or -1."""
    score: float | None = None
    label: str = ""
    comment: str = ""
    corrected: str | None = None
    author: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of a call, as it is kept."""

    id: int
    source: str
    name: str
    thumbs: int | None
    score: float | None
    label: str
    comment: str
    corrected: str | None
    author: str
    given_at: int


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a trace as it is kept: a call, or a span that is none."""

    id: int
    is_call: bool
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    status: str
    error: str
    started_at: int
    duration_ms: float


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A step with its place in the tree."""

    step: TraceStep
    depth: int


def tree(steps: list[TraceStep]) -> list[PlacedStep]:
    """The steps of a trace in the order of a tree: children under parents, earliest first.

    A step whose parent isn't there stands at the top. Steps that name each other as parents, which
    no sound client sends, come last and once.
    """
    by_id = {step.span_id: step for step in steps if step.span_id}
    children: dict[str, list[TraceStep]] = {}
    tops: list[TraceStep] = []
    for step in sorted(steps, key=lambda one: (one.started_at, one.id)):
        parent = step.parent_span_id
        if parent in by_id and parent != step.span_id:
            children.setdefault(parent, []).append(step)
        else:
            tops.append(step)
    placed: list[PlacedStep] = []
    seen: set[tuple[bool, int]] = set()
    waiting = [(step, 0) for step in reversed(tops)]
    while waiting:
        step, depth = waiting.pop()
        if (step.is_call, step.id) in seen:
            continue
        seen.add((step.is_call, step.id))
        placed.append(PlacedStep(step, depth))
        if step.span_id:
            below = children.get(step.span_id, [])
            waiting.extend((child, depth + 1) for child in reversed(below))
    rest = [step for step in steps if (step.is_call, step.id) not in seen]
    return placed + [PlacedStep(step, 0) for step in rest]
