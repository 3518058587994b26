-- How bad the worst flag of a call is: 3 high, 2 medium, 1 low, 0 without a flag. The queue of
-- flagged calls is read along it, so that the worst come first however many wait.
ALTER TABLE call ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;
UPDATE call SET severity = coalesce((
    SELECT max(CASE f.severity WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END)
    FROM flag f WHERE f.call_id = call.id), 1)
WHERE flagged > 0;
CREATE INDEX call_open_severity ON call (severity DESC, id) WHERE flagged > 0 AND review = '';

-- Verdicts that were given to several calls at once: taken back together, and counted as what they
-- are, as nobody read each answer.
CREATE TABLE review_batch (
    id INTEGER PRIMARY KEY,
    reviewer TEXT NOT NULL,
    about TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
ALTER TABLE review ADD COLUMN batch_id INTEGER REFERENCES review_batch (id);
CREATE INDEX review_of_batch ON review (batch_id) WHERE batch_id IS NOT NULL;

-- Whether flags, lane and other opinions were hidden from who gave the verdict.
ALTER TABLE review ADD COLUMN blind INTEGER NOT NULL DEFAULT 0;
