"""A thread beside a gateway: it works until it is told to stop, after what is under way."""

from __future__ import annotations

import threading

_LONGEST_END_S = 30


class Background:
    """Works in a thread of its own; `work()` looks at `_stop` between two pieces."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.work, name=name, daemon=True)

    def work(self) -> None:
        """Everything, until `_stop` is set."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after what is under way; what is left is found by the next one."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_LONGEST_END_S)
