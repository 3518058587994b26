"""Texts that share most of their words, found without comparing each with each.

MinHash signatures of word pairs, put into bands (Broder 1997; Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, ch. 3); candidates are compared by their real Jaccard likeness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

PERMUTATIONS, BANDS, SEED = 64, 16, 42
"""Of texts that share 80 % of their pairs, 16 bands of 4 find more than 99.9 %."""
ALIKE = 0.8
"""Jaccard likeness of the word pairs from which two texts count as nearly the same."""
MOST = 200_000
"""Texts compared; a quarter of a kilobyte is kept for each, and the text."""
BATCH = 2000
FEWEST_WORDS = 4
FACTOR = 0x9E3779B97F4A7C15
"""Odd, so that the values of a band make one number; what meets by chance is compared anyhow."""
MOST_HEADS = 20
"""Of the texts in one bucket that aren't alike, so many are compared with those behind them."""


class NearDuplicates:
    """Collects texts; `groups` says which are nearly the same."""

    def __init__(
        self, alike: float = ALIKE, bands: int = BANDS, fewest_words: int = FEWEST_WORDS
    ) -> None:
        """Nothing collected yet.

        Args:
            alike: Jaccard likeness of the word pairs from which two texts belong together.
            bands: More of them find what is less alike, and compare more.
            fewest_words: Texts of fewer say too little.
        """
        self._alike, self._bands, self._fewest = alike, bands, fewest_words
        self._positions: list[int] = []
        self._texts: list[str] = []
        self._left_out = 0

    @property
    def limits(self) -> str:
        """What wasn't compared, for a sentence; empty where all was."""
        return f" (among the first {MOST:,})" if self._left_out else ""

    def add(self, position: int, text: str) -> None:
        """Take in one text; those of a few words say too little to be alike."""
        if len(text.split()) < self._fewest:
            return
        if len(self._texts) >= MOST:
            self._left_out += 1
            return
        self._positions.append(position)
        self._texts.append(text)

    def groups(self) -> list[list[int]]:
        """Positions of texts that are alike, in groups."""
        leader = list(range(len(self._texts)))
        for bucket in self._buckets():
            self._join(leader, bucket)
        grouped: dict[int, list[int]] = defaultdict(list)
        for number, position in enumerate(self._positions):
            grouped[_first(leader, number)].append(position)
        return [rows for rows in grouped.values() if len(rows) > 1]

    def _buckets(self) -> Iterator[list[int]]:
        """Texts that are equal in some band: each is compared with few others, however many."""
        import numpy as np  # heavy, as rensa is
        from rensa import RMinHash

        signatures = np.empty((len(self._texts), PERMUTATIONS), np.uint64)
        for start in range(0, len(self._texts), BATCH):
            pairs = [list(_pairs(text)) for text in self._texts[start : start + BATCH]]
            hashes = RMinHash.from_token_sets(pairs, PERMUTATIONS, SEED)
            signatures[start : start + len(hashes)] = [one.digest() for one in hashes]
        rows = PERMUTATIONS // self._bands
        factors = np.array([pow(FACTOR, n + 1, 2**64) for n in range(rows)], np.uint64)
        for band in range(self._bands):
            keys = (signatures[:, band * rows : (band + 1) * rows] * factors).sum(axis=1)
            order = np.argsort(keys, kind="stable")
            edges = np.flatnonzero(np.diff(keys[order])) + 1
            for bucket in np.split(order, edges):
                if len(bucket) > 1:
                    yield bucket.tolist()

    def _join(self, leader: list[int], bucket: list[int]) -> None:
        heads: list[int] = []
        known: dict[int, set[str]] = {}
        for number in bucket:
            own: set[str] | None = None
            for head in heads:
                if _first(leader, head) == _first(leader, number):
                    break
                own = own or _pairs(self._texts[number])
                if len(own & known[head]) >= self._alike * len(own | known[head]):
                    leader[_first(leader, number)] = _first(leader, head)
                    break
            else:
                if len(heads) < MOST_HEADS:
                    heads.append(number)
                    known[number] = own or _pairs(self._texts[number])


def _pairs(text: str) -> set[str]:
    words = text.split()
    return {f"{one} {other}" for one, other in pairwise(words)}


def _first(leader: list[int], number: int) -> int:
    while leader[number] != number:
        leader[number] = leader[leader[number]]
        number = leader[number]
    return number
