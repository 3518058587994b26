"""Calls that wait for a verdict, in the orders in which a person may want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llmops_tui.core.call import CallRow, Lane
from llmops_tui.core.queue_order import Order
from llmops_tui.core.second_look import Stage
from llmops_tui.store import words
from llmops_tui.store.call_search import contains
from llmops_tui.store.calls import ANSWERED, NEWEST, SELECT_ROW, read_row
from llmops_tui.store.codec import to_json
from llmops_tui.store.database import Database

WORST: Final = 4
"""Above every severity."""

_OF_ME = """(?5 IS NULL OR NOT EXISTS (
    SELECT 1 FROM call_assignee a WHERE a.call_id = call.id AND a.assignee <> ?5))"""
"""What is somebody else's waits for them alone; everybody's calls where nobody asks."""
_MINE = f"(?1 IS NULL OR project_id = ?1) AND {_OF_ME}"
_FLAGGED = f"flagged > 0 AND review = '' AND {ANSWERED} AND {_MINE}"
_AUDIT = f"audit_probability IS NOT NULL AND review = '' AND {ANSWERED} AND {_MINE}"
OPEN_FLAGGED = f"""{SELECT_ROW} INDEXED BY call_open
WHERE {_FLAGGED} AND id > ?2 ORDER BY id LIMIT ?3"""
OPEN_FLAGGED_NEWEST = f"""{SELECT_ROW} INDEXED BY call_open
WHERE {_FLAGGED} AND id < ?2 ORDER BY id DESC LIMIT ?3"""
OPEN_FLAGGED_WORST = f"""{SELECT_ROW} INDEXED BY call_open_severity
WHERE {_FLAGGED} AND severity <= ?4 AND (severity < ?4 OR id > ?2)
ORDER BY severity DESC, id LIMIT ?3"""
OPEN_AUDIT = f"""{SELECT_ROW} INDEXED BY call_audit_open
WHERE {_AUDIT} AND id > ?2 ORDER BY id LIMIT ?3"""
OPEN_AUDIT_NEWEST = f"""{SELECT_ROW} INDEXED BY call_audit_open
WHERE {_AUDIT} AND id < ?2 ORDER BY id DESC LIMIT ?3"""
PAGES: Mapping[tuple[Lane, Order], str] = {
    (Lane.FLAGGED, Order.OLDEST): OPEN_FLAGGED,
    (Lane.FLAGGED, Order.NEWEST): OPEN_FLAGGED_NEWEST,
    (Lane.FLAGGED, Order.SEVERITY): OPEN_FLAGGED_WORST,
    (Lane.AUDIT, Order.OLDEST): OPEN_AUDIT,
    (Lane.AUDIT, Order.NEWEST): OPEN_AUDIT_NEWEST,
    (Lane.AUDIT, Order.SEVERITY): OPEN_AUDIT,
}
"""Nothing of the audit is flagged, so all of it is equally bad."""
COUNT_OPEN = """
SELECT (SELECT count(*) FROM call INDEXED BY call_flagged_waiting WHERE FLAGGED) AS flagged,
       (SELECT count(*) FROM call INDEXED BY call_audit_waiting WHERE AUDIT) AS audit
""".replace("FLAGGED", _FLAGGED).replace("AUDIT", _AUDIT)
_SELECT_ID = "SELECT id FROM call"
IDS = {
    Lane.FLAGGED: f"{_SELECT_ID} INDEXED BY call_open WHERE {_FLAGGED} AND id > 0 ORDER BY id",
    Lane.AUDIT: f"{_SELECT_ID} INDEXED BY call_audit_open WHERE {_AUDIT} AND id > 0 ORDER BY id",
}
_ASKED = """
SELECT c.* FROM second_look s JOIN call c ON c.id = s.call_id
WHERE s.stage <> 'done' AND s.stage = 'STAGE' AND (?1 IS NULL OR c.project_id = ?1)
      AND s.call_id > ?2
      AND NOT EXISTS (SELECT 1 FROM review r WHERE r.call_id = s.call_id AND r.reviewer = ?4
                      AND r.undone_at IS NULL)
      AND (?5 IS NULL OR NOT EXISTS (
           SELECT 1 FROM call_assignee a WHERE a.call_id = s.call_id AND a.assignee <> ?5))
