"""Writing to the terminal only what differs from what it shows.

Textual repaints regions, whether or not their content changed, and ends every piece of text with a
reset of all colours. Over a slow line that is most of the traffic. `Canvas` reads the frames that
Textual writes, keeps what the terminal shows cell by cell, and says the difference in few bytes.

What it can't be sure of it doesn't reason about: text whose width terminals disagree on (emoji,
combining marks) is written again together with the rest of its line whenever the line changes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from rich.cells import cell_len

_TOKEN = re.compile(r"\x1b\[([\d;]*)([mH])|\n|([^\x00-\x1f\x7f-\x9f]+)")
_JUMP = 5
"""Unchanged cells between two changes that cost less to write again than to jump over."""

_PLAIN_SIGNS = frozenset("✓✗")
"""Signs of ours among the symbols of which many have an emoji form: these have none."""

Cell = tuple[str, str]
"""Text and the parameters of its colours; the text is empty in the cells that a wide one covers."""


class _Row:
    """One line of the terminal: what Textual wants there, and what is there."""

    __slots__ = ("shown", "wanted")

    def __init__(self) -> None:
        self.wanted: list[Cell | None] = []
        self.shown: list[Cell | None] = []

    def put(self, x: int, cells: list[Cell | None]) -> None:
        """Want these cells from column `x` on."""
        end = x + len(cells)
        if len(self.wanted) < end:
            self.wanted.extend([None] * (end - len(self.wanted)))
        # As terminals do: of what is covered in part, the rest goes blank.
        self._blank_around(x)
        self._blank_around(end)
        self.wanted[x:end] = cells

    def _blank_around(self, x: int) -> None:
        cells = self.wanted
        if not 0 < x < len(cells) or (cell := cells[x]) is None or cell[0]:
            return
        start = x - 1
        while start > 0 and (cell := cells[start]) is not None and not cell[0]:
            start -= 1
        while start < len(cells) and (cell := cells[start]) is not None:
            if start >= x and cell[0]:
                break
            cells[start] = (" ", cell[1])
            start += 1


class Canvas:
    """What a terminal shows, and what it should show."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._touched: set[int] = set()
        self._cursor = (0, 0)
        """Column and line where Textual left the cursor."""
        self._pen = ""
        """Colours that the terminal writes with."""

    def forget(self) -> None:
        """The terminal's content is unknown: all that is wanted will be written again."""
        for row in self._rows.values():
            row.shown = []
        self._touched.update(self._rows)
        self._pen = "?"

    def clear(self) -> None:
        """Nothing is known any more, not even what is wanted: a whole new frame is coming."""
        self._rows.clear()
        self._touched.clear()
        self._pen = "?"

    def crop(self, columns: int, lines: int) -> None:
        """The terminal has this size now, and nobody knows what it shows."""
        for line in [line for line in self._rows if line >= lines]:
            del self._rows[line]
            self._touched.discard(line)
        for row in self._rows.values():
            del row.wanted[columns:]
        self.forget()

    def draw(self, frame: str) -> bool:
        """Take a frame; False where it holds something that isn't text, colour or a jump."""
        column, line = self._cursor
        style = ""
        at = 0
        drawn: list[tuple[int, int, str, str]] = []
        while at < len(frame):
            token = _TOKEN.match(frame, at)
            if token is None:
                return False
            at = token.end()
            parameters, final, text = token.groups()
            if text is not None:
                drawn.append((line, column, text, style))
                column += cell_len(text)
            elif final == "m":
                style = "" if parameters in ("", "0") else parameters
            elif final == "H":
                first, _, second = parameters.partition(";")
                line, column = int(first or 1) - 1, int(second or 1) - 1
            else:
                line += 1
        for piece in drawn:
            self._put(*piece)
        self._cursor = (column, line)
        return True

    def changes(self) -> str:
        """What has to be written so that the terminal shows what was drawn; empty for nothing."""
        out: list[str] = []
        for line in sorted(self._touched):
            self._line_changes(line, self._rows[line], out)
        self._touched.clear()
        if out:
            column, line = self._cursor
            out.append(f"\x1b[{line + 1};{column + 1}H")
        return "".join(out)

    def plain_pen(self) -> str:
        """What has to be written before anything else may be written to the terminal."""
        if not self._pen:
            return ""
        self._pen = ""
        return "\x1b[m"

    def _put(self, line: int, column: int, text: str, style: str) -> None:
        row = self._rows.setdefault(line, _Row())
        self._touched.add(line)
        cells: list[Cell | None] = []
        if text.isascii():
            cells += [(character, style) for character in text]
        elif all(map(_sure_width, text)):
            for character in text:
                cells.append((character, style))
                if _sure_width(character) == 2:
                    cells.append(("", style))
        else:
            width = cell_len(text)
            if not width:
                return
            cells += [(text, style), *[("", style)] * (width - 1)]
        row.put(column, cells)

    def _line_changes(self, line: int, row: _Row, out: list[str]) -> None:
        wanted, shown = row.wanted, row.shown
        if wanted == shown:
            return
        row.shown = list(wanted)
        if _is_unsure(wanted) or _is_unsure(shown):
            spans = [(0, len(wanted))]
        else:
            spans = _spans(wanted, shown)
        for start, stop in spans:
            self._write(line, start, wanted[start:stop], out)

    def _write(self, line: int, column: int, cells: list[Cell | None], out: list[str]) -> None:
        jump = True
        for cell in cells:
            if cell is None:
                jump = True
            else:
                text, style = cell
                if text:
                    if jump:
                        out.append(f"\x1b[{line + 1};{column + 1}H")
                        jump = False
                    if style != self._pen:
                        out.append(change_pen(self._pen, style))
                        self._pen = style
                    out.append(text)
                    # Behind text of unknown width nobody knows where the terminal's cursor is.
                    jump = len(text) > 1 or not _sure_width(text)
            column += 1


