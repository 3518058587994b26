"""Working through a queue: what a verdict does to it, and what taking one back does."""

from __future__ import annotations

from typing import TypeVar

from llmops_tui.core.call import CallDetail, CallRow, Lane
from llmops_tui.services import triage
from llmops_tui.ui.screens.triage.judging import verdict_words
from llmops_tui.ui.screens.triage.ledger import Entry
from llmops_tui.ui.screens.triage.reading_ahead import ReadingAhead
from llmops_tui.ui.widgets.words import Words

Model = TypeVar("Model")

PAGE = 64
"""Calls that are read at once."""
LANE_PLACE = "lane"


class Working(ReadingAhead[Model]):
    """A verdict brings the next call, one taken back brings its call back."""

    def __init__(self) -> None:
        super().__init__()
        self._lane_chosen = False
        self._why_shown = False

    def reveal(self, entry: Entry) -> str:
        """What a blind verdict was given without, for the line that follows it."""
        return ""

    def estimate_soon(self, *, urgent: bool) -> None:
        """What the verdicts prove is another thing now."""
        raise NotImplementedError

    # What was given.

    @property
    def lane(self) -> Lane | None:
        """The lane in front."""
        return self._queue.lane

    @property
    def judged(self) -> CallDetail | None:
        """The call in front, once it has been read."""
        here = self._current
        return self._details.get(here.id) if here is not None else None

    def given(self, entry: Entry) -> None:
        """The next call, at once."""
        assert entry.call is not None
        if entry.group is not None:
            self._queue.remove_all(entry.group.ids)
            self._read_on()
        else:
            self._remove(entry.call.id)
        self._why_shown = False
        was = self.reveal(entry)
        self._said = f"{_about(entry)}: {verdict_words(entry)}{was} · u takes it back"
        self._show_call()

    def written(self, entry: Entry) -> None:
        """The verdict counts from now on; one taken back brings its call back."""
        if entry.verdict is None:
            self._took_back(entry)
        elif entry.group is not None:
            self._judged_together(entry)
        self.estimate_soon(urgent=True)

    def not_written(self, entry: Entry, error: Exception) -> None:
        """The call comes back, with its note; a call that was brought back goes again."""
        if entry.call is not None:
            if entry.verdict is not None:
                self._bring_back(entry.call, entry.lane)
                self._said = f"{_about(entry)}: NOT saved; back again. {error}"
            else:
                self._remove(entry.call.id)
                self._said = f"call {entry.call.id}: the verdict stands; it couldn't be undone."
        if len(entry.call_ids) > 1:
            self._read_anew()
        self._show_call()

    def note_changed(self) -> None:
        """Show it."""
        self._show_call()

    def marked(self, detail: CallDetail) -> None:
        """Show it; a call that is somebody else's now waits for them."""
        call_id = detail.row.id
        self._details[call_id] = detail
        here = self._current
        if detail.assignee in ("", self.workspace.person):
            self._said = ""
        elif here is not None and here.id == call_id:
            self._remove(call_id)
            self._said = f"call {call_id} waits for {detail.assignee} alone"
        self._show_call()

    def do_undo(self) -> None:
        """Take the last verdict back; the call is here again at once where it was judged here."""
        entry = self._ledger.undo()
        if entry.of is not None and entry.call is not None:
            self._bring_back(entry.call, entry.of.lane)
            self._said = f"{_about(entry.of)}: {verdict_words(entry.of)} taken back"
            self._show_call()
        self.write_soon()

    # Going about.

    def do_next(self) -> None:
        """Skip the call in front."""
        self._go(1)

    def do_previous(self) -> None:
        """Back to a call that was skipped."""
        self._go(-1)

    # How it works.

    def _go(self, step: int) -> None:
        self._queue.step(step)
        self._said, self._why_shown = "", False
        self._show_call()
        if self._queue.at > len(self._queue) - PAGE // 4:
            self.reload()

    def _lane_changed(self) -> None:
        self._lane_chosen = True
        self.remember(LANE_PLACE, self._queue.lane.value)
        self._read_anew()

    def _read_anew(self) -> None:
        """What is counted here may differ from the file though the file reads as before."""
        self.model = None  # whatever is read next is shown
        self.reload_now()

    def _remove(self, call_id: int) -> None:
        self._queue.remove(call_id)
        self._read_on()

    def _read_on(self) -> None:
        if len(self._queue) < PAGE // 4 < self._queue.waits:
            self.reload()

    def _bring_back(self, call: CallRow, back_in: Lane | None = None) -> None:
        lane = self._queue.lane
        if self._queue.bring_back(call, back_in) and self._queue.lane is not lane:
            self._lane_changed()

    def _judged_together(self, entry: Entry) -> None:
        assert entry.group is not None
        left = len(entry.group.ids) - entry.judged
        if left > 0:
            others = "one" if left == 1 else f"{left:,}"
            self._say(
                f"{entry.judged:,} calls: {verdict_words(entry)} · u takes all back; {others} "
                "left out: judged, or in front of somebody else"
            )
        self._read_anew()

    def _took_back(self, entry: Entry) -> None:
        review = entry.taken_back
        if review is None:
            if entry.of is None:
                self._say("There is no verdict of yours left to take back.")
            return
        if entry.of is not None:  # shown already
            if review.together > 1:
                self._read_anew()
            return
        call_id = review.call_id
        what = f"call {call_id}" if review.together == 1 else f"{review.together:,} calls"

        def read(detail: CallDetail) -> None:
            self._details[call_id] = detail
            self._bring_back(detail.row, Lane(review.asked_as) if review.asked_as else None)
            self._said = f"{what}: {review.verdict} taken back"
            self._show_call()
            self._read_anew()

        workspace = self.workspace
        self.in_thread(lambda: triage.open_call(workspace, call_id), read, group="brought back")

    def _say(self, sentence: str) -> None:
        self._said = sentence
        self.query_one("#status", Words).put(sentence)


def _about(entry: Entry) -> str:
    if entry.group is not None:
        return f"{len(entry.group.ids):,} calls"
    return f"call {entry.call.id}" if entry.call is not None else ""
