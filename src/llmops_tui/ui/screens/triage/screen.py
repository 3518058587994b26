"""Triage: what waits for a verdict, one call after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.containers import Container

from llmops_tui.core.call import CallDetail, CallRow, Lane
from llmops_tui.services import call_marks, queues, triage
from llmops_tui.services.queues import Arrangement, Order
from llmops_tui.ui.screens.monitor.texts import (
    answer_section,
    asked_sections,
    call_line,
    feedback_sections,
)
from llmops_tui.ui.screens.triage import texts
from llmops_tui.ui.screens.triage.blindness import LANES, Blindness
from llmops_tui.ui.screens.triage.estimating import Estimating
from llmops_tui.ui.screens.triage.neighbour import Neighbour
from llmops_tui.ui.screens.triage.note_bar import NoteBar
from llmops_tui.ui.screens.triage.working import LANE_PLACE, PAGE
from llmops_tui.ui.widgets.text_pane import Section, TextPane
from llmops_tui.ui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Queue:
    """A lane as it was read."""

    project_id: int | None
    lane: Lane
    order: Order
    filter_text: str
    items: tuple[CallRow, ...]
    arranged: Arrangement | None
    waiting: tuple[tuple[Lane, int], ...]


class TriageScreen(Neighbour[Queue], Estimating[Queue], Blindness[Queue]):
    """One call fills the screen; a verdict brings the next."""

    SCOPE = "triage"
    PURPOSE = (
        "Calls that wait for a verdict, in two lanes: those that a rule flagged, and some drawn "
        "at random from all others, the audit. One key judges the call in front and shows the "
        "next; u takes it back. O says what comes first; m judges all that failed alike at once, "
        "after a look at some of them. Flagged calls alone can't tell how wrong the answers are: "
        "what the flags miss is only found by the audit, so judge both."
    )
    FIGURES = (
        "at most so many are wrong: the wrong ones among the flagged, plus an upper bound for "
        "the others from the audit (Clopper and Pearson 1934); flagged calls that nobody judged "
        "get a bound of their own, from those that were. Only what was judged right or wrong "
        "counts. The bound holds for one look at a time chosen beforehand, not for stopping as "
        "soon as it looks good.\n"
        "cosmetic, wrong, harmful: all three are wrong answers; the word says how bad.\n"
        "blind: flags, lane and what others said are hidden until the verdict, as knowing them "
        "sways people. The audit and second looks begin so; b ends it, v shows one call's.\n"
        "nearest example: of the data set that the prompt's version was tested on last, else of "
        "the newest one; alike counts words in any order (rapidfuzz), not what they mean.\n"
        "second look: a share of the judged calls, and every wrong one of the audit, is judged by "
        "somebody else who doesn't know the first verdict. Where two differ the call counts as "
        "wrong until a third has decided (resolve)."
    )
    EXPLAINS = ("live wrong rate", "error budget", "harmful limit")
    TOPICS = frozenset({"call", "review", "project"})
    FILTERS = True
    AUTO_FOCUS = "#answer"
    DEFAULT_CSS = """
    TriageScreen #lanes { height: 1; text-style: bold; }
    TriageScreen #estimate { height: auto; max-height: 3; color: $muted; }
    TriageScreen #head { height: 1; }
    TriageScreen #why { height: auto; max-height: 4; }
    TriageScreen #call { height: 1fr; layout: vertical; }
    TriageScreen #asked { height: 2fr; }
    TriageScreen #answer { height: 3fr; border-top: solid $border-blurred; }
    TriageScreen #answer:focus { border-top: solid $border; }
    TriageScreen #status { height: 1; color: $muted; }
    TriageScreen.-wide #call { layout: horizontal; }
    TriageScreen.-wide #asked, TriageScreen.-wide #answer { width: 1fr; height: 1fr; }
    TriageScreen.-wide #answer, TriageScreen.-wide #answer:focus {
        border-top: none; border-left: vkey $border-blurred;
    }
    TriageScreen.-wide #answer:focus { border-left: vkey $border; }
    TriageScreen.-nothing #asked { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._mark = 0
        """Where the ledger was when the queue was last read."""

    def compose_body(self) -> ComposeResult:
        """Lanes, estimate, what the call is, the call, what was just done."""
        yield Words(id="lanes")
        yield Words(texts.WORKING_OUT, id="estimate")
        yield Words(id="head")
        yield Words(id="why")
        with Container(id="call"):
            yield TextPane(id="asked")
            yield TextPane(id="answer")
        yield Words(id="status")
        yield NoteBar(id="note")

    def on_mount(self) -> None:
        """Begin in the lane that was left."""
        kept = self.recall(LANE_PLACE)
        if kept in [lane.value for lane in LANES]:
            self._queue.start(Lane(str(kept)))
            self._lane_chosen = True
        super().on_mount()

    # Reading.

    def load(self) -> Queue | None:
        """What waits, as far as one may look ahead; with the calls that come next."""
        if self.project_id is None:
            return None
        mark = self._ledger.mark()
        waiting = triage.waiting(self.workspace, self.project_id)
        lane = self._queue.lane
        if not self._lane_chosen and not waiting[lane] and waiting[Lane.AUDIT]:
            lane = Lane.AUDIT
        order = self._queue.order
        filter_text = self.filter_text
        arranged = self.arranged_for(lane, order, filter_text)
        items = queues.queue(
            self.workspace,
            lane,
            order,
            limit=self._queue.at + PAGE,
            project_id=self.project_id,
            arranged=arranged,
        )
        self._mark = mark
        others = triage.claimed(self.workspace)
        free = tuple(item for item in items if item.id not in others)
        counts = tuple(waiting.items())
        return Queue(self.project_id, lane, order, filter_text, free, arranged, counts)

    def show(self, model: Queue) -> None:
        """Take what was read, and keep to the call in front."""
        queue = self._queue
        stale = self._lane_chosen and model.lane is not queue.lane
        if stale or (model.order, model.filter_text) != (queue.order, self.filter_text):
            self.reload_now()  # read before lane, order or filter were changed
            return
        queue.lane, queue.arranged = model.lane, model.arranged
        since = self._ledger.since(self._mark)
        gone = queue.take(model.items, dict(model.waiting), since)
        if gone is not None:
            self._said = f"Call {gone.id} was judged elsewhere, or given to somebody."
        self._show_call()
        self.estimate_soon(urgent=False)

    def show_nothing(self) -> None:
        """Say that a project comes first."""
        self._queue.start(self._queue.lane)
        self.query_one("#estimate", Words).put("")
        self.set_class(True, "-nothing")
        self.query_one("#answer", TextPane).show_sections([Section("", texts.NO_PROJECT)])

    def topics_changed(self, topics: frozenset[str]) -> None:
        """Calls arrived, or somebody judged."""
        self.reload()
        self.estimate_soon(urgent="call" not in topics)

    def reload_now(self) -> None:
        """Another project, or somebody asked: everything anew."""
        self.forget_estimate()
        super().reload_now()

    # Going about.

    def why_not(self, command_id: str) -> str | None:
        """Some keys need another call, or another lane."""
        if command_id in ("triage.next", "triage.previous") and len(self._queue) < 2:
            return "There is no other call in this lane."
        if command_id in ("triage.whole", "triage.trace") and self._current is None:
            return "There is no call in front."
        untraced = self.judged is not None and not self.judged.trace_id
        if command_id == "triage.trace" and untraced:
            return "This call came without a trace."
        if command_id == f"triage.{self._queue.lane.value}":
            return "This is the lane in front."
        return super().why_not(command_id)

    def do_flagged(self) -> None:
        """The lane of flagged calls."""
        self._use_lane(Lane.FLAGGED)

    def do_audit(self) -> None:
        """The lane of the audit."""
        self._use_lane(Lane.AUDIT)

    def do_mixed(self) -> None:
        """Both lanes, without saying of which a call is."""
        self._use_lane(Lane.MIXED)

    def do_second(self) -> None:
        """Calls that somebody else judged, for a second look."""
        self._use_lane(Lane.SECOND)

    def do_resolve(self) -> None:
        """Calls on which two differ."""
        self._use_lane(Lane.RESOLVE)

    def do_rules(self) -> None:
        """Rules and people against the verdicts."""
        from llmops_tui.ui.screens.triage.rules_page import RulesPage

        self.app.push_screen(RulesPage())

    def do_whole(self) -> None:
        """Everything about the call."""
        from llmops_tui.ui.screens.monitor.call_page import CallPage

        if self._current is not None:
            self.app.push_screen(CallPage(self._current.id))

    def do_trace(self) -> None:
        """The steps around the call."""
        from llmops_tui.ui.screens.monitor.trace_page import TracePage

        if self.judged is not None:
            self.app.push_screen(TracePage(self.judged.trace_id, self.judged.row.id))

    # How it works.

    def _use_lane(self, lane: Lane) -> None:
        self._queue.start(lane)
        self._said, self._why_shown = "", False
        self._lane_changed()
        self.query_one("#lanes", Words).put(self._lanes_line())

    # Showing.

    def show_estimate(self) -> None:
        """The running statement; in the place of a call too, where none waits."""
        self.query_one("#lanes", Words).put(self._lanes_line())
        self._show_statement()
        if self._current is None:
            self._show_nothing_waits()

    def _show_statement(self) -> None:
        here = self._current is not None  # without a call it stands in the call's place
        text = texts.estimate_text(self.estimate, self.tolerance) if here else ""
        self.query_one("#estimate", Words).put(text)

    def _lanes_line(self) -> str:
        line = texts.lanes_line(self._queue.lane, self._queue.waiting, self.estimate)
        blind = "blind" if self._blind[self._queue.lane] else ""
        return " · ".join(filter(None, (line, blind, self.order_words())))

    def _show_call(self) -> None:
        self.query_one("#lanes", Words).put(self._lanes_line())
        here, detail = self._current, self.judged
        self.set_class(here is None, "-nothing")
        self._show_statement()
        if here is None:
            self._show_nothing_waits()
        else:
            of = len(self._queue) if self.filter_text else self._queue.waits
            more = "+" if self.filter_text and of >= PAGE else ""
            place = f"{self._queue.at + 1:,} of {of:,}{more}"
            self.query_one("#head", Words).put(f"{place} · {call_line(here)}")
            self._show_detail(detail)
            self._read_ahead()
        self.query_one("#status", Words).put(self._status_line())
        self.refresh_bindings()

    def _show_detail(self, detail: CallDetail | None) -> None:
        if detail is None:  # never another call's text below this one's head
            self.query_one("#why", Words).put("Reading…")
            self.query_one("#asked", TextPane).show_sections([])
            self.query_one("#answer", TextPane).show_sections([])
            return
        hidden = self.hides
        seen = self.as_seen(detail)
        why = texts.HIDDEN if hidden else texts.why_text(detail, self._queue.lane)
        alike = "" if hidden else self.alike_words()
        # What others wrote on a call tells what they think of it.
        marked = replace(detail, tags=()) if hidden else detail
        marks = call_marks.marks_words(marked, me=self.workspace.person)
        self.query_one("#why", Words).put("\n".join(filter(None, (marks, alike, why))))
        self._show_asked(seen)
        # What was said of it would tell what others think: not for who judges blind.
        said = [] if hidden else feedback_sections(detail)
        self.query_one("#answer", TextPane).show_sections([answer_section(seen), *said])

    def _show_asked(self, detail: CallDetail, *, keep_place: bool = False) -> None:
        first, *before = asked_sections(detail)
        sections = [first, *self.nearest_sections(detail), *before]
        self.query_one("#asked", TextPane).show_sections(sections, keep_place=keep_place)

    def nearest_found(self, call_id: int) -> None:
        """Show it beside the question, where one still looks at that."""
        detail = self.judged
        if detail is not None and detail.row.id == call_id:
            self._show_asked(detail, keep_place=True)

    def _show_nothing_waits(self) -> None:
        self.query_one("#head", Words).put("")
        self.query_one("#why", Words).put("")
        sections = texts.nothing_waits(
            self._queue.lane, self._queue.waiting, self.estimate, self.tolerance
        )
        if self.filter_text:
            sections = [Section("", texts.NONE_FOUND)]
        if self.model is None:
            sections = [Section("", texts.NO_PROJECT if self.project_id is None else "Reading…")]
        self.query_one("#answer", TextPane).show_sections(sections)

    def _status_line(self) -> str:
        detail = self.judged
        said = self.remark_of(detail.row.id).words if detail is not None else ""
        return said or self._said
