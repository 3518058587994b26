"""What flag rules look at and what they find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

SEVERITIES: Final = ("high", "medium", "low")
LONGEST_TEXT: Final = 100_000
"""Characters that rules read at most, from the end they look at."""

_TRUNCATED: Final = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_REFUSED: Final = frozenset({"content_filter", "refusal", "safety", "content_filtered"})
_CALLS_TOOLS: Final = frozenset({"tool_calls", "tool_use", "function_call", "pause_turn"})


@dataclass(frozen=True, slots=True)
class FlagInput:
    """A production call as rules see it."""

    input: str = ""
    output: str = ""
    finish_reason: str = ""
    status: str = "ok"
    """`ok` or `error`."""
    error: str = ""
    duration_ms: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    wants_json: bool = False
    """Whether the call asked for JSON, by a response schema or a response format."""
    cost: int | None = None
    """Nano-units of the currency; None where the model has no price."""

    @property
    def failed(self) -> bool:
        """Whether no answer came at all."""
        return self.status == "error" or bool(self.error)

    @property
    def truncated(self) -> bool:
        """Whether the answer ended at its length limit, in any vendor's words."""
        return self.finish_reason.lower() in _TRUNCATED

    @property
    def refused(self) -> bool:
        """Whether the vendor says that the answer was refused or filtered."""
        return self.finish_reason.lower() in _REFUSED

    @property
    def calls_tools(self) -> bool:
        """Whether the model asked for tools rather than answering."""
        return self.finish_reason.lower() in _CALLS_TOOLS


class Finding(NamedTuple):
    """What a rule found."""

    reason: str
    start: int | None = None
    stop: int | None = None
    """The span of the output that it is about."""


Rule: TypeAlias = Callable[[FlagInput], Finding | None]


def brief(text: str, most: int = 80) -> str:
    """The beginning of a text on one line, for a reason."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def has_any(words: tuple[str, ...], text: str) -> bool:
    """Whether any of some words is in a text, anywhere."""
    for word in words:  # noqa: SIM110  (`any()` takes twice as long, and each call comes by here)
        if word in text:
            return True
    return False
