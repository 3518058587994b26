"""One line that says how far something is, at which rate, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from llmops_tui.core.clock import duration
from llmops_tui.core.text import cells
from llmops_tui.ui.glyphs import ascii_only
from llmops_tui.ui.widgets.bars import Bar

FULL, EMPTY = "█", "░"
ASCII_FULL, ASCII_EMPTY = "#", "."
WIDEST_BAR = 30


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is."""

    done: int
    total: int | None = None
    unit: str = "rows"
    fraction: float | None = None
    """0 to 1, where it is known better than by `done` of `total`."""
    per_second: float | None = None
    seconds_left: float | None = None
    aside: str = ""
    """What is counted apart: `3 errors`."""

    @property
    def share(self) -> float:
        """0 to 1."""
        if self.fraction is not None:
            return min(1.0, max(0.0, self.fraction))
        return min(1.0, self.done / self.total) if self.total else 0.0


def progress_text(progress: Progress, width: int, *, plain: bool = False) -> str:
    """The line, exactly as wide as what it says needs; the bar takes what is left of `width`."""
    whole = f"{progress.done:,}"
    if progress.total is not None:
        whole += f"/{progress.total:,}"
    parts = [f"{progress.share:4.0%}", f"{whole} {progress.unit}"]
    if progress.per_second is not None:
        parts.append(f"{progress.per_second:,.1f}/s")
    if progress.seconds_left is not None:
        parts.append(f"about {duration(progress.seconds_left)} left")
    if progress.aside:
        parts.append(progress.aside)
    words = "  ".join(parts)
    room = min(WIDEST_BAR, width - cells(words) - 2)
    if room < 4:
        return words
    full, empty = (ASCII_FULL, ASCII_EMPTY) if plain else (FULL, EMPTY)
    filled = int(room * progress.share)
    return f"{full * filled}{empty * (room - filled)}  {words}"


class ProgressLine(Bar):
    """Shows a `Progress`; repainted only when a character of it changes."""

    DEFAULT_CSS = "ProgressLine { background: $background; color: $foreground; padding: 0 1; }"

    def put_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        width = self.content_size.width or 78
        line = progress_text(progress, width, plain=ascii_only())
        self.put(Text(line, no_wrap=True, end=""))

    def put_words(self, words: str) -> None:
        """Show a sentence in its place."""
        self.put(Text(words, no_wrap=True, end=""))
