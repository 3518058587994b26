"""A project: one thing that an LLM does for you, and who answers for each stage of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from llmops_tui.core.chat import Json
from llmops_tui.core.tolerance import Tolerance


class Stage(StrEnum):
    """The six duties, in the order in which a feature meets them."""

    DATA = "data gathering"
    PROMPTING = "prompting"
    FINE_TUNING = "fine-tuning"
    TESTING = "performance testing"
    MONITORING = "monitoring"
    USAGE = "model usage"


@dataclass(frozen=True, slots=True)
class Project:
    """What a project is for, what goes in and what a good answer looks like."""

    id: int
    name: str
    description: str
    variables: tuple[str, ...]
    """Names of the inputs that a prompt may use; empty where they are not fixed."""
    answer_schema: Mapping[str, Json] | None
    scorers: tuple[Mapping[str, Json], ...]
    """Specifications of the scorers that runs use unless told otherwise."""
    created_at: int


@dataclass(frozen=True, slots=True)
class ToleranceVersion:
    """A tolerance of the project's past or present, with who set it and when."""

    version: int
    tolerance: Tolerance
    author: str
    created_at: int
