"""How long a regular expression could take: a careful guess from its structure.

`risky_part()` finds what could take exponential time, `degree()` guesses the power of the text's
length that the rest could take. Both compare sets of characters, and lean to the safe side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

# Characters that stand for all others: sets of them are compared instead of real classes.
_PROBES: Final = frozenset(map(chr, [*range(9, 14), *range(32, 127), 0xE9, 0x4E2D, 0x2014]))
_MANY: Final = 25
"""Repetitions up to this bound count as harmless."""
_CATEGORIES: Final = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_REPEATS: Final = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_ASSERTIONS: Final = (codes.AT, codes.GROUPREF, codes.ASSERT, codes.ASSERT_NOT)
Node: TypeAlias = tuple[Any, Any]


def risky_part(pattern: str) -> str | None:
    """Why a pattern could take exponential time, or None where it looks harmless.

    Refused are open repetitions of something that can itself be read in several ways: another open
    repetition with nothing to tell its rounds apart, or alternatives that begin alike.
    """
    for node in _walk(list(parser.parse(pattern))):
        if node[0] in _REPEATS and _open(node):
            body = list(node[1][2])
            if _blurred(body):
                return "it repeats a repetition with nothing in between"
            if any(_alike(inner) for inner in _walk(body)):
                return "it repeats alternatives that begin alike"
    return None


def degree(pattern: str, *, whole: bool) -> int:
    r"""With which power of the text's length the time could grow, where nothing is `risky_part()`.

    Open repetitions multiply when one can take characters off the next: `.*x.*y` may divide a
    text in many ways, `\d*,\d*` in one. A search that may begin anywhere counts as one more.
    """
    nodes = list(_flat(list(parser.parse(pattern))))
    # What can't fail at the end is never tried twice, unless the whole text must match.
    while nodes and not whole and not _must(nodes[-1]) and nodes[-1][0] not in _ASSERTIONS:
        nodes.pop()
    # (how many have multiplied so far, what the last takes, what must stand since then)
    chains: list[tuple[int, frozenset[str], list[frozenset[str]]]] = []
    if not whole:
        chains.append((1, _PROBES, []))
    for number, node in enumerate(nodes, 1):
        takes = _characters([node])
        ends = number == len(nodes) and not whole and node[0] in _REPEATS
        count = 0 if ends else _open_count(node)
        if count:
            joined = [
                length
                for length, before, between in chains
                if before & takes and all(part & before and part & takes for part in between)
            ]
            chains.append((count + max(joined, default=0), takes, []))
        if _must(node):
            for _, _, between in chains[: -1 if count else None]:
                between.append(takes)
    return max((length for length, _, _ in chains), default=1)


def _open_count(node: Node) -> int:
    """Open repetitions in a node that may follow one another."""
    code, value = node
    if code in _REPEATS and _open(node):
        return 1
    counts = [sum(map(_open_count, _flat(child))) for child in _children(node)]
    repeated = 2 if code in _REPEATS and value[1] > 1 else 1
    return repeated * max(counts, default=0)


def _open(node: Node) -> bool:
    least, most, _ = node[1]
    return bool(most > max(_MANY, least))


def _children(node: Node) -> list[list[Node]]:
    code, value = node
    if code in _REPEATS or code is codes.POSSESSIVE_REPEAT:
        return [list(value[2])]
    if code is codes.SUBPATTERN:
        return [list(value[3])]
    if code is codes.BRANCH:
        return [list(branch) for branch in value[1]]
    if code is codes.ATOMIC_GROUP:
        return [list(value)]
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [list(value[1])]
    if code is codes.GROUPREF_EXISTS:
        return [list(part) for part in value[1:] if part]
    return []


def _walk(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for child in _children(node):
            yield from _walk(child)


def _flat(nodes: list[Node]) -> Iterator[Node]:
    """A sequence with its plain groups opened."""
    for node in nodes:
        if node[0] is codes.SUBPATTERN:
            yield from _flat(list(node[1][3]))
        else:
            yield node


def _blurred(body: list[Node]) -> bool:
    """Whether a body holds an open repetition, and no character that must end its round."""
    inner = [node for node in _walk(body) if node[0] in _REPEATS and _open(node)]
    if not inner:
        return False
    repeated = frozenset().union(*(_characters(list(node[1][2])) for node in inner))
    return not any(_must(node) and not (_characters([node]) & repeated) for node in _flat(body))


def _must(node: Node) -> bool:
    """Whether a node takes at least one character."""
    code, value = node
    if code in _REPEATS:
        return bool(value[0] > 0) and any(map(_must, _flat(list(value[2]))))
    if code is codes.BRANCH:
        return all(any(map(_must, _flat(list(branch)))) for branch in value[1])
    return code in (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY)


def _alike(node: Node) -> bool:
    if node[0] is not codes.BRANCH:
        return False
    seen: frozenset[str] = frozenset()
    for branch in _children(node):
        begins = _first(branch)
        if begins & seen or not any(map(_must, _flat(branch))):
            return True
        seen |= begins
    return False


def _first(nodes: list[Node]) -> frozenset[str]:
    """Characters that a sequence may begin with."""
    begins: frozenset[str] = frozenset()
    for node in _flat(nodes):
        begins |= _characters([node])
        if _must(node):
            break
    return begins


def _characters(nodes: list[Node]) -> frozenset[str]:
    """All characters that may appear in what the nodes match, in any case."""
    found: set[str] = set()
    for code, value in _walk(nodes):
        if code is codes.ANY:
            return _PROBES
        if code is codes.LITERAL:
            found |= {chr(value).lower(), chr(value).upper()}
        elif code is codes.NOT_LITERAL:
            found |= _PROBES - {chr(value)}
        elif code is codes.IN:
            found |= _class(value)
        elif code is codes.GROUPREF:
            return _PROBES
    return frozenset(found)


def _class(items: list[Node]) -> frozenset[str]:
    found: set[str] = set()
    negated = False
    for code, value in items:
        if code is codes.NEGATE:
            negated = True
        elif code is codes.LITERAL:
            found |= {chr(value).lower(), chr(value).upper()}
        elif code is codes.RANGE:
            found |= {c for c in _PROBES if value[0] <= ord(c) <= value[1]}
        elif code is codes.CATEGORY:
            found |= {c for c in _PROBES if re.match(_CATEGORIES[value], c)}
    return frozenset(_PROBES - found if negated else found)
