"""Labels as people gave them, before they become expected answers of a version."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.dataset import DatasetVersion
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

GIVE_LABEL = """
INSERT INTO example_label (dataset_id, position, labeller, value, labelled_at)
VALUES (?, ?, ?, ?, ?)
"""
LAST_LABEL = """
SELECT id, position FROM example_label
WHERE dataset_id = ? AND labeller = ? AND undone_at IS NULL AND taken_in IS NULL
ORDER BY id DESC LIMIT 1
"""
UNDO_LABEL = "UPDATE example_label SET undone_at = ? WHERE id = ?"
TAKE_LABELS = """
UPDATE example_label SET taken_in = ?
WHERE dataset_id = ? AND taken_in IS NULL AND undone_at IS NULL
  AND position IN (SELECT value FROM json_each(?))
"""
LABELS = """
SELECT position, labeller, value, taken_in FROM example_label
WHERE dataset_id = ? AND undone_at IS NULL ORDER BY position, id
"""
UNLABELLED = """
SELECT position FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
  AND expected IS NULL
ORDER BY position
"""
CHOICES = """
SELECT expected, count(*) AS rows FROM example
WHERE dataset_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
  AND expected IS NOT NULL AND length(expected) <= 40
GROUP BY expected ORDER BY rows DESC, expected LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What one person said of one example."""

    position: int
    labeller: str
    value: str
    taken_in: int | None
    """Number of the version that has it as the expected answer."""


def give(db: Database, dataset_id: int, position: int, labeller: str, value: str) -> None:
    """Keep a label; a later one of the same person for the same row counts instead."""
    with db.write("example_label") as connection:
        connection.execute(GIVE_LABEL, (dataset_id, position, labeller, value, now_ms()))


def undo(db: Database, dataset_id: int, labeller: str) -> int | None:
    """Take the person's last label back; gives the row's position, None where there is none."""
    with db.write("example_label") as connection:
        row = connection.execute(LAST_LABEL, (dataset_id, labeller)).fetchone()
        if row is None:
            return None
        connection.execute(UNDO_LABEL, (now_ms(), row["id"]))
        return int(row["position"])


def take(db: Database, dataset_id: int, positions: list[int], number: int) -> None:
    """Say that a version has these rows' labels."""
    with db.write("example_label") as connection:
        connection.execute(TAKE_LABELS, (number, dataset_id, to_json(positions)))


def labels(db: Database, dataset_id: int) -> dict[int, dict[str, Label]]:
    """The labels that count, by position and person."""
    found: dict[int, dict[str, Label]] = {}
    for row in db.rows(LABELS, (dataset_id,)):
        label = Label(row["position"], row["labeller"], row["value"], row["taken_in"])
        found.setdefault(label.position, {})[label.labeller] = label
    return found


def unlabelled(db: Database, of: DatasetVersion) -> list[int]:
    """Positions of examples without an expected answer."""
    key = (of.dataset_id, of.number, of.number)
    return [row["position"] for row in db.rows(UNLABELLED, key)]


def choices(db: Database, of: DatasetVersion, limit: int) -> list[str]:
    """The most frequent short expected answers."""
    key = (of.dataset_id, of.number, of.number, limit)
    return [row["expected"] for row in db.rows(CHOICES, key)]
