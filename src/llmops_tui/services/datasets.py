"""Data sets: look at a source, import it, browse what is there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_tui.core.dataset import BadRow, Dataset, DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets

if TYPE_CHECKING:
    from llmops_tui.core.tolerance import Tolerance
    from llmops_tui.interchange.tables import ColumnMapping, Overrides, Row, SourceFormat

    TableRow = Row
    """A row of a source as it stands there."""

REPORT_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """A source as it would be imported, for a person to look at first."""

    path: Path
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


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is."""

    rows: int
    bad_rows: int
    fraction: float
    """Of the source, 0 to 1."""
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import made."""

    dataset: str
    version: DatasetVersion


class ImportCancelledError(InputError):
    """Somebody cancelled the import; nothing of it was kept."""


def list_datasets(workspace: Workspace, project_id: int) -> list[Dataset]:
    """The project's data sets by name."""
    return datasets.datasets(workspace.db, project_id)


def find_dataset(workspace: Workspace, project_id: int, name: str | None) -> Dataset:
    """A data set of a project by name; without a name, the only one.

    Raises:
        NotFoundError: there is none of that name, or none at all.
        InputError: there are several and no name was given.
    """
    found = [item for item in list_datasets(workspace, project_id) if item.version is not None]
    names = ", ".join(item.name for item in found)
    if name is not None:
        for item in found:
            if item.name == name:
                return item
        raise NotFoundError(
            f"There is no data set named {name!r}.", f"Data sets here: {names or 'none yet'}."
        )
    if not found:
        raise NotFoundError(
            "The project has no data set yet.", "`llmops-tui dataset import FILE` makes one."
        )
    if len(found) > 1:
        raise InputError("There are several data sets.", f"Name one with --dataset: {names}.")
    return found[0]


def example_page(
    workspace: Workspace,
    version: DatasetVersion,
    *,
    after: int = 0,
    limit: int = 64,
    find: str = "",
) -> list[Example]:
    """Examples with a position above `after`, optionally only those that contain `find`."""
    return datasets.page(workspace.db, version, after=after, limit=limit, find=find)


def bad_row_page(
    workspace: Workspace, version: DatasetVersion, *, after: int = 0, limit: int = 64
) -> list[BadRow]:
    """Rows that the import of this version kept aside."""
    return datasets.bad_rows(workspace.db, version.id, after=after, limit=limit)


