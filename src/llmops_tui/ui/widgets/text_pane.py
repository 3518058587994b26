"""A scrollable pane of text that may be hostile, in sections with headings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from llmops_tui.core.text import cells, visible
from llmops_tui.ui.commands import registry
from llmops_tui.ui.host import CommandHost

LONGEST_TEXT = 100_000
"""Characters of one section that are laid out; the rest is for the editor or an export."""
STYLES = ("good", "bad", "doubt", "muted", "strong", "mark")
"""What a `Span` may look like; each theme decides how."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a section's text that looks different, in characters of the raw text."""

    start: int
    stop: int
    style: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and a text below it, exactly as it was written by whoever wrote it."""

    heading: str
    text: str
    spans: tuple[Span, ...] = ()
    style: str = ""
    """Of the whole text; one of `STYLES`."""


Piece = tuple[str, str]
"""Safe text without a line end, and the name of its style."""


class TextPane(CommandHost, ScrollView):
    """Shows sections; wraps at words, scrolls by keys, paints only what is in sight."""

    can_focus = True
    BINDINGS = registry.bindings("dialogs.text")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"text--{name}" for name in (*STYLES, "heading")}
    DEFAULT_CSS = """
    TextPane {
        height: 1fr; padding: 0 1; overflow-x: hidden; overflow-y: auto;
        scrollbar-size-vertical: 1; background: $background;
    }
    TextPane > .text--heading { color: $primary; text-style: bold; }
    TextPane > .text--good { color: $good; }
    TextPane > .text--bad { color: $bad; text-style: bold; }
    TextPane > .text--doubt { color: $doubt; }
    TextPane > .text--muted { color: $muted; }
    TextPane > .text--strong { text-style: bold; }
    TextPane > .text--mark { text-style: bold reverse; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.sections: tuple[Section, ...] = ()
        self._lines: list[list[Piece]] = []
        self._wrapped_at = 0

    def show_sections(self, sections: Sequence[Section], *, keep_place: bool = False) -> None:
        """Show these sections; repaints only when they differ from those shown.

        Args:
            sections: What to show.
            keep_place: Stay where one reads, as for a text that only grew; else begin at the top.
        """
        if tuple(sections) == self.sections:
            return
        self.sections = tuple(sections)
        if not keep_place:
            self.scroll_to(y=0, animate=False, force=True)
        self._wrap(again=True)

    def show_text(self, text: str) -> None:
        """Show one text without a heading."""
        self.show_sections([Section("", text)])

    def find_line(self, text: str) -> int | None:
        """The first line that contains a text, ignoring case."""
        wanted = text.casefold()
        for number, line in enumerate(self._lines):
            if wanted in "".join(part for part, _ in line).casefold():
                return number
        return None

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width = self.scrollable_content_region.width
        number = self.scroll_offset.y + y
        base = self.rich_style
        if number >= len(self._lines):
            return Strip.blank(width, base)
        segments = [
            Segment(part, base + self._style(style) if style else base)
            for part, style in self._lines[number]
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def on_resize(self, _: events.Resize) -> None:
        """Another width wraps differently."""
        self._wrap()

    def watch_show_vertical_scrollbar(self) -> None:
        """A scrollbar takes room from the text; that is no resize."""
        self.call_after_refresh(self._wrap)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"text--{name}", partial=True)

    def _wrap(self, *, again: bool = False) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            self._wrapped_at = 0  # out of sight: what is shown by then may be something else
            return
        if width == self._wrapped_at and not again:
            return
        self._wrapped_at = width
        self._lines = list(_lay_out(self.sections, width))
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def do_down(self) -> None:
        """One line down."""
        self.scroll_relative(y=1, animate=False)

    def do_up(self) -> None:
        """One line up."""
        self.scroll_relative(y=-1, animate=False)

    def do_top(self) -> None:
        """To the beginning."""
        self.scroll_to(y=0, animate=False)

    def do_end(self) -> None:
        """To the end."""
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def do_page_down(self) -> None:
        """A page down."""
        self.scroll_relative(y=self.size.height - 1, animate=False)

    def do_page_up(self) -> None:
        """A page up."""
        self.scroll_relative(y=1 - self.size.height, animate=False)

    def do_half_down(self) -> None:
        """Half a page down."""
        self.scroll_relative(y=self.size.height // 2, animate=False)

    def do_half_up(self) -> None:
        """Half a page up."""
        self.scroll_relative(y=-(self.size.height // 2), animate=False)


def _lay_out(sections: Sequence[Section], width: int) -> Iterator[list[Piece]]:
    for number, section in enumerate(sections):
        if number:
            yield []
        if section.heading:
            yield from wrap([(visible(section.heading, newlines=False), "heading")], width)
        for line in _safe_lines(section):
            yield from wrap(line, width)


def _safe_lines(section: Section) -> Iterator[list[Piece]]:
    """The section's lines, cut at spans and made safe piece by piece, as escapes move offsets."""
    text = section.text[:LONGEST_TEXT]
    pieces: list[Piece] = []
    at = 0
    for span in sorted(section.spans, key=lambda span: span.start):
        start, stop = max(span.start, at), min(span.stop, len(text))
        if stop > start:
            pieces += [(text[at:start], section.style), (text[start:stop], span.style)]
            at = stop
    pieces.append((text[at:], section.style))
    line: list[Piece] = []
    for raw, style in pieces:
        first, *others = visible(raw).split("\n")
        line.append((first, style))
        for other in others:
            yield line
            line = [(other, style)]
    yield line
    if len(section.text) > LONGEST_TEXT:
        yield [(f"… {len(section.text) - LONGEST_TEXT:,} more characters", "muted")]


def wrap(line: Sequence[Piece], width: int) -> Iterator[list[Piece]]:
    """Break a safe line into lines of at most `width` cells, at spaces where there are any."""
    if sum(cells(text) for text, _ in line) <= width:
        yield [piece for piece in line if piece[0]]
        return
    row: list[Piece] = []
    room = width
    for text, style in line:
        for word in _words(text):
            size = cells(word)
            if size > room and row and size <= width:
                yield row
                row, room = [], width
                if word.isspace():
                    continue
            while size > room:
                cut = _fitting(word, room)
                if cut:
                    row.append((word[:cut], style))
                yield row
                row, room = [], width
                word = word[cut:] if cut else word[1:]
                size = cells(word)
            if word:
                row.append((word, style))
                room -= size
    if row:
        yield row


def _words(text: str) -> Iterator[str]:
    """Words with the space behind them, as one breaks lines after spaces."""
    at = 0
    while at < len(text):
        space = text.find(" ", at)
        stop = len(text) if space < 0 else space + 1
        yield text[at:stop]
        at = stop


def _fitting(word: str, room: int) -> int:
    """How many characters of a word fit; its accents stay with their letter."""
    if word.isascii():
        return room
    total = 0
    for number, character in enumerate(word):
        total += cells(character)
        if total > room:
            return number
    return len(word)
