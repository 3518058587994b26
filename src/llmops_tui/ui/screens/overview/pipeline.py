"""The six stages: a list on narrow screens, a row of boxes with arrows on wide ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from llmops_tui.core.text import cells, one_line, visible
from llmops_tui.ui.commands import registry
from llmops_tui.ui.glyphs import ascii_only
from llmops_tui.ui.widgets.list_moves import ListMoves
from llmops_tui.ui.widgets.text_pane import wrap

if TYPE_CHECKING:
    from llmops_tui.services.overview import StageView

NO_OWNER = "no owner"
NAME = 21
"""Cells of stage and owner in the list."""
BOX = 19
"""Cells of the narrowest box; below it there is a list."""
BOXES_FROM = 6 * BOX + 5 * 3

Piece = tuple[str, str]
Line = list[Piece]


class StageChosen(Message):
    """Somebody wants to go to a stage's screen."""

    def __init__(self, stage: StageView) -> None:
        super().__init__()
        self.stage = stage


class Pipeline(ListMoves, Widget):
    """Stage, owner, state and next action of each stage, one of them selected."""

    can_focus = True
    BINDINGS = registry.bindings("lists", "overview.stages")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "stage--name",
        "stage--here",
        "stage--owner",
        "stage--nobody",
        "stage--next",
        "stage--glyph",
        "stage--arrow",
    }
    DEFAULT_CSS = """
    Pipeline { height: 1fr; padding: 0 1; }
    Pipeline > .stage--name { text-style: bold; }
    Pipeline > .stage--here { text-style: bold; }
    Pipeline:focus > .stage--here { text-style: bold reverse; }
    Pipeline > .stage--owner { color: $muted; }
    Pipeline > .stage--nobody { color: $doubt; }
    Pipeline > .stage--next { color: $primary; }
    Pipeline > .stage--glyph { color: $cursor; text-style: bold; }
    Pipeline > .stage--arrow { color: $muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.stages: tuple[StageView, ...] = ()
        self.cursor = 0
        self._lines: list[Line] = []
        self._top = 0

    def show_stages(self, stages: Sequence[StageView]) -> None:
        """Show these; repaints where they differ."""
        if tuple(stages) != self.stages:
            self.stages = tuple(stages)
            self._draw()

    @property
    def chosen(self) -> StageView | None:
        """The selected stage."""
        return self.stages[self.cursor] if self.stages else None

    def move_to(self, index: int) -> None:
        """Select a stage."""
        wanted = max(0, min(index, self.last_index()))
        if wanted != self.cursor:
            self.cursor = wanted
            self._draw()
            self.screen.refresh_bindings()

    def last_index(self) -> int:
        """Index of the last stage."""
        return max(0, len(self.stages) - 1)

    def page_rows(self) -> int:
        """All six are a page."""
        return 6

    def do_right(self) -> None:
        """The next stage."""
        self.move_to(self.cursor + 1)

    def do_left(self) -> None:
        """The stage before."""
        self.move_to(self.cursor - 1)

    def do_choose(self) -> None:
        """Go to the stage's screen."""
        if self.chosen is not None:
            self.post_message(StageChosen(self.chosen))

    def on_resize(self, _: events.Resize) -> None:
        """List or boxes."""
        self._draw()

    def on_focus(self) -> None:
        """The selected stage looks different with the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The selected stage looks different without the focus."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        base = self.rich_style
        number = self._top + y
        line = self._lines[number] if number < len(self._lines) else []
        segments = [
            Segment(
                text,
                base + self.get_component_rich_style(f"stage--{style}", partial=True)
                if style
                else base,
            )
            for text, style in line
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    @property
    def text(self) -> str:
        """What is drawn, without colours."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)

    def _draw(self) -> None:
        width, height = self.content_size
        if width <= 0 or height <= 0:
            return
        before = self._lines, self._top
        if width >= BOXES_FROM:
            self._lines, self._top = boxes(self.stages, self.cursor, width), 0
        else:
            self._lines, first, last = listing(self.stages, self.cursor, width, height)
            if last - self._top >= height:
                self._top = last - height + 1
            self._top = max(0, min(self._top, first))
        if before != (self._lines, self._top):
            self.refresh()


