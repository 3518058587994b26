-- The file that a prompt version was imported from, so that an export loses nothing it had.
CREATE TABLE prompt_origin (
    prompt_version_id INTEGER PRIMARY KEY REFERENCES prompt_version (id),
    format TEXT NOT NULL,
    file_name TEXT NOT NULL,
    source BLOB NOT NULL
) STRICT;
