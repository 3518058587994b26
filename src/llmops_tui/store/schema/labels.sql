-- Which labels may only be moved by a version that passed the gate; and of each move the run that
-- it passed in, or that somebody moved the label without one and said why.
CREATE TABLE label_protection (
    project_id INTEGER NOT NULL REFERENCES project (id),
    label TEXT NOT NULL,
    protected INTEGER NOT NULL,
    author TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, label)
) STRICT, WITHOUT ROWID;
ALTER TABLE prompt_label_move ADD COLUMN gate_run_id INTEGER REFERENCES run (id);
ALTER TABLE prompt_label_move ADD COLUMN overridden INTEGER NOT NULL DEFAULT 0;
CREATE INDEX prompt_label_move_prompt ON prompt_label_move (prompt_id, id);
