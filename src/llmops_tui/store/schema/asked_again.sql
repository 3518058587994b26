-- What was answered when a production call was asked again, from where it is judged: paid for, so kept.
CREATE TABLE asked_again (
    id INTEGER PRIMARY KEY,
    call_id INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    prompt_version_id INTEGER REFERENCES prompt_version (id),
    model TEXT NOT NULL,
    answer BLOB NOT NULL,
    finish_reason TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    currency TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    author TEXT NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX asked_again_call ON asked_again (call_id, id);
