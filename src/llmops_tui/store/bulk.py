"""Many rows by one statement.

Python lets go of its interpreter at every step of SQLite, and beside a busy thread waits up to a
millisecond to get it back. The gateway decodes while it writes: with a statement for each row,
most of the writer's time would be that waiting. A statement of many rows is a single step, during
which other threads work.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

_VALUES: Final = re.compile(r"(?<=VALUES )(\(\?(?:, \?)*\))")
_SIZES: Final = (64, 8, 1)
"""Rows of a statement: few sizes, so that prepared statements are found again."""


def insert_rows(connection: sqlite3.Connection, sql: str, rows: Sequence[Sequence[object]]) -> int:
    """Insert rows, inside a transaction of the caller's; how many went in.

    Args:
        connection: The connection.
        sql: The statement for one row, its values as question marks: `… VALUES (?, ?) …`.
        rows: The values.
    """
    inserted = at = 0
    for size in _SIZES:
        many = _for_rows(sql, size)
        while len(rows) - at >= size:
            values = list(chain.from_iterable(rows[at : at + size]))
            inserted += connection.execute(many, values).rowcount
            at += size
    return inserted


@lru_cache(maxsize=64)
def _for_rows(sql: str, rows: int) -> str:
    before, row, after = _VALUES.split(sql, maxsplit=1)
    return f"{before}{', '.join([row] * rows)}{after}"
