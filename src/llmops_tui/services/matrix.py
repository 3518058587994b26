"""A run as a grid: a row for each example, a column for each prompt version and model."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from llmops_tui.core.chat import Json
from llmops_tui.core.plan import Plan
from llmops_tui.core.run import Outcome, Run
from llmops_tui.core.tolerance.proportion import Interval, interval
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, matrix, runs
from llmops_tui.store.matrix import GridSample

RIGHT, WRONG, ERRORED = 1, 2, 4
BITS = {"right": RIGHT, "wrong": WRONG, "errored": ERRORED}
MOST_TAGS = 2_000


class Only(StrEnum):
    """Which rows of the grid are shown. The names appear on screens."""

    ALL = "all"
    WRONG = "wrong"
    ERRORED = "errored"
    DISAGREEING = "disagreeing"
    """Some answer to the row is right and another one wrong."""
    CHANGED = "changed"
    """The row's outcomes are others than in the run before."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One example with what came of it in each cell."""

    rank: int
    """Its place in the order of the run, from 0."""
    example_id: int
    position: int
    """Its place in the data set, from 1."""
    input: str
    expected: str | None
    cells: tuple[tuple[GridSample, ...], ...]
    """For each cell the finished samples, one for each repeat."""


@dataclass(frozen=True, slots=True)
class TagLine:
    """One tag with its counts and bounds in each cell."""

    tag: str
    cells: tuple[tuple[int, int, int, Interval], ...]
    """(wrong, answered, errored, bounds of the share wrong), cell by cell."""


