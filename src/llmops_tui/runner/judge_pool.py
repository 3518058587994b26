"""Scores answers in threads where the scorers wait for another process or for a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from llmops_tui.core.chat import Answer
from llmops_tui.runner.jobs import Job, question_in
from llmops_tui.runner.outcomes import answered_sample
from llmops_tui.runner.scoring import ScorerFailedError, Scoring
from llmops_tui.store.finished_sample import FinishedSample

MOST_JUDGED = 16
"""Answers that are judged at once."""


class JudgePool:
    """Answers that are being judged.

    Args:
        scoring: turns answers into outcomes; blocks.
        finish: gets each job with its sample.
        ended: called after each, with what broke it where something did.
    """

    def __init__(
        self,
        scoring: Scoring,
        finish: Callable[[Job, FinishedSample], None],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        self._scoring = scoring
        self._finish = finish
        self._ended = ended
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being judged."""
        return bool(self._tasks)

    @property
    def is_full(self) -> bool:
        """Whether no more should come before something ended."""
        return len(self._tasks) >= MOST_JUDGED

    def judge(self, job: Job, answer: Answer) -> None:
        """Begin to judge an answer."""
        task = asyncio.get_running_loop().create_task(self._judge(job, answer))
        self._tasks.add(task)
        task.add_done_callback(self._was_judged)

    def abandon(self) -> None:
        """Cut short what is under way; its answers are kept."""
        for task in self._tasks:
            task.cancel()

    def close(self) -> None:
        """Let go of the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _judge(self, job: Job, answer: Answer) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MOST_JUDGED, "llmops-judge")
        asked = question_in(job.request_json)
        judging = asyncio.get_running_loop().run_in_executor(
            self._threads, self._scoring, answer, job.example, job.spent, asked
        )
        try:
            await asyncio.wait({judging})
        except asyncio.CancelledError:
            judging.cancel()
            # The answer was paid for: it is kept, and can be scored again.
            cut = ScorerFailedError("The judging was cut short; score the run again.")
            self._finish(job, answered_sample(job, answer, lambda: _raise(cut)))
            raise
        self._finish(job, answered_sample(job, answer, judging.result))

    def _was_judged(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._ended(None if task.cancelled() else task.exception())


def _raise(error: Exception) -> NoReturn:
    raise error
