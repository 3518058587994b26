"""A gateway says in the file that it is at work, and what it counted: lost calls above all."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from dataclasses import asdict

from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import StoreError
from llmops_tui.gateway.intake import Intake
from llmops_tui.store import gateways
from llmops_tui.store.database import Database

BEAT_S = 5.0


class Heartbeat:
    """Of one gateway.

    Args:
        db: The workspace.
        intake: What counts.
    """

    def __init__(self, db: Database, intake: Intake) -> None:
        self._db = db
        self._intake = intake
        self._id = uuid.uuid4().hex
        self._since = now_ms()
        self.url = ""

    def write(self) -> None:
        """Be heard of; a file that can't be written hears it later."""
        if self.url:
            with suppress(StoreError), self._intake.turn:
                gateways.seen(
                    self._db, self._id, os.getpid(), self.url, self._since, self._counts()
                )

    def stop(self) -> None:
        """The end, in good order."""
        if self.url:
            with suppress(StoreError):
                gateways.stopped(self._db, self._id, self._counts())

    def _counts(self) -> dict[str, int]:
        return asdict(self._intake.counts)
