"""What differs between two texts: by lines, and by words within lines that belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MOST_LINES_BY_WORD: Final = 200
"""A changed block longer than this is shown by lines alone: who rewrote it all sees no words."""
LONGEST_LINE_BY_WORD: Final = 4_000
LEAST_ALIKE: Final = 0.4
"""Lines less alike than this (0 to 1) are one that went and one that came."""

_WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")

Stretch = tuple[int, int]
"""Start and end in characters of a line."""


@dataclass(frozen=True, slots=True)
class Side:
    """A line on one side."""

    number: int
    """From 1."""
    text: str
    changed: tuple[Stretch, ...] = ()
    """Words that the other side has not; empty where the whole line differs."""


@dataclass(frozen=True, slots=True)
class DiffRow:
    """Lines that belong together; one side is missing where a line came or went."""

    old: Side | None
    new: Side | None
    same: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """Equal lines that were left out."""

    lines: int


def diff_rows(old: str, new: str) -> list[DiffRow]:
    """All lines of both texts, side by side."""
    before, after = _lines(old), _lines(new)
    rows: list[DiffRow] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, False).get_opcodes():
        if tag == "equal":
            rows += [
                DiffRow(Side(i + n + 1, before[i + n]), Side(j + n + 1, after[j + n]), same=True)
                for n in range(i_end - i)
            ]
        else:
            rows += _changed(before, after, range(i, i_end), range(j, j_end))
    return rows


def with_context(rows: Sequence[DiffRow], context: int = 3) -> list[DiffRow | Skipped]:
    """The rows that differ with so many equal ones around them."""
    near = [False] * len(rows)
    for number, row in enumerate(rows):
        if not row.same:
            for at in range(max(0, number - context), min(len(rows), number + context + 1)):
                near[at] = True
    kept: list[DiffRow | Skipped] = []
    skipped = 0
    for row, keep in zip(rows, near, strict=True):
        if not keep:
            skipped += 1
            continue
        if skipped:
            kept.append(Skipped(skipped))
            skipped = 0
        kept.append(row)
    if skipped:
        kept.append(Skipped(skipped))
    return kept


def is_same(rows: Sequence[DiffRow]) -> bool:
    """Whether nothing differs."""
    return all(row.same for row in rows)


def _lines(text: str) -> list[str]:
    # Not str.splitlines(): that also breaks at characters which are content here.
    return text.removesuffix("\n").split("\n") if text else []


def _changed(
    before: Sequence[str], after: Sequence[str], went: range, came: range
) -> Iterator[DiffRow]:
    """Pair the lines of a changed block in their order, as far as they are alike."""
    if max(len(went), len(came)) > MOST_LINES_BY_WORD:
        yield from (DiffRow(Side(i + 1, before[i]), None) for i in went)
        yield from (DiffRow(None, Side(j + 1, after[j])) for j in came)
        return
    i, j = went.start, came.start
    while i < went.stop and j < came.stop:
        partner = _partner(before[i], after, j, came.stop)
        if partner is None:
            yield DiffRow(Side(i + 1, before[i]), None)
            i += 1
            continue
        while j < partner:
            yield DiffRow(None, Side(j + 1, after[j]))
            j += 1
        old, new = changed_words(before[i], after[j])
        yield DiffRow(Side(i + 1, before[i], old), Side(j + 1, after[j], new))
        i, j = i + 1, j + 1
    yield from (DiffRow(Side(n + 1, before[n]), None) for n in range(i, went.stop))
    yield from (DiffRow(None, Side(n + 1, after[n])) for n in range(j, came.stop))


def _partner(line: str, lines: Sequence[str], start: int, stop: int) -> int | None:
    """The next line that is alike, looking a few lines ahead."""
    for at in range(start, min(stop, start + 8)):
        if _alike(line, lines[at]):
            return at
    return None


def _alike(one: str, other: str) -> bool:
    if max(len(one), len(other)) > LONGEST_LINE_BY_WORD:
        return False
    matcher = SequenceMatcher(None, _WORDS.findall(one), _WORDS.findall(other), False)
    return matcher.quick_ratio() >= LEAST_ALIKE and matcher.ratio() >= LEAST_ALIKE


def changed_words(old: str, new: str) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """The stretches of each line that the other has not."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    went: list[Stretch] = []
    came: list[Stretch] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, False).get_opcodes():
        if tag != "equal":
            _add(went, before, i, i_end)
            _add(came, after, j, j_end)
    return tuple(went), tuple(came)


def _add(stretches: list[Stretch], words: Sequence[str], start: int, stop: int) -> None:
    if start == stop:
        return
    begin = sum(map(len, words[:start]))
    end = begin + sum(map(len, words[start:stop]))
    if stretches and stretches[-1][1] == begin:
        begin = stretches.pop()[0]
    stretches.append((begin, end))
