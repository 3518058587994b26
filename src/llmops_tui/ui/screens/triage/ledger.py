"""Verdicts on their way into the file: in order, off the UI thread, none lost at the end.

What was pressed is shown at once; the file is written behind it, one after the other. What
couldn't be written comes back with its error.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from llmops_tui.core.call import CallRow, Lane, Review, ReviewVerdict
from llmops_tui.services.queues import Group


@dataclass(frozen=True, slots=True)
class Remark:
    """What goes along with a verdict."""

    note: str = ""
    reason: str = ""
    """Of the project's list of reasons."""
    corrected: str | None = None
    """What the answer should have been."""

    @property
    def words(self) -> str:
        """In a line; empty where there is nothing."""
        parts = [f"because: {self.reason}"] if self.reason else []
        parts += ["the answer is corrected"] if self.corrected is not None else []
        parts += [f"note: {self.note}"] if self.note else []
        return " · ".join(parts)


@dataclass(slots=True, eq=False)
class Entry:
    """A verdict that was given, or the taking back of one."""

    call: CallRow | None
    """None where nobody here knows yet which verdict is taken back."""
    verdict: ReviewVerdict | None
    """None for taking back."""
    severity: str = ""
    remark: Remark = Remark()
    group: Group | None = None
    """Calls that got the verdict together, the one in front among them."""
    blind: bool = False
    """Whether flags, lane and other opinions were hidden."""
    lane: Lane | None = None
    """In which lane it was given."""
    judged: int = 1
    """On how many calls it was written."""
    settled: bool = False
    error: Exception | None = None
    taken_back: Review | None = None
    of: Entry | None = None
    """The verdict that is taken back, where it was given here."""

    @property
    def call_ids(self) -> tuple[int, ...]:
        """The calls that it is about, as far as they are known here."""
        group = self.group or (self.of.group if self.of is not None else None)
        if group is not None and self.call is not None:
            return (self.call.id, *(found for found in group.ids if found != self.call.id))
        return () if self.call is None else (self.call.id,)


@dataclass(slots=True)
class Since:
    """What happened after some point: for lists that were read before or after it."""

    judged: set[int] = field(default_factory=set)
    restored: set[int] = field(default_factory=set)


class Ledger:
    """Keeps the order in which a person judged, and writes in that order.

    Args:
        write: Records a verdict.
        take_back: Takes back this person's last verdict, on one call where it is given; None
            where there is none.
    """

    def __init__(
        self, write: Callable[[Entry], None], take_back: Callable[[int | None], Review | None]
    ) -> None:
        self._write = write
        self._take_back = take_back
        self._entries: list[Entry] = []
        self._settled = 0
        """Entries at the beginning that are known to be settled."""
        self._waiting: deque[Entry] = deque()
        self._done: deque[Entry] = deque()
        self._lock = threading.Lock()

    def judge(
        self,
        call: CallRow,
        verdict: ReviewVerdict,
        severity: str,
        remark: Remark,
        *,
        group: Group | None = None,
        blind: bool = False,
        lane: Lane | None = None,
    ) -> Entry:
        """Take a verdict on a call, or on all calls of a group."""
        return self._put(Entry(call, verdict, severity, remark, group, blind, lane))

    def undo(self, call: CallRow | None = None) -> Entry:
        """Take the last verdict back, whether it was given here or before the app was started.

        Args:
            call: Only a verdict on this call.
        """
        last = self.last_given()
        if call is not None and (last is None or last.call is None or last.call.id != call.id):
            return self._put(Entry(call, None))
        return self._put(Entry(last.call if last else None, None, of=last))

    def last_given(self) -> Entry | None:
        """The newest verdict given here that stands."""
        gone = {id(entry.of) for entry in self._entries if entry.of and entry.error is None}
        for entry in reversed(self._entries):
            if entry.verdict is not None and entry.error is None and id(entry) not in gone:
                return entry
        return None

    def mark(self) -> int:
        """A point in time: everything before it is in the file."""
        while self._settled < len(self._entries) and self._entries[self._settled].settled:
            self._settled += 1
        return self._settled

    def since(self, mark: int) -> Since:
        """What happened after a point."""
        found = Since()
        for entry in self._entries[mark:]:
            if entry.verdict is None and entry.error is not None:
                continue
            judged = entry.verdict is not None and entry.error is None
            (found.judged if judged else found.restored).update(entry.call_ids)
            (found.restored if judged else found.judged).difference_update(entry.call_ids)
        return found

    def drain(self) -> None:
        """Write what waits, in order. In a thread; two at once take turns."""
        with self._lock:
            while self._waiting:
                entry = self._waiting[0]
                try:
                    self._settle(entry)
                except Exception as error:  # noqa: BLE001 - shown by whoever asks for it
                    entry.error = error
                self._waiting.popleft()
                entry.settled = True
                self._done.append(entry)

    def take_done(self) -> list[Entry]:
        """What was written, or not, since this was last asked."""
        done = []
        while self._done:
            done.append(self._done.popleft())
        return done

    def _settle(self, entry: Entry) -> None:
        if entry.verdict is not None:
            self._write(entry)
        elif entry.of is None or entry.of.error is None:
            # A verdict that was never written needs no taking back.
            # Of a group the call in front may have been judged by somebody else a moment before.
            for call_id in entry.call_ids or (None,):
                entry.taken_back = self._take_back(call_id)
                if entry.taken_back is not None:
                    break

    def _put(self, entry: Entry) -> Entry:
        self._entries.append(entry)
        self._waiting.append(entry)
        return entry
