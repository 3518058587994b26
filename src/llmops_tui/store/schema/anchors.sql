-- Answers that people labelled, judged again by a judge whose model or prompt changed. They count
-- for what is known of that judge, and leave the runs as they were measured.
CREATE TABLE anchor_score (
    id INTEGER PRIMARY KEY,
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    scorer TEXT NOT NULL,
    passed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    judge TEXT NOT NULL,
    cost INTEGER NOT NULL,
    scored_at INTEGER NOT NULL
) STRICT;
CREATE INDEX anchor_score_sample ON anchor_score (sample_id, scorer, id);