class Grid:
    """Reads a run as a grid, page by page. One thread at a time."""

    def __init__(self, workspace: Workspace, run_id: int) -> None:
        self._db = workspace.db
        self.run_id = run_id
        run = runs.get(self._db, run_id)
        self._run = run
        self._group = len(run.spec.cells) * run.spec.repeats
        version = datasets.version(self._db, run.dataset_version_id)
        self._ids = datasets.example_ids(self._db, version, run.spec.split, run.spec.only)
        spec = run.spec
        self._plan = Plan(len(self._ids), len(spec.cells), spec.repeats, spec.seed, spec.limit)
        self._marks: tuple[int, bytearray] | None = None
        self._changed: tuple[int, bytearray] | None = None
        self.before: int | None = None
        """The run that `changed` compares with; None before that was asked or without one."""

    @property
    def rows_in_all(self) -> int:
        """Rows of the run's plan."""
        return self._run.total // self._group

    def rows(self, first: int, limit: int) -> list[GridRow]:
        """Up to `limit` rows from a rank on; what isn't finished yet is missing in its cells."""
        last = min(first + limit, self.rows_in_all) - 1
        return self._read(range(first, last + 1)) if last >= first else []

    def rows_at(self, ranks: Sequence[int]) -> list[GridRow]:
        """The rows of some ranks, ascending."""
        return self._read(ranks)

    def ranks(self, only: Only) -> array[int]:
        """Ranks of the rows that a filter shows; reads the outcomes of the whole run once."""
        if only is Only.CHANGED:
            changed = self._changed_marks()
            return array("q", (rank for rank, mark in enumerate(changed) if mark))
        marks = self._read_marks()
        both = RIGHT | WRONG
        if only is Only.DISAGREEING:
            return array("q", (rank for rank, mark in enumerate(marks) if mark & both == both))
        wanted = {Only.ALL: 255, Only.WRONG: WRONG, Only.ERRORED: ERRORED}[only]
        return array("q", (rank for rank, mark in enumerate(marks) if mark & wanted))

    def begun(self) -> int:
        """How many rows have a sample so far, from the run's own counts."""
        return min(self.rows_in_all, -(-runs.get(self._db, self.run_id).done // self._group))

    def _read_marks(self) -> bytearray:
        done = runs.get(self._db, self.run_id).done
        if self._marks is None or self._marks[0] != done:
            marks = bytearray(self.rows_in_all)
            for ordinal, outcome, _ in matrix.outcomes(self._db, self.run_id):
                marks[ordinal // self._group] |= BITS[outcome]
            self._marks = (done, marks)
        return self._marks[1]

    def _changed_marks(self) -> bytearray:
        done = runs.get(self._db, self.run_id).done
        if self._changed is None or self._changed[0] != done:
            self._changed = (done, self._compare_with_before())
        return self._changed[1]

    def _compare_with_before(self) -> bytearray:
        marks = bytearray(self.rows_in_all)
        self.before = run_before(self._run, self._db_runs())
        if self.before is None:
            return marks
        old: dict[int, int] = {}
        for _, outcome, example in matrix.outcomes(self._db, self.before):
            old[example] = old.get(example, 0) | BITS[outcome]
        new = self._read_marks()
        examples: dict[int, int] = {}
        for ordinal, _, example in matrix.outcomes(self._db, self.run_id):
            examples.setdefault(ordinal // self._group, example)
        for rank, example in examples.items():
            seen = old.get(example)
            marks[rank] = seen is not None and seen != new[rank]
        return marks

    def _db_runs(self) -> list[Run]:
        return runs.page(self._db, self._run.project_id, before=self.run_id, limit=64)

    def _read(self, ranks: Sequence[int]) -> list[GridRow]:
        found: list[GridSample] = []
        for first, last in _stretches(ranks):
            found += matrix.stretch(
                self._db, self.run_id, first * self._group, (last + 1) * self._group - 1
            )
        planned = {rank: self._ids[self._plan[rank * self._group].example] for rank in ranks}
        examples = datasets.by_ids(self._db, sorted(set(planned.values())))
        grouped: dict[int, list[GridSample]] = {}
        for sample in found:
            grouped.setdefault(sample.ordinal // self._group, []).append(sample)
        rows = []
        for rank in ranks:
            samples, example = grouped.get(rank, []), examples[planned[rank]]
            cells = tuple(
                tuple(sample for sample in samples if sample.cell == cell)
                for cell in range(len(self._run.spec.cells))
            )
            rows.append(
                GridRow(
                    rank,
                    example.id,
                    example.position,
                    input_words(example.inputs),
                    example.expected,
                    cells,
                )
            )
        return rows


def run_before(run: Run, earlier: Sequence[Run]) -> int | None:
    """The newest earlier run that has samples of the same data set; None where there is none."""
    for other in earlier:
        if other.id < run.id and other.done and other.dataset_version_id == run.dataset_version_id:
            return other.id
    return None


def tag_lines(workspace: Workspace, run_id: int) -> tuple[TagLine, ...]:
    """Each tag's share wrong in each cell, the worst first; a row's first answer counts."""
    run = runs.get(workspace.db, run_id)
    confidence = run.spec.confidence
    counted: dict[str, dict[int, tuple[int, int, int]]] = {}
    for found in matrix.by_tag(workspace.db, run_id):
        counts = (found.wrong, found.right + found.wrong, found.errored)
        counted.setdefault(found.tag, {})[found.cell] = counts
    lines = []
    for tag, by_cell in list(counted.items())[:MOST_TAGS]:
        cells = []
        for cell in range(len(run.spec.cells)):
            wrong, answered, errored = by_cell.get(cell, (0, 0, 0))
            bounds = interval(wrong, answered, confidence) if answered else Interval(0.0, 1.0)
            cells.append((wrong, answered, errored, bounds))
        lines.append(TagLine(tag, tuple(cells)))
    lines.sort(key=lambda line: max(-bounds.lower for *_, bounds in line.cells))
    return tuple(lines)


def sample_of_next_cell(workspace: Workspace, run_id: int, ordinal: int) -> int | None:
    """The finished sample of the same row in the next cell or repeat, around the end."""
    spec = runs.get(workspace.db, run_id).spec
    group = len(spec.cells) * spec.repeats
    first = ordinal - ordinal % group
    for step in range(1, group):
        found = matrix.sample_at(workspace.db, run_id, first + (ordinal - first + step) % group)
        if found is not None:
            return found
    return None


def mark_of(samples: Sequence[GridSample]) -> Outcome | None:
    """What a cell's samples of one row say together: wrong where any is; None without any."""
    kinds = {sample.outcome for sample in samples}
    for outcome in (Outcome.WRONG, Outcome.RIGHT, Outcome.ERRORED):
        if outcome in kinds:
            return outcome
    return None


def input_words(inputs: object) -> str:
    """An example's inputs in one line: the only one's text, or all as JSON."""
    if not isinstance(inputs, dict):
        return ""
    texts: list[Json] = list(inputs.values())
    if len(texts) == 1 and isinstance(texts[0], str):
        return texts[0][:400]
    return json.dumps(inputs, ensure_ascii=False)[:400]


def _stretches(ranks: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring ranks as (first, last)."""
    found: list[tuple[int, int]] = []
    for rank in ranks:
        if found and rank == found[-1][1] + 1:
            found[-1] = (found[-1][0], rank)
        else:
            found.append((rank, rank))
    return found
