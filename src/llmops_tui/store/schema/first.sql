-- The first schema. Times are milliseconds since the epoch (UTC), money is in nano-units of the
-- currency, texts of prompts and answers are packed by store/codec.py and live apart from the
-- narrow rows that lists scan.

CREATE TABLE change (
    topic TEXT PRIMARY KEY,
    counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    variables TEXT NOT NULL DEFAULT '[]',
    answer_schema TEXT,
    scorers TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE stage_owner (
    project_id INTEGER NOT NULL REFERENCES project (id),
    stage TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (project_id, stage)
) STRICT, WITHOUT ROWID;

CREATE TABLE tolerance (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    version INTEGER NOT NULL,
    max_wrong REAL NOT NULL,
    confidence REAL NOT NULL,
    harmful_max_wrong REAL,
    unit TEXT NOT NULL DEFAULT 'row',
    window_days INTEGER NOT NULL DEFAULT 30,
    owner TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL,
    on_breach TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, version)
) STRICT;

CREATE TABLE dataset (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE dataset_version (
    id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    number INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    columns TEXT NOT NULL,
    splits TEXT NOT NULL DEFAULT '{}',
    source TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (dataset_id, number)
) STRICT;

-- A row belongs to the versions added_in <= v < removed_in: versions cost their differences only.
CREATE TABLE example (
    id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    position INTEGER NOT NULL,
    added_in INTEGER NOT NULL,
    removed_in INTEGER,
    split TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    inputs TEXT NOT NULL,
    expected TEXT,
    content_hash BLOB NOT NULL
) STRICT;
CREATE INDEX example_position ON example (dataset_id, position, id);

-- Rows of a source that could not become examples. Kept with the version that they came with.
CREATE TABLE bad_row (
    id INTEGER PRIMARY KEY,
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_version (id),
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    raw TEXT NOT NULL
) STRICT;
CREATE INDEX bad_row_version ON bad_row (dataset_version_id, id);

CREATE TABLE prompt (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE prompt_version (
    id INTEGER PRIMARY KEY,
    prompt_id INTEGER NOT NULL REFERENCES prompt (id),
    number INTEGER NOT NULL,
    messages TEXT NOT NULL,
    variables TEXT NOT NULL,
    parameters TEXT NOT NULL DEFAULT '{}',
    response_schema TEXT,
    content_hash BLOB NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (prompt_id, number)
) STRICT;

CREATE TABLE prompt_label (
    prompt_id INTEGER NOT NULL REFERENCES prompt (id),
    label TEXT NOT NULL,
    prompt_version_id INTEGER NOT NULL REFERENCES prompt_version (id),
    author TEXT NOT NULL,
    moved_at INTEGER NOT NULL,
    PRIMARY KEY (prompt_id, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt_label_move (
    id INTEGER PRIMARY KEY,
    prompt_id INTEGER NOT NULL REFERENCES prompt (id),
    label TEXT NOT NULL,
    prompt_version_id INTEGER REFERENCES prompt_version (id),
    author TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    moved_at INTEGER NOT NULL
) STRICT;

-- What somebody is typing: survives a crash and a dropped line.
CREATE TABLE draft (
    prompt_id INTEGER NOT NULL REFERENCES prompt (id),
    author TEXT NOT NULL,
    base_version_id INTEGER REFERENCES prompt_version (id),
    text TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (prompt_id, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE endpoint (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    base_url TEXT NOT NULL,
    key_ref TEXT NOT NULL DEFAULT '',
    max_concurrency INTEGER NOT NULL DEFAULT 8,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    timeouts TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE model (
    id INTEGER PRIMARY KEY,
    endpoint_id INTEGER NOT NULL REFERENCES endpoint (id),
    name TEXT NOT NULL,
    parameters TEXT NOT NULL DEFAULT '{}',
    input_price INTEGER NOT NULL DEFAULT 0,
    output_price INTEGER NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT 'USD',
    context_window INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (endpoint_id, name)
) STRICT;

-- spec: the plan. With the immutable data set version and the seed it says every sample of the
-- run and their order, so planning costs one row however large the run is.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_version (id),
    spec TEXT NOT NULL,
    total INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'planned'
        CHECK (status IN ('planned', 'running', 'paused', 'finished', 'cancelled', 'failed')),
    cause TEXT NOT NULL DEFAULT '',
    wanted TEXT NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'pause', 'cancel')),
    concurrency INTEGER NOT NULL,
    cost_cap INTEGER,
    author TEXT NOT NULL,
    worker TEXT,
    worker_pid INTEGER,
    lease_until INTEGER,
    active_ms INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
) STRICT;
CREATE INDEX run_project ON run (project_id, id);

-- One combination of prompt version and model, with its running counts: the verdict is about these.
CREATE TABLE run_cell (
    run_id INTEGER NOT NULL REFERENCES run (id),
    cell INTEGER NOT NULL,
    prompt_version_id INTEGER NOT NULL REFERENCES prompt_version (id),
    model_id INTEGER NOT NULL REFERENCES model (id),
    correct INTEGER NOT NULL DEFAULT 0,
    wrong INTEGER NOT NULL DEFAULT 0,
    errored INTEGER NOT NULL DEFAULT 0,
    cached INTEGER NOT NULL DEFAULT 0,
    cost INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    latency_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, cell)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_cell_prompt ON run_cell (prompt_version_id, run_id);

-- What a model said to what it was asked: paid for, so never thrown away, and the answer cache.
CREATE TABLE answer (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    request BLOB NOT NULL,
    text BLOB NOT NULL,
    finish_reason TEXT NOT NULL,
    response_id TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    estimated INTEGER NOT NULL DEFAULT 0,
    latency_ms REAL NOT NULL,
    first_token_ms REAL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX answer_key ON answer (key, id);

CREATE TABLE sample (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id),
    ordinal INTEGER NOT NULL,
    cell INTEGER NOT NULL,
    example_id INTEGER NOT NULL REFERENCES example (id),
    repeat INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL CHECK (outcome IN ('right', 'wrong', 'errored')),
    value REAL,
    reason TEXT NOT NULL DEFAULT '',
    error_kind TEXT,
    answer_id INTEGER REFERENCES answer (id),
    answer_head TEXT NOT NULL DEFAULT '',
    latency_ms REAL NOT NULL DEFAULT 0,
    first_token_ms REAL,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost INTEGER NOT NULL DEFAULT 0,
    cached INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 1,
    finished_at INTEGER NOT NULL,
    UNIQUE (run_id, ordinal)
) STRICT;
CREATE INDEX sample_run ON sample (run_id, id);
CREATE INDEX sample_outcome ON sample (run_id, outcome, id);

CREATE TABLE score (
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    position INTEGER NOT NULL,
    scorer TEXT NOT NULL,
    value REAL NOT NULL,
    passed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (sample_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample_error (
    sample_id INTEGER PRIMARY KEY REFERENCES sample (id),
    message TEXT NOT NULL,
    request BLOB NOT NULL,
    evidence BLOB NOT NULL
) STRICT;

CREATE TABLE call (
    id INTEGER PRIMARY KEY,
    project_id INTEGER REFERENCES project (id),
    identity BLOB NOT NULL UNIQUE,
    source TEXT NOT NULL,
    trace_id TEXT NOT NULL DEFAULT '',
    span_id TEXT NOT NULL DEFAULT '',
    parent_span_id TEXT NOT NULL DEFAULT '',
    response_id TEXT NOT NULL DEFAULT '',
    conversation_id TEXT NOT NULL DEFAULT '',
    operation TEXT NOT NULL DEFAULT 'chat',
    provider TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    prompt_name TEXT NOT NULL DEFAULT '',
    prompt_version TEXT NOT NULL DEFAULT '',
    prompt_version_id INTEGER REFERENCES prompt_version (id),
    status TEXT NOT NULL DEFAULT 'ok',
    error TEXT NOT NULL DEFAULT '',
    finish_reason TEXT NOT NULL DEFAULT '',
    input_tokens INTEGER,
    output_tokens INTEGER,
    cost INTEGER,
    duration_ms REAL NOT NULL DEFAULT 0,
    first_token_ms REAL,
    input_head TEXT NOT NULL DEFAULT '',
    output_head TEXT NOT NULL DEFAULT '',
    flagged INTEGER NOT NULL DEFAULT 0,
    audit_probability REAL,
    review TEXT NOT NULL DEFAULT '',
    started_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX call_flagged ON call (id) WHERE flagged > 0;
CREATE INDEX call_open ON call (id) WHERE flagged > 0 AND review = '';
CREATE INDEX call_audit_open ON call (id) WHERE audit_probability IS NOT NULL AND review = '';
CREATE INDEX call_error ON call (id) WHERE status = 'error';
CREATE INDEX call_started ON call (started_at, flagged, review);
CREATE INDEX call_response ON call (response_id) WHERE response_id <> '';

CREATE TABLE call_text (
    call_id INTEGER PRIMARY KEY REFERENCES call (id),
    input BLOB NOT NULL,
    output BLOB NOT NULL,
    attributes BLOB NOT NULL
) STRICT;

CREATE TABLE flag (
    call_id INTEGER NOT NULL REFERENCES call (id),
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    reason TEXT NOT NULL,
    start INTEGER,
    stop INTEGER,
    PRIMARY KEY (call_id, position)
) STRICT, WITHOUT ROWID;

-- Every verdict ever given; taking one back sets undone_at and leaves the row.
CREATE TABLE review (
    id INTEGER PRIMARY KEY,
    call_id INTEGER NOT NULL REFERENCES call (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('right', 'wrong', 'unsure')),
    severity TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    corrected TEXT,
    lane TEXT NOT NULL,
    inclusion_probability REAL NOT NULL,
    reviewer TEXT NOT NULL,
    reviewed_at INTEGER NOT NULL,
    undone_at INTEGER
) STRICT;
CREATE INDEX review_call ON review (call_id, id);
CREATE INDEX review_reviewer ON review (reviewer, id);

-- Small facts about the workspace and where each person left off.
CREATE TABLE setting (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_examples AS
SELECT e.id, d.name AS dataset, e.position, e.added_in, e.removed_in, e.split, e.tags,
       e.inputs, e.expected
FROM example e JOIN dataset d ON d.id = e.dataset_id;

CREATE VIEW v_samples AS
SELECT s.id, s.run_id, s.ordinal, p.name AS prompt, pv.number AS prompt_version,
       m.name AS model, s.example_id, s.repeat, s.outcome, s.reason, s.error_kind,
       s.answer_head, s.latency_ms, s.first_token_ms, s.input_tokens, s.output_tokens,
       s.cost / 1e9 AS cost, m.currency, s.cached, s.attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.finished_at / 1000.0, 'unixepoch') AS finished
FROM sample s
JOIN run_cell c ON c.run_id = s.run_id AND c.cell = s.cell
JOIN prompt_version pv ON pv.id = c.prompt_version_id
JOIN prompt p ON p.id = pv.prompt_id
JOIN model m ON m.id = c.model_id;

CREATE VIEW v_calls AS
SELECT c.id, c.source, c.trace_id, c.span_id, c.provider, c.model, c.prompt_name,
       c.prompt_version, c.status, c.error, c.finish_reason, c.input_tokens, c.output_tokens,
       c.duration_ms, c.flagged, c.review, c.input_head, c.output_head,
       strftime('%Y-%m-%dT%H:%M:%fZ', c.started_at / 1000.0, 'unixepoch') AS started,
       strftime('%Y-%m-%dT%H:%M:%fZ', c.received_at / 1000.0, 'unixepoch') AS received
FROM call c;
