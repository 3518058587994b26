"""A span as the gateway understands it, whichever encoding it came in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_tui.core.chat import Json

MAX_TEXT = 1024 * 1024
"""Characters that one text may have; a longer one is cut, with a mark that says so."""

MAX_CONVERSATION = 4 * MAX_TEXT
"""Characters that all messages of a call may have together."""

MAX_DEPTH = 32
"""How deep values may nest; what lies deeper is replaced by a mark."""

LARGEST = 2**63 - 1
"""The largest number that is believed, and that a column holds."""

TOO_DEEP = "[nested too deeply]"

ERROR_STATUS = 2
"""OTLP's status code for a span that failed."""


@dataclass(slots=True)
class SpanEvent:
    """Something that happened during a span."""

    name: str
    time_ns: int
    attributes: dict[str, Json]


@dataclass(slots=True)
class Span:
    """One span with what it inherits from its resource and scope."""

    trace_id: str
    """Lower-case hexadecimal, 32 characters; empty where the client sent nothing usable."""
    span_id: str
    """Lower-case hexadecimal, 16 characters; empty where the client sent nothing usable."""
    parent_span_id: str
    name: str
    start_ns: int
    """Nanoseconds since the epoch as they were sent, sense or nonsense."""
    end_ns: int
    attributes: dict[str, Json]
    events: list[SpanEvent] = field(default_factory=list)
    status_code: int = 0
    status_message: str = ""
    resource: Mapping[str, Json] = field(default_factory=dict)
    """Shared by all spans of the same resource."""
    scope: str = ""


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """The text, shortened to `limit` characters where it is longer.

    The mark names the length and the SHA-256 of the whole, so that it can be recognised.
    """
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:limit]}…[cut here: {len(text)} characters in all, sha256 {digest}]"


def is_cut(text: str) -> bool:
    """Whether `cut` has shortened this text."""
    return text.endswith("]") and "…[cut here: " in text[-140:]


def clean(text: str, limit: int = 1000) -> str:
    """A short text that any column can hold: bounded and without lone surrogates."""
    text = text[:limit]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def count(value: Json) -> int | None:
    """A number of tokens, whether it was sent as a number or as digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    elif isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 19 else None
    return value if isinstance(value, int) and 0 <= value <= LARGEST else None
