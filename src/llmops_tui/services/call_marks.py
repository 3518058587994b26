"""Sorting calls: words on them, and whose they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from llmops_tui.core.call import CallDetail
from llmops_tui.core.errors import InputError
from llmops_tui.services import triage
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import call_marks as store
from llmops_tui.store import calls

LONGEST: Final = 40
MOST_TAGS: Final = 20
_BETWEEN = re.compile(r"[\s,#]+")


def parse_tags(text: str) -> tuple[str, ...]:
    """Tags as a person types them: words with blanks, commas or `#` between.

    Raises:
        InputError: one is too long or holds what can't be seen, or there are too many.
    """
    tags = tuple(dict.fromkeys(word.casefold() for word in _BETWEEN.split(text) if word))
    for tag in tags:
        _check(tag, "tag")
    if len(tags) > MOST_TAGS:
        raise InputError(f"A call has at most {MOST_TAGS} tags.")
    return tags


def set_tags(workspace: Workspace, call_id: int, text: str) -> CallDetail:
    """Have exactly the tags of a text on a call; the call with them.

    Raises:
        InputError: one of them can't be a tag.
        NotFoundError: there is no such call.
    """
    tags = parse_tags(text)
    calls.detail(workspace.db, call_id)
    store.set_tags(workspace.db, call_id, tags, workspace.person)
    return calls.detail(workspace.db, call_id)


def add_tags(
    workspace: Workspace, call_id: int, text: str, *, remove: bool = False
) -> tuple[str, ...]:
    """Put tags on a call beside those it has, or take them off; those that it has then."""
    named, has = parse_tags(text), store.tags_of(workspace.db, call_id)
    wanted = [tag for tag in has if tag not in named] if remove else [*has, *named]
    return set_tags(workspace, call_id, " ".join(wanted)).tags


def assign(workspace: Workspace, call_ids: Sequence[int], name: str) -> CallDetail:
    """Make calls somebody's: they wait for nobody else. With an empty name they are nobody's.

    Returns:
        The first of the calls.

    Raises:
        InputError: it is no name.
        NotFoundError: there is no such call.
    """
    name = " ".join(name.split())
    if name:
        _check(name, "name")
    for call_id in call_ids:
        calls.detail(workspace.db, call_id)
    store.assign(workspace.db, call_ids, name, workspace.person)
    if name != workspace.person:
        triage.release(workspace, call_ids)
    return calls.detail(workspace.db, call_ids[0])


def people(workspace: Workspace) -> list[str]:
    """Whom a call may be given to: who judges here, and who is asking."""
    return sorted({*store.people(workspace.db), workspace.person})


def marks_words(detail: CallDetail, *, me: str = "") -> str:
    """Tags and whose it is, as a clause: `#refund #vip · for ana`."""
    words = [" ".join(f"#{tag}" for tag in detail.tags)] if detail.tags else []
    if detail.assignee:
        words.append("for you" if detail.assignee == me else f"for {detail.assignee}")
    return " · ".join(words)


def _check(text: str, what: str) -> None:
    if len(text) > LONGEST:
        raise InputError(f"A {what} has at most {LONGEST} characters.")
    if any(unicodedata.category(character)[0] == "C" for character in text):
        raise InputError(f"A {what} holds only characters that can be seen.")
