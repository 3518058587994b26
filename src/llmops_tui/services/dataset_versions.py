"""The versions of a data set, and what differs between any two."""

from __future__ import annotations

import json
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import dataset_difference, datasets

MOST = 5000
"""Differences that are shown one by one; the counts are of all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs between two versions."""

    position: int
    before: Example | None
    after: Example | None

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def fields(self) -> tuple[tuple[str, str | None, str | None], ...]:
        """Name, before and after of each field that differs; None where there is none."""
        old, new = _fields(self.before), _fields(self.after)
        return tuple(
            (name, old.get(name), new.get(name))
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name)
        )


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """All that differs between two versions."""

    old: DatasetVersion
    new: DatasetVersion
    added: int
    removed: int
    changed: int
    rows: tuple[Difference, ...]
    """The first `MOST` of them."""


def list_versions(workspace: Workspace, dataset_id: int) -> list[DatasetVersion]:
    """The newest 200 versions, the newest first."""
    return dataset_difference.versions(workspace.db, dataset_id)


def newest(workspace: Workspace, dataset_id: int) -> DatasetVersion:
    """The newest version."""
    return dataset_difference.versions(workspace.db, dataset_id, limit=1)[0]


def find_version(workspace: Workspace, version_id: int) -> DatasetVersion:
    """A version as it is in the file."""
    return datasets.version(workspace.db, version_id)


def compare(workspace: Workspace, one: DatasetVersion, other: DatasetVersion) -> VersionDiff:
    """What differs between two versions of a data set, from the older to the newer one."""
    old, new = sorted((one, other), key=lambda version: version.number)
    counts = {"added": 0, "removed": 0, "changed": 0}
    rows: list[Difference] = []
    found = (Difference(*row) for row in dataset_difference.differences(workspace.db, old, new))
    real = (row for row in found if row.before is None or row.after is None or row.fields)
    for row in real:
        counts[row.kind] += 1
        if len(rows) < MOST:
            rows.append(row)
    return VersionDiff(old, new, counts["added"], counts["removed"], counts["changed"], tuple(rows))


def _fields(example: Example | None) -> dict[str, str]:
    if example is None:
        return {}
    found = {name: _text(value) for name, value in example.inputs.items()}
    if example.expected is not None:
        found["expected"] = example.expected
    if example.tags:
        found["tags"] = ", ".join(example.tags)
    if example.split:
        found["split"] = example.split
    return found


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
