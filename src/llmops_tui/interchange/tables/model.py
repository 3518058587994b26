"""What reading a table of examples deals in: how a source is read, its rows, its bad rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from llmops_tui.core.chat import Json

RAW_LIMIT = 10_000
"""Characters of a bad row's raw text that are kept."""
MAX_DEPTH = 200
"""Levels of nesting a JSON value may have: below what any later step can still write."""
MAX_CELL = 16 * 1024 * 1024
"""Characters of one CSV cell. An unclosed quote would otherwise swallow the whole file."""
MAX_VALUE = 64 * 1024 * 1024
"""Bytes (or characters) of one line or one JSON value."""


class Kind(StrEnum):
    """How the rows stand in the source."""

    CSV = "csv"
    """Cells between delimiters, whichever they are: TSV too."""
    JSONL = "jsonl"
    """One JSON value a line."""
    JSON = "json"
    """One JSON document that holds a list, or several documents one after the other."""
    LINES = "lines"
    """Plain text, one row a line, in a column named `text`."""
    YAML = "yaml"
    """A YAML document that holds a list."""
    FOLDER = "folder"
    """A directory, one row for each text file in it."""
    PARQUET = "parquet"
    EXCEL = "excel"
    """A sheet of a workbook: Excel or OpenDocument."""
    INSPECT = "inspect"
    """The samples of an Inspect log that is a zip archive."""
    LLM = "llm"
    """The log database of the tool `llm`."""


class Shape(StrEnum):
    """Whose rows they are, where they have to be taken apart before they are a table."""

    PLAIN = ""
    OWN = "own"
    """This program's own export."""
    OWN_COLUMNS = "own columns"
    """The same in columns: CSV, Parquet."""
    OWN_TESTS = "own tests"
    """The same as tests of promptfoo."""
    OWN_SAMPLES = "own samples"
    """The same as samples of OpenAI evals."""
    PROMPTFOO = "promptfoo"
    """Tests with `vars` and `assert`."""
    PROMPTFOO_COLUMNS = "promptfoo columns"
    """A table with the columns `__expected` and its like."""
    INSPECT = "Inspect"
    LANGFUSE = "Langfuse"
    PHOENIX = "Phoenix"


class Layout(StrEnum):
    """Where a JSON document keeps its rows."""

    ARRAY = "array"
    """The document is the list."""
    MEMBER = "member"
    """The document is an object and one of its members is the list."""
    SEQUENCE = "sequence"
    """Each value at the top is a row; a document of one object is a sequence of one."""


