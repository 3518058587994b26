-- Each time stored answers were scored again: by what before and after, and what came of it.
-- reached: the last sample done, so that one that was cut short goes on from there.
CREATE TABLE rescoring (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id),
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    reached INTEGER NOT NULL DEFAULT 0,
    scored INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX rescoring_run ON rescoring (run_id, id);
