"""What pages share that look at a window of time: which one, longer, shorter, remembered."""

from __future__ import annotations

from typing import TypeVar

from llmops_tui.services.figures import WINDOWS
from llmops_tui.ui.screens.base import Page

Model = TypeVar("Model")

WINDOW_PLACE = "window"
FIRST = 2
"""24 hours."""


class Windowed(Page[Model]):
    """A page of `WINDOWS[self._window]`; the pages of a person look at the same one."""

    def __init__(self) -> None:
        super().__init__()
        self._window = FIRST

    def on_mount(self) -> None:
        """Begin with the window that was left."""
        kept = self.recall(WINDOW_PLACE) or ""
        if kept.isdecimal() and int(kept) < len(WINDOWS):
            self._window = int(kept)
        super().on_mount()

    def do_longer(self) -> None:
        """A longer window."""
        self._use_window(min(len(WINDOWS) - 1, self._window + 1))

    def do_shorter(self) -> None:
        """A shorter window."""
        self._use_window(max(0, self._window - 1))

    def window_changed(self) -> None:
        """Look at the other window."""
        self.reload_now()

    def _use_window(self, window: int) -> None:
        if window != self._window:
            self._window = window
            self.remember(WINDOW_PLACE, str(window))
            self.window_changed()
