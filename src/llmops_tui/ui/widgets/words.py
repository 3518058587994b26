"""A few lines of words of which only those are repainted that differ."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Region, Size
from textual.widget import Widget

from llmops_tui.core.text import visible
from llmops_tui.ui.widgets.text_pane import wrap


class Words(Widget):
    """Plain text, wrapped at words, made safe, without markup.

    Another layout, which repaints a whole screen, is only asked for where the number of lines
    changes.
    """

    DEFAULT_CSS = "Words { height: auto; padding: 0 1; }"

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words = visible(text)
        """What is shown."""

    def put(self, text: str) -> None:
        """Show these words."""
        safe = visible(text)
        if safe == self.words:
            return
        width = self.content_size.width
        before = wrapped(self.words, width)
        self.words = safe
        now = wrapped(safe, width)
        if len(now) != len(before) or not width:
            self.refresh(layout=self.styles.is_auto_height)
            return
        for y, (old, new) in enumerate(zip(before, now, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.content_size.width, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines at a width; Textual asks."""
        return len(wrapped(self.words, width))

    def render(self) -> Text:
        """What Textual paints."""
        lines = wrapped(self.words, self.content_size.width)
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis", end="")


def wrapped(words: str, width: int) -> list[str]:
    """Safe words as lines of at most `width` cells."""
    return [
        "".join(part for part, _ in line).rstrip()
        for row in words.split("\n")
        for line in (list(wrap([(row, "")], max(1, width))) or [[("", "")]])
    ]
