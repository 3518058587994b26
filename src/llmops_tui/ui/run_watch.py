"""Noticing that a run ended while the person looks elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_tui.services import run_ends
from llmops_tui.services.run_ends import RunEnd, Watched

if TYPE_CHECKING:
    from textual.timer import Timer

    from llmops_tui.ui.app import LlmopsApp

AREA = "runs"
AFTER_LEASE_S = 0.3


@dataclass
class RunWatch:
    """Looks when the topic `run` moved, and once when a worker's lease would run out."""

    app: LlmopsApp
    watched: Watched | None = None
    _timer: Timer | None = None
    _looking: bool = False
    _again: bool = False

    def look(self) -> None:
        """See in a thread which runs ended since the last look."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        known = self.watched
        workspace = self.app.workspace
        self.app.in_thread(
            lambda: run_ends.look(workspace, known), self._seen, group="runs", failed=self._failed
        )

    def _seen(self, found: tuple[Watched, list[RunEnd]]) -> None:
        self._looking = False
        self.watched, ends = found
        for end in ends:
            if not self._in_sight(end.run_id):
                self.app.mark_area(AREA, end.sentence)
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.watched.seconds_to_lease is not None:
            self._timer = self.app.set_timer(
                self.watched.seconds_to_lease + AFTER_LEASE_S, self.look
            )
        if self._again:
            self._again = False
            self.look()

    def _failed(self, error: Exception) -> None:
        self._looking = False
        self.app.report(error)

    def _in_sight(self, run_id: int) -> bool:
        page = self.app.page
        shown = getattr(page, "shown_runs", None)
        return self.app.current_mode == AREA and shown is not None and run_id in shown()
