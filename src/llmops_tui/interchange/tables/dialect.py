"""How a delimited file is written: delimiter, quotes, header. Decided from its first records."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from llmops_tui.interchange.tables.model import MAX_CELL, Dialect

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 200
_MAX_PREAMBLE = 10
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d+)?|[.]\d+)([eE][-+]?\d+)?\s*")
_YEAR = re.compile(r"\s*(19|20)\d\d\s*")


@dataclass(frozen=True, slots=True)
class DialectGuess:
    """A dialect, how sure we are of it, and what a person should know."""

    dialect: Dialect
    consistency: float
    """Share of the first records that have as many cells as the header, 0 to 1."""
    width: int
    """Cells of the header."""
    notes: tuple[str, ...] = ()


def reader_options(dialect: Dialect) -> dict[str, Any]:
    """The dialect in the words of the `csv` module."""
    # The limit is the process's, not the reader's: the module knows no other way.
    csv.field_size_limit(MAX_CELL)
    options: dict[str, Any] = {
        "delimiter": dialect.delimiter,
        "skipinitialspace": dialect.skip_space,
        "doublequote": not dialect.escape,
        "escapechar": dialect.escape or None,
    }
    if dialect.quote:
        return options | {"quotechar": dialect.quote}
    return options | {"quoting": csv.QUOTE_NONE, "quotechar": None}


def guess_dialect(
    sample: str, *, complete: bool, preferred: str = ",", fixed: Dialect | None = None
) -> DialectGuess:
    """Choose the delimiter by which most records are as wide as the header.

    Args:
        sample: The beginning of the text.
        complete: It is all of the text; otherwise its last record is not looked at.
        preferred: What the file's name promises; wins unless another is clearly better.
        fixed: A dialect whose delimiter and quotes a person has stated.
    """
    if fixed is not None:
        found = _measure(sample, fixed, complete)
        return DialectGuess(found.dialect, found.consistency, found.width)
    tries = [_measure(sample, Dialect(delimiter), complete) for delimiter in DELIMITERS]
    fitting = [one for one in tries if one.width > 1]
    if not fitting:
        return DialectGuess(Dialect(preferred), 0.0, 1)
    best = max(
        fitting,
        key=lambda one: (
            round(one.consistency, 2)
            + 0.1 * (one.dialect.delimiter == preferred)
            - 0.5 * (one.preamble > 0),
            one.width,
        ),
    )
    best, notes = _guess_quotes(sample, best, complete)
    if best.preamble:
        notes.append(
            f"The first {best.preamble} lines are no part of the table and are left out."
            if best.preamble > 1
            else "The first line is no part of the table and is left out."
        )
    dialect = replace(best.dialect, skip_lines=best.preamble)
    if dialect.quote and _spaced(best.records):
        dialect = replace(dialect, skip_space=True)
        notes.append("A blank follows each delimiter and is left out.")
    return DialectGuess(dialect, best.consistency, best.width, tuple(notes))


def guess_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the columns.

    It is taken for data only on strong signs: a number on top of a column of numbers (a year may
    be a name), or a cell that stands three times more in its own column.
    """
    if len(records) < 2:
        return True
    first, rest = records[0], records[1:]
    for place, cell in enumerate(first):
        below = [record[place] for record in rest if len(record) == len(first)]
        if not cell.strip() or not below:
            continue
        if _NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell):
            numbers = sum(1 for other in below if _NUMBER.fullmatch(other))
            if numbers == len(below):
                return False
        if below.count(cell) >= 3:
            return False
    return True


def first_records(sample: str, dialect: Dialect, *, complete: bool) -> list[list[str]]:
    """The sample's records that hold anything, the header among them."""
    return [record for record in _records(sample, dialect, complete)[0] if any(record)]


