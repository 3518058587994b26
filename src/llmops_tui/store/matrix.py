"""A run as a grid, rows by cells; and pairs of cells of any runs, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_tui.core.run import Outcome
from llmops_tui.store.codec import json_strings, to_json
from llmops_tui.store.database import Database, store_errors

# Cells and repeats of a row stand together in the plan: a stretch of rows is one of ordinals.
STRETCH = """
SELECT id, ordinal, cell, repeat, example_id, outcome, reason, answer_head
FROM sample WHERE run_id = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal
"""
OUTCOMES = "SELECT ordinal, outcome, example_id FROM sample WHERE run_id = ? ORDER BY ordinal"
BY_TAG = """
SELECT j.value AS tag, s.cell, sum(s.outcome = 'right') AS correct,
       sum(s.outcome = 'wrong') AS wrong, sum(s.outcome = 'errored') AS errored
FROM sample s JOIN example e ON e.id = s.example_id JOIN json_each(e.tags) j
WHERE s.run_id = ? AND s.repeat = 0 GROUP BY j.value, s.cell ORDER BY j.value, s.cell
"""
OF_CELL = """
SELECT id, example_id, outcome FROM sample WHERE run_id = ? AND cell = ? AND repeat = 0
"""
IDENTITIES = """
SELECT e.id, e.dataset_id, e.position, e.content_hash
FROM json_each(?) j JOIN example e ON e.id = j.value
"""
BY_IDS = """
SELECT s.id, s.example_id, s.outcome, s.reason, s.answer_head
FROM json_each(?) j JOIN sample s ON s.id = j.value
"""
TRAITS = """
SELECT e.id, e.tags, e.split, e.inputs
FROM json_each(?) j JOIN example e ON e.id = j.value
"""
AT_ORDINAL = "SELECT id FROM sample WHERE run_id = ? AND ordinal = ?"
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class GridSample:
    """A sample as the grid shows it."""

    id: int
    ordinal: int
    cell: int
    repeat: int
    example_id: int
    outcome: Outcome
    reason: str
    answer_head: str


@dataclass(frozen=True, slots=True)
class TagCounts:
    """Rows of one tag in one cell, by the first answer to each."""

    tag: str
    cell: int
    right: int
    wrong: int
    errored: int


@dataclass(frozen=True, slots=True)
class HeadOfSample:
    """A sample in one line of a comparison."""

    id: int
    example_id: int
    outcome: Outcome
    reason: str
    answer_head: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What an example can be grouped by."""

    example_id: int
    tags: tuple[str, ...]
    split: str
    inputs: str
    """The inputs as JSON."""


def stretch(db: Database, run_id: int, first: int, last: int) -> list[GridSample]:
    """The run's samples with ordinals from `first` to `last`, in that order."""
    return [
        GridSample(
            row["id"],
            row["ordinal"],
            row["cell"],
            row["repeat"],
            row["example_id"],
            Outcome(row["outcome"]),
            row["reason"],
            row["answer_head"],
        )
        for row in db.rows(STRETCH, (run_id, first, last))
    ]


def outcomes(db: Database, run_id: int) -> Iterator[tuple[int, str, int]]:
    """(ordinal, outcome's value, example id) of a run's samples, ascending; streamed."""
    with store_errors(db.path):
        for row in db.connection.execute(OUTCOMES, (run_id,)):
            yield row[0], row[1], row[2]


def by_tag(db: Database, run_id: int) -> list[TagCounts]:
    """Counts of each tag in each cell; reads all samples of the run."""
    return [
        TagCounts(str(row["tag"]), row["cell"], row["correct"], row["wrong"], row["errored"])
        for row in db.rows(BY_TAG, (run_id,))
    ]


def of_cell(db: Database, run_id: int, cell: int) -> dict[int, tuple[int, str]]:
    """The first answer to each example of a cell: example id → (sample id, outcome's value)."""
    with store_errors(db.path):
        return {row[1]: (row[0], row[2]) for row in db.connection.execute(OF_CELL, (run_id, cell))}


def identities(db: Database, ids: Sequence[int]) -> dict[int, tuple[tuple[int, int], bytes]]:
    """Place ((data set, position)) and content hash of examples, by id."""
    found: dict[int, tuple[tuple[int, int], bytes]] = {}
    for start in range(0, len(ids), BATCH):
        for row in db.rows(IDENTITIES, (to_json(list(ids[start : start + BATCH])),)):
            place = (row["dataset_id"], row["position"])
            found[row["id"]] = (place, bytes(row["content_hash"]))
    return found


def heads(db: Database, sample_ids: Sequence[int]) -> dict[int, HeadOfSample]:
    """Some samples in one line each, by id."""
    return {
        row["id"]: HeadOfSample(
            row["id"],
            row["example_id"],
            Outcome(row["outcome"]),
            row["reason"],
            row["answer_head"],
        )
        for row in db.rows(BY_IDS, (to_json(list(sample_ids)),))
    }


def traits(db: Database, ids: Sequence[int]) -> Iterator[Traits]:
    """What examples can be grouped by; read in batches."""
    known: dict[str, tuple[str, ...]] = {}  # many rows share their tags
    for start in range(0, len(ids), BATCH):
        for row in db.rows(TRAITS, (to_json(list(ids[start : start + BATCH])),)):
            tags = known.get(row["tags"])
            if tags is None:
                tags = known[row["tags"]] = json_strings(row["tags"])
            yield Traits(row["id"], tags, row["split"] or "", row["inputs"])


def sample_at(db: Database, run_id: int, ordinal: int) -> int | None:
    """The sample at a place of the plan; None where it isn't finished."""
    row = db.row(AT_ORDINAL, (run_id, ordinal))
    return int(row[0]) if row else None
