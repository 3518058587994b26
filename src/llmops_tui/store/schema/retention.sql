-- Calls that were removed: counted by the hour in which they started, so that rates over windows
-- that they lie in stay what they were. project_id 0: calls of no project.
CREATE TABLE removed_call (
    project_id INTEGER NOT NULL,
    hour_at INTEGER NOT NULL,
    model TEXT NOT NULL,
    prompt_name TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    calls INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    PRIMARY KEY (project_id, hour_at, model, prompt_name, prompt_version)
) STRICT, WITHOUT ROWID;

CREATE TABLE removed_flag (
    project_id INTEGER NOT NULL,
    hour_at INTEGER NOT NULL,
    rule TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (project_id, hour_at, rule)
) STRICT, WITHOUT ROWID;

-- What a project's calls take, measured up to a call (setting 'sized up to'), and what has gone.
-- removed_until: only from this time on is every call still there.
CREATE TABLE call_size (
    project_id INTEGER PRIMARY KEY,
    calls INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    removed_calls INTEGER NOT NULL DEFAULT 0,
    removed_bytes INTEGER NOT NULL DEFAULT 0,
    removed_until INTEGER,
    removed_at INTEGER
) STRICT;

-- Traces that lost a call: their steps follow, in transactions of their own.
CREATE TABLE lonely_trace (
    trace_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE VIEW v_removed_calls AS
SELECT r.project_id, r.model, r.prompt_name, r.prompt_version, r.calls, r.answered, r.flagged,
       r.errors, r.cost / 1e9 AS cost, r.input_tokens, r.output_tokens,
       strftime('%Y-%m-%dT%H:00:00Z', r.hour_at / 1000.0, 'unixepoch') AS hour
FROM removed_call r;
