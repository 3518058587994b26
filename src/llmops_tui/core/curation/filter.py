"""What stands behind `/` on examples: `field:value` parts, and text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_tui.core.chat import Json
from llmops_tui.core.dataset import Example

LONGEST_VALUE = 64
"""Characters of a value that sorting and `field:value` look at."""
SPLIT, TAGS, EXPECTED, IS = "split", "tags", "expected", "is"
OWN_FIELDS = (SPLIT, TAGS, EXPECTED, IS)
"""Fields that every example has, whatever its columns; they win over columns of that name."""
WHOLE = frozenset({SPLIT, TAGS, IS})
"""Fields whose value has to be given whole; of all others the beginning will do."""
UNLABELLED, LABELLED, SYNTHETIC = "unlabelled", "labelled", "synthetic"
ALIASES = {"tag": TAGS, "answer": EXPECTED}

_PART = re.compile(r"""(?:^|(?<=\s))([\w.\-]+):("(?:[^"\\]|\\.)*"|\S*)""")


@dataclass(frozen=True, slots=True)
class Term:
    """One `field:value`."""

    field: str
    value: str
    """In the form of `sortable`."""

    @property
    def bounds(self) -> tuple[str, str]:
        """First value that fits and the first behind those that do, for an ordered index."""
        if self.field in WHOLE:
            return self.value, self.value + "\x00"
        return self.value, self.value + "\U0010ffff"

    def fits(self, example: Example) -> bool:
        """Whether the example has such a value."""
        low, high = self.bounds
        return any(low <= value < high for value in field_values(example, self.field))


@dataclass(frozen=True, slots=True)
class Filter:
    """All that an example has to have."""

    terms: tuple[Term, ...] = ()
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.terms or self.text)

    def fits(self, example: Example) -> bool:
        """Whether the example has it all."""
        return all(term.fits(example) for term in self.terms) and self.has_text(example)

    def has_text(self, example: Example) -> bool:
        """Whether the text stands in an input or in the expected answer."""
        wanted = self.text.casefold()
        return not wanted or any(wanted in text.casefold() for text in texts(example))


def parse_filter(text: str, columns: Sequence[str]) -> Filter:
    """Read what was typed. `word:value` is only a field where the examples have such a one."""
    known = {name.casefold(): name for name in columns}
    known.update({name: name for name in OWN_FIELDS}, **ALIASES)
    terms: list[Term] = []

    def take(match: re.Match[str]) -> str:
        field = known.get(match[1].casefold())
        if field is None or not match[2]:
            return match[0]
        value = match[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        terms.append(Term(field, sortable(value)))
        return ""

    rest = _PART.sub(take, text)
    return Filter(tuple(terms), " ".join(rest.split()) if terms else text.strip())


def sortable(value: Json) -> str:
    """A value as sorting and `field:value` compare it: without case, numbers by their size."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number_key(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    stripped = text.strip()
    if stripped and len(stripped) < 24 and _NUMBER.fullmatch(stripped):
        return number_key(float(stripped))
    cut = text[: LONGEST_VALUE * 2].casefold().strip()[:LONGEST_VALUE]
    return cut.encode("utf-8", "replace").decode()


_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,6})?")


def number_key(value: float) -> str:
    """A number as text whose order is the order of numbers; numbers come before words."""
    if value != value or abs(value) >= 1e15:
        return str(value).casefold()
    shifted = value if value >= 0 else value + 1e15
    return f"{'+' if value >= 0 else '!'}{shifted:022.6f}"


def field_values(example: Example, field: str) -> Iterator[str]:
    """What an example has in a field, in the form of `sortable`; one each, tags any number."""
    if field == SPLIT:
        yield sortable(example.split or "")
    elif field == TAGS:
        if not example.tags:
            yield ""
        yield from dict.fromkeys(sortable(tag) for tag in example.tags)
    elif field == EXPECTED:
        yield sortable(example.expected or "")
    elif field == IS:
        yield UNLABELLED if example.expected is None else LABELLED
        if example.origin:
            yield sortable(example.origin)
    else:
        yield sortable(example.inputs.get(field, ""))


def texts(example: Example) -> Iterator[str]:
    """All text of an example: its inputs, and the expected answer."""
    for value in example.inputs.values():
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if example.expected is not None:
        yield example.expected
