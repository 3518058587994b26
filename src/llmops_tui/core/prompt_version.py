"""Prompts as they are kept: named, in immutable versions, with movable labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmops_tui.core.chat import Json


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named prompt of a project."""

    id: int
    project_id: int
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Include:
    """What an include of a version meant when the version was saved."""

    written: str
    """As it stands in the text: `tone@production`."""
    prompt_name: str
    number: int
    version_id: int

    @property
    def title(self) -> str:
        """The version that went in: `tone v3`."""
        return f"{self.prompt_name} v{self.number}"


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One immutable version of a prompt."""

    id: int
    prompt_id: int
    prompt_name: str
    number: int
    messages: tuple[tuple[str, str], ...]
    """(role, template text) pairs: whole, with all that is included in its place."""
    variables: tuple[str, ...]
    parameters: Mapping[str, Json]
    response_schema: Mapping[str, Json] | None
    note: str
    author: str
    created_at: int
    labels: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    """Which versions went in; none where it includes none."""
    source: tuple[tuple[str, str], ...] | None = None
    """The messages as they were written, where that differs."""

    @property
    def written(self) -> tuple[tuple[str, str], ...]:
        """The messages as people edit them, with includes as such."""
        return self.messages if self.source is None else self.source

    @property
    def title(self) -> str:
        """Name and number: `support-topic v3`."""
        return f"{self.prompt_name} v{self.number}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody was typing, with the version they began from."""

    prompt_id: int
    author: str
    base_version_id: int | None
    text: str
    changed_at: int


@dataclass(frozen=True, slots=True)
class LabelMove:
    """One move of a label, with its grounds."""

    id: int
    label: str
    version_number: int | None
    author: str
    reason: str
    moved_at: int
    gate_run_id: int | None
    """The run in which the version passed the gate; None where none was asked for or had."""
    overridden: bool
    """The label was protected, the gate not passed, and somebody moved it for the reason given."""
