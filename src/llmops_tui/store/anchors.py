"""Answers that people labelled, and what judges say of them: before a change and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.core.run import SampleScore
from llmops_tui.store.database import Database

LABELLED_SAMPLES = """
SELECT s.id, l.verdict FROM sample_label l
JOIN sample s ON s.id = l.sample_id JOIN run r ON r.id = s.run_id
WHERE r.project_id = ?1 AND s.answer_id IS NOT NULL
  AND l.id = (SELECT max(id) FROM sample_label WHERE sample_id = l.sample_id)
ORDER BY l.id DESC LIMIT ?2
"""
# What a run's own judge said stands in `score`; what was said since, in `anchor_score`.
SAID = """
SELECT * FROM (
    SELECT 0 AS id, passed, judge FROM score
    WHERE sample_id = ?1 AND scorer = ?2 AND judge LIKE '{%'
      AND judge NOT LIKE '%' || char(10) || '%'
    UNION ALL
    SELECT id, passed, judge FROM anchor_score WHERE sample_id = ?1 AND scorer = ?2
) ORDER BY id
"""
KEEP = """
INSERT INTO anchor_score (sample_id, scorer, passed, reason, judge, cost, scored_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a judge said of an answer."""

    passed: bool
    judge: str
    """Its model and prompt, as JSON."""


def labelled_samples(db: Database, project_id: int, limit: int) -> dict[int, bool]:
    """Ids of samples that people labelled, the last labelled first → whether they are right."""
    rows = db.rows(LABELLED_SAMPLES, (project_id, limit))
    return {row["id"]: row["verdict"] == "right" for row in rows}


def said(db: Database, sample_id: int, scorer: str) -> list[Said]:
    """What a judge said of an answer so far, the oldest first."""
    rows = db.rows(SAID, (sample_id, scorer))
    return [Said(bool(row["passed"]), row["judge"]) for row in rows]


def keep(db: Database, scores: Sequence[tuple[int, SampleScore]]) -> None:
    """Keep what judges say now; (sample, score) pairs."""
    at = now_ms()
    with db.write("run") as connection:
        connection.executemany(
            KEEP,
            [
                (id, score.scorer, int(score.passed), score.reason, score.judge, score.cost, at)
                for id, score in scores
            ],
        )
