"""Which examples of a data set a prompt shows: picked by hand, by tag or by likeness.

None of the gate split, whichever way: a prompt that shows its rows would be measured on what it
was told. `prompt_turns.with_shots` refuses what still gets there by hand.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_tui.core.dataset import DatasetVersion, Example
from llmops_tui.core.errors import InputError, UnavailableError
from llmops_tui.services import datasets
from llmops_tui.services.matrix import input_words
from llmops_tui.services.verdicts import GATE
from llmops_tui.services.workspace import Workspace

MOST = 50
"""Examples that are picked at once."""
MOST_COMPARED = 50_000
"""Rows that are looked at for likeness: some seconds."""
PAGE = 512
MEANING = "alike in meaning (a negation changes that little)"
WORDS = "alike in their words: the extra `embedding`, which compares meaning, is not installed"


@dataclass(frozen=True, slots=True)
class Picked:
    """Examples, and how they were found."""

    shots: tuple[Example, ...]
    how: str = ""
    """What is to be said of it; empty where it is plain."""


def numbered(workspace: Workspace, version: DatasetVersion, text: str) -> Picked:
    """Rows by their numbers, such as `3, 17`.

    Raises:
        InputError: it isn't a list of numbers, or a row isn't there.
    """
    words = [word for word in re.split(r"[,\s]+", text) if word]
    if not words or not all(word.isdecimal() and len(word) < 12 for word in words):
        raise InputError("Which rows is a list of their numbers.", "Such as 3, 17.")
    positions = list(dict.fromkeys(int(word) for word in words))[:MOST]
    found = datasets.examples_at(workspace, version, positions)
    missing = set(positions) - {one.position for one in found}
    if missing:
        raise InputError(f"The data set has no row {min(missing):,}.")
    return Picked(tuple(found))


def tagged(workspace: Workspace, version: DatasetVersion, tag: str, count: int) -> Picked:
    """The first examples with a tag that may be shown."""
    found: list[Example] = []
    for one in _usable(workspace, version):
        if len(found) >= min(count, MOST):
            break
        if tag in one.tags:
            found.append(one)
    return Picked(tuple(found))


def similar(workspace: Workspace, version: DatasetVersion, like: Example, count: int) -> Picked:
    """The examples most like another one, the most similar last: nearest to the question.

    Likeness is that of the vectors that the extra `embedding` brings, else of the words (rapidfuzz,
    token sort ratio). The other one itself, and what asks exactly the same, is left out: the prompt
    would show the answer to the question that it is tried with.
    """
    asked = input_words(like.inputs)
    own = normal(like)
    candidates, seen = [], {own}
    for number, one in enumerate(_usable(workspace, version)):
        if number >= MOST_COMPARED:
            break
        key = normal(one)
        if key not in seen:
            seen.add(key)
            candidates.append(one)
    texts = [input_words(one.inputs) for one in candidates]
    try:
        scores, how = _by_meaning(asked, texts), MEANING
    except UnavailableError:
        scores, how = _by_words(asked, texts), WORDS
    if len(seen) > MOST_COMPARED:
        how += f"; of the first {MOST_COMPARED:,} rows"
    best = heapq.nlargest(
        min(count, MOST), range(len(candidates)), key=lambda number: (scores[number], -number)
    )
    return Picked(tuple(candidates[number] for number in reversed(best)), how)


def normal(example: Example) -> tuple[tuple[str, str], ...]:
    """An example's inputs without regard to case and blanks: two that are equal ask the same."""
    return tuple(
        (name, " ".join(str(value).casefold().split()))
        for name, value in sorted(example.inputs.items())
    )


def _usable(workspace: Workspace, version: DatasetVersion) -> Iterator[Example]:
    """Labelled examples outside the gate split."""
    after = 0
    while page := datasets.example_page(workspace, version, after=after, limit=PAGE):
        after = page[-1].position
        yield from (
            one for one in page if one.split != GATE and one.expected and one.expected.strip()
        )


def _by_meaning(asked: str, texts: Sequence[str]) -> Sequence[float]:
    # Loads NumPy and 19 MB of vectors: only who picks by likeness pays for it.
    from llmops_tui.runner.scorers.meaning import vectors

    if not texts:
        return ()
    model = vectors()
    own = model.embed([asked or " "], norm=True)[0]
    return [float(score) for score in model.embed([text or " " for text in texts], norm=True) @ own]


def _by_words(asked: str, texts: Sequence[str]) -> Sequence[float]:
    from rapidfuzz import fuzz, process, utils

    found = process.cdist(
        [asked], list(texts), scorer=fuzz.token_sort_ratio, processor=utils.default_process
    )
    return [float(score) for score in found[0]] if len(texts) else ()
