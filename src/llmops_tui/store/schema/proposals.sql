-- A version that a model proposed is none of its prompt's until a person accepts it.
CREATE TABLE prompt_proposal (
    prompt_version_id INTEGER PRIMARY KEY REFERENCES prompt_version (id),
    base_version_id INTEGER NOT NULL REFERENCES prompt_version (id),
    run_id INTEGER NOT NULL REFERENCES run (id),
    cell INTEGER NOT NULL,
    model TEXT NOT NULL,
    reason TEXT NOT NULL,
    shown TEXT NOT NULL,
    cost INTEGER NOT NULL,
    currency TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    test_run_id INTEGER REFERENCES run (id),
    accepted INTEGER,
    decided_by TEXT,
    decided_at INTEGER
) STRICT;
