"""Which calls failed alike: flagged by the same rules, answered with similar words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.store.queue import Waiting

ALIKE: Final = 0.5
"""Share of their word pairs that answers have in common which failed alike."""
BANDS: Final = 21
_NUMBER = re.compile(r"\d+")
_NO_WORD = re.compile(r"[^\w\s]+")


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of a lane that failed alike: flagged by the same rules, answered with similar words."""

    ids: tuple[int, ...]
    """Oldest first."""
    rules: str

    def words(self) -> str:
        """What they have in common."""
        return f"flagged by {self.rules}, answered alike" if self.rules else "answered alike"


def grouped(found: Sequence[Waiting]) -> list[Group]:
    """All calls in groups, the largest first; one that is like no other is a group of its own."""
    by_rules: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        by_rules[one.rules][_plain(one.text)].append(one.id)
    groups = [
        Group(tuple(sorted(ids)), rules)
        for rules, by_text in by_rules.items()
        for ids in _joined(by_text)
    ]
    return sorted(groups, key=lambda group: (-len(group.ids), group.ids[0]))


def _joined(by_text: Mapping[str, list[int]]) -> list[list[int]]:
    """Calls with the same text, those with similar texts together."""
    texts = list(by_text)
    if len(texts) < 2:
        return list(by_text.values())
    from llmops_tui.services.near_duplicates import NearDuplicates  # loads NumPy when asked

    near = NearDuplicates(ALIKE, BANDS, fewest_words=2)
    for number, text in enumerate(texts):
        near.add(number, text)
    alone = set(range(len(texts)))
    joined: list[list[int]] = []
    for numbers in near.groups():
        alone.difference_update(numbers)
        joined.append([call_id for number in numbers for call_id in by_text[texts[number]]])
    return joined + [by_text[texts[number]] for number in sorted(alone)]


def _plain(text: str) -> str:
    """A text without what tells one failure from its like: case, numbers, punctuation."""
    return " ".join(_NO_WORD.sub(" ", _NUMBER.sub("0", text.casefold())).split())
