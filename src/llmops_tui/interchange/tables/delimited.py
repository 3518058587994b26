"""Rows of CSV, TSV and the like; and of plain text, one row a line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.dialect import name_columns, reader_options
from llmops_tui.interchange.tables.encoding import Utf8Text, broken_byte, readable
from llmops_tui.interchange.tables.lines import text_lines
from llmops_tui.interchange.tables.model import (
    MAX_CELL,
    RAW_LIMIT,
    BadRow,
    Cause,
    Dialect,
    Row,
    bad_row,
)

_LONG_SEARCH = 100
_MAX_LONG_SEARCHES = 1000
"""After so many quotes that aren't closed for so many lines, quotes mean something else here."""


class _CsvReader(Protocol):
    """What `csv.reader` returns; its own type has no name."""

    @property
    def line_num(self) -> int:
        """Lines taken so far."""

    def __iter__(self) -> Iterator[list[str]]: ...


class _Feed:
    """Hands lines to `csv.reader` and keeps those of the record it is in."""

    def __init__(self, batches: Iterator[list[str]]) -> None:
        self._batches = batches
        self._kept: deque[tuple[int, list[str]]] = deque()
        self._last = 0
        self.done = 0
        """The last line that is no longer needed."""

    def lines_after(self, line: int) -> Iterator[str]:
        """All lines after this one, kept ones and new ones."""
        return chain.from_iterable(self._lists(line))

    def _lists(self, line: int) -> Iterator[list[str]]:
        for first, batch in list(self._kept):
            if first + len(batch) > line + 1:
                yield batch[max(0, line + 1 - first) :]
        for batch in self._batches:
            while self._kept and self._kept[0][0] + len(self._kept[0][1]) - 1 <= self.done:
                self._kept.popleft()
            self._kept.append((self._last + 1, batch))
            skip = max(0, line - self._last)
            self._last += len(batch)
            yield batch[skip:] if skip else batch

    def raw(self, first: int, last: int) -> tuple[str, int]:
        """The text of these lines without the last line end, cut; and its whole length."""
        parts: list[str] = []
        length = 0
        for start, batch in self._kept:
            for line in batch[max(0, first - start) : max(0, last + 1 - start)]:
                if length <= RAW_LIMIT:
                    parts.append(line)
                length += len(line)
        text = "".join(parts)
        bare = text.rstrip("\r\n") if length == len(text) else text
        return bare[:RAW_LIMIT], length - (len(text) - len(bare))


class _Table:
    """The header, and the judgement of records that don't fit it."""

    def __init__(self, dialect: Dialect, text: Utf8Text, feed: _Feed) -> None:
        self._dialect = dialect
        self.text = text
        self._feed = feed
        self.names: tuple[str, ...] = ()
        self.required = 0
        """Cells a record must have: trailing columns without a name may be missing."""

    def start(self, record: list[str]) -> bool:
        """Take the names from the first record; true if it was the header, not data."""
        if not self._dialect.header:
            self.names = tuple(f"c{place}" for place in range(1, len(record) + 1))
            self.required = len(record)
            return False
        self.names, _ = name_columns([readable(name) for name in record])
        self.required = max((p for p, name in enumerate(record, 1) if name.strip()), default=1)
        return True

    def judge(self, record: list[str], first: int, last: int) -> Row | BadRow | None:
        """A row after all, a bad row, or nothing at all."""
        width, found = len(self.names), len(record)
        if not record or (found == 1 and width > 1 and not record[0].strip()):
            return None
        if self.text.damaged:
            for place, cell in enumerate(record):
                if byte := broken_byte(cell):
                    name = self.names[place] if place < width else f"cell {place + 1}"
                    reason = f"no text in this encoding: byte {byte} in “{name}”"
                    return self.bad(first, last, reason, Cause.ENCODING)
        if found > width and not any(record[width:]):
            record = record[:width]
        elif self.required <= found < width:
            record = record + [""] * (width - found)
        elif found != width:
            words = f"{found} cell{'s' * (found != 1)} where {width} are expected"
            return self.bad(first, last, words, Cause.WIDTH)
        return Row(first, dict(zip(self.names, record, strict=True)))

    def bad(self, first: int, last: int, reason: str, cause: Cause) -> BadRow:
        """A bad row with the raw text of its lines."""
        raw, length = self._feed.raw(first, last)
        return bad_row(first, reason, raw, cause, length)


