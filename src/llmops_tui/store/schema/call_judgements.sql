-- What a judging model says of production calls, and which are about to be asked about. `judged_at`
-- is NULL while nobody has answered; `passed` is NULL where no judgement could be had.
CREATE TABLE call_judgement (
    call_id INTEGER PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
    project_id INTEGER,
    taken_at INTEGER NOT NULL,
    judged_at INTEGER,
    passed INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    judge TEXT NOT NULL DEFAULT '',
    cost INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX call_judgement_day ON call_judgement (project_id, judged_at);
CREATE INDEX call_judgement_open ON call_judgement (project_id, taken_at) WHERE judged_at IS NULL;
