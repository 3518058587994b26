"""From an answer to an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llmops_tui.core.chat import Answer, Json
from llmops_tui.core.dataset import Example
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.core.scorers import Score, ScorerSpec, ScoringInput, build


class ScorerFailedError(Exception):
    """A scorer broke on an answer: the sample is errored, the answer is kept."""


class Scoring:
    """All scorers of a run, compiled once. An answer is right when every one of them passes."""

    def __init__(self, specs: Sequence[Mapping[str, Json]]) -> None:
        parsed = [ScorerSpec.from_json(spec) for spec in specs]
        self._scorers: list[tuple[str, Callable[[ScoringInput], Score]]] = [
            (spec.name, build(spec)) for spec in parsed
        ]

    def __call__(
        self, answer: Answer, example: Example, cost: int
    ) -> tuple[Outcome, str, tuple[SampleScore, ...]]:
        """(outcome, reason for people, each scorer's score).

        Raises:
            ScorerFailedError: a scorer raised.
        """
        given = ScoringInput(
            answer=answer.text,
            expected=example.expected,
            inputs=example.inputs,
            latency_ms=answer.latency_ms,
            cost=cost,
            finish_reason=answer.finish_reason,
        )
        scores = []
        for name, scorer in self._scorers:
            try:
                score = scorer(given)
            except Exception as error:
                raise ScorerFailedError(f"The scorer {name} broke: {error!r}") from error
            scores.append(SampleScore(score.scorer, score.value, score.passed, score.reason))
        failed = [score for score in scores if not score.passed]
        reason = (failed or scores)[0].reason if scores else ""
        outcome = Outcome.WRONG if failed else Outcome.RIGHT
        return outcome, reason, tuple(scores)
