"""A prompt as people edit it: messages that are templates, and their form as one text.

The text form is what the editor shows and files hold:

    --- system ---
    You answer in one word.

    --- user ---
    What is the capital of {{ country }}?

Further blocks are `--- assistant ---`, `--- call ---` and `--- tool ---` (`core/tool_turns.py`).
Text before the first heading is a user message, so that a plain question is a prompt too. A line
of a message that looks like a heading is written with a backslash before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.core import template as templates
from llmops_tui.core.chat import Json, Message
from llmops_tui.core.errors import InputError, TemplateError
from llmops_tui.core.template import DEFAULT_LIMITS, Limits, TemplateLineError, misspelled
from llmops_tui.core.tool_turns import CALL, Turns

ROLES: Final = ("system", "developer", "user", "assistant", CALL, "tool")

_BLANKS: Final = r"[ \t\r]*"
_HEADING: Final = re.compile(
    rf"^(?P<escape>\\*)---{_BLANKS}(?P<role>{'|'.join(ROLES)}){_BLANKS}---{_BLANKS}$",
    re.IGNORECASE | re.MULTILINE,
)

_LIKE_A_HEADING: Final = re.compile(
    rf"^-{{2,5}}{_BLANKS}([A-Za-z]{{3,12}}){_BLANKS}-{{2,5}}{_BLANKS}$", re.MULTILINE
)


class MessageError(TemplateLineError):
    """A message of a prompt can't be used."""

    def __init__(self, index: int, role: str, error: TemplateError) -> None:
        line = error.line if isinstance(error, TemplateLineError) else None
        problem = error.problem if isinstance(error, TemplateLineError) else str(error)
        super().__init__(problem, error.hint)
        self.line = line
        self.index = index
        """Which message, from 0."""
        self.role = role
        at = "" if line is None else f", line {line}"
        self.args = (f"In the {role} message{at}: {problem}",)


@dataclass(frozen=True, slots=True)
class VariableProblem:
    """A variable of a prompt and a column of a data set that don't fit together."""

    name: str
    unknown: bool
    """True: the prompt asks for what the data don't have. False: the data have it, unused."""
    suggestion: str | None = None
    """The column that was probably meant."""
    in_data: bool = False
    """Whether the data have it all the same: then it is the project that doesn't know it."""

    @property
    def short(self) -> str:
        """`reveiw (did you mean review?)`."""
        return f"{self.name} (did you mean {self.suggestion}?)" if self.suggestion else self.name

    @property
    def message(self) -> str:
        """The problem as a sentence."""
        if not self.unknown:
            return f"`{self.name}` isn't used by the prompt."
        meant = f" Did you mean `{self.suggestion}`?" if self.suggestion else ""
        if self.in_data:
            return f"`{self.name}` is no input of the project.{meant}"
        return f"The prompt asks for `{self.name}`, which the data don't have.{meant}"


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """The messages of a prompt, each a template."""

    messages: tuple[tuple[str, str], ...]
    """(role, template text) pairs."""

    def __post_init__(self) -> None:
        for role, _ in self.messages:
            if role not in ROLES:
                raise InputError(
                    f"A message can't have the role {role!r}.", f"Roles are {', '.join(ROLES)}."
                )

    @classmethod
    def of(cls, messages: Iterable[Iterable[str]]) -> PromptTemplate:
        """From (role, template text) pairs, such as a stored version has."""
        return cls(tuple((role, text) for role, text in messages))

    @classmethod
    def parse(cls, text: str) -> PromptTemplate:
        r"""Read the text form; every text is one.

        Lines end in `\n`; the blank line before a heading and the one line end at the close of
        the text are layout, not content.
        """
        headings = [match for match in _HEADING.finditer(text) if not match["escape"]]
        if not headings:
            return cls((("user", _unescape(text.removesuffix("\n"))),) if text.strip() else ())
        messages = []
        before = text[: headings[0].start()]
        if before.strip():
            messages.append(("user", _body(before, last=False)))
        for number, heading in enumerate(headings, 1):
            last = number == len(headings)
            end = len(text) if last else headings[number].start()
            messages.append((heading["role"].lower(), _body(text[heading.end() + 1 : end], last)))
        return cls(tuple(messages))

    def format(self) -> str:
        """The text form; `parse()` reads it back exactly."""
        return "\n".join(f"--- {role} ---\n{_escape(text)}\n" for role, text in self.messages)

    def check(self) -> None:
        """Raise `MessageError` for the first message that can't be parsed."""
        for index, (role, text) in enumerate(self.messages):
            try:
                templates.check(text)
            except TemplateError as error:
                raise MessageError(index, role, error) from error

    def variables(self) -> tuple[str, ...]:
        """Names of all variables, in order of appearance.

        Raises:
            MessageError: A message can't be parsed.
        """
        self.check()
        return tuple(
            dict.fromkeys(name for _, text in self.messages for name in templates.variables(text))
        )

    def render(
        self, values: Mapping[str, Json], *, limits: Limits = DEFAULT_LIMITS
    ) -> tuple[Message, ...]:
        """The messages for one example.

        Raises:
            MessageError: A variable has no value, or a template does what it must not.
        """
        turns = Turns()
        for index, (role, text) in enumerate(self.messages):
            try:
                turns.add(role, templates.render(text, values, limits=limits))
            except TemplateError as error:
                raise MessageError(index, role, error) from error
        return turns.messages

    @property
    def content_hash(self) -> bytes:
        """16 bytes that are equal for equal messages."""
        content = json.dumps(self.messages, ensure_ascii=True)
        return hashlib.blake2b(content.encode(), digest_size=16).digest()


