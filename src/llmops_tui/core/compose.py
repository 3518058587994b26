"""Prompts that include others: `{% include "tone@production" %}` in any message of a prompt.

    {% include "tone@production" %}    the version that the label points to
    {% include "tone@v3" %}            that version
    {% include "tone" %}               the newest version

An include is resolved when a version is saved, not when it is asked: the version holds its text
whole, and beside it what was written and which versions went in. So a version never changes with
a label that moves: what was measured, what passed a gate and what an application reads is one
text, and nothing that renders a prompt has to look anything up. A change of what is included
reaches a prompt by a new version of it, which is measured like any other. Templates at work never
see the tag, so the sandbox stays as closed as it is.

The text stands there as if it had been written there; names that it sets stay in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, TypeVar

from llmops_tui.core.errors import TemplateError
from llmops_tui.core.prompt import MessageError, PromptTemplate
from llmops_tui.core.template import MAX_SOURCE_CHARS, TemplateLineError

MOST_INCLUDES: Final = 200
"""Includes in one prompt."""
DEEPEST: Final = 8
"""Prompts in a chain of includes; a person can't follow a longer one."""

Messages = tuple[tuple[str, str], ...]
"""(role, template text) pairs."""
Item = TypeVar("Item")

_OPENING: Final = re.compile(r"\{[#%{]")
_INCLUDE: Final = re.compile(
    r"\{%(?P<before>[-+]?)\s*include\s+(?:\"(?P<one>[^\"\n]*)\"|'(?P<two>[^'\n]*)')"
    r"\s*(?P<after>[-+]?)%\}"
)
_RAW: Final = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_RAW: Final = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_DECLARES: Final = re.compile(r"\{%[-+]?\s*(?:set|macro)\b")
_VERSION: Final = re.compile(r"v?([1-9][0-9]{0,8})")
_CLOSINGS: Final = {"{#": "#}", "{{": "}}", "{%": "%}"}


@dataclass(frozen=True, slots=True)
class Reference:
    """Which version of which prompt an include asks for."""

    written: str
    """As it stands between the quotes."""
    name: str
    label: str | None = None
    number: int | None = None

    @property
    def follows(self) -> bool:
        """Whether the same words may mean another version tomorrow."""
        return self.number is None


@dataclass(frozen=True, slots=True)
class Whole:
    """Messages with everything that they include in place."""

    messages: Messages
    lines: tuple[tuple[int, ...], ...]
    """For each message and each of its lines, the line of what was written, from 1."""

    def written_error(self, error: MessageError) -> MessageError:
        """An error of the whole text, said of the line that was written."""
        lines = self.lines[error.index] if error.index < len(self.lines) else ()
        if error.line is None or not 0 < error.line <= len(lines):
            return error
        at = TemplateLineError(error.problem, error.hint, line=lines[error.line - 1])
        at.problem = error.problem
        return MessageError(error.index, error.role, at)


@dataclass(frozen=True, slots=True)
class _Tag:
    start: int
    end: int
    written: str
    trims_before: bool
    trims_after: bool


def reference(written: str) -> Reference:
    """What stands between the quotes of an include.

    Raises:
        TemplateError: it names no prompt.
    """
    name, at, rest = written.strip().rpartition("@")
    name, rest = (name.strip(), rest.strip()) if at else (rest.strip(), "")
    if not name or (at and not rest):
        raise TemplateError(
            f"The include {written!r} names no prompt.",
            'Write {% include "name@label" %}, {% include "name@v3" %} or {% include "name" %}.',
        )
    if not at:
        return Reference(written, name)
    number = _VERSION.fullmatch(rest)
    return Reference(written, name, None if number else rest, int(number[1]) if number else None)


def references(messages: Iterable[tuple[str, str]]) -> tuple[Reference, ...]:
    """What messages include, each once, in order of appearance.

    Raises:
        TemplateError: one names no prompt.
    """
    written = dict.fromkeys(tag.written for _, text in messages for tag in _tags(text))
    return tuple(reference(one) for one in written)


def without_includes(messages: Iterable[tuple[str, str]]) -> Messages:
    """The messages as if every include were empty: what can be checked without looking it up."""
    return put_in(messages, lambda _: (("user", ""),)).messages


def put_in(
    messages: Iterable[tuple[str, str]], included: Callable[[Reference], Sequence[tuple[str, str]]]
) -> Whole:
    """Put what messages include in its place.

    Args:
        messages: as they were written.
        included: the whole messages of what a reference asks for. Its one message is taken; of
            several the one that has the role of the message which includes it.

    Raises:
        MessageError: a reference means nothing, or the text grows too long.
    """
    made, lines, many = [], [], 0
    for index, (role, text) in enumerate(messages):
        tags = list(_tags(text))
        many += len(tags)
        try:
            if many > MOST_INCLUDES:
                raise TemplateError(f"A prompt can include {MOST_INCLUDES} others at most.")
            whole, numbers = _fill(role, text, tags, included)
        except TemplateError as error:
            raise MessageError(index, role, error) from error
        made.append((role, whole))
        lines.append(numbers)
    return Whole(tuple(made), tuple(lines))


