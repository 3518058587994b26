"""How far an import is, and whether it is to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from llmops_tui.core.dataset import BadRow, ExampleDraft
from llmops_tui.core.errors import InputError

REPORT_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is."""

    rows: int
    bad_rows: int
    fraction: float
    """Of the source, 0 to 1."""
    seconds_left: float | None


class ImportCancelledError(InputError):
    """Somebody cancelled the import; nothing of it was kept."""


class Reporter:
    """Tells how far an import is, a few times a second, and hears whether to stop."""

    def __init__(
        self,
        name: str,
        on_progress: Callable[[ImportProgress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        from llmops_tui.interchange.tables import Progress

        self.reading = Progress()
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._name = name
        self._began = self._last = time.monotonic()
        self._good = self._bad = 0

    def saw(self, row: ExampleDraft | BadRow) -> None:
        """Count a row."""
        if isinstance(row, BadRow):
            self._bad += 1
        else:
            self._good += 1
        if (self._good + self._bad) % 64 == 0:
            self._tell()

    def _tell(self) -> None:
        if self._cancelled():
            raise ImportCancelledError(
                f"The import of “{self._name}” was cancelled.", "Nothing of it was kept."
            )
        now = time.monotonic()
        if now - self._last < REPORT_EVERY_S:
            return
        self._last = now
        left = self.reading.remaining_s(now - self._began)
        self._on_progress(ImportProgress(self._good, self._bad, self.reading.fraction, left))
