"""Finding out what a source is, by what is in it first and by its name second."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import PurePath

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.dialect import (
    first_records,
    guess_dialect,
    guess_header,
    name_columns,
)
from llmops_tui.interchange.tables.encoding import (
    EncodingGuess,
    Utf8Text,
    declared_encoding,
    guess_encoding,
    readable,
    to_utf8,
)
from llmops_tui.interchange.tables.filekinds import file_format
from llmops_tui.interchange.tables.jsonlayout import find_rows
from llmops_tui.interchange.tables.model import (
    BadRow,
    Cause,
    Dialect,
    Kind,
    Overrides,
    Progress,
    Row,
    Shape,
    SourceFormat,
)
from llmops_tui.interchange.tables.owncolumns import is_own
from llmops_tui.interchange.tables.reading import read_rows
from llmops_tui.interchange.tables.shapes import detect
from llmops_tui.interchange.tables.signatures import GZIP, looks_binary, refuse_binary
from llmops_tui.interchange.tables.source import Source, as_source, read_chunks

_HEAD = 1024 * 1024
_DELIMITED_HEAD = 256 * 1024
_OWN_HEAD = 64 * 1024
_SAMPLE_ROWS = 50
_KINDS = {
    "csv": Kind.CSV,
    "tsv": Kind.CSV,
    "jsonl": Kind.JSONL,
    "json": Kind.JSON,
    "lines": Kind.LINES,
    "yaml": Kind.YAML,
}
_IN_WORDS = {Kind.JSON: "one JSON document", Kind.JSONL: "JSON Lines"}
_KIND_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
}
_PROMPT_SUFFIXES = frozenset({".prompt", ".prompty"})
_TEXT_SUFFIXES = frozenset({"", ".txt", ".text", ".log", ".dat", ".lst", ".prompts"})


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is known before the kind is."""

    source: Source
    compression: str
    encoding: EncodingGuess
    sample: str
    """The beginning of the text."""
    complete: bool
    """The sample is all of it."""
    claimed: str
    """The kind that the name promises; empty if none."""
    suffix: str


def sniff(
    source: Source | str | os.PathLike[str],
    overrides: Overrides | None = None,
    progress: Progress | None = None,
) -> SourceFormat:
    """Find out how to read a source.

    Reads all of it once where its encoding is not declared (about a second for a gigabyte).

    Args:
        source: A source, or the path of a file.
        overrides: What a person knows better.
        progress: Is kept up to date while reading.

    Raises:
        InputError: It can't be read, is empty, or is no table of text; the hint says what to do.
    """
    overrides = overrides or Overrides()
    source = as_source(source)
    if overrides.kind is None and (file := file_format(source, overrides)):
        return file
    own = _own_csv(source) if overrides == Overrides() else None
    if own is not None:
        return own
    looked = _look(source, overrides, progress)
    kind, notes = _kind(looked, overrides)
    fmt = SourceFormat(
        kind,
        compression=looked.compression,
        encoding=looked.encoding.encoding,
        bom=looked.encoding.bom,
    )
    if looked.encoding.note:
        notes.append(looked.encoding.note)
    if kind is Kind.CSV:
        fmt, more = _delimited(fmt, looked, overrides)
    elif kind is Kind.JSON:
        fmt, more = find_rows(fmt, looked.source, looked.sample, overrides.member)
    else:
        more = ()
    fmt, last = _look_at_rows(fmt, looked)
    return replace(fmt, notes=(*notes, *more, *last))


def _look(source: Source, overrides: Overrides, progress: Progress | None) -> _Looked:
    if not source.size:
        raise InputError(f"“{source.name}” is empty.", "Name a file with rows in it.")
    chunks = read_chunks(source)
    head = next(chunks, b"")
    chunks.close()
    suffixes = [suffix.lower() for suffix in PurePath(source.name).suffixes]
    compression = "gzip" if head.startswith(GZIP) else ""
    if compression and suffixes[-1:] in ([".gz"], [".gzip"]):
        suffixes.pop()
    unpacked = read_chunks(source, compression, progress)
    head = _at_least(unpacked, _HEAD)
    if head.startswith(GZIP):
        raise InputError(f"“{source.name}” is packed twice.", "Unpack it once.")
    refuse_binary(source.name, head)
    if overrides.encoding:
        encoding = declared_encoding(overrides.encoding, head)
    else:
        encoding = guess_encoding(head, chain([head], unpacked))
    if not encoding.encoding.startswith(("utf-16", "utf-32")) and looks_binary(
        head, valid_text=encoding.encoding == "utf-8"
    ):
        raise InputError(
            f"“{source.name}” is no text: it holds mostly control characters.",
            "Save the table as CSV or JSON Lines and import that.",
        )
    unpacked.close()
    sample = "".join(Utf8Text(to_utf8(iter([head]), encoding.encoding, bom=encoding.bom)))
    if not sample.strip():
        raise InputError(f"“{source.name}” holds nothing but blanks.", "Name a file with rows.")
    suffix = suffixes[-1] if suffixes else ""
    claimed = _KIND_OF_SUFFIX.get(suffix, "")
    return _Looked(source, compression, encoding, sample, len(head) < _HEAD, claimed, suffix)


