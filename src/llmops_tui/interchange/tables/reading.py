"""From a source and its format to a stream of rows."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

from llmops_tui.interchange.tables.delimited import read_delimited, read_text_lines
from llmops_tui.interchange.tables.encoding import Utf8Text, to_utf8
from llmops_tui.interchange.tables.jsondoc import read_json
from llmops_tui.interchange.tables.jsonlines import read_jsonl
from llmops_tui.interchange.tables.model import (
    BadRow,
    Kind,
    Progress,
    Row,
    Shape,
    SourceFormat,
)
from llmops_tui.interchange.tables.source import Source, as_source, read_chunks

FILES = frozenset({Kind.FOLDER, Kind.PARQUET, Kind.EXCEL, Kind.INSPECT, Kind.LLM})
"""Kinds that are no stream of text."""


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
    progress = Progress() if progress is None else progress
    rows = _files(source, fmt, progress) if fmt.kind in FILES else _text(source, fmt, progress)
    try:
        if fmt.shape is Shape.PLAIN:
            yield from rows
        else:
            from llmops_tui.interchange.tables.shapes import take_apart

            yield from take_apart(rows, fmt.shape)
    finally:
        rows.close()


def _text(
    source: Source, fmt: SourceFormat, progress: Progress
) -> Generator[Row | BadRow, None, None]:
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
        elif fmt.kind is Kind.YAML:
            from llmops_tui.interchange.tables.yamldoc import read_yaml

            yield from read_yaml("".join(text), source.name)
        else:
            yield from read_text_lines(text, source.name)
    finally:
        # Whoever stops early leaves the generators in the middle; the file is closed by hand.
        packed.close()


def _files(
    source: Source, fmt: SourceFormat, progress: Progress
) -> Generator[Row | BadRow, None, None]:
    """Each reader is imported where it is needed: some bring libraries of their own."""
    path, name = source.local_path(), source.name
    rows: Iterator[Row | BadRow]
    if fmt.kind is Kind.FOLDER:
        from llmops_tui.interchange.tables.folder import read_folder

        rows = read_folder(path, progress)
    elif fmt.kind is Kind.PARQUET:
        from llmops_tui.interchange.tables.parquet import read_parquet

        rows = read_parquet(path, name, progress)
    elif fmt.kind is Kind.EXCEL:
        from llmops_tui.interchange.tables.excel import read_sheet

        rows = read_sheet(path, name, fmt.sheet, progress, header=fmt.dialect.header)
    elif fmt.kind is Kind.INSPECT:
        from llmops_tui.interchange.tables.inspectlog import read_inspect_log

        rows = read_inspect_log(path, name, progress)
    else:
        rows = _llm_calls(source, progress)
    yield from rows


def _llm_calls(source: Source, progress: Progress) -> Iterator[Row]:
    from llmops_tui.store import llm_logs

    path = source.local_path()
    progress.consumed, progress.total = 0, llm_logs.count(path)
    for number, call in enumerate(llm_logs.calls(path, source.name), 1):
        progress.consumed = number
        yield Row(number, call)
