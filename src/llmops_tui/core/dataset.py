"""Data sets: immutable versions of examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_tui.core.chat import Json


@dataclass(frozen=True, slots=True)
class ExampleDraft:
    """An example before it is stored."""

    inputs: Mapping[str, Json]
    expected: str | None = None
    """The right answer; a JSON list where several are accepted; None where unlabelled."""
    tags: tuple[str, ...] = ()
    split: str | None = None
    origin: str = ""
    """`synthetic` where a model made it up; empty for what people or production gave."""
    parent: int | None = None
    """Position of the example that it was made from."""

    def content_hash(self) -> bytes:
        """16 bytes that are equal for equal inputs and expected answer."""
        text = json.dumps([self.inputs, self.expected], sort_keys=True, ensure_ascii=True)
        return hashlib.blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a data set."""

    id: int
    position: int
    """Its place in the data set, from 1. Stays the same in all versions."""
    inputs: Mapping[str, Json]
    expected: str | None
    tags: tuple[str, ...] = ()
    split: str | None = None
    origin: str = ""
    """`synthetic` where a model made it up; empty for what people or production gave."""
    parent: int | None = None
    """Position of the example that it was made from."""

    def draft(self) -> ExampleDraft:
        """The same without its place, for a changed copy."""
        return ExampleDraft(
            self.inputs, self.expected, self.tags, self.split, self.origin, self.parent
        )


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a source that could not become an example; kept aside, never dropped."""

    line: int
    """Line of the source where the row begins, from 1."""
    reason: str
    raw: str
    length: int = 0
    """Characters of the whole text, where `raw` is only its beginning; else 0."""
    mended: str | None = field(default=None, compare=False)
    """The text as somebody mended it; None where nobody did."""
    id: int = field(default=0, compare=False)
    """In the workspace; 0 before it is stored."""

    @property
    def cut(self) -> bool:
        """Whether `raw` is only the beginning."""
        return self.length > len(self.raw)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named data set and its newest version."""

    id: int
    project_id: int
    name: str
    version: DatasetVersion | None
    versions: int = 0


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """An immutable state of a data set."""

    id: int
    dataset_id: int
    number: int
    rows: int
    columns: tuple[str, ...]
    """Names of the inputs, in the order of the source."""
    source: str
    note: str
    author: str
    created_at: int
    bad_rows: int = 0
    splits: Mapping[str, int] = field(default_factory=dict)
