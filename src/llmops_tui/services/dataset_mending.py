"""Mending bad rows: their text is edited, read again as its source was, and becomes an example.

What somebody wrote is kept at once, whether it can be read or not. The rows that can become the
data set's next version together; the others stay aside in it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmops_tui.core.dataset import BadRow, DatasetVersion, ExampleDraft
from llmops_tui.core.errors import InputError
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import bad_rows, dataset_difference

if TYPE_CHECKING:
    from llmops_tui.interchange.tables import BadRow as TableBadRow
    from llmops_tui.interchange.tables import ColumnMapping, Row, SourceFormat

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Mended:
    """What a mended text reads as."""

    examples: tuple[ExampleDraft, ...] = ()
    reason: str = ""
    """Why it still can't be read; empty where it can."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the source of a version was read."""

    format: SourceFormat
    mapping: ColumnMapping
    columns: tuple[str, ...]
    """The names that a delimited source has in its header."""


def reading_of(workspace: Workspace, version: DatasetVersion) -> Reading | None:
    """How a version's source was read; None where it didn't come from one."""
    from llmops_tui.interchange import tables

    stored = bad_rows.reading(workspace.db, version.id)
    if not stored:
        return None
    plain = json.loads(stored)
    fmt = tables.format_from_plain(plain["format"])
    mapping = tables.mapping_from_plain(plain["mapping"])
    if fmt is None or mapping is None:
        return None
    return Reading(fmt, mapping, tuple(plain["header"]))


def keep_text(workspace: Workspace, row: BadRow, text: str) -> None:
    """Keep what somebody wrote for a bad row; the same as it stood means: nothing."""
    bad_rows.keep_mended(workspace.db, row.id, None if text == row.raw else text)


def read_again(reading: Reading, text: str) -> Mended:
    """Read a text as a row of its source, or rows where it holds several."""
    from llmops_tui.interchange import tables

    try:
        rows = list(_rows(reading, text))
    except InputError as error:
        return Mended(reason=str(error).rstrip("."))
    bad = next((row for row in rows if isinstance(row, tables.BadRow)), None)
    if bad is not None:
        return Mended(reason=bad.reason)
    if not rows:
        return Mended(reason="no row stands in it")
    made = [tables.to_example(row, reading.mapping) for row in rows if isinstance(row, tables.Row)]
    if not any(draft.inputs for draft in made):
        return Mended(reason=f"none of the inputs is in it: {', '.join(reading.mapping.inputs)}")
    return Mended(tuple(ExampleDraft(d.inputs, d.expected, d.tags, d.split) for d in made))


def publish_mended(workspace: Workspace, version: DatasetVersion) -> DatasetVersion:
    """Make the next version: the examples of this one, and the mended rows at their end.

    Raises:
        InputError: nothing is mended.
        ConflictError: a newer version exists already.
    """
    reading = reading_of(workspace, version)
    if reading is None:
        raise InputError("Nothing is known of this version's source.", "Import it again.")
    drafts: list[ExampleDraft] = []
    settled: list[int] = []
    for row in _mended_rows(workspace, version):
        mended = read_again(reading, row.mended or "")
        if not mended.reason:
            drafts += mended.examples
            settled.append(row.id)
    if not drafts:
        raise InputError(
            "No bad row is mended so that it can be read.", "e edits the one under the cursor."
        )
    return dataset_difference.edit(
        workspace.db,
        version,
        {},
        drafts,
        author=workspace.person,
        note=_note(settled),
        settled=settled,
    )


def _note(settled: Sequence[int]) -> str:
    return f"{len(settled):,} bad row{'s' * (len(settled) != 1)} mended"


def _mended_rows(workspace: Workspace, version: DatasetVersion) -> Iterator[BadRow]:
    after = 0
    while page := bad_rows.page(workspace.db, version.id, after=after, limit=_AT_ONCE):
        yield from (row for row in page if row.mended is not None)
        after = page[-1].id


def _rows(reading: Reading, text: str) -> Iterator[Row | TableBadRow]:
    from llmops_tui.interchange import tables

    fmt = replace(reading.format, compression="", encoding="utf-8", bom=False)
    if fmt.kind is tables.Kind.CSV:
        fmt = replace(fmt, dialect=replace(fmt.dialect, skip_lines=0, header=True))
        text = _header(reading) + text
    elif fmt.kind is not tables.Kind.LINES:
        # One value of JSON, whatever kind of file it was in.
        sequence = tables.Layout.SEQUENCE
        fmt = replace(fmt, kind=tables.Kind.JSON, layout=sequence, member=None)
    with tables.Source.from_bytes(text.encode("utf-8", "replace"), "The text") as source:
        yield from tables.read_rows(source, fmt)


def _header(reading: Reading) -> str:
    dialect = reading.format.dialect
    stream = io.StringIO()
    if not dialect.quote:
        return dialect.delimiter.join(reading.columns) + "\n"
    csv.writer(
        stream,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        doublequote=not dialect.escape,
        escapechar=dialect.escape or None,
        lineterminator="\n",
    ).writerow(reading.columns)
    return stream.getvalue()