def listing(
    stages: Sequence[StageView], cursor: int, width: int, height: int
) -> tuple[list[Line], int, int]:
    """The list, and the first and last line of the selected stage."""
    blocks = [_block(stage, number == cursor, width) for number, stage in enumerate(stages)]
    spaced = sum(map(len, blocks)) + len(blocks) - 1 <= height
    lines: list[Line] = []
    first = last = 0
    for number, block in enumerate(blocks):
        if number and spaced:
            lines.append([])
        if number == cursor:
            first, last = len(lines), len(lines) + len(block) - 1
        lines += block
    return lines, first, last


def _block(stage: StageView, here: bool, width: int) -> list[Line]:
    room = max(10, width - NAME - 4)
    state = _wrapped(stage.state, room)
    action = _wrapped(stage.next_action, room - 2)
    arrow = "> " if ascii_only() else "→ "
    right: list[Line] = [[(text, "")] for text in state]
    right += [[(arrow if n == 0 else "  ", "arrow"), (t, "next")] for n, t in enumerate(action)]
    owner = stage.owner or NO_OWNER
    left = [
        (_padded(stage.stage.value, NAME), "here" if here else "name"),
        (_padded(owner, NAME), "owner" if stage.owner else "nobody"),
    ]
    mark: Piece = ("▌ ", "glyph") if here else ("  ", "")
    lines: list[Line] = []
    for number in range(max(len(right), 2)):
        beside = left[number] if number < 2 else (" " * NAME, "")
        rest = right[number] if number < len(right) else []
        lines.append([mark, beside, ("  ", ""), *rest])
    return lines


def boxes(stages: Sequence[StageView], cursor: int, width: int) -> list[Line]:
    """One box beside the other, joined by arrows."""
    count = max(1, len(stages))
    size = (width - 3 * (count - 1)) // count
    filled = [_box(stage, n == cursor, size) for n, stage in enumerate(stages)]
    high = max((len(box) for box in filled), default=0)
    lines: list[Line] = [[]]
    for y in range(high + 2):
        line: Line = []
        for number, box in enumerate(filled):
            here = number == cursor
            if number:
                joint = " > " if ascii_only() else " → "
                line.append((joint if y == 1 else "   ", "arrow"))
            line += _box_line(box, y, high, size, here)
        lines.append(line)
    return lines


def _box_line(box: list[Piece], y: int, high: int, size: int, here: bool) -> Line:
    style = "glyph" if here else "arrow"
    plain = ascii_only()
    if y in (0, high + 1):
        if plain:
            return [("+" + ("=" if here else "-") * (size - 2) + "+", style)]
        corners = ("┏┓" if here else "╭╮") if y == 0 else ("┗┛" if here else "╰╯")
        return [(corners[0] + ("━" if here else "─") * (size - 2) + corners[1], style)]
    side = "|" if plain else "┃" if here else "│"
    text, name = box[y - 1] if y <= len(box) else ("", "")
    return [(f"{side} ", style), (_padded(text, size - 4), name), (f" {side}", style)]


def _box(stage: StageView, here: bool, size: int) -> list[Piece]:
    room = size - 4
    owner = stage.owner or NO_OWNER
    arrow = "> " if ascii_only() else "→ "
    pieces: list[Piece] = [(stage.stage.value, "here" if here else "name")]
    pieces += [(text, "owner" if stage.owner else "nobody") for text in _wrapped(owner, room)]
    pieces.append(("", ""))
    pieces += [(text, "") for text in _wrapped(stage.state, room)]
    pieces.append(("", ""))
    pieces += [(text, "next") for text in _wrapped(arrow + stage.next_action, room)]
    return pieces


def _wrapped(text: str, room: int) -> list[str]:
    safe = visible(text, newlines=False)
    return ["".join(part for part, _ in line) for line in wrap([(safe, "")], room)] or [""]


def _padded(text: str, size: int) -> str:
    shown = one_line(text, size)
    return shown + " " * (size - cells(shown))
