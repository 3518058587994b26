"""Two texts that began as the same one, put together.

Lines that only one of them changed are taken from it. Where both changed the same lines both stand
in the text, between marks that are comments of the template: a model never sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

YOURS: Final = "{# <<<<<<< yours #}"
THEIRS: Final = "{# ======= theirs #}"
END: Final = "{# >>>>>>> #}"

Same = tuple[int, int, int, int]
"""Where lines are the same in all three: in the base, in yours, in theirs, and how many."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of two texts."""

    text: str
    open_places: int
    """Where both changed the same lines, so that a person has to choose."""


def merge(base: str, yours: str, theirs: str) -> Merged:
    """Put two texts together that were made from the same one."""
    old, mine, other = (text.split("\n") for text in (base, yours, theirs))
    lines: list[str] = []
    conflicts = 0
    at_old = at_mine = at_other = 0
    for i, j, k, size in [*_same(old, mine, other), (len(old), len(mine), len(other), 0)]:
        before, left, right = old[at_old:i], mine[at_mine:j], other[at_other:k]
        if left == right or right == before:
            lines += left
        elif left == before:
            lines += right
        else:
            conflicts += 1
            lines += [YOURS, *left, THEIRS, *right, END]
        lines += old[i : i + size]
        at_old, at_mine, at_other = i + size, j + size, k + size
    return Merged("\n".join(lines), conflicts)


def open_places(text: str) -> int:
    """How many places of a merged text still wait for a choice."""
    return sum(line == YOURS for line in text.split("\n"))


def _same(old: Sequence[str], mine: Sequence[str], other: Sequence[str]) -> Iterator[Same]:
    left = SequenceMatcher(None, old, mine, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, old, other, autojunk=False).get_matching_blocks()
    n = m = 0
    while n < len(left) and m < len(right):
        a, b = left[n], right[m]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            yield start, a.b + start - a.a, b.b + start - b.a, end - start
        if a.a + a.size < b.a + b.size:
            n += 1
        else:
            m += 1
