-- A version that includes others holds its text whole in `messages`, and here what was written.
ALTER TABLE prompt_version ADD COLUMN written TEXT;

-- Which version each include of a version meant when it was saved.
CREATE TABLE prompt_include (
    prompt_version_id INTEGER NOT NULL REFERENCES prompt_version (id),
    written TEXT NOT NULL,
    included_version_id INTEGER NOT NULL REFERENCES prompt_version (id),
    PRIMARY KEY (prompt_version_id, written)
) STRICT, WITHOUT ROWID;
CREATE INDEX prompt_include_of ON prompt_include (included_version_id, prompt_version_id);

-- Each version that is shown asks which labels point at it.
CREATE INDEX prompt_label_version ON prompt_label (prompt_version_id, label);
