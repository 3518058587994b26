"""What a template was filled in with, worked out from the text that came of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_VARIABLE: Final = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_OTHER: Final = ("{%", "{#")


def values_of(
    templates: Sequence[tuple[str, str]], messages: Sequence[tuple[str, str]]
) -> dict[str, str] | None:
    """The variables' values with which templates give the first of some messages.

    Works for templates that only put variables into a text. Where several values would fit, the
    shortest are taken, so render again and compare before relying on it.

    Args:
        templates: (role, template) pairs.
        messages: (role, text) pairs, at least as many.

    Returns:
        None where they can't have come of these templates, or nothing can be told.
    """
    if len(messages) < len(templates):
        return None
    values: dict[str, str] = {}
    for (role, template), (said_by, text) in zip(templates, messages, strict=False):
        if role != said_by or not _fill(template, text, values):
            return None
    return values


def _fill(template: str, text: str, values: dict[str, str]) -> bool:
    """Whether a text came of a template; what it was filled in with goes into `values`.

    Goes through the text once, from one piece of the template to the next.
    """
    pieces = _VARIABLE.split(template)  # text, name, text, name, …, text
    texts, names = pieces[::2], pieces[1::2]
    if any(mark in piece for piece in texts for mark in (*_OTHER, "{{", "}}")):
        return False
    if not names:
        return text.strip() == template.strip()
    first, last = texts[0].lstrip(), texts[-1].rstrip()
    body = text.strip()
    if not body.startswith(first) or not body.endswith(last):
        return False
    body = body[len(first) :]
    end = len(body) - len(last)
    at = 0
    for place, name in enumerate(names):
        is_last = place == len(names) - 1
        stop = end if is_last else body.find(texts[place + 1], at, end)
        if stop < at or (not is_last and not texts[place + 1]):
            return False
        found = body[at:stop]
        if values.setdefault(name, found) != found:
            return False
        at = stop + (0 if is_last else len(texts[place + 1]))
    return True
