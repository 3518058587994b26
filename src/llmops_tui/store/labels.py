"""Labels of prompts: where they point, who moved them on what grounds, which are protected."""

from __future__ import annotations

import sqlite3

from llmops_tui.core.clock import now_ms
from llmops_tui.core.prompt_version import LabelMove, PromptVersion
from llmops_tui.store.database import Database

SET_LABEL = """
INSERT INTO prompt_label (prompt_id, label, prompt_version_id, author, moved_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (prompt_id, label) DO UPDATE SET prompt_version_id = excluded.prompt_version_id,
    author = excluded.author, moved_at = excluded.moved_at
"""
RECORD_MOVE = """
INSERT INTO prompt_label_move (prompt_id, label, prompt_version_id, author, reason, moved_at,
                               gate_run_id, overridden)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
MOVES = """
SELECT m.*, v.number FROM prompt_label_move m
LEFT JOIN prompt_version v ON v.id = m.prompt_version_id
WHERE m.prompt_id = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?
"""
PROTECTIONS = "SELECT label, protected FROM label_protection WHERE project_id = ? ORDER BY label"
PROTECT = """
INSERT INTO label_protection (project_id, label, protected, author, changed_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project_id, label) DO UPDATE SET protected = excluded.protected,
    author = excluded.author, changed_at = excluded.changed_at
"""
NEWEST = 2**62


def move(
    db: Database,
    chosen: PromptVersion,
    label: str,
    *,
    author: str,
    reason: str = "",
    gate_run_id: int | None = None,
    overridden: bool = False,
) -> None:
    """Point a label at a version; the move is recorded with its grounds."""
    moved_at = now_ms()
    with db.write("prompt") as connection:
        connection.execute(SET_LABEL, (chosen.prompt_id, label, chosen.id, author, moved_at))
        connection.execute(
            RECORD_MOVE,
            (
                chosen.prompt_id,
                label,
                chosen.id,
                author,
                reason,
                moved_at,
                gate_run_id,
                int(overridden),
            ),
        )


def moves(
    db: Database, prompt_id: int, *, before: int = NEWEST, limit: int = 50
) -> list[LabelMove]:
    """Moves of a prompt's labels, newest first."""
    return [_move(row) for row in db.rows(MOVES, (prompt_id, before, limit))]


def protections(db: Database, project_id: int) -> dict[str, bool]:
    """What somebody said of labels: protected or not."""
    rows = db.rows(PROTECTIONS, (project_id,))
    return {row["label"]: bool(row["protected"]) for row in rows}


def protect(db: Database, project_id: int, label: str, protected: bool, author: str) -> None:
    """Say whether a label is protected."""
    with db.write("prompt") as connection:
        connection.execute(PROTECT, (project_id, label, int(protected), author, now_ms()))


def _move(row: sqlite3.Row) -> LabelMove:
    return LabelMove(
        id=row["id"],
        label=row["label"],
        version_number=row["number"],
        author=row["author"],
        reason=row["reason"],
        moved_at=row["moved_at"],
        gate_run_id=row["gate_run_id"],
        overridden=bool(row["overridden"]),
    )
