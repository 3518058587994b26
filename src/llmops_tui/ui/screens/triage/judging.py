"""What every page on which a call is judged has: the verdict keys, the note, undo, copy."""

from __future__ import annotations

from typing import TypeVar

from llmops_tui.core.call import CallDetail, CallRow, Lane, Review, ReviewVerdict
from llmops_tui.services import triage
from llmops_tui.ui.screens.base import Page
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.screens.triage.ledger import Entry, Ledger
from llmops_tui.ui.screens.triage.note_bar import NoteBar

Model = TypeVar("Model")

VERDICTS = ("right", "cosmetic", "wrong", "harmful", "unsure", "note")
JUDGING = (*VERDICTS, "copy", "in_editor")
"""Commands that need a call in front."""
NO_ANSWER = "There is no answer to judge: the call failed, or its text was not captured."
COSMETIC, WRONG, HARMFUL = triage.SEVERITIES


class JudgingPage(Page[Model]):
    """Verdicts are shown at once and written behind; what can't be written comes back."""

    def __init__(self) -> None:
        super().__init__()
        self._ledger = Ledger(self._write, self._take_back)
        self._notes: dict[int, str] = {}
        """Notes for verdicts that are still to come, by call."""

    # What a page says.

    @property
    def judged(self) -> CallDetail | None:
        """The call in front, where it has been read."""
        raise NotImplementedError

    def given(self, entry: Entry) -> None:
        """A verdict was just given: show what comes next."""

    def note_changed(self) -> None:
        """The note on the call in front is another one."""

    def written(self, entry: Entry) -> None:
        """A verdict is in the file, or was taken back."""

    def not_written(self, entry: Entry, error: Exception) -> None:
        """The file didn't take it: bring it back."""

    # What a page uses.

    def note_of(self, call_id: int) -> str:
        """The note that the verdict on this call will carry."""
        return self._notes.get(call_id, "")

    def write_soon(self) -> None:
        """Write what was given, in a thread."""
        self.in_thread(self._ledger.drain, lambda _: self._drained(), group="verdicts")

    def on_unmount(self) -> None:
        """Whatever was pressed is in the file before the page is gone."""
        self._ledger.drain()
        for entry in self._ledger.take_done():
            if entry.error is not None:
                from llmops_tui.ui.trouble import log

                log().error("a verdict could not be written", exc_info=entry.error)

    def on_note_bar_noted(self, message: NoteBar.Noted) -> None:
        """Keep the note for the verdict."""
        message.stop()
        if self.judged is not None:
            self._notes[self.judged.row.id] = message.text
            self.note_changed()

    # Commands.

    def why_not(self, command_id: str) -> str | None:
        """Judging needs a call."""
        scope, _, name = command_id.rpartition(".")
        if scope == self.SCOPE and name in JUDGING:
            if self.judged is None:
                return "There is no call in front."
            if name in VERDICTS and not triage.can_be_judged(self.judged.row):
                return NO_ANSWER
        return super().why_not(command_id)

    def do_right(self) -> None:
        """The answer is right."""
        self._give(ReviewVerdict.RIGHT)

    def do_cosmetic(self) -> None:
        """Wrong, in its looks only."""
        self._give(ReviewVerdict.WRONG, COSMETIC)

    def do_wrong(self) -> None:
        """Wrong."""
        self._give(ReviewVerdict.WRONG, WRONG)

    def do_harmful(self) -> None:
        """Wrong and harmful."""
        self._give(ReviewVerdict.WRONG, HARMFUL)

    def do_unsure(self) -> None:
        """It can't be told."""
        self._give(ReviewVerdict.UNSURE)

    def do_note(self) -> None:
        """Write a note."""
        if self.judged is not None:
            self.query_one(NoteBar).open(self.note_of(self.judged.row.id))

    def do_copy(self) -> None:
        """The answer to the clipboard."""
        from llmops_tui.ui import clipboard

        detail = self.judged
        if detail is not None:
            text, what = detail.output, f"the answer of call {detail.row.id}"
            if not text:
                text, what = detail.error, f"the error of call {detail.row.id}"
            self.llmops.notify(clipboard.send(self.app, text, what))

    def do_in_editor(self) -> None:
        """The call in $EDITOR; what is changed there is not taken over."""
        from llmops_tui.ui import editor

        if self.judged is not None and editor.edit_in_editor(
            self.llmops, texts.detail_json(self.judged), ".json"
        ):
            self.llmops.notify("Calls don't change: your edit was not taken over.")

    # How it works.

    def _give(self, verdict: ReviewVerdict, severity: str = "") -> None:
        detail = self.judged
        if detail is not None:
            note = self._notes.pop(detail.row.id, "")
            self.given(self._ledger.judge(detail.row, verdict, severity, note))
            self.write_soon()

    def _write(self, entry: Entry) -> None:
        assert entry.call is not None
        assert entry.verdict is not None
        triage.review(
            self.workspace, entry.call, entry.verdict, severity=entry.severity, note=entry.note
        )

    def _take_back(self, call_id: int | None) -> Review | None:
        return triage.undo(self.workspace, project_id=self.project_id, call_id=call_id)

    def _drained(self) -> None:
        for entry in self._ledger.take_done():
            if entry.error is None:
                self.written(entry)
                continue
            if entry.call is not None and entry.note:
                self._notes[entry.call.id] = entry.note
            self.not_written(entry, entry.error)
            self.llmops.report(entry.error)


def verdict_words(entry: Entry) -> str:
    """What was said of a call: `wrong (harmful)`."""
    if entry.verdict is None:
        return ""
    plain = entry.severity in ("", entry.verdict.value)
    return entry.verdict.value if plain else f"{entry.verdict.value} ({entry.severity})"


def lane_words(call: CallRow) -> str:
    """What a verdict on a call counts for."""
    if not triage.can_be_judged(call):
        return "no answer to judge: errored is not wrong"
    lane, _ = triage.lane_of(call)
    return {
        Lane.FLAGGED: "flagged: counts for the estimate",
        Lane.AUDIT: "drawn at random: counts for the estimate",
        Lane.CHOSEN: "picked by you: counts for no estimate",
    }[lane]
