"""Bringing a data set in: look at a source, say how to read it and which column is what, import.

What a person said about a source is remembered: by its path, and by its columns, so that next
month's file of the same shape needs no answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from llmops_tui.core.dataset import BadRow, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services.import_progress import ImportCancelledError, ImportProgress, Reporter
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_import as store
from llmops_tui.store import import_choices

if TYPE_CHECKING:
    from llmops_tui.interchange.tables import ColumnMapping, Overrides, Row, Source, SourceFormat

    TableRow = Row
    """A row of a source as it stands there."""

_SUFFIXES = (
    ".gz", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".parquet", ".xlsx", ".xlsm",
    ".xlsb", ".xls", ".ods", ".yaml", ".yml", ".eval", ".db",
)  # fmt: skip


class _Choice(TypedDict):
    """What is remembered of a source."""

    origin: str
    name: str
    overrides: dict[str, Any]
    mapping: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """A source as it would be imported, for a person to look at first."""

    source: Source
    origin: str
    """The file's absolute path; `stdin` or `clipboard`."""
    format: SourceFormat
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    """The first rows."""
    bad_rows: tuple[BadRow, ...]
    """Bad ones among them."""
    mapping: ColumnMapping
    """Which column is what: a guess, to be changed where it's wrong."""
    name: str
    """A name for the data set, from the file's."""
    overrides: Overrides
    """What a person said about how to read it."""
    remembered: bool = False
    """The mapping is what somebody chose for such a source before."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import made."""

    dataset: str
    version: DatasetVersion


def source_hints(
    *,
    kind: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    header: bool | None = None,
    skip_lines: int | None = None,
    member: str | None = None,
    sheet: str | None = None,
) -> Overrides:
    """What a person knows of a source better than looking at it tells; None: find out."""
    from llmops_tui.interchange.tables import Overrides

    return Overrides(kind, encoding, delimiter, quote, escape, header, skip_lines, member, sheet)


def open_source(path: Path) -> Source:
    """A file or directory; `-` is what comes through the pipe.

    Raises:
        InputError: it can't be read.
    """
    from llmops_tui.interchange import tables  # only who imports pays for it

    if str(path) == "-":
        if sys.stdin.isatty():
            raise InputError("Nothing comes through a pipe.", "Such as: command | … import -")
        return tables.Source.from_stream(sys.stdin.buffer)
    return tables.Source.from_path(path.expanduser())


def pasted(text: str) -> Source:
    """A text that was pasted."""
    from llmops_tui.interchange import tables

    return tables.Source.from_bytes(text.encode("utf-8", "replace"))


def preview_import(path: Path | Source, overrides: Overrides | None = None) -> ImportPreview:
    """Look at a source without importing it.

    Raises:
        InputError: it can't be read as a table; the error says why.
    """
    from llmops_tui.interchange import tables

    source = open_source(path) if isinstance(path, Path) else path
    overrides = overrides or tables.Overrides()
    found = tables.sniff(source, overrides)
    rows, bad = tables.sample_rows(source, found)
    if not rows and not bad:
        raise InputError(f"“{source.name}” has no rows.", "Check that it's the right file.")
    columns = tables.columns(rows)
    return ImportPreview(
        source=source,
        origin=str(source.path.absolute()) if source.path else source.name,
        format=found,
        columns=columns,
        rows=tuple(rows),
        bad_rows=tuple(_kept(row) for row in bad),
        mapping=tables.guess_mapping(columns, rows, found.shape),
        name=_name_of(source),
        overrides=overrides,
    )


def preview_remembered(
    workspace: Workspace,
    project_id: int,
    path: Path | Source,
    overrides: Overrides | None = None,
) -> ImportPreview:
    """Look at a source as it was read and mapped before, where it or its like was.

    Args:
        workspace: Where it would be imported.
        project_id: And into which project.
        path: The source.
        overrides: How to read it; None: as before.

    Raises:
        InputError: it can't be read as a table; the error says why.
    """
    from llmops_tui.interchange import tables

    source = open_source(path) if isinstance(path, Path) else path
    origin = str(source.path.absolute()) if source.path else ""
    choice = _choice(workspace, project_id, origin) if origin else None
    if overrides is None and choice is not None:
        try:
            preview = preview_import(source, source_hints(**choice["overrides"]))
        except (InputError, TypeError):  # the file has become another one
            preview = preview_import(source)
    else:
        preview = preview_import(source, overrides)
    choice = choice or _choice(workspace, project_id, _columns_key(preview))
    if choice is None:
        return preview
    mapping = tables.mapping_from_plain(choice["mapping"])
    if mapping is None or not set(tables.mapped(mapping)) <= set(preview.columns):
        return preview
    name = choice["name"] if choice["origin"] == preview.origin else preview.name
    return replace(preview, mapping=mapping, name=name, remembered=True)


