-- What people write on calls while they sort them: words, and whose a call is.
CREATE TABLE call_tag (
    tag TEXT NOT NULL,
    call_id INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    author TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (tag, call_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_tag_call ON call_tag (call_id, tag);
CREATE TABLE call_assignee (
    call_id INTEGER PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
    assignee TEXT NOT NULL,
    author TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX call_assignee_name ON call_assignee (assignee, call_id);
