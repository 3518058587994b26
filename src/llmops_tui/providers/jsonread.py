"""Reading JSON that somebody else wrote: an access says what it wants and gets that or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import orjson

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Json

JsonObject: TypeAlias = "Mapping[str, Json]"
"""A JSON object, read only."""

NOTHING: JsonObject = {}
"""Stands for an object that isn't there, so that reading on needs no test for None."""


def loads(data: bytes | str) -> Json:
    """Parse JSON text.

    Raises:
        ValueError: The text is no JSON (or not UTF-8).
    """
    parsed: Json = orjson.loads(data)
    return parsed


def as_object(value: Json) -> JsonObject:
    """The value where it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else NOTHING


def obj(source: JsonObject, key: str) -> JsonObject:
    """The object under `key`, or an empty one."""
    value = source.get(key)
    return value if isinstance(value, dict) else NOTHING


def items(source: JsonObject, key: str) -> list[Json]:
    """The list under `key`, or an empty one."""
    value = source.get(key)
    return value if isinstance(value, list) else []


def text(source: JsonObject, key: str, default: str = "") -> str:
    """The string under `key`, or the default."""
    value = source.get(key)
    return value if isinstance(value, str) else default


def count(source: JsonObject, key: str) -> int:
    """The number under `key` as a count of something: whole and never negative, 0 if absent."""
    value = source.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, int(value))


def dumps(value: Json) -> bytes:
    """Write JSON.

    Raises:
        AnswerError: The value holds what JSON or UTF-8 can't carry, such as half a surrogate pair.
    """
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError) as error:
        raise AnswerError(
            AnswerErrorKind.BAD_REQUEST, f"The prompt can't be sent as JSON: {error}."
        ) from error
