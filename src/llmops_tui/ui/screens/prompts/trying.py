"""Trying a draft: one question to one model, streamed, then judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Answer
from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import LlmopsError
from llmops_tui.services import prompt_writing, prompts
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompt_writing import Judged

if TYPE_CHECKING:
    from textual.timer import Timer

    from llmops_tui.ui.screens.prompts.editor import EditorPage

SHOW_S = 0.25
"""What arrives is shown this often: a stream of tokens is no reason for a stream of repaints."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question and what came of it so far."""

    model: ModelView
    example: int | None
    """Number of the example, from 1."""
    expected: str | None = None
    text: str = ""
    answer: Answer | None = None
    judged: Judged | None = None
    error: LlmopsError | None = None
    stopped: bool = False
    waited_s: float = 0.0

    @property
    def under_way(self) -> bool:
        """Whether more may come."""
        return self.answer is None and self.error is None and not self.stopped


@dataclass
class _Line:
    """What the thread that asks and the UI thread share."""

    stop: threading.Event = field(default_factory=threading.Event)
    parts: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)


class Trier:
    """Asks for the editor; calls `show` on the UI thread whenever there is something new."""

    def __init__(self, page: EditorPage, show: Callable[[], None]) -> None:
        self._page = page
        self._show = show
        self.attempt: Attempt | None = None
        self._line = _Line()
        self._timer: Timer | None = None

    @property
    def under_way(self) -> bool:
        """Whether a question is out."""
        return self.attempt is not None and self.attempt.under_way

    def ask(self, model: ModelView, text: str, example: Example | None, number: int | None) -> None:
        """Ask a model; a question that is still out is taken back."""
        self.stop()
        line = self._line = _Line()
        self.attempt = Attempt(model, number, example.expected if example else None)
        parameters = self._page.parameters
        scorers = self._page.scorers

        def work() -> tuple[Answer, Judged]:
            answer = prompts.try_prompt(
                model,
                text,
                example,
                parameters=parameters,
                on_delta=line.parts.append,
                cancelled=line.stop.is_set,
            )
            cost = model.model.cost(answer.usage)
            return answer, prompt_writing.judge(scorers, answer, example, cost)

        self._page.in_thread(
            work,
            lambda found: self._answered(line, *found),
            group="try",
            failed=lambda error: self._failed(line, error),
        )
        self._timer = self._page.set_interval(SHOW_S, self._take)
        self._show()

    def stop(self) -> bool:
        """Take the question back; False where none is out."""
        if not self.under_way:
            return False
        self._line.stop.set()
        self._settle(stopped=True)
        return True

    def forget(self) -> None:
        """No widget is left to show anything: end the question."""
        self._line.stop.set()

    def _take(self) -> None:
        if self.attempt is None or not self.attempt.under_way:
            return
        waited = time.monotonic() - self._line.began
        text = "".join(self._line.parts)
        # Before the first word the seconds are the only news: show whole ones.
        if text != self.attempt.text or int(waited) != int(self.attempt.waited_s):
            self.attempt = replace(self.attempt, text=text, waited_s=waited)
            self._show()

    def _answered(self, line: _Line, answer: Answer, judged: Judged) -> None:
        if line is self._line and self.under_way:
            self._settle(answer=answer, judged=judged)

    def _failed(self, line: _Line, error: Exception) -> None:
        if line is not self._line or not self.under_way:
            return
        if isinstance(error, LlmopsError):
            self._settle(error=error)
        else:
            self._settle(error=LlmopsError(f"The question failed: {type(error).__name__}."))
            self._page.llmops.report(error)

    def _settle(
        self,
        *,
        answer: Answer | None = None,
        judged: Judged | None = None,
        error: LlmopsError | None = None,
        stopped: bool = False,
    ) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        assert self.attempt is not None
        self.attempt = replace(
            self.attempt,
            text=answer.text if answer else "".join(self._line.parts),
            answer=answer,
            judged=judged,
            error=error,
            stopped=stopped,
            waited_s=time.monotonic() - self._line.began,
        )
        self._show()
