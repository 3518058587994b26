"""Which version of a text each of its lines came with."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

MOST_LINES = 5_000
"""A longer text is compared by its lines at the start and the end alone."""


def blame(texts: Sequence[str]) -> list[int]:
    """For each line of the last text, which of `texts` (oldest first) it came with.

    A line that was taken away and came back belongs to the version that brought it back.
    """
    lines: list[str] = []
    came: list[int] = []
    for number, text in enumerate(texts):
        new = text.removesuffix("\n").split("\n") if text else []
        came = _carried(lines, came, new, number)
        lines = new
    return came


def _carried(old: list[str], came: list[int], new: list[str], number: int) -> list[int]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    made = [number] * len(new)
    made[:start] = came[:start]
    if end:
        made[-end:] = came[-end:]
    middle, before = new[start : len(new) - end], old[start : len(old) - end]
    if max(len(middle), len(before)) <= MOST_LINES:
        for block in SequenceMatcher(None, before, middle, autojunk=False).get_matching_blocks():
            for offset in range(block.size):
                made[start + block.b + offset] = came[start + block.a + offset]
    return made
