"""How far two collections of calls differ: lengths, mixes, rates, meaning. Pure functions.

Each distance goes from 0 (the same) to 1 and comes with the chance of seeing one as large where
nothing has changed. With many calls the smallest difference becomes certain, and with few of them
a large one may be chance: a change counts only where it is both sure and large enough to matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.floating]

LEAST: Final = 30
"""Values on each side below which nothing is said."""
SURE: Final = 0.01
"""Chance of a false alarm over all that is looked at together (Bonferroni 1936)."""
NOTABLE: Final = 0.1
"""A distance below it is no change that anybody needs to act on."""
_ROUNDS_AT_ONCE: Final = 500
LEAST_EXPECTED: Final = 5.0
"""Of a category in a chi-square test; rarer ones are taken together."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two sides are apart."""

    value: float
    """From 0 to 1."""
    p: float
    """The chance of a distance like this where nothing has changed."""

    def is_change(self, looks: int, *, least: float = NOTABLE) -> bool:
        """Whether it is both sure, at so many looks, and large enough."""
        return self.value >= least and self.p < SURE / max(1, looks)


def of_values(before: Sequence[float], now: Sequence[float]) -> Distance:
    """The largest distance between two cumulative distributions, such as of lengths.

    Two-sample Kolmogorov–Smirnov test with the asymptotic distribution of its statistic (Smirnov
    1948), and Stephens' (1970) correction for small samples.

    Raises:
        ValueError: a side is empty.
    """
    import numpy as np
    from scipy.special import kolmogorov

    if not before or not now:
        raise ValueError("there is nothing to compare")
    first, second = np.sort(np.asarray(before, float)), np.sort(np.asarray(now, float))
    everything = np.concatenate([first, second])
    below_first = np.searchsorted(first, everything, side="right") / first.size
    below_second = np.searchsorted(second, everything, side="right") / second.size
    value = float(np.abs(below_first - below_second).max())
    root = math.sqrt(first.size * second.size / (first.size + second.size))
    return Distance(value, float(kolmogorov((root + 0.12 + 0.11 / root) * value)))


def of_mixes(before: Mapping[str, int], now: Mapping[str, int]) -> Distance:
    """The total variation between two mixes of categories: the share that would have to move.

    Pearson's (1900) chi-square test of homogeneity, categories with fewer than five expected taken
    together.

    Raises:
        ValueError: a side is empty.
    """
    from scipy.special import chdtrc

    totals = sum(before.values()), sum(now.values())
    if not all(totals):
        raise ValueError("there is nothing to compare")
    names = {*before, *now}
    pairs = [(before.get(name, 0), now.get(name, 0)) for name in names]
    value = sum(abs(a / totals[0] - b / totals[1]) for a, b in pairs) / 2
    kept, rare = [], (0, 0)
    smaller = min(totals) / sum(totals)
    for a, b in pairs:
        if (a + b) * smaller >= LEAST_EXPECTED:
            kept.append((a, b))
        else:
            rare = rare[0] + a, rare[1] + b
    if sum(rare):
        kept.append(rare)
    if len(kept) < 2:
        return Distance(value, 1.0)
    statistic = 0.0
    for pair in kept:
        for total, seen in zip(totals, pair, strict=True):
            expected = sum(pair) * total / sum(totals)
            statistic += (seen - expected) ** 2 / expected
    return Distance(value, float(chdtrc(len(kept) - 1, statistic)))


def of_rates(before: tuple[int, int], now: tuple[int, int]) -> Distance:
    """The difference of two shares, each (number, of how many): Fisher's (1922) exact test.

    Raises:
        ValueError: a share is of nothing, or of less than its number.
    """
    import numpy as np
    from scipy.special import gammaln

    (a, n), (b, m) = before, now
    if not 0 <= a <= n or not 0 <= b <= m or not n or not m:
        raise ValueError("these are no shares")
    hits = a + b
    possible = np.arange(max(0, hits - m), min(hits, n) + 1)

    def log_choose(total: int, chosen: NDArray[np.integer]) -> NDArray[np.floating]:
        found: NDArray[np.floating] = (
            gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)
        )
        return found

    logs = log_choose(n, possible) + log_choose(m, hits - possible)
    weights = np.exp(logs - logs.max())
    seen = weights[a - possible[0]]
    p = float(weights[weights <= seen * (1 + 1e-7)].sum() / weights.sum())
    return Distance(abs(a / n - b / m), min(1.0, p))


def of_meanings(before: Vectors, now: Vectors, *, rounds: int = 4000, seed: int = 0) -> Distance:
    """Half the cosine distance of two mean vectors, with a permutation test.

    Args:
        before: a row for each text, as an embedding gives them.
        now: the same of the other side.
        rounds: random divisions that the real one is compared with; the chance can't be less than
            1 in so many.
        seed: makes them repeatable.

    Raises:
        ValueError: a side is empty.
    """
    import numpy as np

    if not len(before) or not len(now):
        raise ValueError("there is nothing to compare")
    both = np.concatenate([before, now]).astype(np.float64)
    norms = np.linalg.norm(both, axis=1, keepdims=True)
    both /= np.where(norms == 0, 1.0, norms)
    whole, number = both.sum(axis=0), len(before)

    def apart(parts: Vectors) -> Vectors:
        """Of each sum of `number` rows, how far its mean is from that of the rest."""
        rest = whole - parts
        scale = np.linalg.norm(parts, axis=1) * np.linalg.norm(rest, axis=1)
        cosine = (parts * rest).sum(axis=1) / np.where(scale == 0, 1.0, scale)
        return np.where(scale == 0, 0.0, np.clip((1.0 - cosine) / 2, 0.0, 1.0))

    value = float(apart(both[:number].sum(axis=0, keepdims=True))[0])
    chance = np.random.default_rng(seed)
    as_far = 0
    for start in range(0, rounds, _ROUNDS_AT_ONCE):
        size = min(_ROUNDS_AT_ONCE, rounds - start), len(both)
        chosen = np.argsort(chance.random(size), axis=1) < number
        as_far += int((apart(chosen.astype(np.float64) @ both) >= value - 1e-12).sum())
    return Distance(value, (as_far + 1) / (rounds + 1))