def read_delimited(text: Utf8Text, dialect: Dialect, name: str) -> Iterator[Row | BadRow]:
    """Rows of a delimited text, in order.

    A quote that is never closed, or closed before more text, costs the line in which its record
    begins, not what follows.

    Args:
        text: The text.
        dialect: How it is written.
        name: The source's, for errors.

    Raises:
        InputError: A line is endless, or quotes don't pair throughout.
    """
    feed = _Feed(text_lines(text, name))
    table = _Table(dialect, text, feed)
    options = reader_options(dialect)
    before = dialect.skip_lines
    long_searches = 0
    while long_searches <= _MAX_LONG_SEARCHES:
        # Strict: otherwise a stray quote would glue lines together without a word.
        reader = csv.reader(feed.lines_after(before), strict=True, **options)
        fault = yield from _read_until_fault(reader, feed, table, before)
        if fault is None:
            return
        yield fault.bad
        before = feed.done = fault.bad.line
        long_searches += fault.lines > _LONG_SEARCH
    raise InputError(
        f"“{name}” has more than {_MAX_LONG_SEARCHES} quotes that are never closed.",
        "Say that quotes are ordinary characters (no quote character).",
    )


class _Fault(NamedTuple):
    """A record that has to be given up after more than one line of it was read."""

    bad: BadRow
    lines: int
    """Lines that were read for it, to be read again."""


def _read_until_fault(
    reader: _CsvReader, feed: _Feed, table: _Table, before: int
) -> Generator[Row | BadRow, None, _Fault | None]:
    """Yield rows; return the fault after which lines have to be read again, or None at the end."""
    end = before
    while True:
        try:
            end = yield from _read_clean(reader, feed, table, before, end)
        except csv.Error as error:
            start, end = max(feed.done, before) + 1, before + reader.line_num
            bad = table.bad(start, start, *_quote_fault(error))
            if end > start:
                return _Fault(bad, end - start)
            yield bad
            feed.done = end
        else:
            return None


def _read_clean(
    reader: _CsvReader, feed: _Feed, table: _Table, before: int, end: int
) -> Generator[Row | BadRow, None, int]:
    """Yield rows until the end or an error; `feed.done` is then the last line that was used."""
    names = table.names
    width = len(names) or -1
    text = table.text
    for record in reader:
        start, end = end + 1, before + reader.line_num
        if len(record) == width and not text.damaged:
            yield Row(start, dict(zip(names, record, strict=True)))
        elif names:
            if row := table.judge(record, start, end):
                yield row
        elif record:
            started = table.start(record)
            names, width = table.names, len(table.names)
            if not started and (row := table.judge(record, start, end)):
                yield row
        feed.done = end
    return end


def _quote_fault(error: csv.Error) -> tuple[str, Cause]:
    said = str(error)
    if said.startswith("field larger"):
        reason = f"a cell of more than {MAX_CELL >> 20} Mi characters, or a quote never closed"
        return reason, Cause.SIZE
    if said.startswith("unexpected end"):
        return "a quote that is never closed", Cause.QUOTE
    return "text follows after a closing quote, or a quote is never closed", Cause.QUOTE


def read_text_lines(text: Utf8Text, name: str) -> Iterator[Row | BadRow]:
    """Each line that isn't blank as a row with the one column `text`."""
    number = 0
    for batch in text_lines(text, name):
        for line in batch:
            number += 1
            bare = line.rstrip("\r\n")
            if not bare.strip():
                continue
            if text.damaged and (byte := broken_byte(bare)):
                reason = f"no text in this encoding: byte {byte}"
                yield bad_row(number, reason, bare, Cause.ENCODING)
            else:
                yield Row(number, {"text": bare})
