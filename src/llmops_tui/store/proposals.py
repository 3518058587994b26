"""Changes of prompts that a model proposed, and what people decided."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.store.codec import from_json, to_json
from llmops_tui.store.database import Database

INSERT = """
INSERT INTO prompt_proposal (prompt_version_id, base_version_id, run_id, cell, model, reason, shown,
                             cost, currency, asked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
GET = "SELECT * FROM prompt_proposal WHERE prompt_version_id = ?"
OPEN = """
SELECT x.* FROM prompt_version v JOIN prompt_proposal x ON x.prompt_version_id = v.id
WHERE v.prompt_id = ? AND x.accepted IS NULL ORDER BY v.number DESC LIMIT 1
"""
SET_TEST = "UPDATE prompt_proposal SET test_run_id = ? WHERE prompt_version_id = ?"
DECIDE = """
UPDATE prompt_proposal SET accepted = ?, decided_by = ?, decided_at = ?
WHERE prompt_version_id = ? AND accepted IS NULL
"""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """What is known of a proposed version besides its text."""

    version_id: int
    base_id: int
    run_id: int
    """Whose wrong samples the model was shown."""
    cell: int
    model: str
    reason: str
    """Why, in the model's words."""
    shown: tuple[int, ...]
    """Ids of the examples that the model was shown."""
    cost: int
    """Nano-units."""
    currency: str
    test_run_id: int | None
    accepted: bool | None
    """None while nobody has decided."""


def keep(db: Database, row: ProposalRow) -> None:
    """Mark a version as proposed."""
    with db.write("prompt") as connection:
        connection.execute(
            INSERT,
            (
                row.version_id, row.base_id, row.run_id, row.cell, row.model, row.reason,
                to_json(list(row.shown)), row.cost, row.currency, now_ms(),
            ),
        )  # fmt: skip


def get(db: Database, version_id: int) -> ProposalRow | None:
    """What is known of a version as a proposal; None where it is none."""
    row = db.row(GET, (version_id,))
    return _row(row) if row else None


def open_one(db: Database, prompt_id: int) -> ProposalRow | None:
    """The newest proposal for a prompt that nobody has decided on."""
    row = db.row(OPEN, (prompt_id,))
    return _row(row) if row else None


def set_test(db: Database, version_id: int, run_id: int) -> None:
    """Say which run tests a proposal."""
    with db.write("prompt") as connection:
        connection.execute(SET_TEST, (run_id, version_id))


def decide(db: Database, version_id: int, person: str, *, accepted: bool) -> bool:
    """Record a person's decision; False where there already is one."""
    with db.write("prompt") as connection:
        values = (int(accepted), person, now_ms(), version_id)
        return connection.execute(DECIDE, values).rowcount == 1


def _row(row: sqlite3.Row) -> ProposalRow:
    shown = from_json(row["shown"])
    ids: Sequence[object] = shown if isinstance(shown, list) else ()
    return ProposalRow(
        version_id=row["prompt_version_id"],
        base_id=row["base_version_id"],
        run_id=row["run_id"],
        cell=row["cell"],
        model=row["model"],
        reason=row["reason"],
        shown=tuple(one for one in ids if isinstance(one, int)),
        cost=row["cost"],
        currency=row["currency"],
        test_run_id=row["test_run_id"],
        accepted=None if row["accepted"] is None else bool(row["accepted"]),
    )
