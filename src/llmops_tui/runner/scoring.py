"""From an answer to an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Answer, Json
from llmops_tui.core.dataset import Example
from llmops_tui.core.run import Outcome, SampleScore
from llmops_tui.core.scorers import Score, ScorerSpec, ScoringInput
from llmops_tui.runner.scorers.compilers import build_scorer, waits
from llmops_tui.store.database import Database

if TYPE_CHECKING:
    from llmops_tui.runner.jury import ModelJury
    from llmops_tui.runner.pace import Paces


class ScorerFailedError(Exception):
    """A scorer broke on an answer: the sample is errored, the answer is kept."""


class Scoring:
    """All scorers of a run, compiled once. An answer is right when every one of them passes."""

    def __init__(
        self,
        specs: Sequence[Mapping[str, Json]],
        db: Database | None = None,
        paces: Paces | None = None,
    ) -> None:
        """Compile them.

        Args:
            specs: their specifications.
            db: the workspace, whose models may judge; without it none does.
            paces: what the limits of their endpoints leave to them.

        Raises:
            InputError: a scorer can't be used.
            UnavailableError: what a scorer needs isn't installed.
        """
        self._jury: ModelJury | None = None
        self._paces = paces
        parsed = [ScorerSpec.from_json(spec) for spec in specs]
        self.waits = any(map(waits, parsed))
        """Whether some scorer asks another process or a model: then it belongs in a thread."""
        self._scorers: list[tuple[str, Callable[[ScoringInput], Score]]] = [
            (spec.name, build_scorer(spec, self._jury_of(db))) for spec in parsed
        ]

    def close(self) -> None:
        """Let go of the judging models, where some were asked."""
        if self._jury is not None:
            self._jury.close()

    def _jury_of(self, db: Database | None) -> ModelJury | None:
        if self._jury is None and db is not None and self.waits:
            from llmops_tui.runner.jury import ModelJury  # loads what asks models
            from llmops_tui.runner.pace import Paces

            self._jury = ModelJury(db, self._paces or Paces())
        return self._jury

    def __call__(
        self, answer: Answer, example: Example, cost: int, question: str = ""
    ) -> tuple[Outcome, str, tuple[SampleScore, ...]]:
        """(outcome, reason for people, each scorer's score).

        The outcome's reason is that of the first scorer that failed, and names it where there
        are several.

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
            tool_calls=answer.tool_calls,
            question=question,
        )
        scores = []
        for name, scorer in self._scorers:
            try:
                score = scorer(given)
            except Exception as error:
                raise ScorerFailedError(f"The scorer {name} broke: {error!r}") from error
            scores.append(
                SampleScore(
                    score.scorer, score.value, score.passed, score.reason, score.judge, score.cost
                )
            )
        failed = [score for score in scores if not score.passed]
        outcome = Outcome.WRONG if failed else Outcome.RIGHT
        return outcome, _reason(scores, failed), tuple(scores)


def _reason(scores: Sequence[SampleScore], failed: Sequence[SampleScore]) -> str:
    if not scores:
        return ""
    telling = failed or scores
    if len(scores) == 1:
        return telling[0].reason
    more = f" (+{len(failed) - 1} more)" if failed[1:] else ""
    return f"{telling[0].scorer}: {telling[0].reason}{more}"