def name_columns(header: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names for all columns, each once, and a note for each that had to be made up."""
    names: list[str] = []
    notes: list[str] = []
    taken = {name for name in header if name.strip()}
    used: set[str] = set()
    for place, given in enumerate(header, 1):
        name = given
        if not given.strip():
            name = _free(f"column_{place}", taken | used)
            notes.append(f"Column {place} has no name: called “{name}”.")
        elif given in used:
            number = 2
            while (name := f"{given}_{number}") in taken or name in used:
                number += 1
            notes.append(f"Column {place} is another “{given}”: called “{name}”.")
        used.add(name)
        names.append(name)
    if len(notes) > 5:
        notes[5:] = [f"{len(notes) - 5} more columns had to be named."]
    return tuple(names), tuple(notes)


@dataclass(frozen=True, slots=True)
class _Measured:
    dialect: Dialect
    consistency: float
    width: int
    preamble: int
    records: list[list[str]]


def _measure(sample: str, dialect: Dialect, complete: bool) -> _Measured:
    records, starts = _records(sample, dialect, complete)
    filled = [(start, record) for start, record in zip(starts, records, strict=True) if record]
    if not filled:
        return _Measured(dialect, 0.0, 0, 0, [])
    skipped = _preamble([len(record) for _, record in filled])
    preamble = filled[skipped][0] - 1 if skipped else 0
    body = [record for _, record in filled[skipped:]]
    width = len(body[0])
    fitting = sum(1 for record in body if len(record) == width)
    return _Measured(dialect, fitting / len(body), width, preamble, body)


def _records(sample: str, dialect: Dialect, complete: bool) -> tuple[list[list[str]], list[int]]:
    stream = io.StringIO(sample, newline="")
    for _ in range(dialect.skip_lines):
        stream.readline()
    reader = csv.reader(stream, **reader_options(dialect))
    records: list[list[str]] = []
    starts: list[int] = []
    end = 0
    try:
        for record in islice(reader, _SAMPLE_RECORDS):
            starts.append(end + 1)
            end = reader.line_num
            records.append(record)
    except csv.Error:
        return records, starts
    if not complete and len(records) > 1 and len(records) < _SAMPLE_RECORDS:
        records.pop()
        starts.pop()
    return records, starts


def _preamble(widths: Sequence[int]) -> int:
    """How many records at the start are a title or comment above a table that is wider."""
    if widths[0] > 1:
        return 0
    start = next((place for place, width in enumerate(widths) if width > 1), 0)
    if not 0 < start <= _MAX_PREAMBLE or len(widths) - start < 2:
        return 0
    wide = widths[start:]
    usual, count = Counter(wide).most_common(1)[0]
    return start if usual == wide[0] and count >= 0.9 * len(wide) else 0


def _guess_quotes(sample: str, best: _Measured, complete: bool) -> tuple[_Measured, list[str]]:
    if '"' not in sample:
        return best, []
    if _strictly_quoted(sample, best.dialect):
        return best, []
    escaped = replace(best.dialect, escape="\\")
    if '\\"' in sample and _strictly_quoted(sample, escaped):
        return _measure(sample, escaped, complete), ["A backslash stands before quotes in cells."]
    plain = _measure(sample, replace(best.dialect, quote=""), complete)
    # Cells that really hold line breaks never leave every single line equally wide.
    even = plain.consistency == 1.0 and plain.width == best.width and len(plain.records) > 2
    if even and _quotes_rarely_pair(plain.records):
        return plain, ["Quotes are ordinary characters here: each line is one record."]
    return best, []


def _strictly_quoted(sample: str, dialect: Dialect) -> bool:
    """Every quote in it opens a cell, closes one, or is doubled."""
    stream = io.StringIO(sample, newline="")
    try:
        for _ in csv.reader(stream, strict=True, **reader_options(dialect)):
            pass
    except csv.Error:
        return False
    return True


def _quotes_rarely_pair(records: Iterable[Sequence[str]]) -> bool:
    """Among cells that begin with a quote, those that end with one are the fewer."""
    quoted = [cell for record in records for cell in record if cell.startswith('"')]
    pairs = sum(1 for cell in quoted if len(cell) > 1 and cell.endswith('"'))
    return pairs < len(quoted) - pairs or not pairs


def _spaced(records: Iterable[Sequence[str]]) -> bool:
    cells = [cell for record in islice(records, 50) for cell in record[1:]]
    rows = sum(1 for record in islice(records, 50) if len(record) > 1)
    return rows >= 2 and all(cell.startswith(" ") and cell.strip() for cell in cells)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
