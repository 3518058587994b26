-- Times at which production was beyond its tolerance, and what was done about it.
CREATE TABLE incident (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    cause TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    opened_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX incident_project ON incident (project_id, id);
CREATE UNIQUE INDEX incident_open ON incident (project_id) WHERE closed_at IS NULL;
CREATE TABLE incident_event (
    id INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    kind TEXT NOT NULL,
    sentence TEXT NOT NULL,
    author TEXT NOT NULL,
    happened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_event_incident ON incident_event (incident_id, id);
