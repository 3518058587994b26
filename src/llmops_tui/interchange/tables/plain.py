"""Values of typed files (Parquet, workbooks, YAML) as JSON values."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables.jsonvalues import TOO_DEEP, Refused
from llmops_tui.interchange.tables.model import MAX_DEPTH, Cause

_MOST_VALUES = 1_000_000
"""In one row. YAML can name the same list again and again, and so grow without bound."""


class Plain:
    """Turns one row's values into JSON values, and counts them."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def value(self, given: object, depth: int = 0) -> Json:
        """The same as a JSON value: moments as ISO 8601, decimals as text, bytes as base64.

        Raises:
            Refused: it can't be one.
        """
        self._left -= 1
        if self._left < 0:
            raise Refused(f"more than {_MOST_VALUES:,} values in one row", Cause.SIZE)
        if given is None or isinstance(given, str | bool | int):
            return given
        if isinstance(given, float):
            return self._number(given)
        if depth >= MAX_DEPTH:
            raise Refused(TOO_DEEP, Cause.VALUE)
        if isinstance(given, Mapping):
            return {self._key(key): self.value(item, depth + 1) for key, item in given.items()}
        if isinstance(given, datetime | date | time):
            return given.isoformat()
        if isinstance(given, bytes):
            return _text(given)
        if isinstance(given, timedelta | Decimal):
            return str(given)
        if isinstance(given, Sequence | set | frozenset):
            return [self.value(item, depth + 1) for item in given]
        return str(given)

    @staticmethod
    def _number(given: float) -> Json:
        if math.isnan(given):
            return None  # how tables of numbers say that a value is missing
        if math.isinf(given):
            raise Refused("an infinite number is no JSON value", Cause.VALUE)
        return given

    @staticmethod
    def _key(given: object) -> str:
        return given if isinstance(given, str) else str(given)


def _text(given: bytes) -> str:
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(given).decode("ascii")