def remap(
    preview: ImportPreview,
    *,
    inputs: Sequence[str] = (),
    expected: str | None = None,
    tags: Sequence[str] = (),
    split: str | None = None,
) -> ImportPreview:
    """Say which column is what, where the guess is wrong. What isn't named stays as guessed.

    Raises:
        InputError: a column is named that the source doesn't have.
    """
    named = [*inputs, *tags, *(name for name in (expected, split) if name)]
    unknown = [name for name in named if name not in preview.columns]
    if unknown:
        raise InputError(
            f"“{preview.source.name}” has no column {', '.join(map(repr, unknown))}.",
            f"Its columns are {', '.join(preview.columns)}.",
        )
    guess = preview.mapping
    taken = {expected or guess.expected, split or guess.split, *(tags or guess.tags)}
    kept = tuple(name for name in guess.inputs if name not in taken) or guess.inputs
    return map_columns(
        preview,
        inputs=tuple(inputs) or kept,
        expected=expected or guess.expected,
        tags=tuple(tags) or guess.tags,
        split=split or guess.split,
    )


def map_columns(
    preview: ImportPreview,
    *,
    inputs: tuple[str, ...],
    expected: str | None,
    tags: tuple[str, ...],
    split: str | None,
) -> ImportPreview:
    """Say of each column what it is; what isn't named is left out."""
    from llmops_tui.interchange import tables

    variables = {n: tables.variable_name(n) for n in inputs if not n.isidentifier()}
    mapping = replace(
        preview.mapping,
        inputs=inputs,
        expected=expected,
        tags=tags,
        split=split,
        variables={} if preview.mapping.exact else variables,
    )
    return replace(preview, mapping=mapping)


def import_dataset(
    workspace: Workspace,
    project_id: int,
    preview: ImportPreview,
    *,
    name: str | None = None,
    note: str = "",
    on_progress: Callable[[ImportProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImportResult:
    """Import a previewed source as the next version of a data set.

    Raises:
        InputError: no row of it could be used, or it broke off; nothing was kept.
        ImportCancelledError: `cancelled` said so; nothing was kept.
    """
    rows = _reported(_drafts(preview), Reporter(preview.source.name, on_progress, cancelled))
    dataset = name or preview.name
    version = store.import_version(
        workspace.db,
        project_id,
        dataset,
        _not_empty(rows, preview.source.name),
        author=workspace.person,
        source=preview.origin,
        note=note,
        reading=_reading(preview),
    )
    _remember(workspace, project_id, replace(preview, name=dataset))
    preview.source.close()
    return ImportResult(dataset, version)


def _reading(preview: ImportPreview) -> str:
    from llmops_tui.interchange import tables

    header = preview.columns
    if preview.format.kind is tables.Kind.CSV and preview.format.shape:
        plain = replace(preview.format, shape=tables.Shape.PLAIN)
        header = tables.columns(tables.sample_rows(preview.source, plain)[0])
    return json.dumps(
        {
            "format": asdict(replace(preview.format, notes=())),
            "mapping": asdict(preview.mapping),
            "header": list(header),
        }
    )


def _remember(workspace: Workspace, project_id: int, preview: ImportPreview) -> None:
    choice = json.dumps(
        {
            "origin": preview.origin,
            "name": preview.name,
            "overrides": asdict(preview.overrides),
            "mapping": asdict(preview.mapping),
        }
    )
    keys = [_columns_key(preview)]
    if preview.source.path is not None:
        keys.append(preview.origin)
    import_choices.put(workspace.db, project_id, keys, choice)


def _choice(workspace: Workspace, project_id: int, key: str) -> _Choice | None:
    stored = import_choices.get(workspace.db, project_id, key)
    if stored is None:
        return None
    choice: _Choice = json.loads(stored)
    return choice


def _columns_key(preview: ImportPreview) -> str:
    return f"{preview.format.kind} with {json.dumps(preview.columns)}"


def _reported(
    read: Callable[[Reporter], Iterator[ExampleDraft | BadRow]], reporter: Reporter
) -> Iterator[ExampleDraft | BadRow]:
    for row in read(reporter):
        reporter.saw(row)
        yield row


def _drafts(preview: ImportPreview) -> Callable[[Reporter], Iterator[ExampleDraft | BadRow]]:
    from llmops_tui.interchange import tables

    def read(reporter: Reporter) -> Iterator[ExampleDraft | BadRow]:
        for row in tables.read_rows(preview.source, preview.format, reporter.reading):
            if isinstance(row, tables.BadRow):
                yield _kept(row)
                continue
            made = tables.to_example(row, preview.mapping)
            yield ExampleDraft(made.inputs, made.expected, made.tags, made.split)

    return read


def _not_empty(rows: Iterator[ExampleDraft | BadRow], name: str) -> Iterator[ExampleDraft | BadRow]:
    good = 0
    first: BadRow | None = None
    for row in rows:
        if isinstance(row, BadRow):
            first = first or row
        else:
            good += 1
        yield row
    if not good:
        why = f": line {first.line}: {first.reason}" if first else ""
        raise InputError(
            f"No row of “{name}” could be used{why}.",
            "Check the format and the mapping. Nothing was imported.",
        )


def _kept(row: object) -> BadRow:
    from llmops_tui.interchange.tables import BadRow as TableBadRow

    assert isinstance(row, TableBadRow)
    return BadRow(row.line, row.reason, row.raw, row.length if row.cut else 0)


def _name_of(source: Source) -> str:
    name = source.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name or "data"


__all__ = [
    "ImportCancelledError",
    "ImportPreview",
    "ImportProgress",
    "ImportResult",
    "import_dataset",
    "map_columns",
    "open_source",
    "pasted",
    "preview_import",
    "preview_remembered",
    "remap",
    "source_hints",
]
