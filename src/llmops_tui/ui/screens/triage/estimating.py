"""What pages share that show what the verdicts prove: worked out in a thread, never too often."""

from __future__ import annotations

import time
from typing import TypeVar

from textual.timer import Timer

from llmops_tui.core.tolerance import Tolerance
from llmops_tui.services import projects, triage
from llmops_tui.services.triage import LiveEstimate
from llmops_tui.ui.screens.base import Page

Model = TypeVar("Model")

PAUSE_S = 5.0
"""New calls change the estimate little: between two of them the machine rests at least this."""
REST = 20
"""And this many times as long as the last one took."""
URGENT_REST = 1
"""The same after a verdict: at once, unless counting the window's calls takes its time."""


class Estimating(Page[Model]):
    """Has the live estimate of the project, as of some moments ago."""

    def __init__(self) -> None:
        super().__init__()
        self.estimate: LiveEstimate | None = None
        self.tolerance: Tolerance | None = None
        self._estimating = False
        self._estimate_again: bool | None = None
        """Something happened meanwhile; True where it was a verdict."""
        self._estimated_at = 0.0
        self._estimate_took = 0.0
        self._estimate_timer: Timer | None = None

    def show_estimate(self) -> None:
        """The estimate is another one."""

    def forget_estimate(self) -> None:
        """It may be another project's: work it out anew."""
        self._estimated_at = 0.0

    def estimate_soon(self, *, urgent: bool) -> None:
        """Work the estimate out again: at once after a verdict, else when it is time."""
        if self.project_id is None:
            return
        if self._estimating:
            self._estimate_again = urgent or bool(self._estimate_again)
            return
        if self._estimate_timer is not None:
            if not urgent:
                return
            self._estimate_timer.stop()
            self._estimate_timer = None
        wait = 0.0
        if self._estimated_at:
            took = self._estimate_took
            rest = URGENT_REST * took if urgent else max(PAUSE_S, REST * took)
            wait = self._estimated_at + rest - time.monotonic()
        if wait > 0:
            self._estimate_timer = self.set_timer(wait, self._work_out)
        else:
            self._work_out()

    def _work_out(self) -> None:
        self._estimate_timer = None
        project_id, workspace = self.project_id, self.workspace
        if project_id is None:
            return
        self._estimating = True
        began = time.monotonic()

        def work() -> tuple[Tolerance, LiveEstimate]:
            tolerance = projects.tolerance_of(workspace, project_id)
            return tolerance, triage.live_estimate(workspace, tolerance, project_id)

        def done(found: tuple[Tolerance, LiveEstimate]) -> None:
            self._estimate_took = time.monotonic() - began
            if found != (self.tolerance, self.estimate):
                self.tolerance, self.estimate = found
                self.show_estimate()
            self._worked_out()

        def failed(error: Exception) -> None:
            self._estimate_took = time.monotonic() - began
            self.llmops.report(error)
            self._worked_out()

        self.in_thread(work, done, group="estimate", failed=failed)

    def _worked_out(self) -> None:
        self._estimating = False
        self._estimated_at = time.monotonic()
        again, self._estimate_again = self._estimate_again, None
        if again is not None:
            self.estimate_soon(urgent=again)
