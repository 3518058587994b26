"""Test runs: what is planned, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from llmops_tui.core.chat import Json
from llmops_tui.core.tolerance import ROW, Tolerance


class RunStatus(StrEnum):
    """Where a run stands. `interrupted` is never stored: it is a run whose worker went away."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing will be added to the run unless somebody resumes it."""
        return self in (RunStatus.FINISHED, RunStatus.CANCELLED, RunStatus.FAILED)


class Wanted(StrEnum):
    """What people want of a running worker; it looks at each commit."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class Outcome(StrEnum):
    """What became of a sample. Errored is not wrong: no answer was had."""

    RIGHT = "right"
    WRONG = "wrong"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination under test."""

    prompt_version_id: int
    model_id: int


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that decides which requests a run makes and how answers are scored."""

    cells: tuple[Cell, ...]
    scorers: tuple[Mapping[str, Json], ...]
    seed: int
    repeats: int = 1
    split: str | None = None
    """Only examples of this split."""
    limit: int | None = None
    """At most this many examples, drawn at random by the seed."""
    use_cache: bool = True
    stream: bool = False
    stop_when_decided: bool = False
    only: tuple[int, ...] = ()
    """Ids of the only examples that are asked; empty for all of the split."""
    max_wrong: float = 0.02
    confidence: float = 0.95
    unit: str = ROW
    harmful_max_wrong: float | None = None
    """The tolerance as it stood when the run was planned: what it may stop by."""

    @property
    def tolerance(self) -> Tolerance:
        """What of the tolerance decides when a run may stop."""
        return Tolerance(
            max_wrong=self.max_wrong,
            confidence=self.confidence,
            unit=self.unit,
            harmful_max_wrong=self.harmful_max_wrong,
        )

    def to_json(self) -> dict[str, Json]:
        """The stored form."""
        return {
            "cells": [[cell.prompt_version_id, cell.model_id] for cell in self.cells],
            "scorers": [dict(scorer) for scorer in self.scorers],
            "seed": self.seed,
            "repeats": self.repeats,
            "split": self.split,
            "limit": self.limit,
            "use_cache": self.use_cache,
            "stream": self.stream,
            "stop_when_decided": self.stop_when_decided,
            "only": list(self.only),
            "max_wrong": self.max_wrong,
            "confidence": self.confidence,
            "unit": self.unit,
            "harmful_max_wrong": self.harmful_max_wrong,
        }

    @staticmethod
    def from_json(stored: dict[str, object]) -> RunSpec:
        """Read the stored form. Unknown keys of a later version are left out."""
        known = {name: stored[name] for name in RunSpec.__slots__ if name in stored}
        cells = known.pop("cells")
        scorers = known.pop("scorers")
        assert isinstance(cells, list)
        assert isinstance(scorers, list)
        only = known.pop("only", ())
        assert isinstance(only, list | tuple)
        return RunSpec(
            only=tuple(map(int, only)),
            cells=tuple(Cell(int(prompt), int(model)) for prompt, model in cells),
            scorers=tuple(scorers),
            **known,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class CellCounts:
    """Running counts of one cell."""

    cell: int
    prompt_version_id: int
    model_id: int
    right: int = 0
    wrong: int = 0
    errored: int = 0
    cached: int = 0
    cost: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0
    estimated: int = 0
    """Samples whose tokens the endpoint didn't tell: they are estimates."""
    judging_cost: int = 0
    """Nano-units that models which judge have cost, scoring again included."""

    @property
    def spent(self) -> int:
        """Nano-units of answers and judgements."""
        return self.cost + self.judging_cost

    @property
    def done(self) -> int:
        """Samples finished."""
        return self.right + self.wrong + self.errored


@dataclass(frozen=True, slots=True)
class Run:
    """A test run and how far it is."""

    id: int
    project_id: int
    dataset_version_id: int
    spec: RunSpec
    total: int
    status: RunStatus
    cause: str
    wanted: Wanted
    concurrency: int
    cost_cap: int | None
    author: str
    worker: str | None
    worker_pid: int | None
    lease_until: int | None
    active_ms: int
    note: str
    created_at: int
    started_at: int | None
    finished_at: int | None
    cells: tuple[CellCounts, ...] = field(default=())

    @property
    def done(self) -> int:
        """Samples finished, of `total`."""
        return sum(cell.done for cell in self.cells)


@dataclass(frozen=True, slots=True)
class SampleScore:
    """What one scorer said of one answer."""

    scorer: str
    value: float
    passed: bool
    reason: str
    judge: str = ""
    """Where a model judged: its name, the hash of its prompt and its parameters, as JSON."""
    cost: int = 0
    """What the judgement cost, in nano-units of the judge's currency."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A finished sample as lists show it."""

    id: int
    run_id: int
    ordinal: int
    cell: int
    example_id: int
    repeat: int
    outcome: Outcome
    reason: str
    error_kind: str | None
    answer_head: str
    latency_ms: float
    first_token_ms: float | None
    input_tokens: int
    output_tokens: int
    cost: int
    cached: bool
    attempts: int
    finished_at: int
