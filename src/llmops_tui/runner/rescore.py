"""Scores a run's stored answers again: other scorers, or the same ones after a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from llmops_tui.core.chat import AnswerErrorKind, Json
from llmops_tui.core.dataset import Example
from llmops_tui.core.run import Outcome
from llmops_tui.runner.jobs import question_in
from llmops_tui.runner.scoring import ScorerFailedError, Scoring
from llmops_tui.store import datasets, rescoring, runs
from llmops_tui.store.database import Database
from llmops_tui.store.rescoring import Rejudged, Rescoring, StoredAnswer

BATCH = 1000
"""Samples written in one transaction: a tenth of a second in which nobody else can write."""
AT_ONCE = 16
"""Judgements at the same time where a scorer waits for another process or a model."""


def rescore(
    db: Database,
    run_id: int,
    scorers: Sequence[Mapping[str, Json]],
    author: str,
    on_progress: Callable[[int, int], bool] = lambda scored, changed: True,
) -> Rescoring:
    """Judge every stored answer of a run anew; samples without an answer stay errored.

    Goes on where the same change of scorers was cut short.

    Args:
        db: the workspace.
        run_id: a run at which no worker is.
        scorers: by what; the run's own from now on.
        author: who wants it.
        on_progress: told how many were scored and changed so far; false stops it there.

    Raises:
        InputError: a scorer can't be used.
        ConflictError: a worker is at the run, or came to it.
    """
    scoring = Scoring(scorers, db)
    specs: list[Json] = [dict(spec) for spec in scorers]
    under_way = rescoring.latest(db, run_id)
    if under_way is None or under_way.finished_at is not None or under_way.after != specs:
        under_way = rescoring.begin(db, run_id, specs, author)
    reached, scored, changed = under_way.reached, under_way.scored, under_way.changed
    threads = ThreadPoolExecutor(AT_ONCE, "llmops-judge") if scoring.waits else None
    try:
        while batch := rescoring.answers_after(db, run_id, reached, BATCH):
            judged = _judge_all(db, batch, scoring, threads)
            changed += rescoring.write(db, run_id, judged, under_way.id)
            reached, scored = batch[-1].sample_id, scored + len(batch)
            if not on_progress(scored, changed):
                break
        else:
            rescoring.end(db, under_way.id)
    finally:
        if threads is not None:
            threads.shutdown(cancel_futures=True)
        scoring.close()
    found = rescoring.latest(db, run_id)
    assert found is not None
    return found


def rescore_sample(db: Database, sample_id: int) -> Rejudged | None:
    """Judge one answer anew by its run's scorers; None where the sample has no answer.

    Raises:
        ConflictError: a worker is at the run.
    """
    stored = rescoring.answer_of_sample(db, sample_id)
    if stored is None:
        return None
    run_id = _run_of(db, sample_id)
    scoring = Scoring(runs.get(db, run_id).spec.scorers, db)
    try:
        [judged] = _judge_all(db, [stored], scoring, None)
    finally:
        scoring.close()
    rescoring.write(db, run_id, [judged], None)
    return judged


def _run_of(db: Database, sample_id: int) -> int:
    from llmops_tui.store import samples

    return samples.detail(db, sample_id).sample.run_id


def _judge_all(
    db: Database,
    batch: Sequence[StoredAnswer],
    scoring: Scoring,
    threads: ThreadPoolExecutor | None,
) -> list[Rejudged]:
    examples = datasets.by_ids(db, sorted({stored.example_id for stored in batch}))

    def one(stored: StoredAnswer) -> Rejudged:
        return judge(stored, examples[stored.example_id], scoring)

    return list(threads.map(one, batch)) if threads is not None else list(map(one, batch))


def judge(stored: StoredAnswer, example: Example, scoring: Scoring) -> Rejudged:
    """What the scorers say of a stored answer."""
    question = question_in(stored.request) if scoring.waits else ""
    try:
        outcome, reason, scores = scoring(stored.answer, example, stored.cost, question)
    except ScorerFailedError as error:
        kind = AnswerErrorKind.SCORER.value
        return Rejudged(stored, Outcome.ERRORED, str(error), (), kind, str(error))
    return Rejudged(stored, outcome, reason, scores)
