"""Data sets: what is there, and browsing it. `dataset_import` brings more in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.core.dataset import BadRow, Dataset, DatasetVersion, Example, ExampleDraft
from llmops_tui.core.errors import InputError, NotFoundError
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import bad_rows, datasets

if TYPE_CHECKING:
    from llmops_tui.core.tolerance import Tolerance


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


def version_of(workspace: Workspace, dataset: Dataset, number: int | None) -> DatasetVersion:
    """A data set's version by number; without one, the newest.

    Raises:
        NotFoundError: it has none of that number.
    """
    if number is not None:
        return datasets.version_by_number(workspace.db, dataset.id, number)
    if dataset.version is None:
        raise NotFoundError(f"“{dataset.name}” has no version yet.", "Import one.")
    return dataset.version


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


def examples_at(
    workspace: Workspace, version: DatasetVersion, positions: Sequence[int]
) -> list[Example]:
    """The examples of a version at some positions, in that order; those that aren't there go."""
    found = datasets.at_positions(workspace.db, version, positions)
    return [found[position] for position in positions if position in found]


def bad_row_page(
    workspace: Workspace, version: DatasetVersion, *, after: int = 0, limit: int = 64
) -> list[BadRow]:
    """Rows that the import of this version kept aside."""
    return bad_rows.page(workspace.db, version.id, after=after, limit=limit)


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


__all__ = [
    "DatasetsView",
    "add_examples",
    "bad_row_page",
    "datasets_view",
    "example_page",
    "example_positions",
    "examples_at",
    "find_dataset",
    "list_datasets",
    "version_of",
]
