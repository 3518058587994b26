"""Production calls, what rules say of them and what people say of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from llmops_tui.core.trace import Feedback


class Lane(StrEnum):
    """Why a call is in front of a reviewer."""

    FLAGGED = "flagged"
    AUDIT = "audit"
    """Drawn at random from the unflagged: what makes the live wrong rate an estimate."""
    CHOSEN = "chosen"
    """Picked by a person; says nothing about the rate."""
    MIXED = "mixed"
    """Of the two lanes, and who judges doesn't know of which."""
    SECOND = "second"
    """Judged by somebody else, whose verdict who judges doesn't know."""
    RESOLVE = "resolve"
    """Two differ: a third decides."""


class ReviewVerdict(StrEnum):
    """A person's verdict on a call."""

    RIGHT = "right"
    WRONG = "wrong"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A production call as it arrives."""

    identity: bytes
    """Equal for a second delivery of the same call: it is stored once."""
    source: str
    """`otlp` or `proxy`."""
    input: str
    """The conversation that was sent, as readable text."""
    output: str
    started_at: int
    duration_ms: float = 0.0
    first_token_ms: float | None = None
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    response_id: str = ""
    conversation_id: str = ""
    operation: str = "chat"
    provider: str = ""
    model: str = ""
    prompt_name: str = ""
    prompt_version: str = ""
    status: str = "ok"
    error: str = ""
    finish_reason: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    wants_json: bool = False
    """Whether the caller asked for JSON, so that a rule can check that it came."""
    attributes: str = "{}"
    """Everything that came with the call, as JSON."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as lists show it."""

    id: int
    project_id: int | None
    source: str
    model: str
    prompt_name: str
    prompt_version: str
    status: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    duration_ms: float
    input_head: str
    output_head: str
    flagged: int
    """How many rules flagged it."""
    severity: int
    """Of its worst flag: 3 high, 2 medium, 1 low, 0 without one."""
    audit_probability: float | None
    """With which probability it was drawn for the audit; None when it was not drawn."""
    review: str
    """The verdict in force, or empty."""
    started_at: int
    received_at: int


@dataclass(frozen=True, slots=True)
class CallFlag:
    """Why a rule thinks that a call needs a look."""

    rule: str
    severity: str
    reason: str
    start: int | None = None
    stop: int | None = None
    """The span of the output that it is about, where there is one."""


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call whole."""

    row: CallRow
    input: str
    output: str
    attributes: str
    error: str
    trace_id: str
    span_id: str
    response_id: str
    flags: tuple[CallFlag, ...]
    reviews: tuple[Review, ...]
    tags: tuple[str, ...] = ()
    assignee: str = ""
    """Whose it is to judge; empty for whoever comes."""
    feedback: tuple[Feedback, ...] = ()
    """What users and evaluators said of it, oldest first."""


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """A verdict about to be given."""

    call_id: int
    verdict: ReviewVerdict
    reviewer: str
    lane: Lane
    inclusion_probability: float
    severity: str = ""
    reason: str = ""
    note: str = ""
    corrected: str | None = None
    blind: bool = False
    """Whether flags, lane and other opinions were hidden."""


@dataclass(frozen=True, slots=True)
class Review:
    """A verdict as it is kept."""

    id: int
    call_id: int
    verdict: ReviewVerdict
    severity: str
    reason: str
    note: str
    corrected: str | None
    lane: Lane
    reviewer: str
    reviewed_at: int
    undone_at: int | None
    batch_id: int | None = None
    """Of a verdict that was given to many calls at once."""
    blind: bool = False
    """Whether flags, lane and other opinions were hidden."""
    asked_as: str = ""
    """`second` or `resolve`; empty for the first on a call."""
    together: int = 1
    """Of a verdict that was taken back: on how many calls."""
