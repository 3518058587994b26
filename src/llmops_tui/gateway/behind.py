"""What follows ingestion instead of delaying it: a thread that completes, joins, indexes, prunes.

Every piece of work is short, can be repeated, and is found in the file: a gateway that is killed
in the middle, or a second one on the same file, changes nothing about the outcome.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from llmops_tui.core.call import CallFlag
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import StoreError
from llmops_tui.gateway import settling
from llmops_tui.gateway.background import Background
from llmops_tui.gateway.intake import Intake
from llmops_tui.gateway.judge import Judge
from llmops_tui.gateway.retaining import Retainer
from llmops_tui.store import call_texts, traces, words
from llmops_tui.store.database import Database

_ROUND_S = 0.5
_SELDOM_S = 30.0
_INDEXED_AT_ONCE = 150
"""Calls that one transaction indexes: it holds the write lock for about 10 ms."""

_BETWEEN_S = 0.02
_UNDER_PRESSURE_S = 0.1
"""Between two pieces of indexing, while others wait for the writer: full text then follows at
some 1,400 calls a second, and catches up when the rush is over."""

_LONELY_AFTER_MS = 3_600_000
_RULE = "thumbs down"

log = logging.getLogger("llmops_tui.gateway")


@dataclass(frozen=True, slots=True)
class Seldom:
    """Work that comes up now and then."""

    name: str
    every_s: float
    work: Callable[[], object]


class Behind(Background):
    """The thread.

    Args:
        db: The workspace.
        judge: Decides about calls whose texts came later.
        intake: Whose turn to write is shared, and whose rush is stepped aside for.
        seldom: Further work, such as looking at alerts.
    """

    def __init__(
        self, db: Database, judge: Judge, intake: Intake, seldom: tuple[Seldom, ...] = ()
    ) -> None:
        super().__init__("behind")
        self._db = db
        self._judge = judge
        self._intake = intake
        self._turn = intake.turn
        self._retainer = Retainer(db, self._turn)
        self._seldom = (*seldom, Seldom("pruning", _SELDOM_S, self._prune))
        self._due = dict.fromkeys((one.name for one in self._seldom), 0.0)

    def work(self) -> None:
        """One round after the other."""
        while not self._stop.is_set():
            busy = False
            for work in (self.settle, self._join, self._index, self._train, self._retainer.step):
                busy |= self._guarded(work)
            now = time.monotonic()
            for one in self._seldom:
                if now >= self._due[one.name]:
                    self._due[one.name] = now + one.every_s
                    self._guarded(one.work)
            # While calls pour in, the index keeps up in small pieces between their commits.
            rest = _UNDER_PRESSURE_S if self._intake.is_pressed else _BETWEEN_S
            self._stop.wait(rest if busy else _ROUND_S)

    def _guarded(self, work: Callable[[], object]) -> bool:
        try:
            return bool(work())
        except StoreError as error:
            log.warning("work behind ingestion has to wait: %s", error)
        except Exception:
            log.exception("work behind ingestion failed")
        return False

    def settle(self) -> bool:
        """Give calls the texts that came as log events."""
        if not traces.has_open_events(self._db):
            return False
        completed = settling.settle(self._db, self._judge)
        if completed:
            with self._turn:
                traces.complete(self._db, completed)
        else:
            with self._turn:
                traces.give_up_events(self._db)
        return bool(completed)

    def _join(self) -> bool:
        """Join feedback with its calls; a thumbs-down flags the call."""
        found = traces.join_feedback(self._db)
        for one in found:
            severity = self._judge.severity_of(one.project_id, _RULE)
            if one.thumbs == -1 and severity:
                flag = CallFlag(_RULE, severity, "A user says that the answer is no good.")
                with self._turn:
                    traces.add_flag(self._db, one.call_id, flag)
        return False

    def _index(self) -> bool:
        prepared = words.prepare(self._db, _INDEXED_AT_ONCE)
        if not prepared:
            return False
        with self._turn:
            words.index(self._db, prepared)
        return len(prepared) == _INDEXED_AT_ONCE

    def _train(self) -> bool:
        if call_texts.is_training_due(self._db):
            call_texts.train(self._db)
        return False

    def _prune(self) -> None:
        before = now_ms() - _LONELY_AFTER_MS
        with self._turn:
            traces.drop_lonely_spans(self._db, before - 24 * _LONELY_AFTER_MS, before)
