"""The three answers to "is the wrong rate within the tolerance?", and why there may be none yet."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What the rows say of the tolerance. The names appear on screens and in exports."""

    WITHIN = "within"
    """The upper bound of the wrong rate is at most the tolerated rate."""
    EXCEEDED = "exceeded"
    """The lower bound of the wrong rate is above the tolerated rate."""
    UNDECIDED = "undecided"
    """Neither: more rows would decide it."""


class Reason(StrEnum):
    """Why a verdict is undecided."""

    NONE = ""
    """The verdict is decided."""
    NO_ROWS = "no rows"
    TOO_FEW_ROWS = "too few rows"
    ERRORED = "errored rows"
    """Leaving the errored rows out and counting each as wrong give different answers."""
    HARMFUL = "harmful rows"
    """The wrong rate is within, but it isn't known whether the harmful ones are."""
