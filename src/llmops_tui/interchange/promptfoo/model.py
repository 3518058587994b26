"""A promptfoo configuration as we read it: typed, with references resolved and tests expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmops_tui.core.chat import Json


@dataclass(frozen=True, slots=True)
class Note:
    """Something that can't be run here, or not in the same way; kept word for word."""

    where: str
    """`tests[2].assert[0]`."""
    what: str
    """`assertion javascript`, `provider bedrock:…`."""
    why: str
    verbatim: Json = None
    fatal: bool = True
    """False where it runs all the same, in another way."""

    def sentence(self) -> str:
        """The note on one line."""
        return f"{self.where}: {self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class PromptItem:
    """A prompt whose messages are templates."""

    label: str
    messages: tuple[tuple[str, str], ...]
    """(role, Nunjucks template) pairs; none where a function makes them."""
    function: str = ""
    """`file.py:function` that makes the messages of a test; empty where they are templates."""


@dataclass(frozen=True, slots=True)
class ProviderItem:
    """Whom the configuration asks."""

    id: str
    label: str
    config: Mapping[str, Json] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    """Labels of the only prompts that it is asked; none: all."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.id


@dataclass(frozen=True, slots=True)
class AssertionItem:
    """What an answer is checked for."""

    type: str
    """With `not-` before it where it is negated."""
    where: str
    value: Json = None
    threshold: float | None = None
    weight: float = 1.0
    metric: str = ""
    transform: str = ""
    parts: tuple[AssertionItem, ...] = ()
    """Of an `assert-set`."""
    raw: Mapping[str, Json] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The type without `not-`."""
        return self.type.removeprefix("not-")

    @property
    def negated(self) -> bool:
        """Whether it passes where it would fail."""
        return self.type.startswith("not-")

    def leaves(self) -> tuple[AssertionItem, ...]:
        """The assertion itself, or those of a set."""
        if self.type != "assert-set":
            return (self,)
        return tuple(leaf for part in self.parts for leaf in part.leaves())


@dataclass(frozen=True, slots=True)
class TestItem:
    """One test with one value for each variable."""

    __test__ = False  # pytest would take it for a class of tests

    where: str
    variables: Mapping[str, Json]
    assertions: tuple[AssertionItem, ...]
    description: str = ""
    threshold: float | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)
    raw: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """A whole configuration."""

    path: Path
    description: str
    prompts: tuple[PromptItem, ...]
    providers: tuple[ProviderItem, ...]
    tests: tuple[TestItem, ...]
    repeats: int = 1
    concurrency: int | None = None
    use_cache: bool = True
    notes: tuple[Note, ...] = ()
    prompts_named: int = 0
    """Prompts that the file names, those that can't be read here included."""
