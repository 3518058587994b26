"""Slow work for the newest value only: soon after it changed, one at a time, in a thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from textual.timer import Timer

    from llmops_tui.ui.screens.base import Page

Value = TypeVar("Value")
Result = TypeVar("Result")

RARELY = 20
"""Slow work is done again only after so many times its duration while values keep coming: a thread
that computes holds up the keys."""


class Latest(Generic[Value, Result]):
    """Waits until values stop coming, but not for long; then works on the last of them.

    Never runs twice at once, so that an older value can't overtake a newer one.
    """

    def __init__(
        self,
        page: Page[Any],
        group: str,
        work: Callable[[Value], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
        *,
        wait_s: float,
        longest_s: float,
    ) -> None:
        """Prepare.

        Args:
            page: Whose thread and timers to use.
            group: Of the thread; no other work of the page has it.
            work: In a thread, for one value.
            done: On the UI thread, with the result for a value.
            failed: On the UI thread, instead of `done`.
            wait_s: After the last change.
            longest_s: After the first change, while others keep coming.
        """
        self._page = page
        self._group = group
        self._work = work
        self._done = done
        self._failed = failed
        self._wait_s = wait_s
        self._longest_s = longest_s
        self._waiting: list[Value] = []
        """The newest value, or nothing."""
        self._since = 0.0
        self._timer: Timer | None = None
        self._busy = False
        self._began = self._took_s = 0.0
        self._after: Callable[[], None] | None = None

    def put(self, value: Value) -> None:
        """Work on this value soon, instead of any that still waits."""
        now = time.monotonic()
        if not self._waiting:
            self._since = now
        self._waiting = [value]
        self._stop_timer()
        wait = max(self._wait_s, 2 * self._took_s)
        longest = max(self._longest_s, RARELY * self._took_s)
        pause = min(wait, self._since + longest - now)
        self._timer = self._page.set_timer(max(pause, 0.001), self._start)

    def hurry(self, after: Callable[[], None] | None = None) -> None:
        """Work on what waits at once; then do `after`, unless the work failed."""
        self._stop_timer()
        self._after = after
        if self._busy or self._waiting:
            self._start()
        else:
            self._finish()

    def take_back(self) -> list[Value]:
        """The value that waits, now left to the caller; empty where nothing waits."""
        self._stop_timer()
        taken, self._waiting = self._waiting, []
        return taken

    def _start(self) -> None:
        self._timer = None
        if self._busy or not self._waiting:
            return
        (value,) = self.take_back()
        self._busy = True
        self._began = time.monotonic()
        self._page.in_thread(
            lambda: self._work(value),
            self._ended,
            group=self._group,
            failed=lambda error: self._broke(value, error),
        )

    def _ended(self, result: Result) -> None:
        self._busy = False
        self._took_s = time.monotonic() - self._began
        self._done(result)
        if (self._after is not None and self._waiting) or (self._waiting and self._timer is None):
            self._start()
        elif self._after is not None:
            self._finish()

    def _broke(self, value: Value, error: Exception) -> None:
        self._busy = False
        if not self._waiting:
            self._waiting, self._since = [value], time.monotonic()  # not done: it still waits
        self._after = None
        self._failed(error)

    def _finish(self) -> None:
        after, self._after = self._after, None
        if after is not None:
            try:
                after()
            except Exception as error:  # noqa: BLE001 - no command is above that would show it
                self._page.llmops.report(error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
