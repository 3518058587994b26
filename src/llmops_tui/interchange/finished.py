"""Runs that another tool has finished, in the words that all readers of such files share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_tui.core.chat import Json
from llmops_tui.core.run import Outcome, SampleScore


@dataclass(frozen=True, slots=True)
class ForeignPrompt:
    """A prompt that was asked."""

    name: str
    messages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ForeignSample:
    """One answer of the other tool's run."""

    prompt: ForeignPrompt
    model: str
    inputs: Mapping[str, Json]
    expected: str | None
    repeat: int
    outcome: Outcome
    reason: str
    answer: str | None
    request: str = ""
    scores: tuple[SampleScore, ...] = ()
    error: str = ""
    error_kind: str | None = None
    finish_reason: str = "stop"
    latency_ms: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    """Nano-units of the currency."""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """A finished run of another tool."""

    tool: str
    """`promptfoo`, `Inspect`."""
    name: str
    identity: str
    """What the tool calls this run; empty where it has no name for it."""
    when: str
    samples: tuple[ForeignSample, ...]
    notes: tuple[str, ...] = field(default=())