def source_hints(
    *,
    kind: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Overrides:
    """What a person knows of a source better than looking at it tells; None: find out."""
    from llmops_tui.interchange.tables import Overrides

    return Overrides(kind=kind, encoding=encoding, delimiter=delimiter, header=header)


def preview_import(path: Path, overrides: Overrides | None = None) -> ImportPreview:
    """Look at a file without importing it.

    Raises:
        InputError: it can't be read as a table; the error says why.
    """
    from llmops_tui.interchange import tables  # only who imports pays for it

    path = path.expanduser()
    found = tables.sniff(path, overrides)
    rows, bad = tables.sample_rows(path, found)
    if not rows and not bad:
        raise InputError(f"“{path.name}” has no rows.", "Check that it's the right file.")
    columns = tables.columns(rows)
    return ImportPreview(
        path=path,
        format=found,
        columns=columns,
        rows=tuple(rows),
        bad_rows=tuple(_kept(row) for row in bad),
        mapping=tables.guess_mapping(columns, rows),
        name=_name_of(path),
    )


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
            f"“{preview.path.name}” has no column {', '.join(map(repr, unknown))}.",
            f"Its columns are {', '.join(preview.columns)}.",
        )
    guess = preview.mapping
    taken = {expected or guess.expected, split or guess.split, *(tags or guess.tags)}
    kept = tuple(name for name in guess.inputs if name not in taken) or guess.inputs
    mapping = replace(
        guess,
        inputs=tuple(inputs) or kept,
        expected=expected or guess.expected,
        tags=tuple(tags) or guess.tags,
        split=split or guess.split,
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
    rows = _reported(_drafts(preview), _Reporter(preview, on_progress, cancelled))
    dataset = name or preview.name
    version = datasets.add_version(
        workspace.db,
        project_id,
        dataset,
        _not_empty(rows, preview.path),
        author=workspace.person,
        source=str(preview.path),
        note=note,
    )
    return ImportResult(dataset, version)


def add_examples(
    workspace: Workspace, project_id: int, name: str, rows: Iterator[ExampleDraft], *, source: str
) -> DatasetVersion:
    """Make a data set version from rows that are at hand."""
    return datasets.add_version(
        workspace.db, project_id, name, rows, author=workspace.person, source=source
    )


@dataclass(frozen=True, slots=True)
class DatasetsView:
    """The project's data sets, and how many examples its tolerance asks for."""

    datasets: tuple[Dataset, ...]
    tolerance: Tolerance
    least_examples: int
    """With fewer, no verdict is possible even if not one of them is wrong."""


def datasets_view(workspace: Workspace, project_id: int) -> DatasetsView:
    """What the Datasets screen shows."""
    from llmops_tui.services.projects import tolerance_of

    tolerance = tolerance_of(workspace, project_id)
    return DatasetsView(
        tuple(list_datasets(workspace, project_id)),
        tolerance,
        # With none wrong the exact bound is 1 - alpha^(1/n): in closed form, so without SciPy.
        math.ceil(math.log(tolerance.alpha) / math.log1p(-tolerance.max_wrong)),
    )


def example_positions(
    workspace: Workspace, version: DatasetVersion, find: str = ""
) -> Sequence[int]:
    """Positions of all examples of a version, or of those that contain `find`."""
    return datasets.positions(workspace.db, version, find)


class _Reporter:
    """Tells how far an import is, a few times a second, and hears whether to stop."""

    def __init__(
        self,
        preview: ImportPreview,
        on_progress: Callable[[ImportProgress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        from llmops_tui.interchange.tables import Progress

        self.reading = Progress()
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._name = preview.path.name
        self._began = self._last = time.monotonic()
        self._good = self._bad = 0

    def saw(self, row: ExampleDraft | BadRow) -> None:
        """Count a row."""
        if isinstance(row, BadRow):
            self._bad += 1
        else:
            self._good += 1
        if (self._good + self._bad) % 64 == 0:
            self._tell()

    def _tell(self) -> None:
        if self._cancelled():
            raise ImportCancelledError(
                f"The import of “{self._name}” was cancelled.", "Nothing of it was kept."
            )
        now = time.monotonic()
        if now - self._last < REPORT_EVERY_S:
            return
        self._last = now
        left = self.reading.remaining_s(now - self._began)
        self._on_progress(ImportProgress(self._good, self._bad, self.reading.fraction, left))


def _reported(
    read: Callable[[_Reporter], Iterator[ExampleDraft | BadRow]], reporter: _Reporter
) -> Iterator[ExampleDraft | BadRow]:
    for row in read(reporter):
        reporter.saw(row)
        yield row


def _drafts(preview: ImportPreview) -> Callable[[_Reporter], Iterator[ExampleDraft | BadRow]]:
    from llmops_tui.interchange import tables

    def read(reporter: _Reporter) -> Iterator[ExampleDraft | BadRow]:
        for row in tables.read_rows(preview.path, preview.format, reporter.reading):
            if isinstance(row, tables.BadRow):
                yield _kept(row)
                continue
            made = tables.to_example(row, preview.mapping)
            yield ExampleDraft(made.inputs, made.expected, made.tags, made.split)

    return read


def _not_empty(
    rows: Iterator[ExampleDraft | BadRow], path: Path
) -> Iterator[ExampleDraft | BadRow]:
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
            f"No row of “{path.name}” could be used{why}.",
            "Check the format and the mapping. Nothing was imported.",
        )


def _kept(row: object) -> BadRow:
    from llmops_tui.interchange.tables import BadRow as TableBadRow

    assert isinstance(row, TableBadRow)
    return BadRow(row.line, row.reason, row.raw)


def _name_of(path: Path) -> str:
    name = path.name
    for suffix in (".gz", ".csv", ".tsv", ".jsonl", ".json", ".txt"):
        name = name.removesuffix(suffix)
    return name or "data"


__all__ = [
    "DatasetsView",
    "ImportCancelledError",
    "ImportPreview",
    "ImportProgress",
    "ImportResult",
    "add_examples",
    "bad_row_page",
    "datasets_view",
    "example_page",
    "example_positions",
    "find_dataset",
    "import_dataset",
    "list_datasets",
    "preview_import",
]
