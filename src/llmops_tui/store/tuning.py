"""What was written for fine-tuning, and which inputs that were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.store.database import Database

AT_ONCE = 5_000

KEEP_DIGEST = "INSERT INTO tuned_input (project_id, digest) VALUES (?, ?) ON CONFLICT DO NOTHING"
KEEP_EXPORT = """
INSERT INTO tuning_export (project_id, dataset_version_id, split, rows, person, exported_at)
SELECT d.project_id, v.id, ?2, ?3, ?4, ?5
FROM dataset_version v JOIN dataset d ON d.id = v.dataset_id WHERE v.id = ?1
"""
OLD_REPORTS = """
DELETE FROM quality_report WHERE dataset_version_id IN (
    SELECT v.id FROM dataset d JOIN dataset_version v ON v.dataset_id = d.id
    WHERE d.project_id = ?)
"""
PROJECT = """
SELECT d.project_id FROM dataset_version v JOIN dataset d ON d.id = v.dataset_id WHERE v.id = ?
"""
DIGESTS = "SELECT digest FROM tuned_input WHERE project_id = ?"
NEWEST = """
SELECT d.name AS dataset, v.number AS version, t.split, t.rows, t.person, t.exported_at
FROM tuning_export t
JOIN dataset_version v ON v.id = t.dataset_version_id JOIN dataset d ON d.id = v.dataset_id
WHERE t.project_id = ? ORDER BY t.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class TuningExport:
    """Examples that were written for fine-tuning."""

    dataset: str
    version: int
    split: str
    """Empty: of all splits but gate."""
    rows: int
    person: str
    exported_at: int


def keep(
    db: Database,
    version_id: int,
    digests: Sequence[bytes],
    *,
    rows: int,
    split: str,
    person: str,
) -> None:
    """Remember an export. What was found in data sets before is looked for anew.

    The digests come first, in short transactions: where it breaks off, more is warned of, not less.
    """
    found = db.row(PROJECT, (version_id,))
    project_id = int(found["project_id"]) if found else 0
    for start in range(0, len(digests), AT_ONCE):
        with db.write() as connection:
            some = ((project_id, digest) for digest in digests[start : start + AT_ONCE])
            connection.executemany(KEEP_DIGEST, some)
    with db.write("dataset", "dataset_quality") as connection:
        values = (version_id, split, rows, person, now_ms())
        connection.execute(KEEP_EXPORT, values)
        connection.execute(OLD_REPORTS, (project_id,))


def tuned(db: Database, project_id: int) -> frozenset[bytes]:
    """Digests of all inputs that were ever written for fine-tuning in a project."""
    return frozenset(bytes(row["digest"]) for row in db.rows(DIGESTS, (project_id,)))


def newest(db: Database, project_id: int) -> TuningExport | None:
    """The last export."""
    row = db.row(NEWEST, (project_id,))
    if row is None:
        return None
    return TuningExport(
        row["dataset"],
        row["version"],
        row["split"],
        row["rows"],
        row["person"],
        row["exported_at"],
    )
