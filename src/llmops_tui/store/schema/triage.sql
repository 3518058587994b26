-- Who has a call in front of them, so that two never judge the same one unknowingly; it runs out.
CREATE TABLE claim (
    call_id INTEGER PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
    reviewer TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX claim_reviewer ON claim (reviewer, until);

-- Reviewed calls that became examples.
CREATE TABLE example_of_call (
    call_id INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_version (id),
    author TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (call_id, dataset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_rule ON flag (rule, call_id);
