"""Rows of JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from llmops_tui.interchange.tables.jsonvalues import Refused, load_fast, shape_reason
from llmops_tui.interchange.tables.lines import byte_lines
from llmops_tui.interchange.tables.model import (
    MAX_DEPTH,
    MAX_VALUE,
    BadRow,
    Cause,
    Row,
    bad_row,
)

_SHALLOW = 2 * MAX_DEPTH
"""Bytes in which nothing can be nested too deep."""


def read_jsonl(chunks: Iterator[bytes], *, wrap: bool) -> Iterator[Row | BadRow]:
    """Each line that isn't blank as a row.

    Where a key is there twice in an object, the last one counts, as everywhere with JSON.

    Args:
        chunks: UTF-8.
        wrap: Values that are no objects become `{"value": …}`; otherwise they are bad rows.
    """
    loads = orjson.loads
    line = 0
    for batch in byte_lines(chunks):
        if batch.dropped:
            line += 1
            size = len(batch.lines[0]) + batch.dropped
            reason = f"longer than {MAX_VALUE >> 20} MiB"
            yield bad_row(line, reason, batch.lines[0], Cause.SIZE, size)
            continue
        careful = batch.long_numbers
        for raw in batch.lines:
            line += 1
            if not careful and len(raw) <= _SHALLOW:
                try:
                    value = loads(raw)
                except orjson.JSONDecodeError:
                    pass
                else:
                    if type(value) is dict:
                        yield Row(line, value)
                        continue
            if row := _careful_row(line, raw, careful, wrap):
                yield row


def _careful_row(line: int, raw: bytes, long_numbers: bool, wrap: bool) -> Row | BadRow | None:
    bare = raw.strip()
    if not bare:
        return None
    try:
        value = load_fast(bare, long_numbers=long_numbers)
    except Refused as refused:
        return bad_row(line, refused.reason, raw.rstrip(b"\r"), refused.cause)
    if isinstance(value, dict):
        return Row(line, value)
    if wrap:
        return Row(line, {"value": value})
    return bad_row(line, shape_reason(value), raw.rstrip(b"\r"), Cause.SHAPE)
