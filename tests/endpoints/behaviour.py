"""How the mock endpoint behaves: its settings, which prompt meets which fault, and its counts."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field

FAULTS = (
    "throttle",  # 429 with Retry-After
    "error",  # 500
    "reset",  # the connection is reset without an answer
    "hang",  # takes the question and never answers
    "stall",  # sends half an answer and then nothing more
    "trickle",  # sends the answer byte by byte
    "invalid-json",
    "html",  # a web page with status 200
    "error-200",  # an error object with status 200
    "truncated",  # a stream that ends early; a body shorter than announced
    "cut",  # the connection breaks within the answer
    "empty",  # an empty text
    "null",  # `content: null`
    "context",  # 400, the prompt is too long
    "filter",  # finish reason content_filter
    "unauthorized",  # 401
)
TRANSIENT = frozenset({"throttle", "error", "reset"})
"""Faults that by default go away when the same prompt is asked again."""

_FAULT = re.compile(r"fault:([a-z0-9-]*[a-z0-9])(?::(\d+))?")


@dataclass
class Settings:
    """How the endpoint behaves."""

    latency_ms: float = 0.0
    token_ms: float = 0.0
    """Time between two pieces of a streamed answer."""
    answer: str = "last-word"
    """`last-word` of the last message, `echo` of it, `checksum` of it, or `=TEXT`."""
    wrong: float = 0.0
    """Fraction of prompts that are answered with `wrong answer`."""
    faults: dict[str, float] = field(default_factory=dict)
    """Fraction of prompts that meet each fault."""
    fault_attempts: int = 1
    """How many times a prompt meets a transient fault; -1 for always."""
    retry_after: str = "0.05"
    capacity: int = 0
    """More requests at once than this are throttled; 0 for any number."""
    down_after: int = -1
    """From this request on everything is answered 500; -1 for never."""
    hang_after: int = -1
    """From this request on nothing is answered; -1 for never."""
    calls_tools: bool = False
    """Whether a question that offers tools is answered by calling the first of them, once."""
    key: str = ""
    """The only bearer token accepted; empty for no check."""


class Counts:
    """What has been asked so far."""

    def __init__(self) -> None:
        self.requests = 0
        self.marks: list[float] = []
        """When the first and then each 500th question came, seconds since the epoch."""
        self.answered = 0
        self.connections = 0
        self.in_flight = 0
        self.peak_in_flight = 0
        self.statuses: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.answered_by_prompt: Counter[str] = Counter()

    def as_json(self, with_prompts: bool) -> bytes:
        result = {
            "requests": self.requests,
            "marks": self.marks,
            "answered": self.answered,
            "connections": self.connections,
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak_in_flight,
            "distinct_prompts": len(self.asked),
            "most_asked": max(self.asked.values(), default=0),
            "most_answered": max(self.answered_by_prompt.values(), default=0),
            "statuses": {str(status): n for status, n in self.statuses.items()},
            "faults": dict(self.faults),
        }
        if with_prompts:
            result["prompts"] = dict(self.asked)
            result["answers"] = dict(self.answered_by_prompt)
        return json.dumps(result).encode()


class State:
    """Settings and counts, shared by all connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counts = Counts()

    def fault_of(self, prompt: str) -> str:
        settings = self.settings
        attempt = self.counts.asked[prompt]
        if "fault:" in prompt and (named := _FAULT.search(prompt)):
            name, times = named[1], named[2]
            return name if times is None or attempt <= int(times) else ""
        if not settings.faults:
            return ""
        point = _fraction(prompt)
        for name, fraction in settings.faults.items():
            point -= fraction
            if point < 0:
                lasting = name not in TRANSIENT or settings.fault_attempts < 0
                return name if lasting or attempt <= settings.fault_attempts else ""
        return ""

    def answer_to(self, prompt: str) -> str:
        settings = self.settings
        # Another checksum than the faults', so that the two are independent.
        if settings.wrong and _fraction(f"wrong {prompt}") < settings.wrong:
            return "wrong answer"
        if settings.answer == "last-word":
            words = prompt.rsplit(None, 1)
            return words[-1] if words else ""
        if settings.answer == "echo":
            return prompt
        if settings.answer.startswith("="):
            return settings.answer[1:]
        return f"{zlib.crc32(prompt.encode('utf-8', 'replace')):08x}"


def _fraction(text: str) -> float:
    return zlib.crc32(text.encode("utf-8", "replace")) / 2**32
