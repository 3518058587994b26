"""Which share of the unflagged calls is drawn for review, and drawing more of what is stored."""

from __future__ import annotations

from typing import Final

from llmops_tui.store import settings
from llmops_tui.store.calls import ANSWERED
from llmops_tui.store.database import Database

NAME: Final = "audit share"
LOOKED_AT: Final = 50_000
"""Of the newest calls, among which one is looked for that was drawn."""
AT_ONCE: Final = 2_000
"""Calls that one transaction looks at: some milliseconds."""

IDS_SINCE = """
SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM call INDEXED BY call_figures
WHERE started_at >= ?1
"""
LAST_DRAWN = """
SELECT audit_probability FROM call
WHERE id > ?3 AND started_at >= ?1 AND project_id = ?2 AND audit_probability IS NOT NULL
ORDER BY id DESC LIMIT 1
"""
NEWEST_ID = "SELECT coalesce(max(id), 0) FROM call"
# Those that were drawn before and those that are drawn now have the same chance from now on.
DRAW = """
UPDATE call SET audit_probability = ?1
WHERE id > ?2 AND id <= ?3 AND project_id = ?4 AND started_at >= ?5 AND flagged = 0
      AND ANSWERED AND audit_probability IS NULL AND abs(random() % 1000000) < ?6
""".replace("ANSWERED", ANSWERED)
RENAME = """
UPDATE call SET audit_probability = ?1
WHERE id > ?2 AND id <= ?3 AND project_id = ?4 AND started_at >= ?5
      AND audit_probability IS NOT NULL AND audit_probability < ?1
"""


def share(db: Database, project_id: int | None) -> float | None:
    """The share that a project asks for; None where it leaves that to its gateway."""
    if project_id is None:
        return None
    told = settings.get(db, f"project:{project_id}", NAME)
    return None if told is None else float(told)


def drawn_share(db: Database, project_id: int, since: int) -> float:
    """With which chance the newest audited call was drawn; 0 where none was lately."""
    newest = db.rows(NEWEST_ID)[0][0]
    row = db.row(LAST_DRAWN, (since, project_id, newest - LOOKED_AT))
    return 0.0 if row is None else float(row[0])


def set_share(db: Database, project_id: int, value: float) -> None:
    """Ask for a share; gateways follow within ten seconds."""
    settings.put(db, f"project:{project_id}", NAME, repr(value))


def draw_more(db: Database, project_id: int, since: int, *, before: float, now: float) -> int:
    """Draw of the stored calls as if the share had been `now` all along; how many more.

    A call that wasn't drawn with the chance `before` is drawn with what is missing to `now`, so
    that each unflagged call since then has been drawn with the same chance.
    """
    first, last = db.rows(IDS_SINCE, (since,))[0]
    missing = (now - before) / (1 - before) if before < 1 else 0.0
    drawn = 0
    for start in range(first - 1, last, AT_ONCE):
        part = start, min(last, start + AT_ONCE), project_id, since
        with db.write("call") as connection:
            connection.execute(RENAME, (now, *part))
            drawn += connection.execute(DRAW, (now, *part, round(missing * 1_000_000))).rowcount
    return drawn
