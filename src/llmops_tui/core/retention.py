"""How long production calls are kept, and what is kept whatever its age. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.errors import InputError

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
YOUNGEST_MS: Final = HOUR_MS
"""Calls younger than this stay whatever the size: their texts and feedback may still be coming."""
MEGABYTE: Final = 1_000_000
LEAST_MEGABYTES: Final = 1
MOST_DAYS: Final = 36_500

_UNITS: Final[Mapping[str, float]] = {"": 1, "mb": 1, "gb": 1000, "tb": 1_000_000}
_SIZE = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([a-z]*)")


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What may stay in the file. Nothing is removed until one of the two is set."""

    days: int | None = None
    """Calls that started longer ago than this go."""
    megabytes: int | None = None
    """While a project's calls take more than so many million bytes, the oldest go."""

    @property
    def is_on(self) -> bool:
        """Whether anything is ever removed."""
        return self.days is not None or self.megabytes is not None

    def cutoff(self, now: int) -> int | None:
        """Calls that started before this are too old; None where age doesn't matter."""
        return None if self.days is None else now - self.days * DAY_MS

    def most_bytes(self) -> int | None:
        """How much may be stored."""
        return None if self.megabytes is None else self.megabytes * MEGABYTE

    def words(self) -> str:
        """As people read it."""
        parts = []
        if self.days is not None:
            parts.append("1 day" if self.days == 1 else f"{self.days:,} days")
        if self.megabytes is not None:
            parts.append(f"at most {self.megabytes:,} MB")
        return ", ".join(parts) or "everything is kept"


def read_days(text: str) -> int | None:
    """Days as a person typed them; empty or `off` for any age.

    Raises:
        InputError: it is no number of days, at least one.
    """
    typed = text.strip().lower().removesuffix("days").removesuffix("day").removesuffix("d").strip()
    if typed in ("", "off"):
        return None
    if not typed.isdecimal() or not 1 <= int(typed) <= MOST_DAYS:
        raise InputError(
            f"{text.strip()!r} is no number of days.",
            f"Whole days, from 1 to {MOST_DAYS:,}; nothing for any age.",
        )
    return int(typed)


def read_megabytes(text: str) -> int | None:
    """A size as a person typed it (`500`, `500 MB`, `2 GB`); empty or `off` for any size.

    Raises:
        InputError: it is no size, at least a megabyte.
    """
    typed = text.strip().lower()
    if typed in ("", "off"):
        return None
    found = _SIZE.fullmatch(typed)
    factor = _UNITS.get(found[2]) if found else None
    if found is None or factor is None:
        raise InputError(f"{text.strip()!r} is no size.", "Such as 500 MB or 2 GB.")
    megabytes = int(float(found[1].replace(",", "").replace("_", "")) * factor)
    if megabytes < LEAST_MEGABYTES:
        raise InputError(
            f"{text.strip()!r} is too small.", f"At least {LEAST_MEGABYTES} MB may be stored."
        )
    return megabytes
