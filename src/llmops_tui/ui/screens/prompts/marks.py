"""What is marked in a line of a prompt: its messages, Jinja2, Markdown, keys of JSON, mistakes.

Cheap on purpose: a line is looked at when it is painted, alone, by expressions that can't run away.
A parser of the whole text costs more than painting does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmops_tui.core.prompt import ROLES

Mark = tuple[int, int, str]
"""Start, end, and one of `KINDS` of `prompt_text`."""

LONGEST_LINE = 20_000
"""A longer line is shown plain: marking must never cost more than painting."""
_HEADING = re.compile(rf"---[ \t\r]*(?:{'|'.join(ROLES)})[ \t\r]*---[ \t\r]*$", re.IGNORECASE)
_PIECES = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)|\{#.*?(?:#\}|$)")
_KINDS = {"{{": "variable", "{%": "tag", "{#": "comment"}
_TITLE = re.compile(r" {0,3}#{1,6}[ \t]")
_LEAD = re.compile(r"[ \t]*([-*+][ \t]|\d{1,9}[.)][ \t]|>+|`{3,}.*$)")
_INLINE = re.compile(r"`[^`]+`|\*\*[^*]+\*\*")
_JSON_KEY = re.compile(r'"(?:[^"\\]|\\.)*"([ \t]*:)')
_NAME = re.compile(r"(?<![\w.|'\"])[A-Za-z_]\w*")


def marks(line: str, unknown: frozenset[str] = frozenset()) -> Iterator[Mark]:
    """The marks of one line, the later ones on top. Looks at this line alone."""
    if len(line) > LONGEST_LINE:
        return
    if line.startswith("---") and _HEADING.match(line):
        yield 0, len(line), "heading"
        return
    yield from _markdown(line)
    if '"' in line:
        for key in _JSON_KEY.finditer(line):
            yield key.start(), key.end() - len(key[1]), "key"
    if "{" not in line:
        return
    for piece in _PIECES.finditer(line):
        kind = _KINDS[piece[0][:2]]
        yield piece.start(), piece.end(), kind
        if kind != "comment":
            yield from _unknown(piece, unknown)


def _markdown(line: str) -> Iterator[Mark]:
    start = line.lstrip()[:1]
    if start and start in "#>-*+`0123456789":
        if _TITLE.match(line):
            yield 0, len(line), "title"
            return
        lead = _LEAD.match(line)
        if lead:
            yield lead.start(1), lead.end(1), "lead"
    if "`" in line or "**" in line:
        for piece in _INLINE.finditer(line):
            yield piece.start(), piece.end(), "code" if piece[0][0] == "`" else "strong"


def _unknown(piece: re.Match[str], unknown: frozenset[str]) -> Iterator[Mark]:
    if not unknown:
        return
    for name in _NAME.finditer(piece[0]):
        if name[0] in unknown:
            start = piece.start() + name.start()
            yield start, start + len(name[0]), "unknown"
