-- Rows that an import kept aside stay with the versions that follow it until they are mended: a
-- version that only changed some examples names the one whose bad rows it has.
ALTER TABLE dataset_version ADD COLUMN bad_rows_of INTEGER;
