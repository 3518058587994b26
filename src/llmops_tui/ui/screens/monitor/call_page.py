"""A production call whole; it can be judged here with the keys of triage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_tui.core.call import CallDetail
from llmops_tui.services import calls
from llmops_tui.services.calls import Listing
from llmops_tui.ui.screens.monitor import texts
from llmops_tui.ui.screens.triage.judging import JudgingPage, lane_words, verdict_words
from llmops_tui.ui.screens.triage.ledger import Entry
from llmops_tui.ui.screens.triage.note_bar import NoteBar
from llmops_tui.ui.widgets.text_pane import TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class CallPage(JudgingPage[CallDetail]):
    """Everything about one call; brackets go to its neighbours in the list."""

    SCOPE = "monitor.call"
    PURPOSE = (
        "One production call: why it was flagged, what was asked, what was answered, how it "
        "went, and everything that came with it. The keys of triage judge it; a call that was "
        "neither flagged nor drawn at random counts for no estimate, as you picked it."
    )
    FIGURES = (
        "took: as the sender's instrumentation or our proxy measured it, from the request to the "
        "last byte of the answer.\n"
        "stored: when the gateway had it in the file."
    )
    TOPICS = frozenset({"review"})
    TAKES_WHOLE = False
    AUTO_FOCUS = "#call"
    DEFAULT_CSS = """
    CallPage #head { height: 1; text-style: bold; }
    CallPage #judged { height: 1; color: $muted; }
    """

    def __init__(self, call_id: int, listing: Listing | None = None, *, of_trace: str = "") -> None:
        """A page of a call.

        Args:
            call_id: Which.
            listing: The list that it was opened from, for its neighbours.
            of_trace: The trace whose page it was opened from: there one goes back to it.
        """
        super().__init__()
        self.call_id = call_id
        self._of_trace = of_trace
        self._listing = listing
        self._said = ""

    def compose_body(self) -> ComposeResult:
        """What it is, how it is judged, everything about it."""
        yield Words(id="head")
        yield Words(id="judged")
        yield TextPane(id="call")
        yield NoteBar(id="note")

    def load(self) -> CallDetail | None:
        """The call with its flags and verdicts."""
        return calls.call_detail(self.workspace, self.call_id)

    def show(self, model: CallDetail) -> None:
        """Show it; a verdict leaves the text where one reads."""
        pane = self.query_one("#call", TextPane)
        same = self.query_one("#head", Words).words.startswith(f"call {model.row.id} ")
        self.query_one("#head", Words).put(texts.call_line(model.row))
        pane.show_sections(texts.call_sections(model), keep_place=same)
        self._show_judged()

    @property
    def judged(self) -> CallDetail | None:
        """The call."""
        return self.model

    def given(self, entry: Entry) -> None:
        """Say so at once."""
        self._said = f"{verdict_words(entry)} · u takes it back"
        self._show_judged()

    def written(self, entry: Entry) -> None:
        """Show the verdict among the others."""
        if entry.verdict is None:
            review = entry.taken_back
            self._said = (
                f"{review.verdict} taken back"
                if review is not None
                else "There is no verdict of yours on this call."
            )
            self._show_judged()
        self.reload_now()

    def not_written(self, entry: Entry, error: Exception) -> None:
        """Say that nothing was kept."""
        self._said = "NOT saved"
        self._show_judged()

    def marked(self, detail: CallDetail) -> None:
        """Show it."""
        self.reload_now()

    def note_changed(self) -> None:
        """Show it."""
        self._show_judged()

    def why_not(self, command_id: str) -> str | None:
        """Neighbours need a list."""
        if command_id in ("monitor.call.newer", "monitor.call.older") and self._listing is None:
            return "This call was not opened from a list."
        untraced = self.model is not None and not self.model.trace_id
        if command_id == "monitor.call.trace" and untraced:
            return "This call came without a trace."
        return super().why_not(command_id)

    def do_undo(self) -> None:
        """Take this person's verdict on this call back."""
        if self.model is not None:
            self._ledger.undo(self.model.row)
            self.write_soon()

    def do_newer(self) -> None:
        """The call that came after this one."""
        self._go(newer=True)

    def do_older(self) -> None:
        """The call that came before this one."""
        self._go(newer=False)

    def do_trace(self) -> None:
        """The tree of what was traced around it."""
        if self.model is None:
            return
        if self.model.trace_id == self._of_trace:
            self.dismiss()
            return
        from llmops_tui.ui.screens.monitor.trace_page import TracePage

        self.app.push_screen(TracePage(self.model.trace_id, self.call_id))

    def _go(self, *, newer: bool) -> None:
        workspace, listing, call_id = self.workspace, self._listing, self.call_id

        def find() -> int | None:
            assert listing is not None
            return calls.neighbour(workspace, listing, call_id, newer=newer)

        def found(other: int | None) -> None:
            if other is None:
                which = "newest" if newer else "oldest"
                self.llmops.notify(f"This is the {which} call of the list.")
                return
            self.call_id = other
            self._said = ""
            self.reload_now()

        self.in_thread(find, found, group="neighbour")

    def _show_judged(self) -> None:
        if self.model is None:
            return
        row = self.model.row
        remark = self.remark_of(row.id).words
        state = f"{row.review or 'not judged'} · {lane_words(row)}"
        self.query_one("#judged", Words).put(remark or self._said or state)
