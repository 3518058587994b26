"""Columns that rows of other tools get when they are taken apart, and what goes into them."""

from __future__ import annotations

import json

from llmops_tui.core.chat import Json

EXPECTED = "→ expected"
TAGS = "→ tags"
SPLIT = "→ split"
_LONGEST_TAG = 60


def answer_text(value: Json) -> str | None:
    """An expected answer: text as it is, one of a list of one, anything else as JSON."""
    if isinstance(value, list) and len(value) == 1:
        return answer_text(value[0])
    if value is None or value == []:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def scalar_tags(metadata: Json) -> list[str]:
    """`name:value` for each short value in an object of facts; lists of words give one each."""
    if not isinstance(metadata, dict):
        return []
    tags: list[str] = []
    for name, value in metadata.items():
        for item in value if isinstance(value, list) else [value]:
            if item is None or item == "" or isinstance(item, dict | list):
                continue
            word = item if isinstance(item, str) else json.dumps(item)
            if len(word) <= _LONGEST_TAG:
                tags.append(f"{name}:{word}")
    return tags
