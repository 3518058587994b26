-- Imports under way. Their rows are committed in batches to a data set of their own that no list
-- shows; publishing is one short transaction. Who dies on the way leaves a row here that has stood
-- still, and the next import clears it away.
CREATE TABLE dataset_import (
    dataset_id INTEGER PRIMARY KEY REFERENCES dataset (id),
    person TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    alive_at INTEGER NOT NULL
) STRICT;

-- What somebody said about a source: how it is read and which column is what (JSON).
CREATE TABLE import_choice (
    project_id INTEGER NOT NULL REFERENCES project (id),
    source TEXT NOT NULL,
    choice TEXT NOT NULL,
    chosen_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, source)
) STRICT, WITHOUT ROWID;

-- How the version's source was read (JSON): what mending one of its bad rows needs.
ALTER TABLE dataset_version ADD COLUMN reading TEXT NOT NULL DEFAULT '';

-- A bad row's text as somebody mended it, and how long the whole text was in the source.
ALTER TABLE bad_row ADD COLUMN mended TEXT;
ALTER TABLE bad_row ADD COLUMN length INTEGER NOT NULL DEFAULT 0;

DROP VIEW v_examples;
CREATE VIEW v_examples AS
SELECT e.id, d.name AS dataset, e.position, e.added_in, e.removed_in, e.split, e.tags,
       e.inputs, e.expected
FROM example e JOIN dataset d ON d.id = e.dataset_id
WHERE NOT EXISTS (SELECT 1 FROM dataset_import i WHERE i.dataset_id = d.id);
