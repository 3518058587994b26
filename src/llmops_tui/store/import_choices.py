"""What somebody said about a source of a data set, for the next import of it or of its like."""

from __future__ import annotations

from collections.abc import Sequence

from llmops_tui.core.clock import now_ms
from llmops_tui.store.database import Database

CHOICE = "SELECT choice FROM import_choice WHERE project_id = ? AND source = ?"
KEEP_CHOICE = """
INSERT INTO import_choice (project_id, source, choice, chosen_at) VALUES (?, ?, ?, ?)
ON CONFLICT (project_id, source)
DO UPDATE SET choice = excluded.choice, chosen_at = excluded.chosen_at
"""


def get(db: Database, project_id: int, source: str) -> str | None:
    """What was said about a source (JSON); None where nothing was."""
    row = db.row(CHOICE, (project_id, source))
    return None if row is None else str(row[0])


def put(db: Database, project_id: int, sources: Sequence[str], choice: str) -> None:
    """Keep what was said, under each of these keys."""
    with db.write() as connection:
        connection.executemany(
            KEEP_CHOICE, [(project_id, source, choice, now_ms()) for source in sources]
        )
