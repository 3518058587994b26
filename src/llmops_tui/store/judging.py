"""What judges said, what it cost, and what people say of the same answers."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_tui.core.clock import now_ms
from llmops_tui.store.database import Database

INSERT_LABEL = """
INSERT INTO sample_label (sample_id, verdict, person, labelled_at) VALUES (?, ?, ?, ?)
"""
LABEL_OF = """
SELECT verdict, person FROM sample_label WHERE sample_id = ? ORDER BY id DESC LIMIT 1
"""
# A judge is a model with a prompt: where either changes, its labels are others.
JUDGED = """
SELECT c.scorer, c.judge ->> '$.model' AS model, c.judge ->> '$.prompt' AS prompt,
       count(*) AS scores, sum(c.passed) AS passed, sum(c.cost) AS cost,
       sum(c.judge ->> '$.pairwise' = 1) AS pairwise,
       sum(c.judge ->> '$.position' = 'first') AS first,
       sum(c.judge ->> '$.position' = 'second') AS second
FROM sample s JOIN score c ON c.sample_id = s.id
WHERE s.run_id = ? AND c.judge LIKE '{%' AND c.judge NOT LIKE '%' || char(10) || '%'
GROUP BY 1, 2, 3
"""
# An answer counts once for a judge: as it was judged last, in its run or among the anchors.
LABELLED = """
SELECT passed, verdict, count(*) AS rows FROM (
    SELECT l.verdict AS verdict, coalesce(
        (SELECT a.passed FROM anchor_score a
         WHERE a.sample_id = l.sample_id AND a.scorer = ?1
           AND a.judge ->> '$.model' = ?2 AND a.judge ->> '$.prompt' = ?3
         ORDER BY a.id DESC LIMIT 1),
        (SELECT c.passed FROM score c
         WHERE c.sample_id = l.sample_id AND c.scorer = ?1 AND c.judge LIKE '{%'
           AND c.judge NOT LIKE '%' || char(10) || '%'
           AND c.judge ->> '$.model' = ?2 AND c.judge ->> '$.prompt' = ?3
         LIMIT 1)) AS passed
    FROM sample_label l
    WHERE l.id = (SELECT max(id) FROM sample_label WHERE sample_id = l.sample_id)
) WHERE passed IS NOT NULL GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class JudgedCounts:
    """What one judge said in a run."""

    scorer: str
    model: str
    prompt: str
    """Hash of what the judge is told."""
    scores: int
    passed: int
    cost: int
    pairwise: int
    """Comparisons in which both orders were asked."""
    prefers_first: int
    """Those in which whatever stood first was called better, in both orders."""
    prefers_second: int


def label(db: Database, sample_id: int, verdict: str, person: str) -> None:
    """Keep what a person says of an answer."""
    with db.write("run") as connection:
        connection.execute(INSERT_LABEL, (sample_id, verdict, person, now_ms()))


def label_of(db: Database, sample_id: int) -> tuple[str, str] | None:
    """(verdict, person) of the last label of a sample; None without one."""
    row = db.row(LABEL_OF, (sample_id,))
    return None if row is None else (row["verdict"], row["person"])


def judged(db: Database, run_id: int) -> list[JudgedCounts]:
    """What each judge said in a run; reads the run's scores."""
    return [
        JudgedCounts(
            row["scorer"],
            row["model"],
            row["prompt"],
            row["scores"],
            row["passed"],
            row["cost"],
            row["pairwise"] or 0,
            row["first"] or 0,
            row["second"] or 0,
        )
        for row in db.rows(JUDGED, (run_id,))
    ]


def labelled(db: Database, found: JudgedCounts) -> dict[tuple[bool, str], int]:
    """(the judge passed it, what people say) → rows, of all runs that this judge judged."""
    rows = db.rows(LABELLED, (found.scorer, found.model, found.prompt))
    return {(bool(row["passed"]), row["verdict"]): row["rows"] for row in rows}
