"""Rows that never tell one prompt version or model from another, over all runs of a data set."""

from __future__ import annotations

from llmops_tui.core.run import Outcome
from llmops_tui.store.database import Database

SAME_EVERYWHERE = """
SELECT s.example_id, min(s.outcome) AS outcome,
       count(DISTINCT c.prompt_version_id || '.' || c.model_id) AS kinds
FROM run r
JOIN sample s ON s.run_id = r.id
JOIN run_cell c ON c.run_id = s.run_id AND c.cell = s.cell
WHERE r.dataset_version_id = ? AND s.outcome <> 'errored'
GROUP BY s.example_id
HAVING count(DISTINCT c.prompt_version_id || '.' || c.model_id) > 1
   AND min(s.outcome) = max(s.outcome)
ORDER BY s.example_id
"""


def same_everywhere(db: Database, version_id: int) -> list[tuple[int, Outcome]]:
    """(example id, outcome) of rows on which all that were tried agree, two kinds at least."""
    return [
        (row["example_id"], Outcome(row["outcome"]))
        for row in db.rows(SAME_EVERYWHERE, (version_id,))
    ]