def included_first(
    items: Sequence[Item], name: Callable[[Item], str], messages: Callable[[Item], Messages]
) -> list[Item]:
    """Items in an order in which nothing comes before what it includes.

    Those that include each other in a circle stay in the order in which they are: whoever saves
    them is told.
    """
    by_name = {name(item): item for item in items}
    graph: dict[str, set[str]] = {}
    for item in items:
        try:
            asked = {one.name for one in references(messages(item))}
        except TemplateError:
            asked = set()
        graph[name(item)] = (asked & by_name.keys()) - {name(item)}
    try:
        return [by_name[one] for one in TopologicalSorter(graph).static_order()]
    except CycleError:
        return list(items)


def circle(
    into: str, through: Iterable[str], includes: Callable[[str], Mapping[str, object]]
) -> tuple[str, ...]:
    """The chain of prompts by which `into` would include itself; empty where it wouldn't.

    Args:
        into: The prompt that is to be saved.
        through: What it includes directly.
        includes: What another prompt includes, by name.
    """
    chains: list[tuple[str, ...]] = [(into, name) for name in through]
    seen: set[str] = set()
    while chains:
        chain = chains.pop()
        if chain[-1] == into:
            return chain
        if chain[-1] not in seen:
            seen.add(chain[-1])
            chains += [(*chain, name) for name in includes(chain[-1])]
    return ()


def _tags(text: str) -> Iterator[_Tag]:
    """The includes of a template, those in comments and raw blocks left out. Linear in time."""
    if "include" not in text:
        return
    at = 0
    while opening := _OPENING.search(text, at):
        start = opening.start()
        if opening[0] == "{%":
            found = _INCLUDE.match(text, start)
            if found is not None:
                written = found["one"] if found["one"] is not None else found["two"]
                trims = found["before"] == "-", found["after"] == "-"
                yield _Tag(start, found.end(), written, *trims)
                at = found.end()
                continue
            raw = _RAW.match(text, start)
            if raw is not None:
                end = _END_RAW.search(text, raw.end())
                if end is None:
                    return
                at = end.end()
                continue
        closing = text.find(_CLOSINGS[opening[0]], start + 2)
        if closing < 0:
            return
        at = closing + 2


def _fill(
    role: str,
    text: str,
    tags: Sequence[_Tag],
    included: Callable[[Reference], Sequence[tuple[str, str]]],
) -> tuple[str, tuple[int, ...]]:
    pieces: list[str] = []
    lines = [1]
    at, line, size, trims = 0, 1, len(text), False
    for tag in tags:
        before = text[at : tag.start]
        piece = before.lstrip() if trims else before
        piece = piece.rstrip() if tag.trims_before else piece
        pieces.append(piece)
        lines += _numbers(before, piece, line, trims)
        line += before.count("\n")
        try:
            filling = _filling(role, tag.written, included)
        except TemplateError as error:
            raise TemplateLineError(str(error), error.hint, line=line) from error
        size += len(filling)
        if size > MAX_SOURCE_CHARS:
            raise TemplateLineError(
                f"With what it includes it is longer than {MAX_SOURCE_CHARS:,} characters.",
                line=line,
            )
        pieces.append(filling)
        lines += [line] * filling.count("\n")
        line += text.count("\n", tag.start, tag.end)
        at, trims = tag.end, tag.trims_after
    rest = text[at:]
    piece = rest.lstrip() if trims else rest
    pieces.append(piece)
    lines += _numbers(rest, piece, line, trims)
    return "".join(pieces), tuple(lines)


def _numbers(before: str, piece: str, line: int, trimmed: bool) -> list[int]:
    """The written line that each line end of a piece leads to."""
    if trimmed:
        line += before[: len(before) - len(before.lstrip())].count("\n")
    return [line + number for number in range(1, piece.count("\n") + 1)]


def _filling(
    role: str, written: str, included: Callable[[Reference], Sequence[tuple[str, str]]]
) -> str:
    asked = reference(written)
    found = included(asked)
    fits = list(found) if len(found) == 1 else [one for one in found if one[0] == role]
    if len(fits) != 1:
        has = ", ".join(one for one, _ in found) or "none"
        how_many = f"{len(fits)} {role} messages" if fits else f"no {role} message"
        raise TemplateError(
            f"`{written}` has {how_many}, so it isn't clear what to include here.",
            f"Its messages: {has}. Include a prompt with one message, or with one {role} message.",
        )
    text = fits[0][1]
    return f"{{% with %}}{text}{{% endwith %}}" if _DECLARES.search(text) else text


def checked(messages: Iterable[tuple[str, str]]) -> None:
    """Raise `MessageError` where messages can't be parsed, whatever they include."""
    PromptTemplate.of(without_includes(messages)).check()
