"""From a source and its format to a stream of rows."""

from __future__ import annotations

import os
from collections.abc import Generator

from llmops_tui.interchange.tables.delimited import read_delimited, read_text_lines
from llmops_tui.interchange.tables.encoding import Utf8Text, to_utf8
from llmops_tui.interchange.tables.jsondoc import read_json
from llmops_tui.interchange.tables.jsonlines import read_jsonl
from llmops_tui.interchange.tables.model import BadRow, Kind, Progress, Row, SourceFormat
from llmops_tui.interchange.tables.source import Source, as_source, read_chunks


def read_rows(
    source: Source | str | os.PathLike[str],
    fmt: SourceFormat,
    progress: Progress | None = None,
) -> Generator[Row | BadRow, None, None]:
    """All rows of a source in order, good and bad, in flat memory.

    Reading to the end closes the file; whoever stops before calls `close()` on it.

    Args:
        source: A source, or the path of a file.
        fmt: From `sniff`, or remembered from an earlier import.
        progress: Is kept up to date while reading.

    Raises:
        InputError: The source can't be read (on): missing, damaged, or not of this format.
    """
    source = as_source(source)
    packed = read_chunks(source, fmt.compression, progress)
    chunks = to_utf8(packed, fmt.encoding, bom=fmt.bom)
    try:
        if fmt.kind is Kind.JSONL:
            yield from read_jsonl(chunks, wrap=fmt.wrap)
            return
        text = Utf8Text(chunks)
        if fmt.kind is Kind.CSV:
            yield from read_delimited(text, fmt.dialect, source.name)
        elif fmt.kind is Kind.JSON:
            yield from read_json(text, fmt.layout, fmt.member, wrap=fmt.wrap, name=source.name)
        else:
            yield from read_text_lines(text, source.name)
    finally:
        # Whoever stops early leaves the generators in the middle; the file is closed by hand.
        packed.close()