OWN_SHAPES = frozenset({Shape.OWN, Shape.OWN_COLUMNS, Shape.OWN_TESTS, Shape.OWN_SAMPLES})
"""What this program wrote: nothing of it is to be guessed."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written."""

    delimiter: str = ","
    quote: str = '"'
    """Empty where quotes are ordinary characters."""
    escape: str = ""
    """A character before a quote inside quotes; empty where quotes are doubled."""
    skip_space: bool = False
    """Blanks after a delimiter are layout, not part of the value."""
    header: bool = True
    """The first record names the columns; otherwise they are called c1, c2, …"""
    skip_lines: int = 0
    """Lines before the header that are no part of the table."""


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """Everything `read_rows` has to know about a source. Plain values: it can be remembered."""

    kind: Kind
    compression: str = ""
    """Empty or `gzip`."""
    encoding: str = "utf-8"
    bom: bool = False
    """A byte order mark stands first."""
    dialect: Dialect = Dialect()
    layout: Layout = Layout.ARRAY
    member: str | None = None
    """The member of the JSON object that holds the rows, with `Layout.MEMBER`."""
    wrap: bool = False
    """Rows are bare values, not objects: each becomes `{"value": …}`."""
    shape: Shape = Shape.PLAIN
    sheet: str = ""
    """Of a workbook."""
    notes: tuple[str, ...] = ()
    """What was guessed or renamed, one sentence each, to be shown before the import."""

    @property
    def label(self) -> str:
        """The format in words, such as `TSV, gzip, utf-16-le`."""
        names = {
            Kind.CSV: "TSV" if self.dialect.delimiter == "\t" else "CSV",
            Kind.JSONL: "JSON Lines",
            Kind.JSON: "JSON",
            Kind.LINES: "lines of text",
            Kind.YAML: "YAML",
            Kind.FOLDER: "a directory of text files",
            Kind.PARQUET: "Parquet",
            Kind.EXCEL: f"workbook, sheet “{self.sheet}”",
            Kind.INSPECT: "Inspect log",
            Kind.LLM: "logs of llm",
        }
        parts = [names[self.kind], self.compression]
        if self.shape in OWN_SHAPES:
            parts.append("exported by llmops-tui")
        elif self.shape:
            parts.append(self.shape.removesuffix(" columns"))
        if self.encoding != "utf-8":
            parts.append(self.encoding)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a person said about the source. None means: find out."""

    kind: str | None = None
    """`csv`, `tsv`, `jsonl`, `json`, `yaml` or `lines`."""
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: bool | None = None
    skip_lines: int | None = None
    member: str | None = None
    """The member of a JSON object that holds the rows."""
    sheet: str | None = None
    """Of a workbook."""


class Row(NamedTuple):
    """One row, with the number of the line on which it begins (from 1).

    A named tuple, not a dataclass: a million of them are made in an import, at half the cost.
    """

    line: int
    values: dict[str, Json]


class Cause(StrEnum):
    """Why a row is bad, for grouping."""

    WIDTH = "width"
    """A record with too few or too many cells."""
    QUOTE = "quote"
    """A quote that is never closed."""
    SYNTAX = "syntax"
    """No JSON."""
    SHAPE = "shape"
    """JSON, but no object."""
    VALUE = "value"
    """JSON that can't be kept: NaN, half a surrogate pair, too deep."""
    ENCODING = "encoding"
    """Bytes that are no text in the source's encoding."""
    SIZE = "size"
    """Longer than anything we hold in memory."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read, kept aside so that a person can mend it."""

    line: int
    reason: str
    raw: str
    """The text as it stands in the source, at most `RAW_LIMIT` characters of it."""
    cause: Cause
    length: int
    """Characters of the whole text."""

    @property
    def cut(self) -> bool:
        """Whether `raw` is only the beginning."""
        return self.length > len(self.raw)


def bad_row(line: int, reason: str, raw: str | bytes, cause: Cause, length: int = 0) -> BadRow:
    r"""Make a bad row, its raw text readable and no longer than `RAW_LIMIT`.

    Args:
        line: Where it begins.
        reason: What is wrong, in words, without a full stop.
        raw: The text, or its UTF-8; bytes that are no text appear as `\xe9`.
        cause: For grouping.
        length: Of the whole text, where `raw` is already cut.
    """
    if isinstance(raw, str):
        # Bytes that decoding set aside come back as they were, to be shown as \\xe9.
        data = raw[:RAW_LIMIT].encode("utf-8", "surrogateescape")
    else:
        data = raw[: RAW_LIMIT * 4]
    text = data.decode("utf-8", "backslashreplace")[:RAW_LIMIT]
    return BadRow(line, reason, text, cause, max(length, len(raw), len(text)))


@dataclass(slots=True)
class Progress:
    """How far the reading is. The reader writes it, any thread may look at it."""

    consumed: int = 0
    """Bytes of the source as it lies there (compressed, if it is)."""
    total: int = 0

    @property
    def fraction(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.consumed / self.total) if self.total else 1.0

    def remaining_s(self, elapsed_s: float) -> float | None:
        """Seconds to go at the rate so far, or None while there is no rate."""
        if not self.consumed or elapsed_s <= 0:
            return None
        return max(0.0, elapsed_s * (self.total - self.consumed) / self.consumed)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column is what in an example. Plain values: it is remembered with the source."""

    inputs: tuple[str, ...]
    expected: str | None = None
    tags: tuple[str, ...] = ()
    split: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    """Variable names of input columns whose own name can't be one in a template."""
    answer_in_messages: bool = False
    """The last message of the conversation is the expected answer (fine-tuning files)."""
    exact: bool = False
    """Values are taken as they stand: an empty expected answer is one, tags are not split."""


@dataclass(frozen=True, slots=True)
class ExampleDraft:
    """An example as the source has it, before it is stored."""

    inputs: dict[str, Json]
    expected: str | None
    tags: tuple[str, ...]
    split: str | None
    line: int
