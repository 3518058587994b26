-- What people say of sampled answers, from which a judge's sensitivity and specificity are known.
-- The last one that was not taken back counts.
CREATE TABLE sample_label (
    id INTEGER PRIMARY KEY,
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('right', 'wrong')),
    person TEXT NOT NULL,
    labelled_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sample_label_sample ON sample_label (sample_id, id);
CREATE INDEX score_judge ON score (sample_id) WHERE judge <> '';
