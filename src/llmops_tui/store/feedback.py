"""What users and evaluators said of calls."""

from __future__ import annotations

from llmops_tui.core.trace import Feedback
from llmops_tui.store.database import Database

FEEDBACK_OF_CALL = """
SELECT id, source, name, thumbs, score, label, comment, corrected, author, given_at
FROM feedback WHERE call_id = ? ORDER BY id LIMIT 200
"""


def feedback_of(db: Database, call_id: int) -> tuple[Feedback, ...]:
    """What was said of a call, oldest first."""
    rows = db.rows(FEEDBACK_OF_CALL, (call_id,))
    return tuple(Feedback(**{name: row[name] for name in Feedback.__slots__}) for row in rows)
