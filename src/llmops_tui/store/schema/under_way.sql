-- Answers that were paid for and stand in no sample yet: turns of a conversation that goes on, and
-- answers that a scorer is still at. They go when their sample is written.
CREATE TABLE pending_answer (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    text BLOB NOT NULL,
    finish_reason TEXT NOT NULL,
    response_id TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    latency_ms REAL NOT NULL,
    first_token_ms REAL,
    between_tokens_ms REAL,
    tool_calls TEXT NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (run_id, ordinal, turn)
) STRICT, WITHOUT ROWID;
-- The few runs that a worker is at: those at one endpoint share its limits.
CREATE INDEX run_leased ON run (lease_until) WHERE lease_until IS NOT NULL;
-- Endpoints with limits that a run asks, the tested ones and those of judges.
CREATE TABLE endpoint_use (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    endpoint_id INTEGER NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, endpoint_id)
) STRICT, WITHOUT ROWID;
-- Answers whose tokens nobody told, so that they are estimates; and what judging has cost.
ALTER TABLE run_cell ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run_cell ADD COLUMN judging_cost INTEGER NOT NULL DEFAULT 0;
UPDATE run_cell SET judging_cost = judged.cost
FROM (
    SELECT s.run_id AS run_id, s.cell AS cell, sum(c.cost) AS cost
    FROM score c JOIN sample s ON s.id = c.sample_id WHERE c.judge <> '' GROUP BY 1, 2
) AS judged
WHERE judged.run_id = run_cell.run_id AND judged.cell = run_cell.cell;
