"""Blind mode: why a call is here, and what others say of it, stays hidden until the verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from llmops_tui.core.call import CallDetail, Lane
from llmops_tui.ui.screens.triage.ledger import Entry
from llmops_tui.ui.screens.triage.ordering import Ordering

Model = TypeVar("Model")

BLIND_AT_FIRST: Final = frozenset({Lane.AUDIT, Lane.MIXED, Lane.SECOND})
LANES: Final = (Lane.FLAGGED, Lane.AUDIT, Lane.MIXED, Lane.SECOND, Lane.RESOLVE)
ONE_BY_ONE: Final = {
    Lane.AUDIT: "The audit is judged one by one: each of its calls stands for calls that nobody "
    "sees.",
    Lane.MIXED: "Mixed lanes are judged one by one; f shows the flagged calls alone.",
    Lane.SECOND: "A second look is a look at each answer: one by one.",
    Lane.RESOLVE: "Each dispute is one of its own: they are decided one by one.",
}
TELLS: Final = ("triage.whole", "triage.trace", "triage.in_editor", "triage.alike")
"""Commands that would show what is hidden."""


class Blindness(Ordering[Model]):
    """A queue that can hide what sways people."""

    def __init__(self) -> None:
        super().__init__()
        self._blind = {lane: lane in BLIND_AT_FIRST for lane in LANES}
        self._told: set[int] = set()
        """Calls whose flags, lane or opinions were in view: a verdict on them isn't blind."""

    def on_mount(self) -> None:
        """As this person left it, lane by lane."""
        for lane in LANES:
            kept = self.recall(f"blind.{lane.value}")
            if kept is not None:
                self._blind[lane] = kept == "on"
        super().on_mount()

    @property
    def hides(self) -> bool:
        """Whether why the call in front is here is hidden at this moment."""
        return self._blind[self._queue.lane] and not self._why_shown

    @property
    def is_blind(self) -> bool:
        """Whether a verdict now is given without knowing."""
        here = self._current
        return self.hides and here is not None and here.id not in self._told

    def as_seen(self, detail: CallDetail) -> CallDetail:
        """The call with what may be seen of it."""
        if self.hides:
            return replace(detail, flags=(), reviews=())
        self._told.add(detail.row.id)
        return detail

    def reveal(self, entry: Entry) -> str:
        """Why the call was here, once it is judged; of a second look nothing, as a third may be."""
        assert entry.call is not None
        if not entry.blind or entry.lane not in (Lane.FLAGGED, Lane.MIXED):
            return ""
        detail = self._details.get(entry.call.id)
        if detail is None or not detail.flags:
            return " · it was drawn at random"
        return f" · it was flagged by {', '.join(flag.rule for flag in detail.flags)}"

    # Commands.

    def title_now(self, command_id: str) -> str | None:
        """The key says what it would do."""
        if command_id == "triage.blind" and self._blind[self._queue.lane]:
            return "Unblind"
        return super().title_now(command_id)

    def why_not(self, command_id: str) -> str | None:
        """What would tell can't be used while one is blind."""
        lane = self._queue.lane
        if command_id == "triage.alike" and lane in ONE_BY_ONE:
            return ONE_BY_ONE[lane]
        if self._current is not None and self._blind[lane]:
            if command_id in TELLS:
                return "Blind: that would tell why the call is here; b ends it."
            if command_id == "triage.example" and lane is Lane.SECOND:
                return "Blind: the example would tell what the first verdict is; b ends it."
        if command_id == "triage.why" and (self.judged is None or not self._blind[lane]):
            return "Nothing is hidden here; b hides why a call is here."
        return super().why_not(command_id)

    def do_blind(self) -> None:
        """Hide why calls of this lane are here, or show it."""
        lane = self._queue.lane
        self._blind[lane] = not self._blind[lane]
        self._why_shown = False
        self.remember(f"blind.{lane.value}", "on" if self._blind[lane] else "off")
        self._said = ""
        self._show_call()

    def do_why(self) -> None:
        """Say or hide why this one call is here."""
        self._why_shown = not self._why_shown
        self._show_call()
