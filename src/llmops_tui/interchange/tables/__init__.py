"""Tables of examples in files: found out, read as a stream of rows, mapped, written again.

`sniff` says how a source is to be read, `read_rows` reads it, `guess_mapping` and `to_example`
make examples of the rows. A new kind of table (Parquet, Excel, …) is a reader in `reading` and a
way to recognise it in `sniffing`; nothing else changes.
"""

from __future__ import annotations

from llmops_tui.interchange.tables.mapping import (
    columns,
    guess_mapping,
    to_example,
    variable_name,
)
from llmops_tui.interchange.tables.model import (
    BadRow,
    Cause,
    ColumnMapping,
    Dialect,
    ExampleDraft,
    Kind,
    Layout,
    Overrides,
    Progress,
    Row,
    Shape,
    SourceFormat,
)
from llmops_tui.interchange.tables.reading import read_rows
from llmops_tui.interchange.tables.remembered import (
    format_from_plain,
    mapped,
    mapping_from_plain,
)
from llmops_tui.interchange.tables.sniffing import sample_rows, sniff
from llmops_tui.interchange.tables.source import Source
from llmops_tui.interchange.tables.writing import Written, json_bytes, write_csv, write_jsonl

__all__ = [
    "BadRow",
    "Cause",
    "ColumnMapping",
    "Dialect",
    "ExampleDraft",
    "Kind",
    "Layout",
    "Overrides",
    "Progress",
    "Row",
    "Shape",
    "Source",
    "SourceFormat",
    "Written",
    "columns",
    "format_from_plain",
    "guess_mapping",
    "json_bytes",
    "mapped",
    "mapping_from_plain",
    "read_rows",
    "sample_rows",
    "sniff",
    "to_example",
    "variable_name",
    "write_csv",
    "write_jsonl",
]
