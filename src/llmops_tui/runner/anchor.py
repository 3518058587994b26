"""Has judges judge answers again that people labelled: what a change of the judge changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from llmops_tui.core.chat import Json
from llmops_tui.runner.rescore import AT_ONCE, judge
from llmops_tui.runner.scoring import Scoring
from llmops_tui.store import anchors, datasets, rescoring
from llmops_tui.store.database import Database
from llmops_tui.store.rescoring import Rejudged


def judge_again(
    db: Database,
    sample_ids: Sequence[int],
    scorers: Sequence[Mapping[str, Json]],
    on_progress: Callable[[int], bool] = lambda done: True,
) -> list[Rejudged]:
    """Judge stored answers by these scorers, in order; what judges say is kept as it comes.

    The answers' runs stay as they are.

    Args:
        db: the workspace.
        sample_ids: answers.
        scorers: by what.
        on_progress: told how many are done; false stops it there.

    Raises:
        InputError: a scorer can't be used.
    """
    stored = [one for id in sample_ids if (one := rescoring.answer_of_sample(db, id)) is not None]
    examples = datasets.by_ids(db, sorted({one.example_id for one in stored}))
    scoring = Scoring(scorers, db)
    found: list[Rejudged] = []
    try:
        with ThreadPoolExecutor(AT_ONCE, "llmops-judge") as threads:
            for start in range(0, len(stored), AT_ONCE):
                batch = stored[start : start + AT_ONCE]
                said = list(
                    threads.map(lambda one: judge(one, examples[one.example_id], scoring), batch)
                )
                anchors.keep(
                    db,
                    [
                        (one.of.sample_id, score)
                        for one in said
                        for score in one.scores
                        if score.judge.startswith("{") and "\n" not in score.judge
                    ],
                )
                found += said
                if not on_progress(len(found)):
                    break
    finally:
        scoring.close()
    return found