def _at_least(chunks: Iterator[bytes], size: int) -> bytes:
    parts: list[bytes] = []
    found = 0
    for chunk in chunks:
        parts.append(chunk)
        found += len(chunk)
        if found >= size:
            break
    return b"".join(parts)


def _kind(looked: _Looked, overrides: Overrides) -> tuple[Kind, list[str]]:
    if overrides.kind is not None:
        if overrides.kind not in _KINDS:
            raise InputError(
                f"“{overrides.kind}” is no format of tables.", f"One of: {', '.join(_KINDS)}."
            )
        return _KINDS[overrides.kind], []
    name, claimed = looked.source.name, looked.claimed
    start = looked.sample.lstrip()
    if start[:15].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise InputError(
            f"“{name}” is HTML or XML, no table.",
            "Perhaps a login page was downloaded in its place.",
        )
    found = _json_kind(start, claimed, looked.complete)
    if found is not None and (claimed not in {"csv", "tsv"} or _holds_object(start)):
        agrees = not claimed or found == claimed
        return found, [] if agrees else [f"Named .{claimed}, but is {_IN_WORDS[found]}."]
    if claimed:
        return _KINDS[claimed], []
    if _is_table(looked):
        return Kind.CSV, []
    if looked.suffix in _PROMPT_SUFFIXES:
        raise InputError(
            f"“{name}” is a prompt, no data set.",
            "Bring it in with: llmops-tui prompts import, or import it as lines.",
        )
    if looked.suffix not in _TEXT_SUFFIXES:
        raise InputError(
            f"“{name}” is no table that we know.",
            "Say what it is: csv, tsv, jsonl, json, or lines for one row a line.",
        )
    return Kind.LINES, ["No table: each line is read as one row, in the column “text”."]


def _json_kind(start: str, claimed: str, complete: bool) -> Kind | None:
    """JSON or JSON Lines; None if the text is neither.

    Args:
        start: The beginning of the text, from its first character that isn't blank.
        claimed: What the name promises.
        complete: It is all of the text.
    """
    promised = claimed in {"json", "jsonl"}
    if not promised and not start.startswith(("{", "[")):
        return None
    first, _, rest = start.partition("\n")
    following = rest.lstrip().partition("\n")[0].strip()
    if _is_json(first):
        several = _is_json(following) or following.startswith("{")
        if claimed == "jsonl" or (following and several):
            return Kind.JSONL
        return Kind.JSON
    try:
        json.JSONDecoder().raw_decode(start)
    except json.JSONDecodeError as error:
        cut = not complete and (len(start) - error.pos < 16 or error.msg.startswith("Untermin"))
        return Kind.JSON if cut and claimed != "jsonl" else None
    except (ValueError, RecursionError):
        return None
    return Kind.JSON


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _holds_object(start: str) -> bool:
    return start.startswith("{") or start[1:].lstrip().startswith("{")


def _is_table(looked: _Looked) -> bool:
    guess = guess_dialect(looked.sample[:_DELIMITED_HEAD], complete=looked.complete)
    return guess.width > 1 and guess.consistency >= 0.9


