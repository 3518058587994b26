"""Alert rules, their state and what they told."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from llmops_tui.core.alerts import AlertSpec
from llmops_tui.core.clock import now_ms
from llmops_tui.core.errors import NotFoundError
from llmops_tui.store import removed
from llmops_tui.store.codec import json_object, to_json
from llmops_tui.store.database import Database

INSERT = """
INSERT INTO alert_rule (project_id, name, spec, owner, created_at) VALUES (?, ?, ?, ?, ?)
"""
ALL = """
SELECT * FROM alert_rule WHERE ?1 IS NULL OR project_id IS NULL OR project_id = ?1 ORDER BY id
"""
GET = "SELECT * FROM alert_rule WHERE id = ?"
ENABLE = "UPDATE alert_rule SET enabled = ? WHERE id = ?"
DROP_EVENTS = "DELETE FROM alert_event WHERE alert_rule_id = ?"
DROP = "DELETE FROM alert_rule WHERE id = ?"
TAKE = """
UPDATE alert_rule SET looked_at = ?1
WHERE id = ?2 AND enabled AND (looked_at IS NULL OR looked_at <= ?3)
"""
SET_STATE = "UPDATE alert_rule SET firing = ?, value = ?, since = ? WHERE id = ?"
INSERT_EVENT = """
INSERT INTO alert_event (alert_rule_id, kind, value, sentence, happened_at) VALUES (?, ?, ?, ?, ?)
"""
DELIVERED = "UPDATE alert_event SET delivery = ? WHERE id = ?"
EVENTS = """
SELECT e.*, r.name FROM alert_event e JOIN alert_rule r ON r.id = e.alert_rule_id
WHERE e.id > ? ORDER BY e.id LIMIT ?
"""
NEWEST_EVENT = "SELECT coalesce(max(id), 0) FROM alert_event"
WINDOW = """
SELECT count(*) AS calls, coalesce(sum(flagged > 0), 0) AS flagged,
       coalesce(sum(status = 'error'), 0) AS errors, coalesce(sum(cost), 0) AS cost
FROM call WHERE started_at >= ?1 AND (?2 IS NULL OR project_id = ?2)
"""
SLOWEST = """
SELECT duration_ms FROM call
WHERE started_at >= ?1 AND (?2 IS NULL OR project_id = ?2) AND status = 'ok'
ORDER BY duration_ms DESC LIMIT 1 OFFSET ?3
"""
NEWEST_CALL = """
SELECT max(received_at) FROM call WHERE id > (SELECT coalesce(max(id), 0) - 5000 FROM call)
  AND (?1 IS NULL OR project_id = ?1)
"""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A rule with its state."""

    id: int
    project_id: int | None
    name: str
    spec: AlertSpec
    owner: str
    enabled: bool
    firing: bool
    value: float | None
    """When it was last looked at."""
    looked_at: int | None
    since: int | None
    """Since when it fires, or doesn't any more."""


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One time at which a rule began or ceased to fire."""

    id: int
    rule_id: int
    name: str
    fired: bool
    value: float | None
    sentence: str
    delivery: str
    """What became of the message on each channel."""
    happened_at: int


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """The calls of a window."""

    calls: int
    flagged: int
    errors: int
    cost: int


def add(db: Database, project_id: int | None, name: str, spec: AlertSpec, owner: str) -> AlertRule:
    """Keep a rule."""
    with db.write("alert") as connection:
        values = (project_id, name, to_json(spec.to_json()), owner, now_ms())
        rule_id = int(connection.execute(INSERT, values).lastrowid or 0)
    return get(db, rule_id)


def rules(db: Database, project_id: int | None = None) -> list[AlertRule]:
    """All rules; of one project, or of all. A workspace has a handful."""
    return [_rule(row) for row in db.rows(ALL, (project_id,))]


def get(db: Database, rule_id: int) -> AlertRule:
    """One rule.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = db.row(GET, (rule_id,))
    if row is None:
        raise NotFoundError(f"There is no alert {rule_id}.", "`llmops-tui alerts list` names them.")
    return _rule(row)


def enable(db: Database, rule_id: int, *, enabled: bool) -> None:
    """Watch, or stop watching."""
    with db.write("alert") as connection:
        connection.execute(ENABLE, (int(enabled), rule_id))


def remove(db: Database, rule_id: int) -> None:
    """Forget a rule and what it told."""
    with db.write("alert") as connection:
        connection.execute(DROP_EVENTS, (rule_id,))
        connection.execute(DROP, (rule_id,))


def take(db: Database, rule_id: int, not_since: int) -> bool:
    """Take a rule to look at it; False where somebody has looked since then, or it is off."""
    with db.write() as connection:
        return connection.execute(TAKE, (now_ms(), rule_id, not_since)).rowcount == 1


def set_state(
    db: Database, rule: AlertRule, value: float | None, *, firing: bool, told: str
) -> int | None:
    """Keep what was seen; the id of the event where it began or ceased to fire."""
    now = now_ms()
    changed = firing is not rule.firing
    with db.write(*(("alert",) if changed else ())) as connection:
        since = now if changed or rule.since is None else rule.since
        connection.execute(SET_STATE, (int(firing), value, since, rule.id))
        if not changed:
            return None
        values = (rule.id, "fired" if firing else "resolved", value, told, now)
        return int(connection.execute(INSERT_EVENT, values).lastrowid or 0)


def delivered(db: Database, event_id: int, outcome: str) -> None:
    """Keep what became of an event's messages."""
    with db.write("alert") as connection:
        connection.execute(DELIVERED, (outcome, event_id))


def events(db: Database, after: int = 0, limit: int = 64) -> list[AlertEvent]:
    """What was told after the event with that id, in order."""
    return [
        AlertEvent(
            row["id"], row["alert_rule_id"], row["name"], row["kind"] == "fired", row["value"],
            row["sentence"], row["delivery"], row["happened_at"],
        )
        for row in db.rows(EVENTS, (after, limit))
    ]  # fmt: skip


def newest_event(db: Database) -> int:
    """Id of the newest event; 0 where there is none."""
    row = db.row(NEWEST_EVENT)
    return int(row[0]) if row else 0


def window(
    db: Database, since: int, project_id: int | None, *, stored_only: bool = False
) -> WindowCounts:
    """The calls since a time, removed ones included unless only the stored ones are wanted."""
    row = db.row(WINDOW, (since, project_id))
    assert row is not None
    if stored_only:
        return WindowCounts(row["calls"], row["flagged"], row["errors"], row["cost"])
    gone = removed.total(db, since, None, project_id)
    return WindowCounts(
        row["calls"] + gone.calls, row["flagged"] + gone.flagged, row["errors"] + gone.errors,
        row["cost"] + gone.cost,
    )  # fmt: skip


def slower_than_all_but(
    db: Database, since: int, project_id: int | None, rest: int
) -> float | None:
    """How long the answer took that only `rest` others were slower than."""
    row = db.row(SLOWEST, (since, project_id, rest))
    return None if row is None else float(row[0])


def newest_call(db: Database, project_id: int | None) -> int | None:
    """When the newest call was stored."""
    row = db.row(NEWEST_CALL, (project_id,))
    return None if row is None or row[0] is None else int(row[0])


def _rule(row: sqlite3.Row) -> AlertRule:
    return AlertRule(
        id=row["id"],
        project_id=row["project_id"],
        name=row["name"],
        spec=AlertSpec.from_json(json_object(row["spec"])),
        owner=row["owner"],
        enabled=bool(row["enabled"]),
        firing=bool(row["firing"]),
        value=row["value"],
        looked_at=row["looked_at"],
        since=row["since"],
    )
