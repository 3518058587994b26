"""The way out: rows as CSV or JSON Lines that read back as the same values."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

import orjson

from llmops_tui.core.chat import Json
from llmops_tui.core.errors import InputError
from llmops_tui.core.text import escape_formula

_NEEDS_QUOTES = re.compile('[,;\t|"\r\n]').search
_SURROGATE = re.compile("[\ud800-\udfff]")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    rows: int
    replaced: int = 0
    """Cells with text that no file can carry (half of a surrogate pair), now �."""


def write_csv(
    rows: Iterable[Mapping[str, Json]],
    target: Path | BinaryIO,
    columns: Sequence[str],
    *,
    spreadsheet_safe: bool = False,
) -> Written:
    """Write rows as CSV: UTF-8, commas, line feeds, quotes where any reader could want them.

    Text is written byte for byte; other values as JSON; a missing value or None as an empty cell.

    Args:
        rows: The rows.
        target: A path, which is replaced only when all is written; or a stream, left open.
        columns: The header.
        spreadsheet_safe: Put an apostrophe before what a spreadsheet would run as a formula. The
            values then no longer read back as they were.

    Raises:
        InputError: A row has a column that the header lacks, or the file can't be written.
    """
    known = set(columns)
    replaced = 0

    def line(row: Mapping[str, Json]) -> bytes:
        nonlocal replaced
        if len(row) > len(known) or not known.issuperset(row):
            extra = next(name for name in row if name not in known)
            raise InputError(f"A row has a column “{extra}” that the header lacks.", "Add it.")
        cells = [_cell(row.get(name)) for name in columns]
        if spreadsheet_safe:
            cells = [escape_formula(cell) for cell in cells]
        text = ",".join([_quoted(cell) for cell in cells]) or '""'
        try:
            return text.encode() + b"\n"
        except UnicodeEncodeError:
            replaced += sum(1 for cell in cells if _SURROGATE.search(cell))
            return _SURROGATE.sub("�", text).encode() + b"\n"

    with opened(target) as stream:
        # A byte order mark or a comment sign at the very start would be read as one.
        odd = bool(columns) and columns[0][:1] in {"\ufeff", "#", " ", "{", "[", "<"}
        names = [escape_formula(name) if spreadsheet_safe else name for name in columns]
        header = ",".join(_quoted(name, always=odd) for name in names)
        stream.write(header.encode("utf-8", "replace") + b"\n")
        count = _write_batches(rows, stream, line)
    return Written(count, replaced)


def write_jsonl(rows: Iterable[Mapping[str, Json]], target: Path | BinaryIO) -> Written:
    """Write rows as JSON Lines: UTF-8, one object a line, keys in their order.

    Args:
        rows: The rows.
        target: A path, which is replaced only when all is written; or a stream, left open.

    Raises:
        InputError: The file can't be written.
    """
    with opened(target) as stream:
        return Written(_write_batches(rows, stream, lambda row: json_bytes(row) + b"\n"))


def json_bytes(value: object) -> bytes:
    """A JSON value as UTF-8, whatever the size of its numbers or the depth of its nesting."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Whole numbers beyond 64 bits, more than 254 levels, halves of surrogate pairs.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if _SURROGATE.search(text):
            text = json.dumps(value, separators=(",", ":"))
        return text.encode()


def _write_batches(
    rows: Iterable[Mapping[str, Json]],
    stream: BinaryIO,
    line: Callable[[Mapping[str, Json]], bytes],
) -> int:
    count = 0
    batch: list[bytes] = []
    for row in rows:
        batch.append(line(row))
        if len(batch) >= _BATCH:
            stream.write(b"".join(batch))
            count += len(batch)
            batch.clear()
    stream.write(b"".join(batch))
    return count + len(batch)


def _cell(value: Json) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json_bytes(value).decode()


def _quoted(cell: str, *, always: bool = False) -> str:
    if always or _NEEDS_QUOTES(cell) or cell[:1] == " ":
        return '"' + cell.replace('"', '""') + '"'
    return cell


@contextmanager
def opened(target: Path | BinaryIO) -> Iterator[BinaryIO]:
    """The stream to write to; a file appears under its name only when it's complete."""
    if not isinstance(target, Path):
        yield target
        return
    part = None
    try:
        handle, name = mkstemp(dir=target.parent, prefix=f".{target.name}.")
        part = Path(name)
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(part, target)
        part = None
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"“{target}” can't be written: {why}.", "Choose another place.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