ORDER BY s.call_id LIMIT ?3
"""
ASKED = {
    Lane.SECOND: _ASKED.replace("STAGE", Stage.SECOND.value),
    Lane.RESOLVE: _ASKED.replace("STAGE", Stage.RESOLVE.value),
}
COUNT_ASKED = """
SELECT s.stage, count(*) FROM second_look s JOIN call c ON c.id = s.call_id
WHERE s.stage <> 'done' AND (?1 IS NULL OR c.project_id = ?1)
      AND NOT EXISTS (SELECT 1 FROM review r WHERE r.call_id = s.call_id AND r.reviewer = ?2
                      AND r.undone_at IS NULL)
      AND NOT EXISTS (
          SELECT 1 FROM call_assignee a WHERE a.call_id = s.call_id AND a.assignee <> ?2)
GROUP BY s.stage
"""
DISPUTED = """
SELECT s.call_id FROM second_look s JOIN call c ON c.id = s.call_id
WHERE s.stage <> 'done' AND s.stage = 'resolve' AND (?1 IS NULL OR c.project_id = ?1)
ORDER BY s.call_id
"""
_ALIKE = """
SELECT id, severity, output_head, CASE WHEN output_head = '' THEN input_head ELSE '' END AS asked,
       (SELECT group_concat(f.rule, ', ') FROM flag f WHERE f.call_id = call.id) AS rules
