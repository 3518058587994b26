"""Labels said against labels expected: the confusion matrix, precision, recall and F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NONE = "(none)"
"""Said where an answer names no label."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One label's figures."""

    label: str
    rows: int
    """Rows of which it is the expected label."""
    found: int
    """Those for which it was said."""
    said: int
    """Rows for which it was said, rightly or not."""
    confused_with: tuple[tuple[str, int], ...]
    """What was said instead, the most frequent first."""

    @property
    def precision(self) -> float | None:
        """Share of what was said that is right; None where it never was said."""
        return self.found / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """Share of its rows that were found; None without rows."""
        return self.found / self.rows if self.rows else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None where neither can be said (van Rijsbergen 1979)."""
        total = self.rows + self.said
        return 2 * self.found / total if total else None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often what was said for what was expected."""

    counts: Mapping[tuple[str, str], int]
    """(expected, said) → rows."""

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    @property
    def accuracy(self) -> float | None:
        """Share of rows whose label was said; None without rows."""
        right = sum(number for (wanted, said), number in self.counts.items() if wanted == said)
        return right / self.rows if self.rows else None

    @property
    def macro_f1(self) -> float | None:
        """Mean F1 of the labels that have rows: each label counts the same."""
        found = [figures.f1 or 0.0 for figures in self.classes() if figures.rows]
        return sum(found) / len(found) if found else None

    def classes(self) -> tuple[ClassFigures, ...]:
        """Each label's figures, those with most rows first."""
        wanted: Counter[str] = Counter()
        said: Counter[str] = Counter()
        instead: dict[str, Counter[str]] = {}
        for (expected, found), number in self.counts.items():
            wanted[expected] += number
            said[found] += number
            if expected != found:
                instead.setdefault(expected, Counter())[found] += number
        labels = sorted((wanted | said).keys() - {NONE}, key=lambda name: (-wanted[name], name))
        return tuple(
            ClassFigures(
                label,
                wanted[label],
                self.counts.get((label, label), 0),
                said[label],
                tuple(instead.get(label, Counter()).most_common()),
            )
            for label in labels
        )


def confusion(pairs: Iterable[tuple[str, str | None]]) -> Confusion:
    """Count (expected label, label said or None)."""
    return Confusion(Counter((expected, said or NONE) for expected, said in pairs))
