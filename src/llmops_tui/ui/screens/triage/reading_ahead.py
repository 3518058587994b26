"""Calls that come next are read before they are needed, and are nobody else's meanwhile."""

from __future__ import annotations

from typing import TypeVar

from llmops_tui.core.call import CallDetail, CallRow, Lane
from llmops_tui.services import triage
from llmops_tui.ui.screens.triage.judging import JudgingPage
from llmops_tui.ui.screens.triage.lane_queue import LaneQueue

Model = TypeVar("Model")

AHEAD = 3
"""Calls that are read before they are needed, so that the next one appears at once."""
CLAIM_AGAIN_S = 60.0


class ReadingAhead(JudgingPage[Model]):
    """A page that works through a queue."""

    def __init__(self) -> None:
        super().__init__()
        self._queue = LaneQueue(Lane.FLAGGED)
        self._details: dict[int, CallDetail] = {}
        self._said = ""

    def on_mount(self) -> None:
        """Keep what is in front."""
        self.set_interval(CLAIM_AGAIN_S, self._keep_claims)
        super().on_mount()

    def on_unmount(self) -> None:
        """Others may have what one leaves."""
        super().on_unmount()
        triage.release(self.workspace)

    @property
    def _current(self) -> CallRow | None:
        return self._queue.current

    def _show_call(self) -> None:
        raise NotImplementedError

    def _leave_to_others(self, taken: dict[int, str]) -> bool:
        """Pass over calls that somebody else has; whether the one in front was among them."""
        here = self._current
        for call_id, person in taken.items():
            self._queue.pass_over(call_id)
            if here is not None and here.id == call_id:
                self._said = f"Call {call_id} is in front of {person} at this moment."
        return here is not None and here.id in taken

    def _keep_claims(self) -> None:
        """What one reads for long stays one's own."""
        at = self._queue.at
        mine = [item.id for item in self._queue.items[at : at + AHEAD]]
        if mine and self.is_current:
            workspace = self.workspace
            self.in_thread(lambda: triage.claim(workspace, mine), lambda _: None, group="claims")

    def _read_ahead(self) -> None:
        at = self._queue.at
        wanted = [item.id for item in self._queue.items[at : at + AHEAD]]
        kept = {call_id: d for call_id, d in self._details.items() if call_id in wanted}
        last = self._ledger.last_given()
        if last is not None and last.call is not None and last.call.id in self._details:
            kept[last.call.id] = self._details[last.call.id]  # u shows it at once
        self._details = kept
        missing = [call_id for call_id in wanted if call_id not in kept]
        if not missing:
            return
        workspace = self.workspace

        def read() -> tuple[list[CallDetail], dict[int, str]]:
            taken = triage.claim(workspace, wanted)
            free = [call_id for call_id in missing if call_id not in taken]
            return [triage.open_call(workspace, call_id) for call_id in free], taken

        def done(found: tuple[list[CallDetail], dict[int, str]]) -> None:
            shown = self.judged is not None
            details, taken = found
            self._details |= {detail.row.id: detail for detail in details}
            if self._leave_to_others(taken) or (not shown and self.judged is not None):
                self._show_call()

        self.in_thread(read, done, group="ahead")
