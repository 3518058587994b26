"""Finding out what a source is that is no stream of text: by its first bytes, and what is in it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.model import Dialect, Kind, Overrides, Shape, SourceFormat
from llmops_tui.interchange.tables.source import Source

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_SQLITE = b"SQLite format 3\x00"
_PARQUET = b"PAR1"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def file_format(source: Source, overrides: Overrides) -> SourceFormat | None:
    """The format of a directory, a Parquet file, a workbook, a log; None for anything else.

    Raises:
        InputError: It is one of them, but can't be read; the hint says what to do.
    """
    if source.is_directory:
        return _folder(source)
    with source.open() as stream:
        head = stream.read(4096)
    known: tuple[tuple[bytes, Callable[[Source, Overrides], SourceFormat | None]], ...] = (
        (_PARQUET, _parquet),
        (_ZIP, _archive),
        (_EMPTY_ZIP, _archive),
        (_OLD_OFFICE, _workbook),
        (_SQLITE, _database),
    )
    return next((find(source, overrides) for mark, find in known if head.startswith(mark)), None)


def _folder(source: Source) -> SourceFormat:
    from llmops_tui.interchange.tables.folder import files

    count = len(files(source.local_path()))
    return SourceFormat(Kind.FOLDER, notes=(f"{count:,} files: each is read as one row.",))


def _parquet(source: Source, _: Overrides) -> SourceFormat:
    from llmops_tui.interchange.tables.parquet import is_own

    own = is_own(source.local_path(), source.name)
    return SourceFormat(Kind.PARQUET, shape=Shape.OWN_COLUMNS if own else Shape.PLAIN)


def _archive(source: Source, overrides: Overrides) -> SourceFormat | None:
    from llmops_tui.interchange.tables.inspectlog import is_inspect_log

    path = source.local_path()
    if is_inspect_log(path):
        note = "Each sample once: further epochs of a sample are left out."
        return SourceFormat(Kind.INSPECT, shape=Shape.INSPECT, notes=(note,))
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"“{source.name}” is damaged: {error}.", "Copy it again.") from error
    if any(name.startswith("xl/") for name in names) or "mimetype" in names:
        return _workbook(source, overrides)
    return None


def _workbook(source: Source, overrides: Overrides) -> SourceFormat:
    from llmops_tui.interchange.tables.excel import sheets

    found = sheets(source.local_path(), source.name)
    if not found:
        raise InputError(f"“{source.name}” has no sheets.", "Check that it's the right file.")
    sheet = overrides.sheet or found[0]
    if sheet not in found:
        raise InputError(
            f"“{source.name}” has no sheet “{sheet}”.", f"Its sheets are {', '.join(found)}."
        )
    others = ", ".join(f"“{name}”" for name in found if name != sheet)
    notes = (f"Other sheets are there: {others}.",) if others else ()
    header = True if overrides.header is None else overrides.header
    return SourceFormat(Kind.EXCEL, sheet=sheet, dialect=Dialect(header=header), notes=notes)


def _database(source: Source, _: Overrides) -> SourceFormat:
    from llmops_tui.store import llm_logs

    if not llm_logs.is_llm_log(source.local_path()):
        raise InputError(
            f"“{source.name}” is an SQLite database, and not the log of llm.",
            "Export the table first: sqlite3 file.db -csv -header 'SELECT …' > table.csv",
        )
    note = "A response is what a model said, not what is right: it is not the expected answer."
    return SourceFormat(Kind.LLM, notes=(note,))