def first_lines(text: str) -> tuple[int, ...]:
    """In which line of the text form each message of `PromptTemplate.parse()` begins, from 1."""
    headings = [match for match in _HEADING.finditer(text) if not match["escape"]]
    if not headings:
        return (1,) if text.strip() else ()
    lines = [text.count("\n", 0, heading.end()) + 2 for heading in headings]
    return (1, *lines) if text[: headings[0].start()].strip() else tuple(lines)


def odd_heading(text: str) -> str:
    """A line that was probably meant as a heading and isn't one, as a sentence; empty for none."""
    for match in _LIKE_A_HEADING.finditer(text):
        if not _HEADING.match(match[0]):
            line = text.count("\n", 0, match.start()) + 1
            meant = misspelled(match[1], ROLES)
            hint = f"Did you mean `--- {meant} ---`?" if meant else f"Roles: {', '.join(ROLES)}."
            return f"Line {line}: `{match[0].strip()}` begins no message. {hint}"
    return ""


def check_variables(
    prompt: PromptTemplate, known_columns: Iterable[str], inputs: Sequence[str] = ()
) -> tuple[VariableProblem, ...]:
    """What doesn't fit between a prompt, a data set and the project, unknown ones first.

    Args:
        prompt: what is checked.
        known_columns: of the data set; empty where none is bound.
        inputs: which the project allows; empty for any.
    """
    columns = tuple(known_columns)
    asked = prompt.variables()
    meant = [name for name in inputs if name in columns or not columns] or columns
    unused = [name for name in meant if name not in asked]
    unknown = [
        VariableProblem(name, True, misspelled(name, unused or meant), name in columns)
        for name in asked
        if (columns and name not in columns) or (inputs and name not in inputs)
    ]
    return (*unknown, *(VariableProblem(name, unknown=False) for name in unused))


def _body(text: str, last: bool) -> str:
    text = text.removesuffix("\n")
    return _unescape(text if last else text.removesuffix("\n"))


def _escape(text: str) -> str:
    return _HEADING.sub(lambda match: "\\" + match[0], text)


def _unescape(text: str) -> str:
    return _HEADING.sub(lambda match: match[0][1:] if match["escape"] else match[0], text)
