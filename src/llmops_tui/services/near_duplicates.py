"""Texts that share most of their words, found without comparing each with each.

MinHash signatures of word pairs, put into bands (Broder 1997; Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, ch. 3); candidates are compared by their real Jaccard likeness.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rensa import RMinHash

PERMUTATIONS, BANDS, SEED = 64, 16, 42
"""Of texts that share 80 % of their pairs, 16 bands of 4 find more than 99.9 %."""
ALIKE = 0.8
"""Jaccard likeness of the word pairs from which two texts count as nearly the same."""
MOST = 200_000
"""Texts compared; a quarter of a kilobyte is kept for each, and the text."""
BATCH = 2000
FEWEST_WORDS = 4
MOST_CANDIDATES = 200


class NearDuplicates:
    """Collects texts; `groups` says which are nearly the same."""

    def __init__(self) -> None:
        self._positions: list[int] = []
        self._texts: list[str] = []
        self._left_out = 0

    @property
    def limits(self) -> str:
        """What wasn't compared, for a sentence; empty where all was."""
        return f" (among the first {MOST:,})" if self._left_out else ""

    def add(self, position: int, text: str) -> None:
        """Take in one text; those of a few words say too little to be alike."""
        if len(text.split()) < FEWEST_WORDS:
            return
        if len(self._texts) >= MOST:
            self._left_out += 1
            return
        self._positions.append(position)
        self._texts.append(text)

    def groups(self) -> list[list[int]]:
        """Positions of texts that are alike, in groups."""
        from rensa import RMinHash, RMinHashLSH

        index = RMinHashLSH(ALIKE, PERMUTATIONS, BANDS)
        hashes: list[RMinHash] = []
        for start in range(0, len(self._texts), BATCH):
            pairs = [list(_pairs(text)) for text in self._texts[start : start + BATCH]]
            hashes += RMinHash.from_token_sets(pairs, PERMUTATIONS, SEED)
        index.insert_many(hashes)
        leader = list(range(len(hashes)))
        for start in range(0, len(hashes), BATCH):
            found = index.query_all(hashes[start : start + BATCH])
            for number, candidates in enumerate(found, start):
                self._join(leader, number, [c for c in candidates if c < number])
        grouped: dict[int, list[int]] = defaultdict(list)
        for number, position in enumerate(self._positions):
            grouped[_first(leader, number)].append(position)
        return [rows for rows in grouped.values() if len(rows) > 1]

    def _join(self, leader: list[int], number: int, candidates: list[int]) -> None:
        own: set[str] | None = None
        tried: set[int] = set()
        for candidate in sorted(candidates)[:MOST_CANDIDATES]:
            head = _first(leader, candidate)
            if head in tried or head == _first(leader, number):
                continue
            own = own or _pairs(self._texts[number])
            other = _pairs(self._texts[candidate])
            if len(own & other) >= ALIKE * len(own | other):
                leader[_first(leader, number)] = head
            else:
                tried.add(head)


def _pairs(text: str) -> set[str]:
    words = text.split()
    return {f"{one} {other}" for one, other in pairwise(words)}


def _first(leader: list[int], number: int) -> int:
    while leader[number] != number:
        leader[number] = leader[leader[number]]
        number = leader[number]
    return number
