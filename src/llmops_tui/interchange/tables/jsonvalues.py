"""Reading JSON values: quickly where it's safe, exactly where it isn't, and why one is refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

import orjson

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables.encoding import broken_byte
from llmops_tui.interchange.tables.lines import has_long_number
from llmops_tui.interchange.tables.model import MAX_DEPTH, Cause

_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS = {
    "Expecting value": "a value is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing",
    "Unterminated string starting at": "a text is never closed",
    "Extra data": "more follows after the value",
    "Invalid control character at": "a control character stands unescaped",
    "Invalid \\escape": "a backslash escapes nothing known",
    "Invalid \\uXXXX escape": "a \\u escape is incomplete",
    "Illegal trailing comma before end of object": "a comma stands before the end",
    "Illegal trailing comma before end of array": "a comma stands before the end",
}
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


class Refused(Exception):
    """A piece of text is no JSON value that we keep."""

    def __init__(self, reason: str, cause: Cause) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause


class Watch:
    """A JSON decoder's hooks: notices numbers that JSON has no room for."""

    def __init__(self) -> None:
        self.odd = ""
        """The first number seen that is none, such as `NaN`; reset it before each value."""
        self.decoder = json.JSONDecoder(parse_constant=self._constant, parse_float=self._float)

    def _constant(self, text: str) -> float:
        self.odd = self.odd or text
        return math.nan

    def _float(self, text: str) -> float:
        value = float(text)
        if math.isinf(value):
            self.odd = self.odd or text[:40]
        return value


def load_line(raw: bytes) -> Json:
    """One JSON value, exactly: whole numbers of any size, and words for what is wrong.

    The slow way, for what `orjson` refuses or would round.

    Raises:
        Refused: It is no JSON, or holds what can't be kept.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        reason = f"no text in this encoding: byte 0x{byte:02X} at position {error.start + 1}"
        raise Refused(reason, Cause.ENCODING) from error
    watch = Watch()
    try:
        value = watch.decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refused(syntax_reason(error, text), Cause.SYNTAX) from error
    refuse_value(value, watch.odd)
    return cast(Json, value)


def load_fast(raw: bytes, *, long_numbers: bool) -> Json:
    """One JSON value by `orjson` where it gives the exact value, else by `load_line`.

    Args:
        raw: The text in UTF-8.
        long_numbers: It may hold numbers beyond 64 bits, which `orjson` rounds.

    Raises:
        Refused: It is no JSON, or holds what can't be kept.
    """
    if long_numbers and has_long_number(raw):
        return load_line(raw)
    try:
        value: Json = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return load_line(raw)
    if len(raw) > 2 * MAX_DEPTH and raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        refuse_value(value)
    return value


def refuse_value(value: Any, odd_number: str = "") -> None:
    """Refuse what later steps could not store, send or write again.

    Raises:
        Refused: It holds no-numbers, half a surrogate pair, or is nested too deep.
    """
    if odd_number in {"NaN", "Infinity", "-Infinity"}:
        raise Refused(f"{odd_number} is no JSON value", Cause.VALUE)
    if odd_number:
        raise Refused(f"the number {odd_number} is too large", Cause.VALUE)
    level: list[Any] = [value]
    depth = 0
    while level:
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _refuse_half_characters(item)
            elif isinstance(item, dict):
                for key in item:
                    _refuse_half_characters(key)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise Refused(TOO_DEEP, Cause.VALUE)
        level = below


def syntax_reason(error: ValueError | RecursionError, text: str) -> str:
    """What is wrong with the JSON, in words; says so where it's merely cut short.

    Args:
        error: What the decoder raised.
        text: What was decoded.
    """
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if not isinstance(error, json.JSONDecodeError):
        return "a number of more than 4,300 digits"
    message = error.msg
    unclosed = message.startswith("Unterminated")
    if text.strip() and (unclosed or not text[error.pos :].strip()):
        return "cut short: the text ends in the middle of a JSON value"
    words = next((said for known, said in _WORDS.items() if message.startswith(known)), message)
    return f"no JSON: {words} at character {error.pos + 1}"


def shape_reason(value: Json) -> str:
    """Why a value that is no object is no row."""
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return f"{names.get(type(value), 'a number')} where an object is expected"


def _refuse_half_characters(text: str) -> None:
    if text.isascii():
        return
    found = _SURROGATE.search(text)
    if found is None:
        return
    byte = broken_byte(text)
    if byte is not None:
        raise Refused(f"no text in this encoding: byte {byte}", Cause.ENCODING)
    raise Refused(f"half of a surrogate pair: \\u{ord(found.group()):04x}", Cause.VALUE)
