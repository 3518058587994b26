"""Trying a draft: one question to one to four models, streamed, then judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmops_tui.core.chat import Answer
from llmops_tui.core.dataset import Example
from llmops_tui.core.errors import LlmopsError
from llmops_tui.services import prompt_trying, prompt_writing
from llmops_tui.services.models import ModelView
from llmops_tui.services.prompt_writing import Judged
from llmops_tui.services.question_cost import Heard

if TYPE_CHECKING:
    from textual.timer import Timer

    from llmops_tui.ui.screens.prompts.editor import EditorPage

HEARD_PLACE = "prompts.heard"
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
        self._show_page = show
        self.watch: Callable[[], None] | None = None
        """Another page that shows the attempts too."""
        self.attempts: list[Attempt] = []
        self._lines: list[_Line] = []
        self._asked: tuple[Sequence[ModelView], str, Example | None, int | None] | None = None
        self._timer: Timer | None = None

    @property
    def attempt(self) -> Attempt | None:
        """The first of the attempts."""
        return self.attempts[0] if self.attempts else None

    @property
    def is_answered(self) -> bool:
        """Whether the first of the attempts has its answer."""
        return self.attempt is not None and self.attempt.answer is not None

    @property
    def asked_example(self) -> Example | None:
        """The example of the attempts; None where they had none."""
        return self._asked[2] if self._asked else None

    @property
    def under_way(self) -> bool:
        """Whether a question is out."""
        return any(attempt.under_way for attempt in self.attempts)

    def ask(
        self, models: Sequence[ModelView], text: str, example: Example | None, number: int | None
    ) -> None:
        """Ask one model or several at once; questions that are still out are taken back."""
        self.stop()
        self._asked = (models, text, example, number)
        expected = example.expected if example else None
        self.attempts = [Attempt(model, number, expected) for model in models]
        self._lines = [_Line() for _ in models]
        for place in range(len(models)):
            self._send(place, text, example)
        self._timer = self._page.set_interval(SHOW_S, self._take)
        self._show()

    def again(self) -> None:
        """The same once more."""
        if self._asked is not None:
            self.ask(*self._asked)

    def keep(self, place: int, say: Callable[[str], None]) -> None:
        """Keep an answer with the example that it is about; what was done is said."""
        from llmops_tui.services import answers_kept

        page, attempt = self._page, self.attempts[place]
        example, dataset = self.asked_example, page.previewer.dataset
        if attempt.answer is None or example is None or dataset is None:
            return
        answer, judged = attempt.answer.text, attempt.judged
        outcome = judged.outcome if judged else None
        page.in_thread(
            lambda: answers_kept.keep(page.workspace, dataset, example, answer, outcome),
            say,
            group="keep",
        )

    def heard(self, view: ModelView) -> Heard:
        """What a model said of this prompt's questions, in this sitting and before."""
        return Heard.from_text(self._page.llmops.recall(self._heard_place(view)))

    def _heard_place(self, view: ModelView) -> str:
        return f"{HEARD_PLACE}.{self._page.prompt.id}.{view.model.id}"

    def stop(self) -> bool:
        """Take the questions back; False where none is out."""
        if not self.under_way:
            return False
        for place, attempt in enumerate(self.attempts):
            if attempt.under_way:
                self._lines[place].stop.set()
                self._settle(place, stopped=True)
        return True

    def forget(self) -> None:
        """No widget is left to show anything: end the questions."""
        for line in self._lines:
            line.stop.set()

    def _send(self, place: int, text: str, example: Example | None) -> None:
        line, model = self._lines[place], self.attempts[place].model
        settings = self._page.sampler.current
        composer = self._page.previewer.composer
        scorers = self._page.scorers

        def work() -> tuple[Answer, Judged, int]:
            answer = prompt_trying.try_prompt(
                model,
                text,
                example,
                composer=composer,
                settings=settings,
                on_delta=line.parts.append,
                cancelled=line.stop.is_set,
            )
            cost = model.model.cost(answer.usage)
            judged = prompt_writing.judge(scorers, answer, example, cost, settings.response_schema)
            return answer, judged, prompt_trying.preview(text, example, (), composer).tokens

        self._page.in_thread(
            work,
            lambda found: self._answered(line, place, *found),
            group=f"try-{place}",
            failed=lambda error: self._failed(line, place, error),
        )

    def _show(self) -> None:
        self._show_page()
        if self.watch is not None:
            self.watch()

    def _take(self) -> None:
        is_news = False
        for place, (line, attempt) in enumerate(zip(self._lines, self.attempts, strict=True)):
            if not attempt.under_way:
                continue
            waited = time.monotonic() - line.began
            text = "".join(line.parts)
            # Before the first word the seconds are the only news: show whole ones.
            if text != attempt.text or int(waited) != int(attempt.waited_s):
                self.attempts[place] = replace(attempt, text=text, waited_s=waited)
                is_news = True
        if is_news:
            self._show()

    def _is_out(self, line: _Line, place: int) -> bool:
        is_known = place < len(self._lines) and self._lines[place] is line
        return is_known and self.attempts[place].under_way

    def _answered(
        self, line: _Line, place: int, answer: Answer, judged: Judged, estimated: int
    ) -> None:
        if self._is_out(line, place):
            view = self.attempts[place].model
            heard = self.heard(view).plus(estimated, answer.usage)
            self._page.llmops.remember(self._heard_place(view), heard.to_text())
            self._settle(place, answer=answer, judged=judged)

    def _failed(self, line: _Line, place: int, error: Exception) -> None:
        if not self._is_out(line, place):
            return
        if isinstance(error, LlmopsError):
            self._settle(place, error=error)
        else:
            self._settle(place, error=LlmopsError(f"The question failed: {type(error).__name__}."))
            self._page.llmops.report(error)

    def _settle(
        self,
        place: int,
        *,
        answer: Answer | None = None,
        judged: Judged | None = None,
        error: LlmopsError | None = None,
        stopped: bool = False,
    ) -> None:
        line = self._lines[place]
        self.attempts[place] = replace(
            self.attempts[place],
            text=answer.text if answer else "".join(line.parts),
            answer=answer,
            judged=judged,
            error=error,
            stopped=stopped,
            waited_s=time.monotonic() - line.began,
        )
        if self._timer is not None and not self.under_way:
            self._timer.stop()
            self._timer = None
        self._show()
