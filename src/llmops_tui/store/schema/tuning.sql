-- What was written for fine-tuning, and which inputs that were: a rate measured on what a model was
-- tuned on says nothing about new inputs. digest: see core/curation/report.py.
CREATE TABLE tuning_export (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_version (id),
    split TEXT NOT NULL DEFAULT '',
    rows INTEGER NOT NULL,
    person TEXT NOT NULL,
    exported_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tuning_export_project ON tuning_export (project_id, id);
CREATE TABLE tuned_input (
    project_id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (project_id, digest)
) STRICT, WITHOUT ROWID;