FROM call"""
ALIKE = {
    Lane.FLAGGED: f"{_ALIKE} INDEXED BY call_open WHERE {_FLAGGED} ORDER BY id DESC LIMIT ?2",
    Lane.AUDIT: f"{_ALIKE} INDEXED BY call_audit_open WHERE {_AUDIT} ORDER BY id DESC LIMIT ?2",
}
_MATCHING = r"""
SELECT id, severity FROM call
WHERE id IN (SELECT value FROM json_each(?1))
      AND (?2 = '' OR id IN (SELECT call_id FROM call_tag WHERE tag = ?2))
      AND (?3 = '' OR (?3 = 'none' AND id NOT IN (SELECT call_id FROM call_assignee))
           OR id IN (SELECT call_id FROM call_assignee WHERE assignee = ?3))
      AND (?4 = '' OR EXISTS (SELECT 1 FROM flag f
                              WHERE f.call_id = call.id AND f.rule LIKE ?4 ESCAPE '\'))
"""
_HEADS = r"output_head LIKE ?5 ESCAPE '\' OR input_head LIKE ?5 ESCAPE '\'"
MATCHING = f"{_MATCHING} AND (?5 = '' OR {_HEADS})"
_IN_WORDS = "id IN (SELECT rowid FROM call_words WHERE call_words MATCH ?6)"
MATCHING_WORDS = f"{_MATCHING} AND ({_HEADS} OR {_IN_WORDS})"
_STILL = "id IN (SELECT value FROM json_each(?1)) AND review = ''"
STILL_OPEN = f"{SELECT_ROW} WHERE {_STILL} AND {ANSWERED}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call of the queue has to look like; an empty field asks for nothing."""

    text: str = ""
    """Words anywhere in question and answer (`refus*`: begun so), as far as they are indexed; or
    a piece of the answer's beginning or the question's end."""
    rule: str = ""
    tag: str = ""
    assignee: str = ""
    """Whose it is; `none` for nobody's."""

    @property
    def is_empty(self) -> bool:
        """Whether everything is let through."""
        return self == Wanted()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of a call that waits, what tells which others it is like."""

    id: int
    severity: int
    rules: str
    """The rules that flagged it, in their order, separated by commas."""
    text: str
    """The beginning of its answer; the end of the question where the answer is empty."""


def open_items(
    db: Database,
    lane: Lane,
    order: Order = Order.OLDEST,
    *,
    after: CallRow | None = None,
    after_id: int = 0,
    limit: int = 64,
    project_id: int | None = None,
    person: str | None = None,
) -> list[CallRow]:
    """Calls of a lane that wait for a verdict, in an order that the file keeps.

    Calls without an answer wait for none: errored is neither right nor wrong.

    Args:
        db: The workspace.
        lane: Which.
        order: Oldest or newest first, or by severity.
        after: The last call of the page before.
        after_id: Oldest first, only calls with a higher id.
        limit: How many.
        project_id: Only of this project.
        person: Leave out what is somebody else's; None for all.
    """
    beyond = NEWEST if order is Order.NEWEST else after_id
    values = (
        project_id,
        beyond if after is None else after.id,
        limit,
        WORST if after is None else after.severity,
        person,
    )
    return [read_row(row) for row in db.rows(PAGES[lane, order], values)]


def count_open(
    db: Database, project_id: int | None = None, person: str | None = None
) -> dict[Lane, int]:
    """How many calls wait for a verdict in each lane; of one project, or of all.

    With a person those that are somebody else's are left out.
    """
    row = db.row(COUNT_OPEN, (project_id, None, None, None, person))
    assert row is not None
    return {Lane.FLAGGED: row["flagged"], Lane.AUDIT: row["audit"]}


def open_ids(
    db: Database, lane: Lane, project_id: int | None = None, person: str | None = None
) -> list[int]:
    """Ids of all calls that wait in a lane, oldest first."""
    return [int(row[0]) for row in db.rows(IDS[lane], (project_id, None, None, None, person))]


def open_alike(
    db: Database, lane: Lane, project_id: int | None, most: int, person: str | None = None
) -> list[Waiting]:
    """What tells which calls of a lane are alike, of the newest that wait."""
    return [
        Waiting(row["id"], row["severity"], row["rules"] or "", row["output_head"] or row["asked"])
        for row in db.rows(ALIKE[lane], (project_id, most, None, None, person))
    ]


def matching(db: Database, call_ids: Iterable[int], wanted: Wanted) -> dict[int, int]:
    """Those of some calls that look as they have to, and how severe each is."""
    values = (
        to_json(list(call_ids)),
        wanted.tag.casefold(),
        wanted.assignee,
        contains(wanted.rule),
        contains(wanted.text),
    )
    asked = words.query(wanted.text)
    found = db.rows(MATCHING_WORDS, (*values, asked)) if asked else db.rows(MATCHING, values)
    return {int(row[0]): int(row[1]) for row in found}


def still_open(db: Database, call_ids: Sequence[int]) -> dict[int, CallRow]:
    """Those of some calls that wait for a verdict, by their ids."""
    found = db.rows(STILL_OPEN, (to_json(list(call_ids)),))
    return {row["id"]: read_row(row) for row in found}


def asked_items(
    db: Database,
    lane: Lane,
    reviewer: str,
    *,
    limit: int = 64,
    project_id: int | None = None,
    person: str | None = None,
) -> list[CallRow]:
    """Calls that a further person is asked about, of which this one said nothing yet.

    With a person those that are somebody else's are left out.
    """
    found = db.rows(ASKED[lane], (project_id, 0, limit, reviewer, person))
    return [read_row(row) for row in found]


def count_asked(db: Database, reviewer: str, project_id: int | None = None) -> dict[Lane, int]:
    """How many calls wait for this person as the second, and to be resolved."""
    found = {row[0]: int(row[1]) for row in db.rows(COUNT_ASKED, (project_id, reviewer))}
    return {lane: found.get(lane.value, 0) for lane in ASKED}


def disputed(db: Database, project_id: int | None = None) -> list[int]:
    """Calls on which two differ and no third has decided."""
    return [int(row[0]) for row in db.rows(DISPUTED, (project_id,))]
