"""Production calls as the Monitor screen lists and counts them: by key, filtered, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from llmops_tui.store.calls import MINUTE_MS, NEWEST
from llmops_tui.store.database import Database

Only = Literal["", "flagged", "error"]
"""Which calls a list holds: all, those that a rule flagged, those without an answer."""

SEARCHED: Final = 50_000
"""Calls that a filter looks at, the newest: some tens of milliseconds, however many there are."""

SELECT_LINE = """
SELECT c.id, c.model, c.prompt_name, c.prompt_version, c.status, c.error, c.finish_reason,
       c.input_tokens, c.output_tokens, c.duration_ms, c.output_head, c.flagged, c.review,
       c.started_at,
       CASE WHEN c.flagged > 0
            THEN (SELECT group_concat(f.rule, ', ') FROM flag f WHERE f.call_id = c.id)
            ELSE '' END AS rules
FROM call c"""
SELECT_ID = "SELECT c.id FROM call c"
SELECT_COUNT = "SELECT count(*) FROM call c"
_INDEX: Mapping[Only, str] = {
    "": "",
    "flagged": " INDEXED BY call_flagged",
    "error": " INDEXED BY call_error",
}
_WHICH: Mapping[Only, str] = {
    "": "",
    "flagged": " AND c.flagged > 0",
    "error": " AND c.status = 'error'",
}
_PROJECT = " AND (?2 IS NULL OR c.project_id = ?2)"

PAGES = {
    only: f"{SELECT_LINE}{_INDEX[only]} WHERE c.id < ?1{_PROJECT}{_WHICH[only]}"
    " ORDER BY c.id DESC LIMIT ?3"
    for only in _INDEX
}
NEXTS = {
    only: f"{SELECT_ID}{_INDEX[only]} WHERE c.id > ?1{_PROJECT}{_WHICH[only]} ORDER BY c.id LIMIT 1"
    for only in _INDEX
}
IDS = {
    only: f"{SELECT_ID}{_INDEX[only]} WHERE c.id > ?1{_PROJECT}{_WHICH[only]} ORDER BY c.id DESC"
    for only in _INDEX
}
COUNTS = {
    only: f"{SELECT_COUNT}{_INDEX[only]} WHERE c.id > ?1{_PROJECT}{_WHICH[only]}" for only in _INDEX
}
_FOUND = r"""
WHERE c.id > ?1 AND (?2 IS NULL OR c.project_id = ?2)
      AND (?3 = '' OR (?3 = 'flagged' AND c.flagged > 0) OR (?3 = 'error' AND c.status = 'error'))
      AND (?4 = '' OR c.output_head LIKE ?4 ESCAPE '\' OR c.input_head LIKE ?4 ESCAPE '\'
           OR c.error LIKE ?4 ESCAPE '\')
      AND (?5 = '' OR c.model LIKE ?5 ESCAPE '\')
      AND (?6 = '' OR c.prompt_name LIKE ?6 ESCAPE '\')
      AND (?7 = '' OR ltrim(c.prompt_version, 'v') = ?7)
      AND (?8 = '' OR c.status LIKE ?8 ESCAPE '\')
      AND (?9 = '' OR c.finish_reason LIKE ?9 ESCAPE '\')
      AND (?10 = '' OR c.review = CASE ?10 WHEN 'none' THEN '' ELSE ?10 END)
      AND (?11 = '' OR (c.flagged > 0 AND EXISTS (
           SELECT 1 FROM flag g WHERE g.call_id = c.id AND g.rule LIKE ?11 ESCAPE '\')))
      AND (?12 = '' OR EXISTS (SELECT 1 FROM call_tag t WHERE t.tag = ?12 AND t.call_id = c.id))
      AND (?13 = '' OR coalesce((SELECT a.assignee FROM call_assignee a WHERE a.call_id = c.id),
                                'none') = ?13)
"""
FOUND = f"{SELECT_LINE}{_FOUND} AND c.id < ?14 ORDER BY c.id DESC LIMIT ?15"
FOUND_NEXT = f"{SELECT_ID}{_FOUND} ORDER BY c.id LIMIT 1"
FOUND_IDS = f"{SELECT_ID}{_FOUND} ORDER BY c.id DESC"
COUNT_FOUND = f"{SELECT_COUNT}{_FOUND}"
NEWEST_ID = "SELECT id FROM call ORDER BY id DESC LIMIT 1"
LATEST = """
SELECT model, duration_ms, status, input_tokens, output_tokens, cost, received_at
FROM call WHERE id < ?1 AND (?2 IS NULL OR project_id = ?2) ORDER BY id DESC LIMIT ?3
"""
COUNTED = """
SELECT sum(calls) AS calls, sum(flagged) AS flagged, sum(errors) AS error
FROM call_minute WHERE minute_at >= ?1 AND (?2 IS NULL OR project_id = ?2)
"""
COUNT_BETWEEN = """
SELECT count(*) FROM call INDEXED BY call_figures
WHERE started_at >= ?1 AND started_at < ?2 AND (?3 IS NULL OR project_id = ?3)
"""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a listed call has to look like; an empty field asks for nothing."""

    text: str = ""
    """Somewhere in the beginning of the answer, the end of the conversation, or the error."""
    model: str = ""
    prompt: str = ""
    version: str = ""
    status: str = ""
    finish: str = ""
    verdict: str = ""
    """`right`, `wrong`, `unsure`, or `none` for calls that nobody judged."""
    flag: str = ""
    tag: str = ""
    assignee: str = ""
    """Whose it is; `none` for nobody's."""

    @property
    def is_empty(self) -> bool:
        """Whether everything is let through."""
        return self == CallFilter()


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call as the Monitor screen lists it."""

    id: int
    model: str
    prompt_name: str
    prompt_version: str
    status: str
    error: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    duration_ms: float
    output_head: str
    flagged: int
    rules: str
    """The rules that flagged it, separated by commas."""
    review: str
    started_at: int


@dataclass(frozen=True, slots=True)
class Latest:
    """What the figures above the list are made of, of one call."""

    model: str
    duration_ms: float
    status: str
    input_tokens: int | None
    output_tokens: int | None
    cost: int | None
    received_at: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Which calls a list is about."""

    project_id: int | None = None
    """None for those of all projects."""
    only: Only = ""
    wanted: CallFilter = CallFilter()


def page(db: Database, listing: Listing, *, before: int | None, limit: int) -> list[CallLine]:
    """Calls with an id below `before`, newest first."""
    below = NEWEST if before is None else before
    if listing.wanted.is_empty:
        rows = db.rows(PAGES[listing.only], (below, listing.project_id, limit))
    else:
        rows = db.rows(FOUND, (*_found(listing, _floor(db)), below, limit))
    return [CallLine(**{name: row[name] for name in CallLine.__slots__}) for row in rows]


def above(db: Database, listing: Listing, call_id: int) -> int | None:
    """The id of the call that came right after this one."""
    if listing.wanted.is_empty:
        row = db.row(NEXTS[listing.only], (call_id, listing.project_id))
    else:
        row = db.row(FOUND_NEXT, _found(listing, max(call_id, _floor(db))))
    return int(row[0]) if row else None


def ids(db: Database, listing: Listing) -> list[int]:
    """All ids of a list, newest first."""
    if listing.wanted.is_empty:
        rows = db.rows(IDS[listing.only], (0, listing.project_id))
    else:
        rows = db.rows(FOUND_IDS, _found(listing, _floor(db)))
    return [int(row[0]) for row in rows]


def count(db: Database, listing: Listing, *, above: int = 0) -> int:
    """How many calls a list holds with an id above this one."""
    if listing.wanted.is_empty and not above:
        counted = db.row(COUNTED, (-(2**62), listing.project_id))
        return int(counted[listing.only or "calls"] or 0) if counted else 0
    if listing.wanted.is_empty:
        row = db.row(COUNTS[listing.only], (above, listing.project_id))
    else:
        row = db.row(COUNT_FOUND, _found(listing, max(above, _floor(db))))
    return int(row[0]) if row else 0


def latest(db: Database, project_id: int | None, limit: int) -> list[Latest]:
    """The newest calls, for figures over them."""
    rows = db.rows(LATEST, (NEWEST, project_id, limit))
    return [Latest(**{name: row[name] for name in Latest.__slots__}) for row in rows]


def count_since(db: Database, since: int, project_id: int | None) -> int:
    """How many calls started at or after `since`: whole minutes as they were counted."""
    whole = since - since % MINUTE_MS + MINUTE_MS
    begin = db.row(COUNT_BETWEEN, (since, whole, project_id))
    rest = db.row(COUNTED, (whole, project_id))
    return (int(begin[0]) if begin else 0) + (int(rest["calls"] or 0) if rest else 0)


def _floor(db: Database) -> int:
    row = db.row(NEWEST_ID)
    return max(0, int(row[0]) - SEARCHED) if row else 0


def _found(listing: Listing, floor: int) -> tuple[object, ...]:
    wanted = listing.wanted
    return (
        floor,
        listing.project_id,
        listing.only,
        contains(wanted.text),
        contains(wanted.model),
        contains(wanted.prompt),
        wanted.version.removeprefix("v"),
        contains(wanted.status),
        contains(wanted.finish),
        wanted.verdict,
        contains(wanted.flag),
        wanted.tag.casefold(),
        wanted.assignee,
    )


def contains(text: str) -> str:
    """The LIKE pattern, escaped with a backslash, of what holds a text; empty for none."""
    if not text:
        return ""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
