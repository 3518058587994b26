"""Testing the scorers themselves: by answers that are known to be right or wrong.

An example may carry such answers in the columns `known_right` and `known_wrong`, each a text or a
list of texts; what it expects is known to be right without that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from llmops_tui.core.chat import Answer, Json, Usage
from llmops_tui.core.dataset import Example
from llmops_tui.core.run import Outcome
from llmops_tui.core.scorers.base import accepted
from llmops_tui.services.scorer_choice import scorer_words
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import datasets, runs, separation

RIGHT_COLUMN, WRONG_COLUMN = "known_right", "known_wrong"
PAGE = 500
MOST_FAULTS = 2_000


class FaultKind(StrEnum):
    """What a scorer does wrong. The names appear on screens."""

    REJECTS = "rejects a right answer"
    PASSES = "passes a wrong answer"
    BREAKS = "can't judge"


@dataclass(frozen=True, slots=True)
class Fault:
    """A known answer that a scorer gets wrong."""

    scorer: str
    kind: FaultKind
    position: int
    """Of the row in its data set."""
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How scorers stand the test."""

    scorers: tuple[str, ...]
    right: int
    """Answers known to be right."""
    wrong: int
    faults: tuple[Fault, ...]
    always_right: tuple[int, ...]
    """Positions of rows that everything tried so far got right: they separate nothing."""
    always_wrong: tuple[int, ...]

    def sentence(self) -> str:
        """In words."""
        known = f"{self.right:,} answers known to be right, {self.wrong:,} known to be wrong"
        by = {kind: sum(fault.kind is kind for fault in self.faults) for kind in FaultKind}
        said = (
            f"{known}: {by[FaultKind.REJECTS]:,} right ones rejected, {by[FaultKind.PASSES]:,} "
            f"wrong ones passed, {by[FaultKind.BREAKS]:,} not judged"
        )
        if not self.wrong:
            said += f"; a column {WRONG_COLUMN} would test what they let through"
        return said + "."

    def separation_sentence(self) -> str:
        """Which rows tell nothing apart."""
        return (
            f"Rows that never separate what was tried: {len(self.always_right):,} always right, "
            f"{len(self.always_wrong):,} always wrong."
        )


def self_test(
    workspace: Workspace, dataset_version_id: int, scorers: Sequence[Mapping[str, Json]]
) -> SelfTest:
    """Judge every known answer of a data set by each scorer alone.

    Raises:
        InputError: a scorer can't be used.
    """
    from llmops_tui.runner.scoring import Scoring  # compiles scorers and loads their libraries

    version = datasets.version(workspace.db, dataset_version_id)
    alone = [(scorer_words([spec]), Scoring([spec], workspace.db)) for spec in scorers]
    faults: list[Fault] = []
    known = [0, 0]
    after = 0
    try:
        while page := datasets.page(workspace.db, version, after=after, limit=PAGE):
            after = page[-1].position
            for example in page:
                for text, is_right in known_answers(example):
                    known[not is_right] += 1
                    faults += (
                        fault
                        for name, scoring in alone
                        if (fault := _fault(name, scoring, example, text, is_right)) is not None
                    )
    finally:
        for _, scoring in alone:
            scoring.close()
    same = separation.same_everywhere(workspace.db, dataset_version_id)
    places = datasets.by_ids(workspace.db, [example for example, _ in same])
    return SelfTest(
        tuple(name for name, _ in alone),
        known[0],
        known[1],
        tuple(faults[:MOST_FAULTS]),
        _positions(same, places, Outcome.RIGHT),
        _positions(same, places, Outcome.WRONG),
    )


def self_test_run(workspace: Workspace, run_id: int) -> SelfTest:
    """Test a run's scorers by the known answers of its data set."""
    run = runs.get(workspace.db, run_id)
    return self_test(workspace, run.dataset_version_id, run.spec.scorers)


def known_answers(example: Example) -> Iterator[tuple[str, bool]]:
    """(answer, whether it is right) of what an example knows."""
    if example.expected is not None:
        for text in accepted(example.expected):
            yield text, True
    for column, is_right in ((RIGHT_COLUMN, True), (WRONG_COLUMN, False)):
        for text in _texts(example.inputs.get(column)):
            yield text, is_right


def _texts(value: Json) -> Sequence[str]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return (str(value),)
    if isinstance(value, list):
        return [str(text) for text in value]
    return (str(value),) if value not in (None, "") else ()


def _fault(name: str, scoring: object, example: Example, text: str, is_right: bool) -> Fault | None:
    from llmops_tui.runner.scoring import ScorerFailedError, Scoring

    assert isinstance(scoring, Scoring)
    answer = Answer(text, "stop", Usage(0, 0), "", "", 0.0)
    try:
        outcome, reason, _ = scoring(answer, example, 0)
    except ScorerFailedError as error:
        cause = error.__cause__ or error
        return Fault(name, FaultKind.BREAKS, example.position, text, str(cause))
    if (outcome is Outcome.RIGHT) is is_right:
        return None
    kind = FaultKind.REJECTS if is_right else FaultKind.PASSES
    return Fault(name, kind, example.position, text, reason)


def _positions(
    same: Sequence[tuple[int, Outcome]], places: Mapping[int, Example], outcome: Outcome
) -> tuple[int, ...]:
    return tuple(sorted(places[example].position for example, found in same if found is outcome))
