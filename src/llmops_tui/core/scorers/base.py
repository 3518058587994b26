"""What all scorers share: what they look at, what they say, and how they read texts."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from llmops_tui.core.chat import Json, ToolCall
from llmops_tui.core.errors import InputError

LONGEST_QUOTE = 60
_CACHED_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class ScoringInput:
    """An answer, and what is known about it."""

    answer: str
    expected: str | None = None
    """The right answer; a JSON list where several are accepted; None where unlabelled."""
    inputs: Mapping[str, Json] = field(default_factory=dict)
    latency_ms: float = 0.0
    cost: int = 0
    """Nano-units of the currency."""
    finish_reason: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    question: str = ""
    """What the model was asked, as a judge reads it."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer says of an answer."""

    scorer: str
    """Its name, with `not` before it where it is negated."""
    value: float
    """From 0 to 1."""
    passed: bool
    reason: str
    """What was found, for people to read: `contains “Paris”`."""
    judge: str = ""
    """Where a model judged: its name, the hash of its prompt and its parameters, as JSON."""
    cost: int = 0
    """What the judgement cost, in nano-units."""


class Judged(NamedTuple):
    """A finding that a model made, or that such findings were part of."""

    passed: bool
    reason: str
    value: float
    judge: str
    cost: int


Finding: TypeAlias = tuple[bool, str] | tuple[bool, str, float] | Judged
"""Whether it passed, and what was found of the answer, as the rest of a sentence.

A scorer that measures says the value as well, from 0 to 1; for others it is 0 or 1."""
Check: TypeAlias = Callable[[ScoringInput], Finding]


def quote(text: str) -> str:
    """A text as it appears in a reason: short, on one line. Not yet safe for a terminal."""
    if len(text) > LONGEST_QUOTE:
        text = text[: LONGEST_QUOTE - 1] + "…"
    return f"“{' '.join(text.split())}”"


def need_expected(given: ScoringInput) -> str:
    """The expected answer.

    Raises:
        InputError: There is none, so nothing can be said.
    """
    if given.expected is None:
        raise InputError(
            "The example has no expected answer.", "Label it, or use a scorer that needs none."
        )
    return given.expected


def accepted(expected: str) -> tuple[str, ...]:
    """The accepted answers: those of a JSON list of plain values, else the text itself."""
    if not expected.lstrip().startswith("["):
        return (expected,)
    return _cached_list(expected) if len(expected) <= _CACHED_CHARS else _list(expected)


def _list(expected: str) -> tuple[str, ...]:
    try:
        values = json.loads(expected)
    except (ValueError, RecursionError):
        return (expected,)
    if not values or any(isinstance(value, list | dict) for value in values):
        return (expected,)
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in values)


_cached_list = lru_cache(maxsize=4096)(_list)


def wanted(fixed: tuple[str, ...], given: ScoringInput) -> tuple[str, ...]:
    """The texts a scorer was given, or else the example's accepted answers."""
    return fixed or accepted(need_expected(given))


def composed(text: str) -> str:
    """The text with accents and letters joined, so that equal looks are equal texts."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")


def words(text: str) -> list[str]:
    """The words of a text, folded; letters of scripts without blanks count one by one."""
    found: list[str] = []
    for match in _WORD.finditer(composed(text).casefold()):
        word = match[0]
        if word.isascii() or not any(map(_stands_alone, word)):
            found.append(word)
        else:
            found.extend(word)
    return found


def _stands_alone(letter: str) -> bool:
    """Whether a letter is a word to those who count: Han, kana, and other scripts unspaced."""
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff"
