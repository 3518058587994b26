"""Production calls as the Monitor screen lists and counts them: by key, filtered, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from llmops_tui.store.call_search import EVERYTHING, LINE, SEARCHED, CallFilter, Search
from llmops_tui.store.calls import MINUTE_MS, NEWEST
from llmops_tui.store.database import Database

__all__ = [
    "SEARCHED",
    "CallFilter",
    "CallLine",
    "Latest",
    "Listing",
    "Only",
    "above",
    "count",
    "count_since",
    "ids",
    "latest",
    "page",
]

Only = Literal["", "flagged", "error"]
"""Which calls a list holds: all, those that a rule flagged, those without an answer."""

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
    only: f"SELECT {LINE}FROM call c{_INDEX[only]} WHERE c.id < ?1{_PROJECT}{_WHICH[only]}"
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
    wanted: CallFilter = EVERYTHING


def page(db: Database, listing: Listing, *, before: int | None, limit: int) -> list[CallLine]:
    """Calls with an id below `before`, newest first."""
    below = NEWEST if before is None else before
    if listing.wanted.is_empty:
        rows = db.rows(PAGES[listing.only], (below, listing.project_id, limit))
    else:
        rows = _search(db, listing).page(below, limit)
    return [CallLine(**{name: row[name] for name in CallLine.__slots__}) for row in rows]


def above(db: Database, listing: Listing, call_id: int) -> int | None:
    """The id of the call that came right after this one."""
    if not listing.wanted.is_empty:
        return _search(db, listing).above(call_id)
    row = db.row(NEXTS[listing.only], (call_id, listing.project_id))
    return int(row[0]) if row else None


def ids(db: Database, listing: Listing) -> list[int]:
    """All ids of a list, newest first; of a filtered one the newest `SEARCHED` or somewhat more."""
    if not listing.wanted.is_empty:
        return _search(db, listing).ids()
    return [int(row[0]) for row in db.rows(IDS[listing.only], (0, listing.project_id))]


def count(db: Database, listing: Listing, *, above: int = 0) -> int:
    """How many calls a list holds with an id above this one."""
    if not listing.wanted.is_empty:
        return len(_search(db, listing).ids(above))
    if not above:
        counted = db.row(COUNTED, (-(2**62), listing.project_id))
        return int(counted[listing.only or "calls"] or 0) if counted else 0
    row = db.row(COUNTS[listing.only], (above, listing.project_id))
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


def _search(db: Database, listing: Listing) -> Search:
    return Search(db, listing.project_id, listing.only, listing.wanted)
