"""Filtered lists of calls: along the index that leaves the fewest, newest first.

A filter is followed along one or several ways: an index and the values that it is followed for.
All else that the filter asks for is looked at on each call, of at most `SEARCHED` on each way, so
that a filter which hardly any call passes takes some tens of milliseconds, however many exist.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.store import words
from llmops_tui.store.calls import NEWEST
from llmops_tui.store.database import Database

SEARCHED: Final = 50_000
"""Calls that are looked at on each way, the newest."""
ERRORS_SEARCHED: Final = 100
"""Errors that words are looked for in, the newest, where nothing says that errors are meant."""
_MOST_WAYS: Final = 16
_MOST_VALUES: Final = 300
_UNSPACED: Final = "\u0e00"
"""From this letter on come scripts that write words without spaces between them."""

LINE = """
       c.id, c.model, c.prompt_name, c.prompt_version, c.status, c.error, c.finish_reason,
       c.input_tokens, c.output_tokens, c.duration_ms, c.output_head, c.flagged, c.review,
       c.started_at,
       CASE WHEN c.flagged > 0
            THEN (SELECT group_concat(f.rule, ', ') FROM flag f WHERE f.call_id = c.id)
            ELSE '' END AS rules
"""
_REST = r"""
      AND (?4 IS NULL OR c.project_id = ?4)
      AND (?5 = '' OR (?5 = 'flagged' AND c.flagged > 0) OR (?5 = 'error' AND c.status = 'error'))
      AND (?6 = '' OR c.output_head LIKE ?6 ESCAPE '\' OR c.input_head LIKE ?6 ESCAPE '\'
           OR c.error LIKE ?6 ESCAPE '\')
      AND (?7 = '' OR c.model LIKE ?7 ESCAPE '\')
      AND (?8 = '' OR c.prompt_name LIKE ?8 ESCAPE '\')
      AND (?9 = '' OR ltrim(c.prompt_version, 'v') = ?9)
      AND (?10 = '' OR c.status LIKE ?10 ESCAPE '\')
      AND (?11 = '' OR c.finish_reason LIKE ?11 ESCAPE '\')
      AND (?12 = '' OR c.review = CASE ?12 WHEN 'none' THEN '' ELSE ?12 END)
      AND CASE WHEN ?13 = '' AND ?16 = '' AND ?17 = '' THEN TRUE ELSE
          (?13 = '' OR (c.flagged > 0 AND EXISTS (
               SELECT 1 FROM flag g WHERE g.call_id = c.id AND g.rule LIKE ?13 ESCAPE '\')))
          AND (?16 = '' OR EXISTS (
               SELECT 1 FROM call_tag t WHERE t.tag = ?16 AND t.call_id = c.id))
          AND (?17 = '' OR ?17 = ifnull(
               (SELECT a.assignee FROM call_assignee a WHERE a.call_id = c.id), 'none')) END
"""
"""The last condition is one on purpose: with another the planner would rather sort."""
_ALONG: Final = {
    "newest": ("c.id", "FROM call c WHERE TRUE"),
    "model": ("c.id", "FROM call c INDEXED BY call_model WHERE c.model = ?14"),
    "version": (
        "c.id",
        "FROM call c INDEXED BY call_prompt"
        " WHERE c.prompt_name = ?14 AND c.prompt_version = ?15 AND c.prompt_name <> ''",
    ),
    "error": ("c.id", "FROM call c INDEXED BY call_error WHERE c.status = 'error'"),
    "flagged": ("c.id", "FROM call c INDEXED BY call_flagged WHERE c.flagged > 0"),
    "verdict": (
        "c.id",
        "FROM call c INDEXED BY call_reviewed WHERE c.review = ?14 AND c.review <> ''",
    ),
    "rule": (
        "g.call_id",
        "FROM flag g INDEXED BY flag_rule CROSS JOIN call c ON c.id = g.call_id WHERE g.rule = ?14",
    ),
    "tag": (
        "t.call_id",
        "FROM call_tag t CROSS JOIN call c ON c.id = t.call_id WHERE t.tag = ?14",
    ),
    "assignee": (
        "a.call_id",
        "FROM call_assignee a INDEXED BY call_assignee_name"
        " CROSS JOIN call c ON c.id = a.call_id WHERE a.assignee = ?14",
    ),
    "words": (
        "call_words.rowid",
        "FROM call_words CROSS JOIN call c ON c.id = call_words.rowid WHERE call_words MATCH ?14",
    ),
}


def _sql(select: str, way: str, order: str) -> str:
    key, along = _ALONG[way]
    return f"{select} {along} AND {key} > ?1 AND {key} < ?2 {_REST} ORDER BY {key} {order} LIMIT ?3"


FOUND = {way: _sql(f"SELECT {LINE}", way, "DESC") for way in _ALONG}
FOUND_IDS = {way: _sql("SELECT c.id", way, "DESC") for way in _ALONG}
FOUND_NEXT = {way: _sql("SELECT c.id", way, "") for way in _ALONG}
# Where to stop looking: not a page of a list, but how far back so many calls reach.
BOUND = {
    way: f"SELECT {key} {along} AND {key} > 0 ORDER BY {key} DESC LIMIT 1 OFFSET ?1".replace(
        "?14", "?2"
    ).replace("?15", "?3")
    for way, (key, along) in _ALONG.items()
    if way not in ("newest", "rule", "tag", "assignee", "words")
}
BOUND["rule"] = """
SELECT call_id FROM flag INDEXED BY flag_rule WHERE rule = ?2
ORDER BY call_id DESC LIMIT 1 OFFSET ?1
"""
BOUND["tag"] = """
SELECT call_id FROM call_tag WHERE tag = ?2 ORDER BY call_id DESC LIMIT 1 OFFSET ?1
"""
BOUND["assignee"] = """
SELECT call_id FROM call_assignee INDEXED BY call_assignee_name WHERE assignee = ?2
ORDER BY call_id DESC LIMIT 1 OFFSET ?1
"""
BOUND["words"] = """
SELECT rowid FROM call_words WHERE call_words MATCH ?2 ORDER BY rowid DESC LIMIT 1 OFFSET ?1
"""
NEWEST_ID = "SELECT id FROM call ORDER BY id DESC LIMIT 1"
# The next value of an index, so that a handful of values is found without reading its rows.
NEXT_MODEL = "SELECT model FROM call WHERE model > ? ORDER BY model LIMIT 1"
NEXT_RULE = "SELECT rule FROM flag WHERE rule > ? ORDER BY rule LIMIT 1"
NEXT_PROMPT = """
SELECT prompt_name FROM call INDEXED BY call_prompt
WHERE prompt_name > ? AND prompt_name <> '' ORDER BY prompt_name LIMIT 1
"""
NEXT_VERSION = """
SELECT prompt_version FROM call INDEXED BY call_prompt
WHERE prompt_name = ?2 AND prompt_name <> '' AND prompt_version > ?1
ORDER BY prompt_version LIMIT 1
"""
_STATUSES: Final = ("ok", "error", "cancelled")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a listed call has to look like; an empty field asks for nothing."""

    text: str = ""
    """Words of the question or the answer (`refus*`: begun so); or a piece of the error."""
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
        return self == EVERYTHING


EVERYTHING: Final = CallFilter()


@dataclass(frozen=True, slots=True)
class _Way:
    """An index to follow, and what of it."""

    name: str
    values: tuple[str, ...] = ()
    floor: int = 0
    """Only calls with an id above this."""
    like: str = ""
    """A text that has to be in what lists show of a call."""


class Search:
    """The calls that pass a filter.

    Args:
        db: The workspace.
        project_id: Only calls of this project; None for all.
        only: `flagged`, `error`, or empty for all.
        wanted: The filter, not empty.
    """

    def __init__(self, db: Database, project_id: int | None, only: str, wanted: CallFilter) -> None:
        self._db = db
        self._wanted = wanted
        self._given = (
            project_id,
            only,
            contains(wanted.model),
            contains(wanted.prompt),
            wanted.version.removeprefix("v"),
            contains(wanted.status),
            contains(wanted.finish),
            wanted.verdict,
            contains(wanted.flag),
        )
        self._only_errors = only == "error" or _statuses(wanted.status) == ["error"]
        self._only = only
        self._ways = tuple(self._bounded(way) for way in self._choose())

    def page(self, before: int, limit: int) -> list[sqlite3.Row]:
        """Rows of calls with an id below `before`, newest first."""
        return self._merged(FOUND, 0, before, limit)

    def ids(self, above: int = 0) -> list[int]:
        """Ids above this one, newest first; of each way at most `SEARCHED`."""
        return [row["id"] for row in self._merged(FOUND_IDS, above, NEWEST, SEARCHED)]

    def above(self, call_id: int) -> int | None:
        """The id of the call that came right after this one."""
        found = [
            int(row["id"])
            for way in self._ways
            for row in self._db.rows(FOUND_NEXT[way.name], self._values(way, call_id, NEWEST, 1))
        ]
        return min(found, default=None)

    def _merged(
        self, statements: dict[str, str], above: int, before: int, limit: int
    ) -> list[sqlite3.Row]:
        found: dict[int, sqlite3.Row] = {}
        for way in self._ways:
            rows = self._db.rows(statements[way.name], self._values(way, above, before, limit))
            found.update((row["id"], row) for row in rows)
        if len(self._ways) < 2:
            return list(found.values())
        return [found[call_id] for call_id in sorted(found, reverse=True)[:limit]]

    def _values(self, way: _Way, above: int, before: int, limit: int) -> tuple[object, ...]:
        project, only, *rest = self._given
        ends = max(above, way.floor), before, limit
        followed = (*way.values, None, None)[:2]
        marks = self._wanted.tag.casefold(), self._wanted.assignee
        return (*ends, project, only, way.like, *rest, *followed, *marks)

    # Which ways.

    def _choose(self) -> Sequence[_Way]:
        wanted = self._wanted
        if wanted.text:
            return list(self._text_ways())
        if wanted.tag:
            return [_Way("tag", (wanted.tag.casefold(),))]
        if wanted.assignee and wanted.assignee != "none":
            return [_Way("assignee", (wanted.assignee,))]
        if wanted.flag:
            return self._many("rule", [(one,) for one in self._matching(NEXT_RULE, wanted.flag)])
        if self._only_errors:
            return [_Way("error")]
        if wanted.verdict and wanted.verdict != "none":
            return [_Way("verdict", (wanted.verdict,))]
        if self._only == "flagged":
            return [_Way("flagged")]
        if wanted.version or wanted.prompt:
            return self._many("version", list(self._versions()))
        if wanted.model:
            return self._many("model", [(one,) for one in self._matching(NEXT_MODEL, wanted.model)])
        return [_Way("newest", floor=self._newest_floor())]

    def _text_ways(self) -> Iterator[_Way]:
        """In the words of indexed calls, in errors, and in what lists show of the newest calls."""
        text = self._wanted.text
        like = contains(" ".join(word.rstrip("*") for word in text.split(" ")) or text)
        asked = words.query(text)
        floor = self._newest_floor()
        if not words.is_anywhere(self._db, asked):
            asked = words.query(text, begun=True)  # as it is being typed
        if asked:
            yield _Way("words", (asked,))
            yield _Way("error", like=like)
        if asked and max(text) < _UNSPACED:
            floor = max(floor, words.upto(self._db))
        yield _Way("newest", floor=floor, like=like)

    def _many(self, name: str, values: Sequence[tuple[str, ...]]) -> Sequence[_Way]:
        if len(values) > _MOST_WAYS:
            return [_Way("newest", floor=self._newest_floor())]
        return [_Way(name, one) for one in values]

    def _matching(self, following: str, part: str) -> list[str]:
        return [one for one in self._known(following) if part.lower() in one.lower()]

    def _versions(self) -> Iterator[tuple[str, str]]:
        wanted = self._wanted.version.removeprefix("v")
        for name in self._matching(NEXT_PROMPT, self._wanted.prompt):
            # Before the first version comes none at all: an empty one.
            for version in ("", *self._known(NEXT_VERSION, name)):
                if not wanted or version.lstrip("v") == wanted:
                    yield name, version

    def _known(self, following: str, *of: str) -> Iterator[str]:
        """The values of an index, each found from the one before it."""
        row = self._db.row(following, ("", *of))
        for _ in range(_MOST_VALUES):
            if row is None:
                return
            yield row[0]
            row = self._db.row(following, (row[0], *of))

    # How far back.

    def _newest_floor(self) -> int:
        row = self._db.row(NEWEST_ID)
        return max(0, int(row[0]) - SEARCHED) if row else 0

    def _bounded(self, way: _Way) -> _Way:
        if way.name == "newest":
            return way
        most = SEARCHED
        if way.name == "error" and way.like and not self._only_errors:
            most = ERRORS_SEARCHED
        elif not self._asks_for_more(way):
            return way  # each call on the way is wanted: a page reads no more than itself
        row = self._db.row(BOUND[way.name], (most, *way.values))
        return _Way(way.name, way.values, int(row[0]), way.like) if row else way

    def _asks_for_more(self, way: _Way) -> bool:
        """Whether a call on the way may fail the filter in anything but its project."""
        wanted = self._wanted
        covered = {
            "words": {"text"},
            "rule": {"flag"},
            "tag": {"tag"},
            "assignee": {"assignee"},
            "error": {"status"},
            "verdict": {"verdict"},
            "version": {"version", "prompt"},
            "model": {"model"},
            "flagged": set[str](),
        }[way.name]
        asked = {name for name in CallFilter.__slots__ if getattr(wanted, name)}
        by_only = {"flagged": "flagged", "error": "error"}.get(self._only, way.name)
        return bool(asked - covered) or by_only != way.name


def contains(text: str) -> str:
    """A pattern for LIKE that finds a text anywhere; empty for an empty one."""
    if not text:
        return ""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _statuses(part: str) -> list[str]:
    return [one for one in _STATUSES if part and part.lower() in one]
