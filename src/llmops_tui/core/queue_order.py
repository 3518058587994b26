"""In which order a person meets the calls that wait for a verdict."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

_MASK: Final = (1 << 64) - 1


class Order(StrEnum):
    """What comes first."""

    OLDEST = "oldest"
    NEWEST = "newest"
    SEVERITY = "severity"
    """The worst flag first, the oldest of equal ones before the others."""
    CHANCE = "chance"
    """An order that means nothing, the same each time for one person."""
    ALIKE = "alike"
    """Calls that failed alike behind each other, the largest group first."""


def seed_of(person: str) -> int:
    """A person's own chance: two people who begin at once don't meet the same calls."""
    digest = hashlib.blake2b(person.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest)


def chance(call_id: int, seed: int) -> int:
    """A call's place in an order by chance: a number without regard to when it came.

    The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    """
    mixed = (call_id * 0x9E3779B97F4A7C15 + seed) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)
