"""Rows of a JSON document, element by element: the document is never whole in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from llmops_tui.core.errors import InputError
from llmops_tui.interchange.tables.encoding import Utf8Text
from llmops_tui.interchange.tables.jsonvalues import (
    Refused,
    Watch,
    refuse_value,
    shape_reason,
    syntax_reason,
)
from llmops_tui.interchange.tables.model import (
    MAX_DEPTH,
    MAX_VALUE,
    RAW_LIMIT,
    BadRow,
    Cause,
    Layout,
    Row,
    bad_row,
)

_BLANKS = re.compile(r"[ \t\n\r]*")
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_NEAR_END = 16
"""Characters before the end of what was read in which an error may only mean: read on."""


class BrokenDocument(Exception):
    """From here on the document can't be read."""

    def __init__(self, line: int, column: int, reason: str, raw: str) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column
        self.reason = reason
        self.raw = raw


class Cursor:
    """A place in a JSON text of which only the part around it is in memory."""

    def __init__(self, text: Utf8Text) -> None:
        self._text = text
        self._pieces = iter(text)
        self._watch = Watch()
        self._buffer = ""
        self._place = 0
        self._at_end = False
        self._line = 1
        self._counted = 0
        self._column_base = 0

    @property
    def line(self) -> int:
        """The line of the place, from 1."""
        self._line += self._buffer.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def peek(self) -> str:
        """The next character that isn't blank; empty at the end."""
        while True:
            found = _BLANKS.match(self._buffer, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if not self._more():
                return ""

    def expect(self, characters: str, reason: str) -> str:
        """Step over one of these characters and return it.

        Raises:
            BrokenDocument: Another one stands there.
        """
        found = self.peek()
        if not found or found not in characters:
            raise self.broken(reason if found else "the document ends too early")
        self._place += 1
        return found

    def value(self) -> tuple[Any, str]:
        """Step over one value; returns it and its text.

        Raises:
            BrokenDocument: There is no value here.
            Refused: It is one, but it can't be kept; the place is behind it.
        """
        self.peek()
        while True:
            self._watch.odd = ""
            try:
                value, end = self._watch.decoder.raw_decode(self._buffer, self._place)
            except json.JSONDecodeError as error:
                near = len(self._buffer) - error.pos < _NEAR_END
                unclosed = error.msg.startswith("Unterminated")
                if (near or unclosed) and self._more():
                    continue
                raise self.broken(self._words(error), error.pos) from error
            except (ValueError, RecursionError) as error:
                raise self.broken(syntax_reason(error, ""), self._place) from error
            # A number at the end of what was read may go on.
            if end < len(self._buffer) or not self._more():
                break
        raw = self._buffer[self._place : end]
        self._place = end
        if self._watch.odd or self._text.damaged or _doubtful(raw):
            try:
                refuse_value(value, self._watch.odd)
            except Refused as refused:
                refused.add_note(raw[:RAW_LIMIT])
                raise
        return value, raw

    def elements(self) -> Iterator[None]:
        """Stand before each element of the list here; the caller reads it with `value`.

        Raises:
            BrokenDocument: The list is broken.
        """
        self.expect("[", "a list is expected")
        if self.peek() == "]":
            self._place += 1
            return
        while True:
            yield
            if self.expect(",]", "a comma is missing between two elements") == "]":
                return

    def members(self) -> Iterator[str]:
        """Stand before the value of each member of the object here; the caller reads it.

        Raises:
            BrokenDocument: The object is broken.
        """
        self.expect("{", "an object is expected")
        if self.peek() == "}":
            self._place += 1
            return
        while True:
            if self.peek() != '"':
                raise self.broken("a key in double quotes is missing")
            try:
                key, _ = self.value()
            except Refused as refused:
                raise self.broken(refused.reason) from refused
            self.expect(":", "a colon is missing")
            self.peek()
            yield str(key)
            if self.expect(",}", "a comma is missing between two members") == "}":
                return

    def skip_value(self) -> None:
        """Step over one value, whatever it is."""
        try:
            self.value()
        except Refused:
            return

    def finish(self) -> None:
        """Make sure that nothing follows.

        Raises:
            BrokenDocument: Something does.
        """
        if self.peek():
            raise self.broken("more follows after the end of the document")

    def broken(self, reason: str, place: int | None = None) -> BrokenDocument:
        """The error for this place, or for another one in memory."""
        raw = self._buffer[self._place : self._place + RAW_LIMIT]
        line = self.line
        place = self._place if place is None else min(place, len(self._buffer))
        line += self._buffer.count("\n", self._place, place)
        column = place - (self._buffer.rfind("\n", 0, place) + 1) + 1
        if "\n" not in self._buffer[:place]:
            column += self._column_base
        return BrokenDocument(line, column, reason, raw)

    def _words(self, error: json.JSONDecodeError) -> str:
        words = syntax_reason(error, self._buffer if self._at_end else "")
        return words.removeprefix("no JSON: ").split(" at character")[0]

    def _more(self) -> bool:
        """Read on, keeping what is still needed; false at the end."""
        if self._at_end:
            return False
        held = len(self._buffer) - self._place
        if held > MAX_VALUE:
            raise self.broken(f"a value of more than {MAX_VALUE >> 20} MiB")
        parts: list[str] = []
        size = 0
        # As much again as there is: a large value is then decoded a few times, not a thousand.
        while size <= held:
            piece = next(self._pieces, None)
            if piece is None:
                self._at_end = True
                break
            parts.append(piece)
            size += len(piece)
        if not parts:
            return False
        _ = self.line
        newline = self._buffer.rfind("\n", 0, self._place)
        self._column_base = (
            self._place - newline - 1 if newline >= 0 else self._column_base + self._place
        )
        self._buffer = "".join((self._buffer[self._place :], *parts))
        self._place = self._counted = 0
        return True


def read_json(
    text: Utf8Text, layout: Layout, member: str | None, *, wrap: bool, name: str
) -> Iterator[Row | BadRow]:
    """Rows of a JSON document.

    Where the document breaks after good rows, the last thing to come is a bad row that says where;
    the rest can't be read.

    Args:
        text: The document.
        layout: Where the rows are.
        member: In which member of the object, with `Layout.MEMBER`.
        wrap: Values that are no objects become `{"value": …}`; otherwise they are bad rows.
        name: The source's, for errors.

    Raises:
        InputError: The document breaks before its first row.
    """
    cursor = Cursor(text)
    any_row = False
    try:
        for _ in _places(cursor, layout, member):
            cursor.peek()
            line = cursor.line
            row = _row(cursor, line, wrap)
            any_row = any_row or isinstance(row, Row)
            yield row
    except BrokenDocument as broken:
        where = f"line {broken.line}, column {broken.column}"
        if not any_row:
            raise InputError(
                f"“{name}” is not valid JSON: {broken.reason} ({where}).",
                "Correct the file, or export it again.",
            ) from broken
        reason = f"{broken.reason} ({where}); the rest of the file can't be read"
        yield bad_row(broken.line, reason, broken.raw, Cause.SYNTAX)


def _places(cursor: Cursor, layout: Layout, member: str | None) -> Iterator[None]:
    if layout is Layout.SEQUENCE:
        while cursor.peek():
            yield
        return
    if layout is Layout.ARRAY:
        yield from cursor.elements()
    else:
        met = False
        outer, _, inside = (member or "").partition(".")
        for key in cursor.members():
            if key == member and not met and cursor.peek() == "[":
                met = True
                yield from cursor.elements()
            elif inside and key == outer and not met and cursor.peek() == "{":
                for name in cursor.members():
                    if name == inside and not met and cursor.peek() == "[":
                        met = True
                        yield from cursor.elements()
                    else:
                        cursor.skip_value()
            else:
                cursor.skip_value()
        if not met:
            raise cursor.broken(f"there is no list “{member}”")
    cursor.finish()


def _row(cursor: Cursor, line: int, wrap: bool) -> Row | BadRow:
    try:
        value, raw = cursor.value()
    except Refused as refused:
        return bad_row(line, refused.reason, refused.__notes__[0], refused.cause)
    if isinstance(value, dict):
        return Row(line, value)
    if wrap:
        return Row(line, {"value": value})
    return bad_row(line, shape_reason(value), raw, Cause.SHAPE)


def _doubtful(raw: str) -> bool:
    if len(raw) > 2 * MAX_DEPTH and raw.count("[") + raw.count("{") > MAX_DEPTH:
        return True
    return "\\u" in raw and _HALF_PAIR.search(raw) is not None
