"""What was found in the examples of a version, kept with it."""

from __future__ import annotations

from llmops_tui.core.clock import now_ms
from llmops_tui.core.curation.report import Report, report_as_json, report_from_json
from llmops_tui.store.codec import json_object, to_json
from llmops_tui.store.database import Database

REPORT = "SELECT report FROM quality_report WHERE dataset_version_id = ?"
KEEP_REPORT = """
INSERT INTO quality_report (dataset_version_id, report, computed_at) VALUES (?, ?, ?)
ON CONFLICT (dataset_version_id) DO UPDATE
SET report = excluded.report, computed_at = excluded.computed_at
"""


def report(db: Database, version_id: int) -> Report | None:
    """What was found; None where nobody has looked yet."""
    row = db.row(REPORT, (version_id,))
    return report_from_json(json_object(row["report"])) if row else None


def keep_report(db: Database, version_id: int, found: Report) -> None:
    """Keep it with its version."""
    with db.write("dataset_quality") as connection:
        connection.execute(KEEP_REPORT, (version_id, to_json(report_as_json(found)), now_ms()))