def _delimited(
    fmt: SourceFormat, looked: _Looked, overrides: Overrides
) -> tuple[SourceFormat, tuple[str, ...]]:
    sample = looked.sample[:_DELIMITED_HEAD]
    complete = looked.complete and len(sample) == len(looked.sample)
    tab = "tsv" in (overrides.kind, looked.claimed)
    stated = _stated_dialect(overrides, "\t" if tab else ",")
    guess = guess_dialect(
        sample,
        complete=complete,
        preferred="\t" if tab else ",",
        fixed=None if overrides.delimiter is None else stated,
    )
    dialect, notes = guess.dialect, list(guess.notes)
    if overrides.quote is not None or overrides.escape is not None:
        dialect = replace(dialect, quote=stated.quote, escape=stated.escape)
    if overrides.skip_lines is not None:
        dialect = replace(dialect, skip_lines=overrides.skip_lines)
    records = first_records(sample, dialect, complete=complete)
    header = overrides.header
    if header is None:
        header = guess_header(records)
        if not header:
            notes.append("The first line looks like data: the columns are called c1, c2, …")
    if header and records:
        notes += name_columns([readable(name) for name in records[0]])[1]
    return replace(fmt, dialect=replace(dialect, header=header)), tuple(notes)


def _stated_dialect(overrides: Overrides, delimiter: str) -> Dialect:
    stated = Dialect(
        delimiter if overrides.delimiter is None else overrides.delimiter.replace("\\t", "\t"),
        '"' if overrides.quote is None else overrides.quote,
        overrides.escape or "",
    )
    for what, text, empty in (
        ("delimiter", stated.delimiter, False),
        ("quote", stated.quote, True),
        ("escape", stated.escape, True),
    ):
        if len(text) > 1 or text in {"\r", "\n"} or not (text or empty):
            raise InputError(f"“{text}” can't be the {what}.", "It must be a single character.")
    if stated.delimiter in {stated.quote, stated.escape}:
        raise InputError("Delimiter and quote are the same.", "Name two different characters.")
    return stated


def _look_at_rows(fmt: SourceFormat, looked: _Looked) -> tuple[SourceFormat, tuple[str, ...]]:
    """Read the first rows: they tell whether the format holds, and whether rows are objects."""
    with closing(read_rows(looked.source, fmt)) as rows:
        first = list(islice(rows, _SAMPLE_ROWS))
    if not first:
        return fmt, ("There are no rows in it.",)
    bad = [row for row in first if isinstance(row, BadRow)]
    if len(bad) < len(first) or fmt.kind in {Kind.CSV, Kind.LINES}:
        good = [row for row in first if isinstance(row, Row)]
        return _shaped(fmt, good, looked.source.name), ()
    if any(row.cause is Cause.SHAPE for row in bad):
        wrapped = replace(fmt, wrap=True)
        return wrapped, ("The rows are bare values: they stand in the column “value”.",)
    if all(row.cause is Cause.SYNTAX for row in bad):
        raise InputError(
            f"“{looked.source.name}” is not {fmt.label}: line {bad[0].line}: {bad[0].reason}.",
            "Check the file, or say what format it is.",
        )
    return fmt, ()


def _shaped(fmt: SourceFormat, rows: list[Row], name: str) -> SourceFormat:
    if (
        fmt.kind is Kind.JSON
        and len(rows) == 1
        and {"eval", "status", "plan"} <= set(rows[0].values)
    ):
        raise InputError(
            f"“{name}” is an Inspect log without samples.",
            "Run the evaluation with its samples logged.",
        )
    return fmt if fmt.kind is Kind.LINES else replace(fmt, shape=detect(rows))


def _own_csv(source: Source) -> SourceFormat | None:
    """What this program wrote as CSV is read as it was written, whatever its cells look like."""
    chunks = read_chunks(source)
    head = next(chunks, b"")[:_OWN_HEAD]
    chunks.close()
    try:
        first = next(csv.reader(io.StringIO(head.decode("utf-8", "ignore"), newline="")), [])
    except csv.Error:
        return None
    return SourceFormat(Kind.CSV, shape=Shape.OWN_COLUMNS) if is_own(first) else None


def sample_rows(
    source: Source | str | os.PathLike[str], fmt: SourceFormat, count: int = _SAMPLE_ROWS
) -> tuple[list[Row], list[BadRow]]:
    """The first rows, for a person to look at and for guessing what the columns are.

    Raises:
        InputError: The source can't be read.
    """
    good: list[Row] = []
    bad: list[BadRow] = []
    with closing(read_rows(source, fmt)) as rows:
        for row in islice(rows, count):
            if isinstance(row, Row):
                good.append(row)
            else:
                bad.append(row)
    return good, bad
