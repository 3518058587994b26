"""The order of a run: random without replacement, from the seed alone.

A run that stops early must be a fair sample of its examples, and a run that is resumed must ask
exactly what is missing. Both follow when the order is a permutation that the seed determines: it
needs no stored list, no memory, and any place of it can be computed by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

_ROUNDS = 6
_MASK = (1 << 64) - 1


class Permutation:
    """A keyed permutation of `range(size)`.

    A Feistel network over the next even power of two, with cycle walking (Black & Rogaway 2002,
    "Ciphers with arbitrary finite domains"); the round function is splitmix64's finaliser
    (Steele et al. 2014). Not for secrets; for a fair order that no Python release can change.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        half = max(1, ((max(size, 2) - 1).bit_length() + 1) // 2)
        self._half = half
        self._low = (1 << half) - 1
        self._keys = tuple(_mix(seed * _ROUNDS + turn + 1) for turn in range(_ROUNDS))

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError(index)
        while True:
            left, right = index >> self._half, index & self._low
            for key in self._keys:
                left, right = right, left ^ (_mix(right ^ key) & self._low)
            index = left << self._half | right
            if index < self.size:
                return index


def _mix(value: int) -> int:
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK
    return value ^ value >> 31


@dataclass(frozen=True, slots=True)
class Place:
    """What one ordinal of a run stands for."""

    example: int
    """Index into the data set version's examples."""
    cell: int
    repeat: int


class Plan:
    """All samples of a run, by ordinal.

    All cells and repeats of one example stand together, so that whenever a run is looked at its
    cells have seen the same examples: comparisons stay paired.
    """

    def __init__(
        self, examples: int, cells: int, repeats: int, seed: int, limit: int | None = None
    ) -> None:
        self._order = Permutation(examples, seed)
        self._repeats = repeats
        self._group = cells * repeats
        used = examples if limit is None else min(limit, examples)
        self.total = used * self._group

    def __getitem__(self, ordinal: int) -> Place:
        if not 0 <= ordinal < self.total:
            raise IndexError(ordinal)
        rank, rest = divmod(ordinal, self._group)
        cell, repeat = divmod(rest, self._repeats)
        return Place(self._order[rank], cell, repeat)