def _is_unsure(cells: list[Cell | None]) -> bool:
    """Whether a line has text of which nobody knows how wide the terminal shows it."""
    for cell in cells:
        if cell is not None and cell[0] and (len(cell[0]) > 1 or not _sure_width(cell[0])):
            return True
    return False


def _spans(wanted: list[Cell | None], shown: list[Cell | None]) -> list[tuple[int, int]]:
    """Stretches that differ, joined where the gap is short, never beginning inside a wide one."""
    spans: list[tuple[int, int]] = []
    known = len(shown)
    for x, cell in enumerate(wanted):
        if x < known and cell == shown[x]:
            continue
        if spans and x - spans[-1][1] <= _JUMP:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            start = x
            while start and cell is not None and not cell[0]:
                start -= 1
                cell = wanted[start]
            spans.append((start, x + 1))
    return [(start, _whole(wanted, stop)) for start, stop in spans]


def _whole(wanted: list[Cell | None], stop: int) -> int:
    while stop < len(wanted):
        cell = wanted[stop]
        if cell is None or cell[0]:
            break
        stop += 1
    return stop


@cache
def _sure_width(character: str) -> int:
    """1 or 2 where all terminals agree on a character's width; 0 where they may not."""
    if character in _PLAIN_SIGNS:
        return 1
    if ord(character) >= 0x1F000 or 0x2600 <= ord(character) < 0x27C0:
        return 0
    if unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf", "Cn", "Co", "Cs"):
        return 0
    return cell_len(character)


@lru_cache(maxsize=4096)
def change_pen(before: str, after: str) -> str:
    """The shortest colour sequence from one set of parameters to another."""
    if not after:
        return "\x1b[m"
    old, new = _parts(before), _parts(after)
    if before == "?" or old.keys() - new.keys():
        return f"\x1b[0;{after}m"
    changed = [part for kind, part in new.items() if old.get(kind) != part]
    return f"\x1b[{';'.join(changed)}m"


def _parts(parameters: str) -> dict[str, str]:
    """Parameters by what they set: foreground, background, or an attribute of their own."""
    parts: dict[str, str] = {}
    numbers = [number for number in parameters.split(";") if number and number != "?"]
    at = 0
    while at < len(numbers):
        code = int(numbers[at])
        size = 1
        if code in (38, 48, 58):
            size = 5 if numbers[at + 1 : at + 2] == ["2"] else 3
            kind = {38: "text", 48: "ground", 58: "line"}[code]
        elif 30 <= code <= 37 or 90 <= code <= 97:
            kind = "text"
        elif 40 <= code <= 47 or 100 <= code <= 107:
            kind = "ground"
        else:
            kind = f"attribute {code}"
        parts[kind] = ";".join(numbers[at : at + size])
        at += size
    return parts
