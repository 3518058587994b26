"""This program's own tables in columns: every input, then `expected`, `tags`, `split`.

Cells of a text file have no types. A column in which anything but text stands, or in which a row
has no value, is written as JSON and says so in its name: `score:json`. All others hold their text
as it is. So what is exported reads back as the same values, and a table of plain text is a plain
table to everybody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from llmops_tui.core.chat import Json
from llmops_tui.interchange.tables.marks import EXPECTED, SPLIT, TAGS

AS_JSON = ":json"
_LAST = ("expected", "tags", "split")
_INPUT = "input:"
"""Before the name of an input that would be taken for one of the last three, or for none."""
_SEPARATOR = re.compile(r"\s*;\s*")


def is_own(names: Sequence[str]) -> bool:
    """Whether a header is one that this program wrote."""
    if len(names) < 4:
        return False
    return tuple(name.removesuffix(AS_JSON) for name in names[-3:]) == _LAST


class Columns:
    """The columns of a table, found by looking at all rows once."""

    def __init__(self, rows: Iterable[Mapping[str, Json]]) -> None:
        """Look at all rows, which have every input under its name and the marks of `marks`."""
        text_rows: dict[str, int] = {}
        self._typed: set[str] = set()
        self._empty_marks: set[str] = set()
        self.rows = 0
        for row in rows:
            self.rows += 1
            for name, value in row.items():
                text_rows[name] = text_rows.get(name, 0) + 1
                if type(value) is not str:
                    self._typed.add(name)
            for mark in (EXPECTED, SPLIT):
                # An empty cell means that there is none; an empty text is a value.
                if row.get(mark) == "":
                    self._empty_marks.add(mark)
        marks = (EXPECTED, TAGS, SPLIT)
        inputs = [name for name in text_rows if name not in marks]
        for name in inputs:
            if text_rows[name] < self.rows or name.endswith(AS_JSON):
                self._typed.add(name)
        self._typed -= set(marks)
        self._inputs = inputs

    @property
    def names(self) -> tuple[str, ...]:
        """The header."""
        inputs = [_written(name, name in self._typed) for name in self._inputs]
        return (
            *inputs,
            "expected" + AS_JSON * (EXPECTED in self._empty_marks),
            "tags",
            "split" + AS_JSON * (SPLIT in self._empty_marks),
        )

    def cells(self, row: Mapping[str, Json]) -> dict[str, Json]:
        """A row's cells by the header's names."""
        made: dict[str, Json] = {}
        for name in self._inputs:
            typed = name in self._typed
            if name in row:
                made[_written(name, typed)] = _json(row[name]) if typed else row[name]
        for mark, name in ((EXPECTED, "expected"), (SPLIT, "split")):
            typed = mark in self._empty_marks
            value = row.get(mark)
            if value is not None:
                made[name + AS_JSON * typed] = _json(value) if typed else value
        tags = row.get(TAGS)
        made["tags"] = joined(tags if isinstance(tags, list) else [])
        return made


def flat(values: Mapping[str, Json]) -> dict[str, Json]:
    """A row of such a table, taken apart.

    Raises:
        ValueError: a cell that should hold JSON doesn't.
    """
    names = list(values)
    made: dict[str, Json] = {}
    for name in names[:-3]:
        value = values[name]
        read = name.removesuffix(AS_JSON).removeprefix(_INPUT)
        if not name.endswith(AS_JSON):
            made[read] = value
        elif value not in ("", None):
            made[read] = _loaded(name, value)
    for name, mark in zip(names[-3:], (EXPECTED, TAGS, SPLIT), strict=True):
        value = values[name]
        if mark == TAGS:
            made[mark] = value if isinstance(value, list) else list[Json](parted(str(value or "")))
        elif value in ("", None):
            made[mark] = None
        else:
            made[mark] = _loaded(name, value) if name.endswith(AS_JSON) else value
    return made


def joined(tags: Sequence[Json]) -> str:
    """Tags in one cell: `a; b`, or a JSON list where that wouldn't read back."""
    words = [str(tag) for tag in tags]
    text = "; ".join(words)
    return text if parted(text) == words else _json(list[Json](words))


def parted(cell: str) -> list[str]:
    """The tags in a cell."""
    if cell.startswith("["):
        try:
            found = json.loads(cell)
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(tag, str) for tag in found):
            return found
    return [word for word in _SEPARATOR.split(cell.strip()) if word]


def _written(name: str, typed: bool) -> str:
    odd = name in _LAST or not name.strip() or name.startswith(_INPUT)
    return _INPUT * odd + name + AS_JSON * typed


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _loaded(name: str, value: Json) -> Json:
    try:
        found: Json = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON in “{name}”") from error
    return found
