-- What monitoring needs beside the calls themselves: their texts packed together, the steps around
-- them, what users and evaluators say of them, full text, alerts, and the gateways at work.

-- Question, answer and everything that came with a call as one packed text: they repeat each other,
-- so together they take a third of what they take apart. Calls of older files stay in call_text.
CREATE TABLE call_body (
    call_id INTEGER PRIMARY KEY REFERENCES call (id),
    body BLOB NOT NULL
) STRICT;

-- Dictionaries that bodies are packed with, trained on this workspace's own calls. A body names its
-- dictionary; none is ever removed.
CREATE TABLE text_dictionary (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Spans that are no call: agents, tools, retrieval, whatever else the trace holds.
CREATE TABLE trace_span (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_span_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    body BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX trace_span_trace ON trace_span (trace_id, started_at);
CREATE INDEX trace_span_received ON trace_span (received_at);

-- Log events that carry the texts of a call, which is a span that comes before or after them.
CREATE TABLE call_event (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    call_identity BLOB NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0,
    happened_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX call_event_call ON call_event (call_identity, happened_at);
CREATE INDEX call_event_open ON call_event (received_at) WHERE settled = 0;

-- What users (thumbs, scores, corrections) and evaluators say of calls; call_id is set once the
-- call is there.
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    call_id INTEGER REFERENCES call (id),
    trace_id TEXT NOT NULL DEFAULT '',
    span_id TEXT NOT NULL DEFAULT '',
    response_id TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    thumbs INTEGER,
    score REAL,
    label TEXT NOT NULL DEFAULT '',
    comment TEXT NOT NULL DEFAULT '',
    corrected TEXT,
    author TEXT NOT NULL DEFAULT '',
    given_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX feedback_call ON feedback (call_id, id);
CREATE INDEX feedback_open ON feedback (received_at) WHERE call_id IS NULL;

CREATE INDEX call_trace ON call (trace_id) WHERE trace_id <> '';
CREATE INDEX call_model ON call (model, id);
CREATE INDEX call_prompt ON call (prompt_name, prompt_version, id) WHERE prompt_name <> '';
-- Everything that figures over a window are made of, so that they never touch the rows.
CREATE INDEX call_figures ON call (started_at, project_id, model, prompt_name, prompt_version,
                                   status, flagged, duration_ms, first_token_ms, input_tokens,
                                   output_tokens, cost);

-- The words of questions and answers; filled behind ingestion. Contentless: texts stay packed.
CREATE VIRTUAL TABLE call_words USING fts5 (
    asked, answered, content = '', detail = 'none', tokenize = 'unicode61 remove_diacritics 2'
);

-- A gateway at work: when it was last heard of and what it counted, for the Monitor screen.
CREATE TABLE gateway_state (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    url TEXT NOT NULL,
    counts TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    stopped_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_rule (
    id INTEGER PRIMARY KEY,
    project_id INTEGER REFERENCES project (id),
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    enabled INTEGER NOT NULL DEFAULT 1,
    firing INTEGER NOT NULL DEFAULT 0,
    value REAL,
    looked_at INTEGER,
    since INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE alert_event (
    id INTEGER PRIMARY KEY,
    alert_rule_id INTEGER NOT NULL REFERENCES alert_rule (id),
    kind TEXT NOT NULL CHECK (kind IN ('fired', 'resolved')),
    value REAL,
    sentence TEXT NOT NULL,
    delivery TEXT NOT NULL DEFAULT '',
    happened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_event_rule ON alert_event (alert_rule_id, id);

CREATE VIEW v_feedback AS
SELECT f.id, f.call_id, f.source, f.name, f.thumbs, f.score, f.label, f.comment, f.corrected,
       f.author, strftime('%Y-%m-%dT%H:%M:%fZ', f.given_at / 1000.0, 'unixepoch') AS given
FROM feedback f;
