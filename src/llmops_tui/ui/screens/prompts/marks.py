"""What is marked in a line of a prompt: headings, variables, template tags, unknown names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmops_tui.core.prompt import ROLES

Mark = tuple[int, int, str]
"""Start, end, and one of `heading`, `variable`, `tag`, `comment`, `unknown`."""

LONGEST_LINE = 20_000
"""A longer line is shown plain: marking must never cost more than painting."""
_HEADING = re.compile(rf"---[ \t\r]*(?:{'|'.join(ROLES)})[ \t\r]*---[ \t\r]*$", re.IGNORECASE)
_PIECES = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)|\{#.*?(?:#\}|$)")
_KINDS = {"{{": "variable", "{%": "tag", "{#": "comment"}
_NAME = re.compile(r"(?<![\w.|'\"])[A-Za-z_]\w*")


def marks(line: str, unknown: frozenset[str] = frozenset()) -> Iterator[Mark]:
    """The marks of one line, the later ones on top. Looks at this line alone."""
    if len(line) > LONGEST_LINE:
        return
    if line.startswith("---") and _HEADING.match(line):
        yield 0, len(line), "heading"
        return
    if "{" not in line:
        return
    for piece in _PIECES.finditer(line):
        kind = _KINDS[piece[0][:2]]
        yield piece.start(), piece.end(), kind
        if kind != "comment":
            yield from _unknown(piece, unknown)


def _unknown(piece: re.Match[str], unknown: frozenset[str]) -> Iterator[Mark]:
    if not unknown:
        return
    for name in _NAME.finditer(piece[0]):
        if name[0] in unknown:
            start = piece.start() + name.start()
            yield start, start + len(name[0]), "unknown"
