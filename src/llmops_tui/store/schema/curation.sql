-- Looking after examples. origin: 'synthetic' where a model made the row up; parent: the position
-- of the row that it was made from.
ALTER TABLE example ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE example ADD COLUMN parent INTEGER;

-- What changed between two versions. First versions, which hold most rows, pay nothing for it.
CREATE INDEX example_added ON example (dataset_id, added_in, position) WHERE added_in > 1;
CREATE INDEX example_removed ON example (dataset_id, removed_in, position)
    WHERE removed_in IS NOT NULL;

-- Finding examples: words, and values in their order. Filled behind, after the import; a row of
-- example_index or field_index says up to which example. Examples that change are new rows, so
-- nothing here is ever changed.
CREATE VIRTUAL TABLE example_words USING fts5(body, content='', detail=none);
CREATE TABLE example_index (
    dataset_id INTEGER PRIMARY KEY,
    first_id INTEGER NOT NULL,
    indexed_id INTEGER NOT NULL
) STRICT;
CREATE TABLE example_field (
    dataset_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    position INTEGER NOT NULL,
    example_id INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, field, value, position, example_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE field_index (
    dataset_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    indexed_id INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, field)
) STRICT, WITHOUT ROWID;

-- What looking for trouble in a version found (JSON). Versions never change, so neither does this.
CREATE TABLE quality_report (
    dataset_version_id INTEGER PRIMARY KEY REFERENCES dataset_version (id),
    report TEXT NOT NULL,
    computed_at INTEGER NOT NULL
) STRICT;

-- Labels as people gave them, one keystroke each. Taking one back sets undone_at.
CREATE TABLE example_label (
    id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    position INTEGER NOT NULL,
    labeller TEXT NOT NULL,
    value TEXT NOT NULL,
    labelled_at INTEGER NOT NULL,
    undone_at INTEGER,
    taken_in INTEGER
) STRICT;
CREATE INDEX example_label_position ON example_label (dataset_id, position, id) WHERE undone_at IS NULL;
CREATE INDEX example_label_labeller ON example_label (dataset_id, labeller, id) WHERE undone_at IS NULL;
